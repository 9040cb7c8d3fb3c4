//! Reports to a server that knows only API v1, as the original does: here our own, whose v2 is hidden behind a page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::support::proxy::{Fault, Proxy};
use crate::support::served::Served;
use crate::support::{KEPT, SHORT, helpdesk};

const PAGE: &str = "<!doctype html><title>versions</title>";

/// A v1-only server that does this to the calls of v1.
fn hidden(server: &Served, decide: impl Fn(&str) -> Fault + Send + Sync + 'static) -> Proxy {
    Proxy::before(server.port, move |line| {
        if line.contains(" /api/v2/") {
            Fault::Answer(200, "text/html; charset=utf-8", String::new(), PAGE)
        } else {
            decide(line)
        }
    })
}

fn rows(server: &Served) -> Vec<(String, String)> {
    let (_, text) = server.get("/api/v1/read/home");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
    let word = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter().map(|row| (word(row, "environment"), word(row, "status"))).collect()
}

#[test]
fn a_deployment_is_one_row_with_its_last_status_and_its_facts() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let proxy = hidden(&server, |_| Fault::None);
    let sandbox = helpdesk(&proxy.url());
    sandbox.run(&["-q", "deploy", "dev", "--", "true"]).exits(0);
    sandbox.run(&["report", "staging", "--status", "failed"]).says(
        0,
        "staging  1.0.0  failed, recorded as deployment 2",
        "",
    );
    let row = |environment: &str, status: &str| (environment.to_owned(), status.to_owned());
    assert_eq!(rows(&server), [row("staging", "failed"), row("dev", "deployed")]);
    let (_, text) = server.get("/api/v1/read/raw/id?versionId=1");
    let full: serde_json::Value = serde_json::from_str(&text).unwrap();
    let raw: serde_json::Value = serde_json::from_str(full["raw"].as_str().unwrap()).unwrap();
    assert_eq!(raw["shipmark"]["sha"].as_str().unwrap().get(..7), Some(SHORT));
    assert_eq!(raw["shipmark"]["app"], "helpdesk");
}

#[test]
fn a_lost_answer_makes_no_second_row() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let creates = AtomicUsize::new(0);
    let proxy = hidden(&server, move |line| {
        let first = line.contains("/create") && creates.fetch_add(1, Ordering::SeqCst) == 0;
        if first { Fault::Swallowed } else { Fault::None }
    });
    let sandbox = helpdesk(&proxy.url());
    sandbox.run(&["report", "dev", "--status", "running"]).says(
        0,
        "dev  1.0.0  running",
        &format!(
            "warning: `running` is not delivered: cannot reach `[REGISTRY]`: connection closed before message \
             completed; it speaks API v1 alone, so a report may arrive there twice; {KEPT}"
        ),
    );
    sandbox.run(&["outbox", "list"]).says(
        0,
        "waiting  [..]  dev helpdesk 1.0.0 running, [..] s old, tries: 1: cannot reach `[REGISTRY]`: connection \
         closed before message completed; it speaks API v1 alone, so a report may arrive there twice",
        "",
    );
    sandbox.run(&["outbox", "flush"]).says(0, "delivered  dev helpdesk 1.0.0 running, deployment 1", "");
    sandbox.run(&["-q", "report", "dev", "--status", "deployed"]).exits(0);
    assert_eq!(rows(&server), [("dev".to_owned(), "deployed".to_owned())]);
}

#[test]
fn a_deployment_goes_on_by_v2_when_the_server_learns_it() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let learnt = Arc::new(AtomicBool::new(false));
    let knows = Arc::clone(&learnt);
    let proxy = Proxy::before(server.port, move |line| {
        let hidden = line.contains(" /api/v2/") && !knows.load(Ordering::SeqCst);
        if hidden { Fault::Answer(200, "text/html", String::new(), PAGE) } else { Fault::None }
    });
    let sandbox = helpdesk(&proxy.url());
    sandbox.run(&["-q", "report", "dev", "--status", "running"]).exits(0);
    learnt.store(true, Ordering::SeqCst);
    sandbox.run(&["report", "dev", "--status", "deployed"]).says(
        0,
        "dev  1.0.0  deployed, recorded as deployment 1",
        "",
    );
    assert_eq!(rows(&server), [("dev".to_owned(), "deployed".to_owned())]);
    let (_, text) = server.get("/api/v2/deployments/1");
    let full: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&full["app"], &full["state"]), (&"helpdesk".into(), &"succeeded".into()));
    assert_eq!(full["sha"].as_str().unwrap().get(..7), Some(SHORT));
}

#[test]
fn what_v1_refuses_is_put_away_and_a_status_that_did_not_take_is_tried_again() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let proxy = hidden(&server, |line| {
        if line.contains("/update/status") {
            return Fault::Answer(200, "application/json; charset=utf-8", String::new(), "\"OK\"");
        }
        if line.contains("environment=nowhere") {
            return Fault::Answer(400, "application/json", String::new(), "{\"error\":\"no\"}");
        }
        Fault::None
    });
    let sandbox = helpdesk(&proxy.url());
    sandbox.run(&["-q", "report", "dev", "--status", "running"]).exits(0);
    sandbox.run(&["report", "dev", "--status", "deployed"]).says(
        0,
        "dev  1.0.0  deployed",
        &format!(
            "warning: `deployed` is not delivered: row 1 is still ongoing there; it speaks API v1 alone, so a \
             report may arrive there twice; {KEPT}"
        ),
    );
    sandbox.run(&["report", "nowhere", "--status", "deployed"]).says(
        7,
        "",
        "error: the registry refused the report: 400 with application/json, which is no answer of a shipmark \
         registry (API v2)\nhint: see it with `shipmark outbox list`",
    );
}

#[test]
fn a_web_server_that_is_no_registry_is_not_taken_for_one() {
    let folder = TempDir::new().unwrap();
    let server = Served::start(folder.path());
    let proxy = Proxy::before(server.port, |_| Fault::Answer(200, "text/html", String::new(), PAGE));
    let sandbox = helpdesk(&proxy.url());
    sandbox.run(&["report", "dev", "--status", "deployed"]).says(
        7,
        "",
        "error: the registry refused the report: 200 with text/html, which is no answer of a shipmark registry \
         (API v2)\nhint: see it with `shipmark outbox list`",
    );
    assert_eq!(rows(&server), []);
}
