//! `rollback` and the trust that configured commands need, against a real registry.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Program, Says};
use crate::support::served::Served;
use crate::support::{Sandbox, helpdesk};

struct Story {
    sandbox: Sandbox,
    server: Served,
    /// The commits of 1.0.0, 1.1.0 and what came after.
    commits: [String; 3],
    _data: TempDir,
}

impl Story {
    /// 1.0.0 and then 1.1.0 went to production by a script that says what it ships.
    fn tell() -> Self {
        let data = TempDir::new().unwrap();
        let server = Served::start(data.path());
        let sandbox = helpdesk(&format!("http://127.0.0.1:{}", server.port));
        sandbox
            .file("deploy.sh", "echo shipping $VERSION $ENVIRONMENT; cat VERSION.txt; test ! -e untracked\n");
        sandbox.file(
            "shipmark.toml",
            "[environments.production]\ndeploy = [\"sh\", \"deploy.sh\"]\nmigrations = [\"migrations/**\"]\n",
        );
        let first = sandbox.commit("feat: a script");
        sandbox.run(&["config", "trust"]).exits(0);
        sandbox.run(&["-q", "deploy", "production"]).says(0, "shipping 1.0.0 production\n1.0.0", "");
        sandbox.file("migrations/0007_priority.sql", "alter table ticket");
        sandbox.file("VERSION.txt", "1.1.0\n");
        let second = sandbox.commit("feat(kpi): tickets per hour (#61)");
        sandbox.run(&["-q", "deploy", "production"]).exits(0);
        sandbox.file("VERSION.txt", "1.2.0\n");
        let third = sandbox.commit("fix: later");
        sandbox.file("untracked", "mine");
        Self { sandbox, server, commits: [first, second, third], _data: data }
    }

    fn plan(&self) -> String {
        let [first, second, _] = self.commits.each_ref().map(|sha| &sha[..7]);
        format!(
            "from   1.1.0  {second}  deployment 2, live [..] s\n\
             to     1.0.0  {first}  deployment 1, succeeded [..] UTC\n\
             back   1 commit is taken back: 1 feat (--list)\n\
             warn   migrations/0007_priority.sql is among them; a rollback does not undo it\n\
             runs   sh deploy.sh   in a clean worktree of {first}\n\
             then   record the rollback, mark 1.1.0 bad"
        )
    }

    fn history(&self) -> Value {
        let (status, body) = self.server.get("/api/v2/deployments?app=helpdesk");
        assert_eq!(status, 200);
        serde_json::from_str(&body).unwrap()
    }
}

const DONE: [&str; 4] = ["rollback", "production", "--yes", "--reason=kpi page answers 500"];

#[test]
fn the_plan_is_shown_before_anything_is_done() {
    let story = Story::tell();
    let sandbox = &story.sandbox;
    sandbox.run(&["rollback", "production", "--dry-run"]).says(0, &story.plan(), "");
    let listed = sandbox.run(&["rollback", "production", "--dry-run", "--list"]).exits(0).to_owned();
    assert!(listed.contains("       Features (1)  "), "{listed}");
    let document = sandbox.run(&["rollback", "production", "--dry-run", "--json"]).json(0);
    assert_eq!(
        (&document["commit"], &document["to"]["version"]),
        (&json!(story.commits[0]), &json!("1.0.0"))
    );
    assert_eq!(document["migrations"], json!(["migrations/0007_priority.sql"]));
    assert_eq!(document["command"], json!(["sh", "deploy.sh"]));
    for arguments in [&["rollback", "production"][..], &["rollback", "production", "--yes"]] {
        sandbox.run(arguments).says(
            2,
            "",
            &format!(
                "{}\nerror: nobody can be asked, so `--yes` and `--reason TEXT` are both needed\n\
                 hint: see the plan first with `--dry-run`",
                story.plan()
            ),
        );
    }
    assert_eq!(story.history()["items"].as_array().unwrap().len(), 2);
}

#[test]
fn the_last_good_version_goes_back_from_a_clean_worktree_and_is_recorded() {
    let story = Story::tell();
    let sandbox = &story.sandbox;
    let first = &story.commits[0][..7];
    sandbox.run(&DONE).says(
        0,
        "shipping 1.0.0 production\n1.0.0",
        &format!(
            "{}\nproduction  1.0.0 {first}  ongoing    recorded as deployment 3\n\
             production  1.0.0 {first}  deployed   [..] s\n\
             1.1.0 is marked bad (lift: shipmark hold lift production 1.1.0 --reason TEXT)",
            story.plan()
        ),
    );
    let history = story.history();
    let newest = &history["items"][0];
    assert_eq!((&newest["kind"], &newest["reason"]), (&json!("rollback"), &json!("kpi page answers 500")));
    assert_eq!((&newest["sha"], &newest["dirty"]), (&json!(story.commits[0]), &json!(false)));
    assert_eq!((&history["items"][1]["kind"], &history["items"][1]["reason"]), (&Value::Null, &Value::Null));
    // The user's own worktree is as it was.
    assert_eq!(sandbox.read("untracked"), "mine");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), story.commits[2]);
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);

    // What went wrong is held, so nobody brings it back by chance.
    sandbox.run(&["can-deploy", "production", "1.1.0"]).says(
        1,
        "NO      helpdesk 1.1.0 on production\nbad     1.1.0 is marked bad: kpi page answers 500\n        \
         lift it with `shipmark hold lift production 1.1.0 --reason TEXT`",
        "",
    );
    let document = sandbox.run(&["hold", "list", "--json"]).json(0);
    assert_eq!(document["items"][0]["sha"], json!(story.commits[1]));
    // It is bad anywhere, and so is its commit under another tag.
    sandbox.git(&["tag", "v1.1.7", &story.commits[1]]);
    sandbox.run(&["can-deploy", "qa", "v1.1.7"]).says(
        1,
        "NO      helpdesk 1.1.7 on qa\nbad     1.1.7 is marked bad: kpi page answers 500\n        \
         lift it with `shipmark hold lift qa 1.1.0 --reason TEXT`",
        "",
    );
    sandbox.run(&["hold", "list"]).says(
        0,
        "helpdesk 1.1.0 is marked bad everywhere: kpi page answers 500 ([..] s)",
        "",
    );

    // What was taken back is not offered again by itself.
    sandbox.run(&["rollback", "production", "--dry-run"]).says(
        1,
        "",
        "error: production has no earlier good version\n\
         hint: these succeeded there, and `--to` takes any of them: 1.0.0, 1.1.0",
    );
    sandbox.run(&["rollback", "production", "--to", "v1.0.0", "--dry-run"]).says(
        0,
        "production  1.0.0 is what is recorded there, nothing to do",
        "",
    );
    let forward = sandbox.run(&["rollback", "production", "--to", "1.1.0", "--dry-run"]).exits(0).to_owned();
    assert!(forward.ends_with("then   record the rollback\n"), "the way forward holds nothing: {forward}");
    assert!(forward.contains("back   0 commits are taken back\nagain  1 commits come back"), "{forward}");
    sandbox.run(&["rollback", "production", "--to", "7.0.0", "--dry-run"]).exits(1);
}

#[test]
fn a_failed_attempt_goes_back_to_what_is_recorded() {
    let story = Story::tell();
    let sandbox = &story.sandbox;
    sandbox.run(&["-q", "deploy", "production", "--", "false"]).exits(1);
    let said = sandbox.run(&["rollback", "production", "--dry-run"]).exits(0).to_owned();
    let [first, second, third] = story.commits.each_ref().map(|sha| &sha[..7]);
    assert!(said.starts_with(&format!("from   1.2.0  {third}  deployment 3, failed ")), "{said}");
    assert!(said.contains(&format!("\nto     1.1.0  {second}  deployment 2, ")), "{said}");
    assert!(said.contains(&format!("\nor     1.0.0  {first}  deployment 1, ")), "{said}");
}

#[test]
fn the_program_is_asked_after_a_rollback_too() {
    let story = Story::tell();
    let sandbox = &story.sandbox;
    let program = Program::start(&[Says::json(&json!({ "version": "1.1.0" }))]);
    let health = format!(
        "[environments.production]\nhealth = {{ url = \"{}/\", version = \"/version\", within = \"1s\" }}\n",
        program.url()
    );
    sandbox.file("shipmark.toml", &health);
    let outcome = sandbox.run(&[&DONE[..], &["--", "true"]].concat());
    outcome.exits(1);
    let (before, held) = outcome.stderr.trim_end().rsplit_once('\n').unwrap();
    assert!(held.starts_with("1.1.0 is marked bad"), "{held}");
    let last = before.lines().last().unwrap();
    assert!(last.ends_with("s, not confirmed within 1 s: it is still 1.1.0"), "{last}");
    assert_eq!(story.history()["items"][0]["state"], json!("failed"));
}

#[test]
fn configured_commands_run_only_after_the_user_has_looked_at_them() {
    let story = Story::tell();
    let sandbox = &story.sandbox;
    let more = "rollback = [\"sh\", \"-c\", \"exit 7\"]\n";
    sandbox.file("shipmark.toml", &format!("{}{more}", sandbox.read("shipmark.toml")));
    sandbox.commit("chore: a command");
    let keys = "`environments.production.deploy`, `environments.production.rollback`";
    let hint =
        "look at them with `shipmark config trust --show`, then allow them with `shipmark config trust`";
    let refused = format!("error: the commands of this repository are not allowed: {keys}\nhint: {hint}");
    sandbox.run(&["deploy", "production"]).says(3, "", &refused);
    sandbox.run(&DONE).says(3, "", &refused);
    let shown = sandbox.run(&["config", "trust", "--show"]).exits(0).to_owned();
    let hash = shown.lines().last().unwrap().rsplit(' ').next().unwrap().to_owned();
    sandbox.run(&["config", "trust", "--show"]).says(
        0,
        &format!(
            "environments.production.deploy    sh deploy.sh\n\
             environments.production.rollback  sh -c 'exit 7'\n\
             hash                              {hash}"
        ),
        "",
    );
    sandbox.run(&["-q", "deploy", "production", "--trust-config", &hash]).exits(1);
    sandbox.run(&["deploy", "production", "--trust-config", "0"]).says(
        3,
        "",
        &format!(
            "error: `--trust-config` is not the hash of the commands of this repository: {keys}\n\
             hint: look at them, and at their hash, with `shipmark config trust --show`"
        ),
    );
    sandbox.run(&["config", "trust"]).exits(0);
    sandbox.run(&[&["-q"], &DONE[..]].concat()).exits(7);
    sandbox.run(&["deploy", "qa"]).says(
        2,
        "",
        "error: no command is given, and none is configured for `qa`\n\
         hint: write it after `--`, or as `deploy = [\"PROGRAM\", \"ARGUMENT\"]` under the environment",
    );
    sandbox.file("shipmark.toml", "");
    sandbox.run(&["config", "trust"]).says(
        0,
        "",
        "no key of this repository's configuration holds a command: nothing to allow",
    );
}

#[test]
fn what_was_never_deployed_cannot_go_back() {
    let story = Story::tell();
    story.sandbox.run(&["rollback", "qa", "--dry-run"]).says(
        1,
        "",
        "error: helpdesk was never deployed on qa\nhint: deploy it with `shipmark deploy`",
    );
}
