//! `ci run` as the Action calls it, with the runner's files and events.

use crate::support::served::Served;
use crate::support::{Remote, Sandbox};

/// A clone as a runner has it: detached, on a push to `main`.
fn runner(event: &str) -> Sandbox {
    let sandbox = Sandbox::repository()
        .var("GITHUB_ACTIONS", "true")
        .var("CI", "true")
        .var("GITHUB_EVENT_NAME", event)
        .var("GITHUB_REF_NAME", "main")
        .var("GITHUB_REF_TYPE", "branch")
        .var("GITHUB_OUTPUT", "output")
        .var("GITHUB_STEP_SUMMARY", "summary")
        .var("SOURCE_DATE_EPOCH", "1769860800");
    sandbox.file("VERSION.txt", "1.0.0\n").file(".git/info/exclude", "output\nsummary\nevent.json\n");
    sandbox.commit("feat: begin");
    sandbox.git(&["tag", "v1.0.0"]);
    sandbox.commit("fix: a door");
    sandbox
}

#[test]
fn a_push_to_main_releases_reports_and_tells_the_job() {
    let data = tempfile::TempDir::new().unwrap();
    let registry = Served::start(data.path());
    let sandbox = runner("push")
        .var("SHIPMARK_REGISTRY_URL", &format!("http://127.0.0.1:{}", registry.port))
        .var("INPUT_ENVIRONMENT", "production");
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    let done = sandbox.run(&["ci", "run"]);
    assert_eq!(done.exits(0), "1.0.0 -> 1.0.1\nproduction  1.0.1  deployed, recorded as deployment 1\n");
    let sha = sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(
        sandbox.read("output"),
        format!(
            "released=true\nversion=1.0.1\nprevious-version=1.0.0\ntag=v1.0.1\nsha={sha}\nreason=patch: 1 fix since v1.0.0\n"
        )
    );
    assert!(sandbox.read("summary").starts_with("## 1.0.1 - 2026-01-31\n"));
    assert!(remote.refs(&sandbox).contains(&format!("{sha} refs/heads/main")));
    sandbox.run(&["ci", "run"]).says(0, "1.0.1", "nothing to release: no commit since v1.0.1");
}

#[test]
fn a_job_that_only_releases_tells_the_registry_before_its_disk_is_gone() {
    let data = tempfile::TempDir::new().unwrap();
    let registry = Served::start(data.path());
    let sandbox = runner("push").var("SHIPMARK_REGISTRY_URL", &format!("http://127.0.0.1:{}", registry.port));
    let _remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    sandbox.run(&["ci", "run"]).exits(0);
    let (status, told) = registry.get("/api/v2/apps/helpdesk/versions/1.0.1");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((status, &told["sha"]), (200, &sandbox.git(&["rev-parse", "HEAD"]).into()));
    sandbox.run(&["outbox", "list"]).says(0, "", "the outbox is empty");
}

#[test]
fn a_shallow_clone_is_made_whole_before_anything_is_decided() {
    let sandbox = runner("push");
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    sandbox.git(&["clone", "--quiet", "--depth=1", &remote.url(), "shallow"]);
    sandbox.file(".git/info/exclude", "shallow\noutput\nsummary\n");
    sandbox.run(&["--repo", "shallow", "next"]).says(
        4,
        "",
        "error: the history is shallow: what lies before [..] was not fetched\nhint: [..]",
    );
    sandbox.run(&["--repo", "shallow", "ci", "run"]).says(
        0,
        "1.0.0 -> 1.0.1",
        "the clone is shallow: fetching the rest of its history from origin\n\
         released  patch: 1 fix since v1.0.0\n\
         files   VERSION.txt, CHANGELOG.md\n\
         commit  [..]  chore(release): 1.0.1\n\
         tag     v1.0.1\n\
         pushed  refs/heads/main and refs/tags/v1.0.1 to origin",
    );
    assert!(remote.refs(&sandbox).contains("refs/tags/v1.0.1"));
}

#[test]
fn a_pull_request_is_linted_and_its_text_cannot_command_the_runner() {
    let sandbox =
        runner("pull_request").var("GITHUB_EVENT_PATH", "event.json").var("GITHUB_HEAD_REF", "topic");
    let base = sandbox.git(&["rev-parse", "HEAD"]);
    let head = sandbox.commit("::set-output name=x::y");
    let event = serde_json::json!({"pull_request": {"base": {"sha": base}, "head": {"sha": head}}});
    sandbox.file("event.json", &event.to_string());
    let done = sandbox.run(&["ci", "run"]);
    let out = done.exits(1);
    let token = out.lines().next().unwrap().strip_prefix("::stop-commands::").unwrap();
    assert_eq!(out, format!("::stop-commands::{token}\n::{token}::\n"));
    assert!(done.stderr.contains("error   header"), "{}", done.stderr);
}

#[test]
fn a_wrong_input_is_refused_by_name() {
    let sandbox = runner("push").var("INPUT_DRY_RUN", "yes");
    sandbox.run(&["ci", "run"]).says(
        2,
        "::error title=shipmark::the input `dry-run` is `yes`",
        "error: the input `dry-run` is `yes`\nhint: set it to true or false",
    );
}

#[test]
fn a_failure_is_an_annotation_and_an_exit_code() {
    let sandbox = runner("push").var("INPUT_COMMAND", "release");
    sandbox.file("VERSION.txt", "1.0.9\n");
    let done = sandbox.run(&["ci", "run"]);
    assert_eq!(done.exits(4), "::error title=shipmark::`VERSION.txt` has changes that are not committed\n");
}

#[test]
fn only_a_branch_that_is_known_for_it_is_released() {
    let sandbox = runner("push");
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main:trunk", "v1.0.0"]);
    sandbox.git(&["branch", "--move", "main", "feature-x"]);
    let sandbox = sandbox.var("GITHUB_REF_NAME", "feature-x");
    let before = remote.refs(&sandbox);
    sandbox.run(&["ci", "run"]).says(0, "::stop-commands::[..]\n::[..]::", "1 checked");
    sandbox.run(&["ci", "run"]).exits(0);
    let sandbox = sandbox.var("INPUT_COMMAND", "release");
    sandbox.run(&["ci", "run"]).exits(4);
    assert_eq!(remote.refs(&sandbox), before);
    sandbox.file("event.json", r#"{"repository": {"default_branch": "feature-x"}}"#);
    let sandbox = sandbox.var("GITHUB_EVENT_PATH", "event.json").var("INPUT_COMMAND", "auto");
    sandbox.run(&["ci", "run"]).exits(0);
    assert!(remote.refs(&sandbox).contains("refs/heads/feature-x"));
}

#[test]
fn a_tag_and_no_job_at_all_release_nothing() {
    let sandbox = runner("push").var("GITHUB_REF_TYPE", "tag").var("GITHUB_REF_NAME", "v1.0.0");
    let before = sandbox.git(&["for-each-ref"]);
    sandbox.run(&["ci", "run"]).exits(0);
    let nowhere = sandbox.var("GITHUB_ACTIONS", "false");
    nowhere.run(&["ci", "run"]).says(
        2,
        "",
        "error: no CI job is known here, so there is no event to act on\n\
         hint: say what to do: `INPUT_COMMAND=release`, `lint` or `report`",
    );
    assert_eq!(nowhere.git(&["for-each-ref"]), before);
}

#[test]
fn what_could_fail_after_the_release_is_looked_at_before_it() {
    let sandbox = runner("push").var("INPUT_ENVIRONMENT", "production");
    let _remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    let before = sandbox.git(&["for-each-ref"]);
    sandbox.run(&["ci", "run"]).exits(3);
    let sandbox = sandbox.var("SHIPMARK_REGISTRY_URL", "http://127.0.0.1:1").var("INPUT_STATUS", "banana");
    sandbox.run(&["ci", "run"]).exits(2);
    let sandbox = sandbox.var("INPUT_STATUS", "deployed").var("GITHUB_OUTPUT", "nowhere/output");
    sandbox.run(&["ci", "run"]).exits(74);
    assert_eq!(sandbox.git(&["for-each-ref"]), before);
}

#[test]
fn corrections_of_messages_reach_the_job() {
    let sandbox = runner("push");
    let remote = Remote::of(&sandbox);
    sandbox.git(&["push", "--quiet", "origin", "main", "v1.0.0"]);
    sandbox.run(&["note", "HEAD", "-m", "feat: a door"]).exits(0);
    sandbox.git(&["push", "--quiet", "origin", "refs/notes/shipmark"]);
    // A runner's clone begins without them.
    sandbox.git(&["update-ref", "-d", "refs/notes/shipmark"]);
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    let done = sandbox.run(&["ci", "run"]);
    assert_eq!(done.exits(0), "1.0.0 -> 1.1.0\n");
    drop(remote);
}
