//! `deploy`, `report`, `outbox` and `status` against a registry that works, fails, lies or is not there.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::sandbox::wait_for;
use crate::support::{RegistryMock, Reply, Sandbox};

/// The commit that `helpdesk` makes.
const SHORT: &str = "2a4aeb1";
const KEPT: &str =
    "it is kept in `[ROOT]/helpdesk/.git/shipmark/outbox`, send it with `shipmark outbox flush`";

/// A repository of version 1.0.0 whose registry is `url`.
fn helpdesk(url: &str) -> Sandbox {
    let sandbox = Sandbox::repository().var("SHIPMARK_REGISTRY_URL", url).alias(url, "REGISTRY");
    sandbox.file("VERSION.txt", "1.0.0\n");
    sandbox.commit("feat: begin");
    sandbox
}

fn down() -> (u16, String) {
    let port = RegistryMock::closed_port();
    (port, format!("http://127.0.0.1:{port}"))
}

#[test]
fn a_deployment_is_recorded_from_its_beginning_to_its_end() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.run(&["deploy", "production", "--", "sh", "-c", "cat; echo out; echo err >&2"]).says(
        0,
        "out",
        &format!(
            "production  1.0.0 {SHORT}  ongoing    recorded as deployment 1\nerr\nproduction  1.0.0 {SHORT}  deployed   [..] s\n"
        ),
    );
    assert_eq!(registry.effects(), ["production 1.0.0 ongoing", "production 1.0.0 deployed"]);
    let [begin, end] = registry.reports().try_into().unwrap();
    assert_eq!(begin["run_key"], end["run_key"]);
    assert_eq!((&begin["seq"], &end["seq"]), (&json!(1), &json!(2)));
    assert_eq!((&end["app"], &end["workload"]), (&json!("helpdesk"), &json!("helpdesk")));
    assert_eq!((&end["platform"], &end["ref"]), (&json!("production"), &json!("main")));
    assert_eq!((&end["sha"], &end["dirty"]), (&json!(sandbox.git(&["rev-parse", "HEAD"])), &json!(false)));
    assert!(begin.get("duration").is_none() && end["duration"].is_i64());
    sandbox.run(&["outbox", "list"]).says(0, "", "the outbox is empty");
}

#[test]
fn the_command_gets_the_variables_and_no_git_variables() {
    let registry = RegistryMock::start();
    let recorded = json!({ "id": 7, "version": "0.9.0", "state": "succeeded", "status": "deployed",
        "sha": "beef", "actor": null, "started_at": 0, "finished_at": 1 });
    registry.set_current(&json!([{ "app": "helpdesk", "workload": "helpdesk", "platform": "production",
        "environment": "production", "recorded": recorded, "newest": recorded }]));
    let sandbox = helpdesk(&registry.url()).var("GIT_PREFIX", "x").var("VERSION", "9.9.9");
    let script = "echo $VERSION $COMMIT $BRANCH $ENVIRONMENT ${BUILT_AT:+b} ${DEPLOYED_AT:+d} $SHIPMARK_APP \
                  $SHIPMARK_PLATFORM $SHIPMARK_DEPLOYMENT $SHIPMARK_PREVIOUS_VERSION $SHIPMARK_PREVIOUS_COMMIT [$GIT_PREFIX]";
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.run(&["-q", "deploy", "production", "--", "sh", "-c", script]).says(
        0,
        &format!("1.0.0 {head} main production b d helpdesk production 1 0.9.0 beef []"),
        "warning: `VERSION` is `1.0.0` for the command, not `9.9.9` as outside",
    );
}

#[test]
fn the_exit_status_is_that_of_the_command() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.file("plain", "not executable");
    for (command, status, end) in [
        (&["sh", "-c", "exit 7"][..], 7, "failed     [..] s, exit status 7"),
        (&["no-such-program"], 127, "failed     [..] s, the command was not found"),
        (&["./plain"], 126, "failed     [..] s, the command cannot be executed"),
        (&["sh", "-c", "kill -KILL $$"], 137, "failed     [..] s, ended by signal 9"),
    ] {
        let mut args = vec!["deploy", "dev", "--"];
        args.extend(command);
        let begin = format!("dev  1.0.0 {SHORT}  ongoing    recorded as deployment [..]");
        sandbox.run(&args).says(status, "", &format!("{begin}\ndev  1.0.0 {SHORT}  {end}"));
    }
    assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 failed"].repeat(4));
}

#[test]
fn a_signal_reaches_the_command_and_the_end_is_recorded() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let registry = RegistryMock::start();
        let sandbox = helpdesk(&registry.url());
        let running =
            sandbox.start(&["-q", "deploy", "dev", "--", "sh", "-c", "touch started; exec sleep 60"]);
        wait_for(&sandbox.path("started"));
        running.signal(signal);
        running.finish().says(status, "", "");
        assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 cancelled"]);
    }
}

#[test]
fn a_second_signal_is_passed_on_too() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let script = "n=0; trap 'n=$((n+1)); touch got$n; [ $n = 2 ] && exit 9' TERM; touch started; while :; do sleep 0.02; done";
    let running = sandbox.start(&["-q", "deploy", "dev", "--", "sh", "-c", script]);
    wait_for(&sandbox.path("started"));
    running.signal(Signal::TERM);
    wait_for(&sandbox.path("got1"));
    running.signal(Signal::TERM);
    running.finish().says(9, "", "");
    assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 cancelled"]);
}

#[test]
fn a_registry_that_is_down_stops_nothing_and_gets_everything_once_and_in_order() {
    let (port, url) = down();
    let sandbox = helpdesk(&url);
    let reason = "cannot reach `[REGISTRY]`: Connection refused (os error 111)";
    sandbox.run(&["deploy", "production", "--", "echo", "done"]).says(
        0,
        "done",
        &format!(
            "production  1.0.0 {SHORT}  ongoing\n\
             warning: `ongoing` is not delivered: {reason}; {KEPT}\n\
             production  1.0.0 {SHORT}  deployed   [..] s\n\
             warning: `deployed` is not delivered: {reason}; {KEPT}"
        ),
    );
    sandbox.run(&["-q", "report", "staging", "--status", "running"]).exits(0);
    sandbox.run(&["outbox", "list"]).says(
        0,
        &format!(
            "waiting  [..]  production helpdesk 1.0.0 ongoing, [..] s old, tries: [..]: {reason}\n\
             waiting  [..]  production helpdesk 1.0.0 deployed, [..] s old, tries: 0: not tried yet\n\
             waiting  [..]  staging helpdesk 1.0.0 running, [..] s old, tries: 0: not tried yet"
        ),
        "",
    );
    let registry = RegistryMock::start_at(port);
    sandbox.run(&["report", "staging", "--status", "failed"]).says(
        0,
        "staging  1.0.0  failed, recorded as deployment 2",
        "",
    );
    let all = [
        "production 1.0.0 ongoing",
        "production 1.0.0 deployed",
        "staging 1.0.0 running",
        "staging 1.0.0 failed",
    ];
    assert_eq!(registry.effects(), all);
    sandbox.run(&["outbox", "flush"]).says(0, "", "nothing to send");
    assert_eq!(registry.requests().len(), 4);
}

#[test]
fn a_lost_answer_is_asked_for_again_and_has_one_effect() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    registry.reply(Reply::Swallowed);
    let outcome = sandbox.run(&["report", "dev", "--status", "deployed", "--require-report"]);
    outcome.says(6, "dev  1.0.0  deployed", &format!("warning: `deployed` is not delivered: [..]; {KEPT}"));
    sandbox.run(&["outbox", "flush"]).says(0, "delivered  dev helpdesk 1.0.0 deployed, deployment 1", "");
    assert_eq!(registry.effects(), ["dev 1.0.0 deployed"]);
    assert_eq!(registry.requests().len(), 2);
}

#[test]
fn a_report_that_waits_holds_back_only_its_own_target() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    registry.reply(Reply::Is(503, "text/plain", "retry-after: 100\r\n", String::new()));
    sandbox.run(&["-q", "deploy", "dev", "--", "true"]).says(
        0,
        "",
        &format!(
            "warning: `ongoing` is not delivered: 503; {KEPT}\nwarning: `deployed` is not delivered: 503; {KEPT}"
        ),
    );
    sandbox.run(&["-q", "report", "staging", "--status", "deployed"]).exits(0);
    assert_eq!(registry.effects(), ["staging 1.0.0 deployed"]);
    sandbox.run(&["outbox", "flush"]).says(
        7,
        "kept       dev helpdesk 1.0.0 ongoing: 503",
        "warning: 2 reports wait still; see `shipmark outbox list`",
    );
}

#[test]
fn required_reports_are_6_when_they_are_not_delivered() {
    let (_, url) = down();
    let sandbox = helpdesk(&url);
    sandbox.run(&["-q", "deploy", "dev", "--require-report", "--", "true"]).exits(6);
    sandbox.run(&["-q", "deploy", "dev", "--require-report", "--", "false"]).exits(1);
    sandbox.run(&["-q", "report", "dev", "--status", "deployed", "--require-report"]).exits(6);
    sandbox.run(&["-q", "report", "dev", "--status", "deployed"]).exits(0);
}

#[test]
fn a_refused_report_is_put_away_with_its_reason() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let body = json!({ "title": "invalid report", "detail": "the version is new \u{1b}[31mand red",
        "errors": [{ "pointer": "/version", "detail": "is no version" }] });
    registry.reply(Reply::problem(422, &body));
    let reason = "422: invalid report; the version is new \\u{1b}[31mand red; /version is no version";
    sandbox.run(&["report", "dev", "--status", "deployed"]).says(
        7,
        "",
        &format!(
            "error: the registry refused the report: {reason}\nhint: see it with `shipmark outbox list`"
        ),
    );
    let list = format!("dead     [..]  dev helpdesk 1.0.0 deployed, [..] s old, tries: 0: {reason}");
    sandbox.run(&["outbox", "list"]).says(1, &list, "");
    let document = sandbox.run(&["--json", "outbox", "list"]).json(1);
    let id = document["dead"][0]["id"].as_str().unwrap();
    sandbox.run(&["outbox", "drop", id]).says(0, &format!("dropped {id}"), "");
    sandbox.run(&["outbox", "drop", id]).says(
        2,
        "",
        &format!(
            "error: no report in the outbox has an id that begins with `{id}`\nhint: see the ids with `shipmark outbox list`"
        ),
    );
    sandbox.run(&["outbox", "list"]).says(0, "", "the outbox is empty");
}

#[test]
fn a_deployment_goes_on_when_its_reports_are_refused() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    registry.reply(Reply::problem(409, &json!({ "title": "stale", "state": "succeeded" })));
    registry.reply(Reply::Is(200, "text/html", "", "<!DOCTYPE html>".to_owned()));
    sandbox.run(&["deploy", "dev", "--", "true"]).says(
        0,
        "",
        &format!(
            "dev  1.0.0 {SHORT}  ongoing\n\
             warning: the registry refused `ongoing`: 409: stale; it is succeeded there; see `shipmark outbox list`\n\
             dev  1.0.0 {SHORT}  deployed   [..] s\n\
             warning: the registry refused `deployed`: 200 with text/html, which is no answer of a shipmark registry (API v2); see `shipmark outbox list`"
        ),
    );
}

#[test]
fn a_damaged_file_is_put_away_and_the_rest_is_sent() {
    let (port, url) = down();
    let sandbox = helpdesk(&url);
    sandbox.run(&["-q", "report", "dev", "--status", "running"]).exits(0);
    sandbox.run(&["-q", "report", "staging", "--status", "running"]).exits(0);
    let names = sandbox.names(".git/shipmark/outbox/new");
    sandbox.file(&format!(".git/shipmark/outbox/new/{}", names[0]), "{\"registry\":");
    sandbox.file(".git/shipmark/outbox/new/stray", "");
    let registry = RegistryMock::start_at(port);
    sandbox.run(&["outbox", "flush"]).says(0, "delivered  staging helpdesk 1.0.0 running, deployment 1", "");
    assert_eq!(registry.effects(), ["staging 1.0.0 running"]);
    sandbox.run(&["outbox", "list"]).says(
        1,
        "dead     [..]  unreadable: it is damaged: EOF while parsing a value at line 1 column 12\n\
         dead     stray  unreadable: its name is not one of the outbox",
        "",
    );
}

#[test]
fn what_a_dead_sender_took_goes_back_to_the_queue() {
    let (port, url) = down();
    let sandbox = helpdesk(&url);
    sandbox.run(&["-q", "report", "dev", "--status", "running"]).exits(0);
    let outbox = sandbox.path(".git/shipmark/outbox");
    let name = &sandbox.names(".git/shipmark/outbox/new")[0];
    std::fs::rename(outbox.join("new").join(name), outbox.join("cur").join(name)).unwrap();
    let registry = RegistryMock::start_at(port);
    sandbox.run(&["outbox", "flush"]).says(0, "delivered  dev helpdesk 1.0.0 running, deployment 1", "");
    assert_eq!(registry.effects(), ["dev 1.0.0 running"]);
}

#[test]
fn a_report_goes_on_with_the_newest_deployment() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    for (status, id) in [("ongoing", 1), ("deployed", 1), ("ongoing", 2), ("failed", 2), ("failed", 3)] {
        sandbox.run(&["report", "dev", "--status", status]).says(
            0,
            &format!("dev  1.0.0  {status}, recorded as deployment {id}"),
            "",
        );
    }
    sandbox
        .run(&["-q", "report", "dev", "--status", "deployed", "--version", "2.0.0", "--app", "desk"])
        .exits(0);
    let last = registry.reports().pop().unwrap();
    assert_eq!((&last["app"], &last["version"], last.get("sha")), (&json!("desk"), &json!("2.0.0"), None));
}

#[test]
fn mistakes_are_named_with_their_mend() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.run(&["report", "dev", "--status", "done"]).says(
        2,
        "",
        "error: `done` is no status that can be reported\n\
         hint: use one of: queued, running, ongoing, succeeded, deployed, completed, failed, cancelled",
    );
    sandbox.file("VERSION.txt", "one");
    sandbox.commit("fix: break it");
    sandbox.run(&["deploy", "dev", "--", "true"]).says(
        4,
        "",
        "error: `VERSION.txt` of the commit [..] holds `one`, which is no semantic version\n\
         hint: commit a `VERSION.txt` that holds one version, such as 1.4.0 or 1.4.0-rc.1",
    );
    sandbox.git(&["rm", "--quiet", "VERSION.txt"]);
    sandbox.commit("fix: lose it");
    sandbox.run(&["deploy", "dev", "--", "true"]).says(
        4,
        "",
        "error: the commit [..] has no `VERSION.txt`\nhint: commit a `VERSION.txt` that holds one version, such as 0.1.0",
    );
    assert!(registry.requests().is_empty());
}

#[test]
fn without_a_registry_nothing_starts() {
    let sandbox = Sandbox::repository();
    sandbox.file("VERSION.txt", "1.0.0");
    sandbox.commit("feat: begin");
    let error = "error: no registry is configured\nhint: set `SHIPMARK_REGISTRY_URL`, or write `url` under `[registry]` in `shipmark.toml`";
    sandbox.run(&["status"]).says(3, "", error);
    sandbox.run(&["report", "dev", "--status", "deployed"]).says(3, "", error);
    sandbox.run(&["deploy", "dev", "--", "touch", "ran"]).says(3, "", error);
    assert!(!sandbox.path("ran").exists());
    let sandbox = sandbox.var("SHIPMARK_REGISTRY_URL", "http://registry.invalid");
    sandbox.run(&["status"]).says(
        3,
        "",
        "error: `http://registry.invalid` is neither https nor on this machine\n\
         hint: use an https address, or accept that others can read along with `--allow-http`",
    );
}

#[test]
fn a_dry_run_runs_and_records_nothing() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url()).var("SOURCE_DATE_EPOCH", "0");
    sandbox.file("VERSION.txt", "1.0.0\n\n");
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.run(&["deploy", "eu west", "--dry-run", "--", "touch", "it's"]).says(
        0,
        &format!(
            "record   helpdesk on eu west  1.0.0 {SHORT}, dirty\nat       [REGISTRY]/\nset      VERSION=1.0.0\n\
             set      COMMIT={head}\nset      BRANCH=main\nset      ENVIRONMENT='eu west'\n\
             set      BUILT_AT=1970-01-01T00:00:00Z\nset      DEPLOYED_AT=[..]Z\nset      SHIPMARK_APP=helpdesk\n\
             set      SHIPMARK_PLATFORM='eu west'\nset      SHIPMARK_DEPLOYMENT=''\n\
             set      SHIPMARK_PREVIOUS_VERSION=''\nset      SHIPMARK_PREVIOUS_COMMIT=''\n\
             run      touch 'it'\\''s'"
        ),
        "",
    );
    assert!(registry.requests().is_empty() && !sandbox.path(".git/shipmark").exists());
}

#[test]
fn a_token_goes_only_to_its_registry_and_stays_out_of_sight() {
    let registry = RegistryMock::start();
    let secret = "smk_secret_word";
    let sandbox = helpdesk(&registry.url()).var("SHIPMARK_TOKEN", secret);
    registry.reply(Reply::problem(401, &json!({ "title": format!("{secret} is expired") })));
    let outcome = sandbox.run(&["report", "dev", "--status", "deployed"]);
    outcome.says(
        0,
        "dev  1.0.0  deployed",
        &format!("warning: `deployed` is not delivered: 401: *** is expired; {KEPT}"),
    );
    assert_eq!(registry.requests()[0].authorization.as_deref(), Some("Bearer smk_secret_word"));
    let name = sandbox.names(".git/shipmark/outbox/new").remove(0);
    assert!(!sandbox.read(&format!(".git/shipmark/outbox/new/{name}")).contains("secret"));
    for (path, mode) in [("", 0o700), ("/new", 0o700), (&format!("/new/{name}"), 0o600)] {
        let found = std::fs::metadata(sandbox.path(&format!(".git/shipmark/outbox{path}"))).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, mode, "{path}");
    }
    sandbox.run(&["-q", "outbox", "flush"]).exits(0);

    let named_by_file = Sandbox::repository().var("SHIPMARK_TOKEN", secret);
    named_by_file.file("VERSION.txt", "1.0.0");
    named_by_file.file("shipmark.toml", &format!("[registry]\nurl = \"{}\"\n", registry.url()));
    named_by_file.commit("feat: begin");
    named_by_file.run(&["report", "dev", "--status", "deployed"]).says(
        0,
        "dev  1.0.0  deployed, recorded as deployment 2",
        "warning: `SHIPMARK_TOKEN` is not sent, since only the repository names this registry; set `SHIPMARK_REGISTRY_URL` to trust it",
    );
    assert_eq!(registry.requests().last().unwrap().authorization, None);
}

/// One item of `GET /api/v2/current`: a success, unless `failed` names a newer attempt's version.
fn item(app: &str, environment: &str, version: &str, sha: Option<&str>, failed: Option<&str>) -> Value {
    let attempt = |id: i64, version: &str, state: &str, status: &str, sha: Option<&str>| {
        json!({ "id": id, "version": version, "state": state, "status": status, "sha": sha, "actor": null,
            "started_at": 1_760_085_900_000_i64, "finished_at": 1_760_085_912_000_i64 })
    };
    let recorded = attempt(1, version, "succeeded", "deployed", sha);
    let newest =
        failed.map_or_else(|| recorded.clone(), |version| attempt(2, version, "failed", "failed", None));
    json!({ "app": app, "workload": app, "platform": environment, "environment": environment,
        "recorded": recorded, "newest": newest })
}

#[test]
fn status_shows_what_runs_where_and_how_local_stands_to_it() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.file("shipmark.toml", "[environments.dev]\norder = 1\n[environments.staging]\norder = 2\n");
    let second = sandbox.commit("feat: columns in their order");
    sandbox.git(&["checkout", "--quiet", "-b", "side", &first]);
    let side = sandbox.commit("fix: elsewhere");
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.git(&["tag", "v0.9.0", &first]);
    let foreign = "9f31c02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    registry.set_current(&json!([
        item("helpdesk", "production", "1.0.0", Some(&first), Some("1.1.0")),
        item("helpdesk", "staging", "1.0.0", Some(&side), None),
        item("helpdesk", "dev", "1.0.0", Some(&second), None),
        item("helpdesk", "tagged", "0.9.0", None, None),
        item("helpdesk", "lost", "0.8.0", Some(foreign), None),
        item("other\u{1b}[2J", "dev", "3.0.0", Some(foreign), None),
    ]));
    sandbox.run(&["status"]).says(
        0,
        &format!(
            "APP             dev                staging                      lost\n\
             helpdesk        1.0.0  {}     1.0.0  {}               0.8.0  9f31c02\n\
             {:16}[..] d{:14}[..] d{:24}[..] d\n\
             {:16}local is the same  DIVERGED: 1 ahead, 1 behind  local is unknown\n\
             other\\u{{1b}}[2J  3.0.0  9f31c02     –                            –\n\
             {:16}[..] d\n\
             APP             production           tagged\n\
             helpdesk        1.0.0  {}       0.9.0\n\
             {:16}[..] d{:16}[..] d\n\
             {:16}1.1.0 failed, [..] d  local is 1 ahead\n\
             {:16}local is 1 ahead\n\
             other\\u{{1b}}[2J  –                    –\n\
             local           1.0.0  {}  main, clean\n\
             unknown: 9f31c02 is not in this clone, run git fetch",
            &second[..7],
            &side[..7],
            "",
            "",
            "",
            "",
            "",
            &first[..7],
            "",
            "",
            "",
            "",
            &second[..7]
        ),
        "",
    );
    let document = sandbox.run(&["status", "--json"]).json(0);
    assert_eq!(document["stale_seconds"], Value::Null);
    assert_eq!(
        document["local"],
        json!({ "version": "1.0.0", "sha": second, "branch": "main", "dirty": false })
    );
    assert_eq!(document["items"][1]["local"], json!({ "verdict": "diverged", "ahead": 1, "behind": 1 }));
    assert_eq!(document["items"][5]["local"], Value::Null);
}

#[test]
fn status_of_one_environment_is_a_sentence() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let mut elsewhere = item("helpdesk", "dev", "1.0.0", None, None);
    elsewhere["platform"] = json!("eu");
    registry.set_current(&json!([
        item(
            "helpdesk",
            "production",
            "1.0.0",
            Some("764c119aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            Some("1.1.0")
        ),
        item("helpdesk", "dev", "1.0.0", None, None),
        elsewhere,
    ]));
    sandbox.run(&["status", "production"]).says(
        0,
        "helpdesk 1.0.0 (764c119) since 2025-10-10 08:45:12 UTC ([..] d); newest attempt 1.1.0 failed, [..] d ago",
        "",
    );
    sandbox.run(&["status", "qa"]).says(0, "helpdesk is not recorded on qa", "");
    sandbox.run(&["status", "dev"]).says(
        2,
        "",
        "error: several platforms have an environment `dev`\nhint: name one: dev/dev, dev/eu",
    );
    sandbox.run(&["status", "dev/eu"]).says(0, "helpdesk 1.0.0 since 2025-10-10 08:45:12 UTC ([..] d)", "");
}

#[test]
fn without_the_registry_the_last_answer_is_shown_with_its_age() {
    let registry = RegistryMock::start();
    let url = registry.url();
    let sandbox = helpdesk(&url);
    registry.set_current(&json!([item("helpdesk", "dev", "1.0.0", None, None)]));
    sandbox.run(&["status", "dev"]).exits(0);
    drop(registry);
    sandbox.run(&["status", "dev"]).says(
        0,
        "registry unreachable, answer of [..] s ago\nhelpdesk 1.0.0 since 2025-10-10 08:45:12 UTC ([..] d)",
        "",
    );
    assert!(sandbox.run(&["status", "--json"]).json(0)["stale_seconds"].is_i64());
    let (_, never_seen) = down();
    let sandbox = sandbox.var("SHIPMARK_REGISTRY_URL", &never_seen).alias(&never_seen, "NEVER");
    sandbox.run(&["status"]).says(
        7,
        "",
        "error: cannot reach `[NEVER]`: Connection refused (os error 111)\n\
         hint: check `SHIPMARK_REGISTRY_URL`, or `url` under `[registry]`",
    );
}

#[test]
fn status_works_outside_a_repository_and_before_anything_is_deployed() {
    let registry = RegistryMock::start();
    let sandbox = Sandbox::empty().var("SHIPMARK_REGISTRY_URL", &registry.url());
    sandbox.run(&["status"]).says(0, "nothing is recorded", "");
    registry.set_current(&json!([item("helpdesk", "dev", "1.0.0", None, None)]));
    sandbox.run(&["status"]).says(0, "APP       dev\nhelpdesk  1.0.0\n          [..] d", "");
    assert!(sandbox.path("../home/.local/state/shipmark/answers").exists());
    sandbox.run(&["report", "dev", "--status", "deployed", "--version", "1.0.0"]).says(
        2,
        "",
        "error: outside a repository nothing says which app is meant\nhint: name it with `--app NAME`",
    );
    let report = ["report", "dev", "--status", "deployed", "--version", "1.0.0", "--app", "helpdesk"];
    sandbox.run(&report).says(0, "dev  1.0.0  deployed, recorded as deployment 1", "");
    let sandbox = helpdesk(&registry.url());
    registry.set_current(&json!([]));
    sandbox.run(&["status"]).says(0, "nothing is recorded\nlocal     1.0.0  2a4aeb1  main, clean", "");
}

#[test]
fn what_is_no_registry_is_named() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&format!("{}/elsewhere", registry.url())).alias(&registry.url(), "HOST");
    sandbox.run(&["status"]).says(
        7,
        "",
        "error: `[REGISTRY]` answered 404: not found\n\
         hint: check `SHIPMARK_REGISTRY_URL`, or `url` under `[registry]`",
    );
}
