//! A small team's week on real parts: two apps, three environments, repositories with served remotes, a registry
//! process, programs that answer over HTTP, and deploy scripts. After every step the five questions are asked of
//! both apps, and each answer is compared whole.

#![expect(clippy::assigning_clones, reason = "what is expected is written out, and speed is no matter")]

mod team;

use self::team::Team;

/// When something came to an environment.
const SINCE: &str = "since [..]-[..]-[..] [..]:[..]:[..] UTC  ([..] s)";
const OLD: &str = "helpdesk 1.1.0 (<v1.1.0>) since [..] UTC ([..] s)";
const NEVER: &str = "error: production has no earlier good version\nhint: these succeeded there, and `--to` takes any of them: ";

#[test]
fn a_week() {
    let mut team = Team::begin();
    monday(&mut team);
    tuesday(&mut team);
    wednesday(&mut team);
    hotfix(&mut team);
    thursday(&mut team);
    friday(&mut team);
    saturday(&mut team);
}

/// The first release goes from environment to environment.
fn monday(team: &mut Team) {
    let nowhere = "helpdesk is not recorded on production";
    let first = "error: helpdesk was never deployed on production\nhint: deploy it with `shipmark deploy`";
    let began = "Features (1)  <HEAD~1>  take a ticket   [..] d   oldest waiting\nOther (1)     1 release";
    let all = "is AHEAD of production (never deployed): 2 commits, 0 behind; they amount to a minor bump";
    let five = &mut team.helpdesk.five;
    five.runs = nowhere.to_owned();
    five.local = format!("local <HEAD> (1.0.0) {all}\n{began}");
    five.rev = "v1.0.0".to_owned();
    five.found = "<v1.0.0>  v1.0.0  chore(release): 1.0.0\nnothing is recorded".to_owned();
    five.waits = "SAME  dev and production were never deployed".to_owned();
    five.back = (1, first.to_owned());
    let five = &mut team.portal.five;
    *five = team.helpdesk.five.clone();
    five.runs = nowhere.replace("helpdesk", "portal");
    five.back = (1, first.replace("helpdesk", "portal"));
    for app in [&team.helpdesk, &team.portal] {
        app.sandbox.run(&["-q", "release", "--set", "1.0.0", "--push"]).exits(0);
    }
    team.check("released");

    team.helpdesk.sandbox.run(&["deploy", "dev"]).says(
        0,
        "",
        &team.helpdesk.fill(
            "dev  1.0.0 <HEAD>  ongoing    recorded as deployment 1\n\
             dev  1.0.0 <HEAD>  deployed   [..] s, confirmed by commit after [..] s",
        ),
    );
    let five = &mut team.helpdesk.five;
    let head = "<v1.0.0>  v1.0.0  chore(release): 1.0.0";
    five.found = format!("{head}\ndev  {SINCE}  deployment 1, [..] s");
    five.waits = format!("dev <HEAD> (1.0.0) {all}\n{began}");
    // What is recorded of one app is an environment for the other too.
    team.check("1.0.0 in dev");

    team.helpdesk.sandbox.run(&["-q", "deploy", "staging"]).exits(0);
    team.helpdesk.five.found =
        format!("{head}\ndev      {SINCE}  deployment 1, [..] s\nstaging  {SINCE}  deployment 2, [..] s");
    team.check("1.0.0 in staging");

    team.helpdesk.sandbox.run(&["-q", "deploy", "production"]).exits(0);
    let five = &mut team.helpdesk.five;
    five.runs = "helpdesk 1.0.0 (<v1.0.0>) since [..] UTC ([..] s), in sync   confirmed".to_owned();
    five.local = "SAME  local and production are 1.0.0 (<v1.0.0>), recorded [..] s ago, confirmed".to_owned();
    five.found = format!(
        "{head}\ndev         {SINCE}  deployment 1, [..] s\nstaging     {SINCE}  deployment 2, [..] s\n\
         production  {SINCE}  deployment 3, [..] s"
    );
    five.waits = five.local.replace("local", "dev");
    five.back = (1, format!("{NEVER}1.0.0"));
    team.check("1.0.0 in production");

    for environment in ["dev", "production"] {
        team.portal.sandbox.run(&["-q", "deploy", environment]).exits(0);
    }
    let (helpdesk, five) = (&team.helpdesk.five, &mut team.portal.five);
    five.runs = helpdesk.runs.replace("helpdesk", "portal");
    (five.local, five.waits) = (helpdesk.local.clone(), helpdesk.waits.clone());
    five.back = helpdesk.back.clone();
    five.found = format!(
        "{head}\ndev         {SINCE}  deployment 4, [..] s\nproduction  {SINCE}  deployment 5, [..] s"
    );
    team.check("the portal too");
}

/// The next release waits in dev and then goes on.
fn tuesday(team: &mut Team) {
    let sandbox = &team.helpdesk.sandbox;
    sandbox.commit("feat(search): find a ticket by its number (#12)");
    sandbox.commit("docs: say how to search");
    sandbox.run(&["-q", "release", "--push"]).exits(0);
    sandbox.run(&["-q", "deploy", "dev"]).exits(0);
    let ahead = "is AHEAD of production <v1.0.0> (1.0.0): 3 commits, 0 behind; they amount to a minor bump\n\
                 Features (1)  <v1.1.0~2>  search: find a ticket by its number (#12)   [..] d   oldest waiting\n\
                 Other (2)     1 docs, 1 release";
    let head = "<v1.1.0~2>  feat(search): find a ticket by its number (#12)";
    let five = &mut team.helpdesk.five;
    five.local = format!("local <v1.1.0> (1.1.0) {ahead}");
    five.rev = "#12".to_owned();
    five.found = format!(
        "{head}\ndev         {SINCE}  deployment 6, [..] s\nstaging     not there: 1.0.0\n\
         production  not there: 1.0.0"
    );
    five.waits = format!("dev <v1.1.0> (1.1.0) {ahead}");
    five.runs = five.runs.replace("in sync", "3 behind 1.1.0");
    team.check("1.1.0 in dev");

    for environment in ["staging", "production"] {
        team.helpdesk.sandbox.run(&["-q", "deploy", environment]).exits(0);
    }
    let five = &mut team.helpdesk.five;
    five.runs = "helpdesk 1.1.0 (<v1.1.0>) since [..] UTC ([..] s), in sync   confirmed".to_owned();
    five.local = "SAME  local and production are 1.1.0 (<v1.1.0>), recorded [..] s ago, confirmed".to_owned();
    five.waits = five.local.replace("local", "dev");
    five.found = format!(
        "{head}\ndev         {SINCE}  deployment 6, [..] s\nstaging     {SINCE}  deployment 7, [..] s\n\
         production  {SINCE}  deployment 8, [..] s"
    );
    five.back = (
        0,
        "from   1.1.0  <v1.1.0>  deployment 8, live [..] s\n\
         to     1.0.0  <v1.0.0>  deployment 3, succeeded [..] UTC\n\
         back   3 commits are taken back: 1 docs, 1 feat, 1 release (--list)\n\
         runs   sh deploy.sh   in a clean worktree of <v1.0.0>\n\
         then   ask the program, record the rollback, mark 1.1.0 bad"
            .to_owned(),
    );
    team.check("1.1.0 in production");
}

/// A deployment fails, and what runs goes on to run.
fn wednesday(team: &mut Team) {
    let sandbox = &team.helpdesk.sandbox;
    sandbox.file("broken", "x");
    sandbox.commit("feat: a kpi page (#14)");
    sandbox.run(&["-q", "release", "--push"]).exits(0);
    sandbox.run(&["-q", "deploy", "production"]).exits(1);
    let five = &mut team.helpdesk.five;
    five.runs =
        "helpdesk 1.1.0 (<v1.1.0>) since [..] UTC ([..] s), 2 behind 1.2.0; newest attempt 1.2.0 failed, \
                 [..] s ago   confirmed"
            .to_owned();
    five.local = "local <v1.2.0> (1.2.0) is AHEAD of production <v1.1.0> (1.1.0): 2 commits, 0 behind; they amount \
                  to a minor bump\n\
                  Features (1)  <v1.2.0~1>  a kpi page (#14)   [..] d   oldest waiting\nOther (1)     1 release"
        .to_owned();
    five.rev = "#14".to_owned();
    five.found =
        "<v1.2.0~1>  feat: a kpi page (#14)\ndev         not there: 1.1.0\nstaging     not there: 1.1.0\n\
                  production  not there: 1.1.0"
            .to_owned();
    five.waits = "SAME  dev and production are 1.1.0 (<v1.1.0>), recorded [..] s ago".to_owned();
    five.back = (
        0,
        "from   1.2.0  <v1.2.0>  deployment 9, failed [..] s ago\n\
         to     1.1.0  <v1.1.0>  deployment 8, succeeded [..] UTC\n\
         back   2 commits are taken back: 1 feat, 1 release (--list)\n\
         runs   sh deploy.sh   in a clean worktree of <v1.1.0>\n\
         then   ask the program, record the rollback, mark 1.2.0 bad\n\
         or     1.0.0  <v1.0.0>  deployment 3, succeeded [..] UTC"
            .to_owned(),
    );
    team.check("1.2.0 failed");
}

const HOTFIX: &str = "<hotfix/dates>  fix: keep the date range (#15)";

/// A mend of what runs goes to production before anything else.
fn hotfix(team: &mut Team) {
    let sandbox = &team.helpdesk.sandbox;
    sandbox.git(&["checkout", "--quiet", "-b", "hotfix/dates", "v1.1.0"]);
    sandbox.run(&["-q", "bump", "--patch"]).exits(0);
    sandbox.commit("fix: keep the date range (#15)");
    sandbox.run(&["-q", "deploy", "production"]).exits(0);
    let hotfix = "hotfix/dates";
    let five = &mut team.helpdesk.five;
    five.runs = format!(
        "helpdesk 1.1.1 (<{hotfix}>) since [..] UTC ([..] s), 1 ahead of 1.2.0, 2 behind   confirmed"
    );
    five.local = format!("SAME  local and production are 1.1.1 (<{hotfix}>), recorded [..] s ago, confirmed");
    five.rev = "#15".to_owned();
    five.found = format!(
        "{HOTFIX}\ndev         not there: 1.1.0\nstaging     not there: 1.1.0\n\
         production  {SINCE}  deployment 10, [..] s"
    );
    five.waits = format!(
        "dev <v1.1.0> (1.1.0) is BEHIND production <{hotfix}> (1.1.1): 1 commit, 0 ahead; it amounts to a patch \
         bump\nFixes (1)  <{hotfix}>  keep the date range (#15)   [..] d   oldest waiting"
    );
    five.back = (
        0,
        format!(
            "from   1.1.1  <{hotfix}>  deployment 10, live [..] s\n\
             to     1.1.0  <v1.1.0>  deployment 8, succeeded [..] UTC\n\
             back   1 commit is taken back: 1 fix (--list)\n\
             runs   sh deploy.sh   in a clean worktree of <v1.1.0>\n\
             then   ask the program, record the rollback, mark 1.1.1 bad\n\
             or     1.0.0  <v1.0.0>  deployment 3, succeeded [..] UTC"
        ),
    );
    team.check("the hotfix");
}

/// It makes things worse, and is taken back.
fn thursday(team: &mut Team) {
    let hotfix = "hotfix/dates";
    let rollback = ["-q", "rollback", "production", "--yes", "--reason", "dates are worse"];
    team.helpdesk.sandbox.run(&rollback).exits(0);
    let five = &mut team.helpdesk.five;
    five.runs = format!("{OLD}, 2 behind 1.2.0   confirmed");
    five.local = format!(
        "local <{hotfix}> (1.1.1) is AHEAD of production <v1.1.0> (1.1.0): 1 commit, 0 behind; it amounts to a \
         patch bump\nFixes (1)  <{hotfix}>  keep the date range (#15)   [..] d   oldest waiting"
    );
    five.found = format!(
        "{HOTFIX}\ndev         not there: 1.1.0\nstaging     not there: 1.1.0\nproduction  not there any more: 1.1.0"
    );
    five.waits = "SAME  dev and production are 1.1.0 (<v1.1.0>), recorded [..] s ago, confirmed".to_owned();
    five.back = (
        0,
        format!(
            "from   1.1.0  <v1.1.0>  deployment 11, live [..] s\n\
             to     1.0.0  <v1.0.0>  deployment 3, succeeded [..] UTC\n\
             back   3 commits are taken back: 1 docs, 1 feat, 1 release (--list)\n\
             runs   sh deploy.sh   in a clean worktree of <v1.0.0>\n\
             then   ask the program, record the rollback, mark 1.1.0 bad\n\
             or     1.1.1  <{hotfix}>  deployment 10, succeeded [..] UTC, taken back since"
        ),
    );
    team.check("rolled back");
    team.helpdesk.sandbox.run(&["deploy", "production"]).says(
        1,
        "",
        "bad     1.1.1 is marked bad: dates are worse\n        \
         lift it with `shipmark hold lift production 1.1.1 --reason TEXT`\n\
         error: helpdesk 1.1.1 may not be deployed on production\n\
         hint: deploy it all the same with `--force --reason TEXT`",
    );
    team.check("the bad one stays away");
}

const BY_HAND: &str =
    "DRIFT  production runs 9f31c02, not what is recorded; that commit is not in this clone";

const KPI: &str = "<v1.2.0~1>  feat: a kpi page (#14)";

/// Somebody changes production by hand, and then the registry is down.
fn friday(team: &mut Team) {
    team.by_hand("helpdesk/production", "1.1.0-mine", "9f31c02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    team.helpdesk.sandbox.git(&["checkout", "--quiet", "main"]);
    let five = &mut team.helpdesk.five;
    five.runs = format!("{OLD}, 2 behind 1.2.0   UNREPORTED: runs 9f31c02");
    five.local = format!(
        "local <v1.2.0> (1.2.0) is AHEAD of production <v1.1.0> (1.1.0): 2 commits, 0 behind; they amount to a \
         minor bump\n{BY_HAND}\n\
         Features (1)  <v1.2.0~1>  a kpi page (#14)   [..] d   oldest waiting\nOther (1)     1 release"
    );
    five.rev = "#14".to_owned();
    five.found = format!(
        "{KPI}\ndev         not there: 1.1.0\nstaging     not there: 1.1.0\nproduction  not there: 1.1.0"
    );
    five.waits = format!("SAME  dev and production are 1.1.0 (<v1.1.0>), recorded [..] s ago\n{BY_HAND}");
    team.check("changed by hand");

    team.registry_goes();
    // Without the history nobody can say that this was never reported.
    team.helpdesk.five.runs = format!("{OLD}, 2 behind 1.2.0   DRIFT: runs 9f31c02");
    let kept = team.portal.five.found.clone();
    team.portal.five.found =
        "<v1.0.0>  v1.0.0  chore(release): 1.0.0\ndev         as part of 1.0.0\nproduction  as part of 1.0.0"
            .to_owned();
    team.check("the registry is down");
    team.portal.five.later = kept;
}

/// A deployment goes on without the registry, which learns of it later; in the end all is well.
fn saturday(team: &mut Team) {
    let sandbox = &team.helpdesk.sandbox;
    sandbox.remove("broken");
    sandbox.commit("fix: the kpi page works");
    sandbox.run(&["-q", "release", "--push"]).exits(0);
    sandbox.run(&["-q", "deploy", "dev"]).exits(0);
    let five = &mut team.helpdesk.five;
    let ahead = "is AHEAD of production <v1.1.0> (1.1.0): 4 commits, 0 behind; they amount to a minor bump";
    let list = "Features (1)  <v1.2.0~1>  a kpi page (#14)     [..] d   oldest waiting
\
                Fixes (1)     <v1.2.1~1>  the kpi page works   [..] d
Other (2)     2 release";
    five.runs = five.runs.replace("2 behind 1.2.0", "4 behind 1.2.1");
    five.local = format!("local <v1.2.1> (1.2.1) {ahead}\n{BY_HAND}\n{list}");
    let newer = "DRIFT  dev runs <v1.2.1>, not what is recorded; production is 0 ahead of that and 4 behind";
    five.waits = format!("{}\n{newer}", five.waits);
    team.check("deployed while the registry is down");

    team.registry_returns();
    team.portal.five.found = team.portal.five.later.clone();
    team.helpdesk.sandbox.run(&["outbox", "flush"]).says(
        0,
        "delivered  helpdesk 1.2.1 released\n\
         delivered  dev helpdesk 1.2.1 ongoing, deployment 12\n\
         delivered  dev helpdesk 1.2.1 deployed, deployment 12",
        "",
    );
    let five = &mut team.helpdesk.five;
    five.runs = format!("{OLD}, 4 behind 1.2.1   UNREPORTED: runs 9f31c02");
    five.found = five
        .found
        .replace("dev         not there: 1.1.0", &format!("dev         {SINCE}  deployment 12, [..] s"));
    five.waits = format!("dev <v1.2.1> (1.2.1) {ahead}\n{BY_HAND}\n{list}");
    team.check("the registry is back");

    team.helpdesk.sandbox.run(&["-q", "deploy", "production"]).exits(0);
    let five = &mut team.helpdesk.five;
    five.runs = "helpdesk 1.2.1 (<v1.2.1>) since [..] UTC ([..] s), in sync   confirmed".to_owned();
    five.local = "SAME  local and production are 1.2.1 (<v1.2.1>), recorded [..] s ago, confirmed".to_owned();
    five.waits = five.local.replace("local", "dev");
    five.found = format!(
        "{KPI}\ndev         {SINCE}  deployment 12, [..] s\nstaging     not there: 1.1.0\n\
         production  {SINCE}  deployment 13, [..] s"
    );
    five.back = (
        0,
        "from   1.2.1  <v1.2.1>  deployment 13, live [..] s\n\
         to     1.1.0  <v1.1.0>  deployment 11, succeeded [..] UTC\n\
         back   4 commits are taken back: 2 release, 1 feat, 1 fix (--list)\n\
         runs   sh deploy.sh   in a clean worktree of <v1.1.0>\n\
         then   ask the program, record the rollback, mark 1.2.1 bad\n\
         or     1.1.1  <hotfix/dates>  deployment 10, succeeded [..] UTC, taken back since\n\
         or     1.0.0  <v1.0.0>  deployment 3, succeeded [..] UTC"
            .to_owned(),
    );
    team.check("all is well");
}
