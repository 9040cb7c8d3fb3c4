//! Deployments that CI jobs report: jobs on different machines find the same deployment without passing ids.

use std::fs;

use serde_json::{Value, json};

use crate::support::{RegistryMock, Sandbox, helpdesk};

const PAGE: &str = "https://github.com/acme/helpdesk/actions/runs/8812/attempts/2";

fn in_run(sandbox: Sandbox, run: &str, attempt: &str) -> Sandbox {
    [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_ACTOR", "grace"),
        ("GITHUB_REF_NAME", "main"),
        ("GITHUB_REF_TYPE", "branch"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/helpdesk"),
        ("GITHUB_RUN_ID", run),
        ("GITHUB_RUN_ATTEMPT", attempt),
    ]
    .into_iter()
    .fold(sandbox, |sandbox, (name, value)| sandbox.var(name, value))
}

/// What a runner that is used once knows: nothing.
fn forget(sandbox: &Sandbox) {
    fs::remove_dir_all(sandbox.path(".git/shipmark")).unwrap();
}

fn of(reports: &[Value], field: &str) -> Vec<Value> {
    reports.iter().map(|report| report[field].clone()).collect()
}

#[test]
fn jobs_on_different_machines_report_one_deployment() {
    let registry = RegistryMock::start();
    let sandbox = in_run(helpdesk(&registry.url()), "8812", "2");
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    sandbox.run(&["report", "dev", "--status", "queued"]).exits(0);
    for status in ["ongoing", "deployed"] {
        forget(&sandbox);
        sandbox.run(&["report", "dev", "--status", status]).says(
            0,
            &format!("dev  1.0.0  {status}, recorded as deployment 1"),
            "",
        );
    }
    let reports = registry.reports();
    assert_eq!(of(&reports, "seq"), [1, 2, 3]);
    assert_eq!(of(&reports, "run_key").iter().collect::<std::collections::HashSet<_>>().len(), 1);
    for (field, value) in [("actor", "grace"), ("run_url", PAGE), ("ref", "main")] {
        assert_eq!(of(&reports, field), [json!(value), json!(value), json!(value)], "{field}");
    }
}

#[test]
fn another_attempt_and_another_deployment_of_a_run_are_their_own() {
    let registry = RegistryMock::start();
    let sandbox = in_run(helpdesk(&registry.url()), "8812", "1");
    sandbox.run(&["-q", "deploy", "dev", "--", "false"]).exits(1);
    sandbox.run(&["-q", "deploy", "dev", "--", "true"]).exits(0);
    let sandbox = in_run(sandbox, "8812", "2");
    sandbox.run(&["report", "dev", "--status", "deployed"]).says(
        0,
        "dev  1.0.0  deployed, recorded as deployment 3",
        "",
    );
    sandbox.run(&["report", "dev", "--status", "deployed"]).says(
        0,
        "dev  1.0.0  deployed, reported before in this CI run",
        "",
    );
    assert_eq!(of(&registry.reports(), "seq"), [2, 3, 2, 3, 3]);
}

#[test]
fn outside_ci_the_actor_is_who_git_or_the_system_knows() {
    let registry = RegistryMock::start();
    let sandbox = helpdesk(&registry.url());
    sandbox.run(&["-q", "report", "dev", "--status", "failed"]).exits(0);
    let sandbox = sandbox.var("USER", "maya");
    sandbox.run(&["-q", "report", "dev", "--status", "failed"]).exits(0);
    sandbox.git(&["config", "user.email", "maya@example.org"]);
    sandbox.run(&["-q", "report", "dev", "--status", "failed"]).exits(0);
    let reports = registry.reports();
    assert_eq!(of(&reports, "actor"), [Value::Null, json!("maya"), json!("maya@example.org")]);
    assert_eq!(of(&reports, "run_url"), [Value::Null, Value::Null, Value::Null]);
}
