//! `deploy` and `report`: what is run, what is recorded, and how they end.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::support::sandbox::wait_for;
use crate::support::{RegistryMock, Reply, SHORT, Sandbox, down, helpdesk};

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
fn required_reports_are_6_when_they_are_not_delivered() {
    let (_, url) = down();
    let sandbox = helpdesk(&url);
    sandbox.run(&["-q", "deploy", "dev", "--require-report", "--", "true"]).exits(6);
    sandbox.run(&["-q", "deploy", "dev", "--require-report", "--", "false"]).exits(1);
    sandbox.run(&["-q", "report", "dev", "--status", "deployed", "--require-report"]).exits(6);
    sandbox.run(&["-q", "report", "dev", "--status", "deployed"]).exits(0);
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
            "record   helpdesk on eu west  1.0.0 {SHORT}, dirty\nat       [REGISTRY]/\ngate     open\n\
             set      VERSION=1.0.0\n\
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
fn a_signal_before_the_command_starts_keeps_it_from_starting() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    registry.reply(Reply::Late(Duration::from_millis(500)));
    let running = sandbox.start(&["-q", "deploy", "dev", "--", "touch", "ran"]);
    registry.wait_for(1);
    running.signal(Signal::TERM);
    running.finish().says(143, "", "");
    assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 cancelled"]);
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn a_command_that_ignores_signals_is_killed_by_the_third() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let script = "trap '' TERM; touch started; exec sleep 60";
    let running = sandbox.start(&["-q", "deploy", "dev", "--", "sh", "-c", script]);
    wait_for(&sandbox.path("started"));
    for _ in 0..3 {
        // The kernel keeps one pending signal of a kind: each must be taken before the next is sent.
        std::thread::sleep(Duration::from_millis(100));
        running.signal(Signal::TERM);
    }
    running.finish().says(137, "", "");
    assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 cancelled"]);
}

#[test]
fn changed_files_are_recorded_and_untracked_ones_do_not_count() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.file("untracked", "");
    sandbox.run(&["-q", "deploy", "dev", "--", "true"]).says(0, "", "");
    sandbox.file("VERSION.txt", "2.0.0");
    sandbox.run(&["-q", "deploy", "dev", "--", "true"]).says(
        0,
        "",
        "warning: tracked files differ from HEAD; the deployment is recorded as dirty",
    );
    let dirty: Vec<_> = registry.reports().iter().map(|report| report["dirty"].clone()).collect();
    assert_eq!(dirty, [json!(false), json!(false), json!(true), json!(true)]);
    assert_eq!(registry.effects().last().unwrap(), "dev 1.0.0 deployed");
}

#[test]
fn the_record_is_the_last_line_of_stderr_in_json() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let outcome = sandbox.run(&["--json", "deploy", "dev", "--", "echo", "mine"]);
    assert_eq!(outcome.exits(0), "mine\n");
    let record: serde_json::Value = serde_json::from_str(outcome.stderr.lines().last().unwrap()).unwrap();
    assert_eq!((&record["deployment"], &record["delivered"]), (&json!(1), &json!(true)));
    assert_eq!(record["report"]["status"], json!("deployed"));
}

#[test]
fn a_deployment_whose_recorder_was_killed_can_be_ended_by_a_report() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let running = sandbox.start(&["deploy", "dev", "--", "sh", "-c", "touch started; exec sleep 0.3"]);
    wait_for(&sandbox.path("started"));
    running.signal(Signal::KILL);
    running.finish().stops_by_signal(9);
    sandbox.run(&["report", "dev", "--status", "failed"]).says(
        0,
        "dev  1.0.0  failed, recorded as deployment 1",
        "",
    );
    assert_eq!(registry.effects(), ["dev 1.0.0 ongoing", "dev 1.0.0 failed"]);
}

#[test]
fn a_revision_is_deployed_from_a_clean_worktree() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.git(&["tag", "v1.0.0"]);
    sandbox.file("VERSION.txt", "1.1.0\n");
    sandbox.commit("feat: more");
    sandbox.file("VERSION.txt", "9.9.9\n").file("untracked", "mine");
    let script = "echo $VERSION $COMMIT $(cat VERSION.txt); test ! -e untracked";
    let arguments = ["deploy", "production", "--rev", "v1.0.0", "--result", "out/record.json", "--"];
    let head = sandbox.git(&["rev-parse", "v1.0.0"]);
    sandbox.run(&[&arguments[..], &["sh", "-c", script]].concat()).says(
        0,
        &format!("1.0.0 {head} 1.0.0"),
        &format!(
            "production  1.0.0 {SHORT}  ongoing    recorded as deployment 1\n\
             production  1.0.0 {SHORT}  deployed   [..] s"
        ),
    );
    let record: serde_json::Value = serde_json::from_str(&sandbox.read("out/record.json")).unwrap();
    assert_eq!((&record["deployment"], &record["delivered"]), (&1.into(), &true.into()));
    assert_eq!((&record["report"]["sha"], &record["report"]["dirty"]), (&head.into(), &false.into()));
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(sandbox.read("VERSION.txt"), "9.9.9\n", "the user's own worktree is as it was");
    sandbox.run(&["deploy", "dev", "--rev", "v7.0.0", "--", "true"]).says(
        4,
        "",
        "error: `v7.0.0` names no commit here\nhint: run `git fetch --tags` if another clone has it",
    );
    // A command that failed leaves no worktree behind either, and its record says so.
    sandbox.run(&["-q", "deploy", "dev", "--rev", "main", "--result", "r.json", "--", "false"]).exits(1);
    let record: serde_json::Value = serde_json::from_str(&sandbox.read("r.json")).unwrap();
    assert_eq!((&record["report"]["status"], &record["report"]["ref"]), (&"failed".into(), &"main".into()));
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
}
