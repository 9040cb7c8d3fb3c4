//! `hold` and `can-deploy` against a real registry.

use serde_json::json;
use tempfile::TempDir;

use crate::support::served::Served;
use crate::support::{SHORT, Sandbox, helpdesk};

/// A clone of version 1.0.0, and a registry process.
fn begin() -> (Sandbox, Served, TempDir) {
    let data = TempDir::new().unwrap();
    let server = Served::start(data.path());
    let sandbox = helpdesk(&format!("http://127.0.0.1:{}", server.port));
    sandbox.git(&["config", "user.email", "maya@example.org"]);
    (sandbox, server, data)
}

fn lift(what: &str) -> String {
    format!("        lift it with `shipmark hold lift production {what} --reason TEXT`")
}

#[test]
fn a_held_version_is_stopped_until_it_is_lifted() {
    let (sandbox, _server, _data) = begin();
    sandbox.run(&["hold", "list"]).says(0, "nothing is held", "");
    sandbox.run(&["can-deploy", "production"]).says(0, "yes     helpdesk 1.0.0 on production", "");
    let held = "helpdesk 1.0.0 is held on production by maya@example.org: kpi page answers 500";
    let set = ["hold", "set", "production", "v1.0.0", "--reason", " kpi page answers 500 "];
    sandbox.run(&set).says(0, held, "");
    // The same once more is the same hold.
    sandbox.run(&set).says(0, held, "");
    let no = format!(
        "NO      helpdesk 1.0.0 on production\n\
         held    1.0.0 is held by maya@example.org: kpi page answers 500\n{}",
        lift("1.0.0")
    );
    sandbox.run(&["can-deploy", "production"]).says(1, &no, "");
    sandbox.run(&["can-deploy", "production", "v1.0.0"]).says(1, &no, "");
    sandbox.run(&["can-deploy", "production", "1.0.1"]).says(0, "yes     helpdesk 1.0.1 on production", "");
    sandbox.run(&["can-deploy", "dev"]).says(0, "yes     helpdesk 1.0.0 on dev", "");
    sandbox.run(&["hold", "list"]).says(0, &format!("{held} ([..] s)"), "");
    sandbox.run(&["hold", "list", "dev"]).says(0, "nothing is held", "");
    let lift = ["hold", "lift", "production", "1.0.0", "--reason", "mended"];
    sandbox.run(&lift).says(0, &format!("lifted: {held}"), "");
    sandbox.run(&lift).says(0, "", "nothing of that is held on production");
    sandbox.run(&["can-deploy", "production"]).exits(0);
    let all = format!("{held} ([..] s); lifted by maya@example.org [..] s ago: mended");
    sandbox.run(&["hold", "list", "--all"]).says(0, &all, "");
}

#[test]
fn a_held_commit_is_held_under_any_version() {
    let (sandbox, _server, _data) = begin();
    sandbox.git(&["tag", "v0.9.0"]);
    sandbox.run(&["hold", "set", "production", "v0.9.0", "--reason", "bad build"]).exits(0);
    sandbox.run(&["can-deploy", "production"]).says(
        1,
        &format!(
            "NO      helpdesk 1.0.0 on production\nheld    1.0.0 is held by maya@example.org: bad build\n{}",
            lift("0.9.0")
        ),
        "",
    );
    sandbox.commit("fix: mend it");
    sandbox.run(&["can-deploy", "production"]).exits(0);
}

#[test]
fn a_lock_lets_its_owner_through_on_its_branch() {
    let (sandbox, _server, _data) = begin();
    let locked = "helpdesk is locked on production for main by maya@example.org until 2100-01-01 00:00:00 UTC: \
                  migration";
    let end = "--until=2100-01-01T01:00:00+01:00";
    let set = ["hold", "set", "production", "--kind", "lock", "--ref", "main", end, "--reason", "migration"];
    sandbox.run(&set).says(0, locked, "");
    sandbox.run(&["can-deploy", "production"]).exits(0);
    let no = |version: &str| {
        format!(
            "NO      helpdesk {version} on production\nlocked  production is locked for main by \
             maya@example.org until 2100-01-01 00:00:00 UTC: migration\n{}",
            lift("--kind lock")
        )
    };
    sandbox.git(&["checkout", "--quiet", "-b", "next"]);
    sandbox.run(&["can-deploy", "production"]).says(1, &no("1.0.0"), "");
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.git(&["config", "user.email", "ben@example.org"]);
    sandbox.run(&["can-deploy", "production"]).says(1, &no("1.0.0"), "");
    sandbox.run(&["hold", "set", "production", "--kind", "lock", "--reason", "mine"]).says(
        7,
        "",
        "error: `[REGISTRY]/` answered 409: it is held already; since [..] UTC: migration\n\
         hint: see what is held with `shipmark hold list`",
    );
}

#[test]
fn a_freeze_stops_every_app_that_it_names() {
    let (sandbox, _server, _data) = begin();
    let freeze = ["hold", "set", "production", "--kind", "freeze", "--all-apps", "--reason", "audit"];
    let frozen = "every app is frozen on production by maya@example.org: audit";
    sandbox.run(&freeze).says(0, frozen, "");
    for app in ["helpdesk", "other"] {
        sandbox.run(&["can-deploy", "production", "9.9.9", "--app", app]).says(
            1,
            &format!(
                "NO      {app} 9.9.9 on production\n\
                 frozen  production is frozen by maya@example.org: audit\n{}",
                lift("--kind freeze")
            ),
            "",
        );
    }
    sandbox.run(&["can-deploy", "production/eu"]).exits(0);
    sandbox.run(&["hold", "set", "production/eu", "--kind", "freeze", "--reason", "x"]).says(
        0,
        "helpdesk is frozen on production/eu by maya@example.org: x",
        "",
    );
    sandbox.run(&["hold", "set", "production", "1.0.0", "--reason", "y"]).exits(0);
    let unsure = sandbox.run(&["hold", "lift", "production", "--reason", "done"]);
    unsure.says(
        2,
        "",
        &format!(
            "error: 2 holds could be meant\n\
             hint: `--id [..]`: helpdesk 1.0.0 is held on production by maya@example.org: y\n\
             hint: `--id [..]`: {frozen}"
        ),
    );
    let listed = sandbox.run(&["hold", "list", "production", "--json"]).json(0);
    assert_eq!((&listed["items"][1]["kind"], &listed["items"][1]["app"]), (&json!("freeze"), &json!(null)));
    let id = listed["items"][1]["id"].as_str().unwrap();
    sandbox.run(&["hold", "lift", "--id", id, "--reason", "done"]).says(0, &format!("lifted: {frozen}"), "");
    sandbox.run(&["can-deploy", "production", "9.9.9"]).exits(0);
}

#[test]
fn changed_files_stop_what_goes_to_production() {
    let (sandbox, _server, _data) = begin();
    sandbox.file("untracked", "");
    sandbox.run(&["can-deploy", "production"]).exits(0);
    sandbox.file("VERSION.txt", "1.0.0\n\n");
    sandbox.run(&["can-deploy", "production"]).says(
        1,
        "NO      helpdesk 1.0.0 on production\ndirty   tracked files differ from HEAD, and production is of the tier production, by its name\n        commit or stash the changes",
        "",
    );
    sandbox.run(&["can-deploy", "dev"]).exits(0);
    sandbox.run(&["can-deploy", "production", "0.9.0"]).exits(0);
}

#[test]
fn without_the_registry_the_last_answer_counts_with_its_age() {
    let (sandbox, server, _data) = begin();
    sandbox.run(&["hold", "set", "production", "1.0.0", "--reason", "x"]).exits(0);
    let asked = sandbox.run(&["can-deploy", "production", "--json"]).json(1);
    assert_eq!((&asked["allowed"], &asked["stale_seconds"]), (&json!(false), &json!(null)));
    assert_eq!((&asked["version"], &asked["reasons"][0]["code"]), (&json!("1.0.0"), &json!("held")));
    assert!(asked["sha"].as_str().unwrap().starts_with(SHORT));
    drop(server);
    sandbox.run(&["can-deploy", "production"]).says(
        1,
        &format!(
            "registry unreachable, answer of [..] s ago\nNO      helpdesk 1.0.0 on production\n\
             held    1.0.0 is held by maya@example.org: x\n{}",
            lift("1.0.0")
        ),
        "",
    );
    sandbox.run(&["can-deploy", "staging"]).says(
        7,
        "",
        "error: cannot reach `[REGISTRY]`: Connection refused (os error 111)\n\
         hint: check `SHIPMARK_REGISTRY_URL`, or `url` under `[registry]`",
    );
    let lost = sandbox.run(&["hold", "lift", "production", "1.0.0", "--reason", "y"]);
    assert_eq!(lost.exits(7), "");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (sandbox, _server, _data) = begin();
    let help = "hint: see `shipmark hold set --help`";
    for (arguments, message) in [
        (
            &["production", "--reason", "x"][..],
            "error: neither a version nor `--kind` is given\n\
             hint: name the version to hold, or use `--kind lock` or `--kind freeze`",
        ),
        (
            &["production", "1", "--reason", " "],
            "error: a reason is needed\nhint: give it with `--reason TEXT`",
        ),
        (
            &["production", "--kind=hold", "--reason=x"],
            &format!("error: `--kind hold` needs a version\n{help}"),
        ),
        (
            &["production", "1", "--kind=freeze", "--reason=x"],
            &format!("error: a version can be held, but neither locked nor frozen\n{help}"),
        ),
        (
            &["production", "1", "--ref=main", "--reason=x"],
            &format!("error: `--ref` belongs to `--kind lock`\n{help}"),
        ),
        (
            &["production", "1", "--all-apps", "--reason=x"],
            &format!("error: `--all-apps` belongs to `--kind freeze`\n{help}"),
        ),
        (
            &["production", "1", "--until=friday", "--reason=x"],
            "error: `friday` is no later time\n\
             hint: give a span such as `2h` or `3d`, or a time such as `2025-10-10T16:00:00+02:00`",
        ),
    ] {
        sandbox.run(&[&["hold", "set"], arguments].concat()).says(2, "", message);
    }
    sandbox.git(&["config", "--unset", "user.email"]);
    sandbox.run(&["hold", "set", "production", "--kind=lock", "--reason=x"]).says(
        2,
        "",
        "error: a lock needs an owner, and nothing says who you are\n\
         hint: set it with `git config user.email ADDRESS`",
    );
    sandbox.run(&["hold", "lift", "--id", "nothing", "--reason", "x"]).says(
        2,
        "",
        "error: no hold has the id `nothing`\nhint: see the ids with `shipmark hold list --json`",
    );
    sandbox.run(&["hold", "list"]).says(0, "nothing is held", "");
}

#[test]
fn deploy_runs_nothing_that_may_not_go_unless_it_is_forced() {
    let (sandbox, server, _data) = begin();
    sandbox.run(&["hold", "set", "production", "1.0.0", "--reason", "x"]).exits(0);
    let reasons = format!("held    1.0.0 is held by maya@example.org: x\n{}", lift("1.0.0"));
    let refused = "error: helpdesk 1.0.0 may not be deployed on production\n\
                   hint: deploy it all the same with `--force --reason TEXT`";
    let deploy = ["deploy", "production", "--", "touch", "ran"];
    sandbox.run(&deploy).says(1, "", &format!("{reasons}\n{refused}"));
    assert!(!sandbox.path("ran").exists());
    let history = || server.get("/api/v2/deployments?app=helpdesk").1;
    assert!(history().contains(r#""items":[]"#), "nothing is recorded of what did not begin");
    let planned = sandbox.run(&["deploy", "production", "--dry-run", "--", "true"]).exits(0).to_owned();
    assert!(planned.contains("\ngate     NO: 1.0.0 is held by maya@example.org: x\n"), "{planned}");

    let forced = ["deploy", "production", "--force", "--reason", "only this one works", "--", "touch", "ran"];
    sandbox.run(&forced).says(
        0,
        "",
        &format!(
            "{reasons}\nwarning: it is deployed all the same, by `--force`\n\
             production  1.0.0 {SHORT}  ongoing    recorded as deployment 1\n\
             production  1.0.0 {SHORT}  deployed   [..] s"
        ),
    );
    assert!(sandbox.path("ran").exists() && history().contains(r#""reason":"only this one works""#));
    sandbox.run(&["deploy", "production", "--force", "--reason", " ", "--", "true"]).says(
        2,
        "",
        "error: a reason is needed\nhint: give it with `--reason TEXT`",
    );
    // A registry that is down takes the answer that it gave with it.
    drop(server);
    let stale = "registry unreachable, answer of [..] s ago";
    sandbox.run(&deploy).says(1, "", &format!("{stale}\n{reasons}\n{refused}"));
}

#[test]
fn a_registry_that_never_answered_stops_a_deployment_only_where_that_is_wanted() {
    let (sandbox, server, _data) = begin();
    drop(server);
    let cause = "cannot reach `[REGISTRY]`: Connection refused (os error 111)";
    let wanted = sandbox.run(&["deploy", "dev", "--require-gate", "--", "touch", "ran"]);
    wanted.says(
        7,
        "",
        &format!("error: {cause}\nhint: check `SHIPMARK_REGISTRY_URL`, or `url` under `[registry]`"),
    );
    assert!(!sandbox.path("ran").exists());
    let went = sandbox.run(&["-q", "deploy", "dev", "--", "touch", "ran"]);
    went.exits(0);
    assert!(went.stderr.starts_with("warning: nothing is known of holds: cannot reach "));
    assert!(sandbox.path("ran").exists());
}

#[test]
fn changed_files_do_not_go_to_production() {
    let (sandbox, _server, _data) = begin();
    sandbox.file("VERSION.txt", "1.0.0\n\n");
    sandbox.run(&["deploy", "production", "--", "true"]).says(
        4,
        "",
        "dirty   tracked files differ from HEAD, and production is of the tier production, by its name\n        commit or stash the changes\n\
         error: helpdesk 1.0.0 may not be deployed on production\n\
         hint: deploy it all the same with `--force --reason TEXT`",
    );
}

#[test]
fn a_freeze_comes_back_every_week_by_the_clocks_of_a_place() {
    let (sandbox, _server, _data) = begin();
    let set = |span: &str, zone: &str| {
        let arguments = ["hold", "set", "qa", "--kind", "freeze", "--reason", "weekend", "--weekly", span];
        sandbox.run(&[&arguments[..], &["--zone", zone]].concat())
    };
    // It begins this minute and ends a week less a minute later, whatever the day is.
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let point =
        |minutes: i64| (now.clone() + jiff::Span::new().minutes(minutes)).strftime("%a %H:%M").to_string();
    let span = format!("{} - {}", point(-1), point(-2));
    let sentence = format!("helpdesk is frozen on qa by maya@example.org every week {span} UTC: weekend");
    set(&span, "UTC").says(0, &sentence, "");
    sandbox.run(&["can-deploy", "qa"]).says(
        1,
        &format!(
            "NO      helpdesk 1.0.0 on qa\n\
             frozen  qa is frozen by maya@example.org every week {span} UTC: weekend\n        \
             lift it with `shipmark hold lift qa --kind freeze --reason TEXT`"
        ),
        "",
    );
    sandbox.run(&["hold", "lift", "qa", "--reason", "party"]).exits(0);
    let span = format!("{} - {}", point(60), point(120));
    set(&span, "UTC").exits(0);
    sandbox.run(&["can-deploy", "qa"]).exits(0);
    sandbox.run(&["hold", "list"]).says(
        0,
        &format!(
            "helpdesk is frozen on qa by maya@example.org every week {span} UTC: weekend ([..] s); not now"
        ),
        "",
    );
    set("Fri 16:00", "UTC").says(
        2,
        "",
        "error: `Fri 16:00` in `UTC` is no span of a week\n\
         hint: write it as `Fri 16:00 - Mon 08:00`, in a zone such as `Europe/Paris`",
    );
    let unzoned =
        ["hold", "set", "qa", "--kind", "freeze", "--reason", "x", "--weekly", "Fri 16:00 - Mon 08:00"];
    sandbox.run(&unzoned).says(
        2,
        "",
        "error: nothing says by whose clocks the span is meant\n\
         hint: name them with `--zone Europe/Paris`, or as `zone` of the environment",
    );
    sandbox.file("shipmark.toml", "[environments.dev]\nzone = \"Europe/Paris\"\n");
    let zoned = unzoned.map(|word| if word == "qa" { "dev" } else { word });
    sandbox.run(&zoned).says(
        0,
        "helpdesk is frozen on dev by maya@example.org every week Fri 16:00 - Mon 08:00 Europe/Paris: x",
        "",
    );
}

#[test]
fn status_and_the_board_show_what_is_held() {
    let (sandbox, server, _data) = begin();
    sandbox.run(&["-q", "deploy", "production", "--", "true"]).exits(0);
    sandbox.run(&["hold", "set", "production", "1.0.0", "--reason", "slow"]).exits(0);
    sandbox.run(&["hold", "set", "production", "--kind", "freeze", "--reason", "audit"]).exits(0);
    sandbox.run(&["hold", "set", "qa", "--kind", "freeze", "--reason", "nobody is there"]).exits(0);
    let held = "helpdesk 1.0.0 is held on production by maya@example.org: slow\n\
                helpdesk is frozen on production by maya@example.org: audit";
    sandbox.run(&["status"]).says(
        0,
        &format!(
            "APP       production\nhelpdesk  1.0.0  {SHORT}\n          [..] s, HELD\n          local is the same\n\
             local     1.0.0  {SHORT}  main, clean\n{held}"
        ),
        "",
    );
    sandbox.run(&["status", "production"]).says(
        0,
        &format!("helpdesk 1.0.0 ({SHORT}) since [..] UTC ([..] s)   HELD\n{held}"),
        "",
    );
    let document = sandbox.run(&["status", "--json"]).json(0);
    assert_eq!(document["items"][0]["seen"]["verdict"], json!("held"));
    assert_eq!(document["holds"].as_array().unwrap().len(), 3);
    let (status, board) = server.get("/");
    assert_eq!(status, 200);
    for line in ["held by maya@example.org: slow", "frozen by maya@example.org: audit"] {
        assert!(board.contains(&format!("<p class=\"held\">{line}</p>")), "{board}");
    }
    assert!(!board.contains("nobody is there"));
}
