//! `where`: which environments have a commit, against a real registry.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::served::Served;
use crate::support::{RegistryMock, Sandbox, helpdesk, item};

struct Real {
    sandbox: Sandbox,
    _server: Served,
    _data: TempDir,
}

/// A repository with a real registry behind it.
fn real() -> Real {
    let data = TempDir::new().unwrap();
    let server = Served::start(data.path());
    let sandbox = helpdesk(&format!("http://127.0.0.1:{}", server.port));
    Real { sandbox, _server: server, _data: data }
}

fn deploy(sandbox: &Sandbox, environment: &str) {
    sandbox.run(&["-q", "deploy", environment, "--", "true"]).exits(0);
}

#[test]
fn a_tag_is_found_where_it_runs_and_where_it_is_a_part() {
    let Real { sandbox, .. } = &real();
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["tag", "v1.0.0"]);
    deploy(sandbox, "production");
    deploy(sandbox, "dev");
    sandbox.file("VERSION.txt", "1.1.0\n");
    let second = sandbox.commit("feat: more (#61)");
    deploy(sandbox, "dev");
    let time = "since [..]-[..]-[..] [..]:[..]:[..] UTC  ([..] s)";
    sandbox.run(&["where", "v1.0.0"]).says(
        0,
        &format!(
            "{}  v1.0.0  feat: begin\n\
             dev         {time}  now as part of 1.1.0\n\
             production  {time}  deployment 1, [..] s",
            &first[..7]
        ),
        "",
    );
    sandbox.run(&["where", "#61"]).says(
        0,
        &format!(
            "{}  feat: more (#61)\n\
             dev         {time}  deployment 3, [..] s\n\
             production  not there: 1.0.0",
            &second[..7]
        ),
        "",
    );
    let document = sandbox.run(&["where", &second[..9], "--json"]).json(0);
    let found = &document["commits"][0];
    assert_eq!(
        (&found["sha"], &found["tag"], &found["reverted_by"]),
        (&json!(second), &Value::Null, &json!([]))
    );
    let [dev, production] = [&found["environments"][0], &found["environments"][1]];
    assert_eq!((&dev["there"], &dev["since"]["deployment"]), (&json!("yes"), &json!(3)));
    assert_eq!((&dev["since"]["or_earlier"], &dev["taken_back_by"]), (&json!(false), &Value::Null));
    assert_eq!((&production["there"], &production["before"]), (&json!("no"), &json!(false)));
}

#[test]
fn what_was_rolled_back_or_reverted_is_said() {
    let Real { sandbox, .. } = &real();
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    let second = sandbox.commit("feat: a door");
    deploy(sandbox, "dev");
    deploy(sandbox, "qa");
    let revert = sandbox.commit(&format!("Revert \"feat: a door\"\n\nThis reverts commit {second}."));
    deploy(sandbox, "dev");
    sandbox.git(&["checkout", "--quiet", "--detach", &first]);
    deploy(sandbox, "qa");
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.run(&["where", &second]).says(
        0,
        &format!(
            "{}  feat: a door\n\
             reverted by {}  Revert \"feat: a door\"\n\
             dev  since [..] UTC  ([..] s)  deployment 1, [..] s, taken back by {}\n\
             qa   not there any more: 1.0.0",
            &second[..7],
            &revert[..7],
            &revert[..7]
        ),
        "",
    );
}

#[test]
fn without_a_history_the_record_still_answers() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    let foreign = "9f31c02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let mut never = item("helpdesk", "qa", "1.0.0", None, None);
    never["recorded"] = Value::Null;
    registry.set_current(&json!([
        item("helpdesk", "dev", "1.0.0", Some(&first), None),
        item("helpdesk", "lost", "0.8.0", Some(foreign), None),
        item("helpdesk", "mute", "0.7.0", None, None),
        never,
        item("other", "dev", "1.0.0", Some(&first), None),
    ]));
    let lines = format!(
        "{}  feat: begin\n\
         dev   as part of 1.0.0\n\
         lost  unknown: 0.8.0, 9f31c02 is not in this clone, run git fetch\n\
         mute  unknown: 0.7.0, without a commit or a tag\n\
         qa    –",
        &first[..7]
    );
    sandbox.run(&["where", "HEAD"]).says(0, &lines, "");
    drop(registry);
    let stale = format!("registry unreachable, answer of [..] s ago\n{lines}");
    sandbox.run(&["where", "HEAD"]).says(0, &stale, "");
}

#[test]
fn what_cannot_be_found_is_named() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.run(&["where", "HEAD"]).says(
        0,
        &format!("{}  feat: begin\nnothing is recorded", crate::support::SHORT),
        "",
    );
    sandbox.run(&["where", "#7"]).says(
        4,
        "",
        "error: no commit of HEAD mentions `#7`\n\
         hint: check out the branch that has it, or run `git fetch` and name the commit",
    );
    sandbox.run(&["where", "v9.9.9"]).says(
        4,
        "",
        "error: `v9.9.9` names no commit here\nhint: run `git fetch --tags` if another clone has it",
    );
}
