//! A laptop that was away for weeks: everything it has to tell arrives, once and in order, also when its token was
//! replaced meanwhile and its registry learnt API v2.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Instant;

use shipmark::deploy::outbox::Outbox;
use shipmark::deploy::parcel::Parcel;
use shipmark::domain::deployment::Report;
use shipmark::domain::fact::Fact;
use tempfile::TempDir;

use crate::proxy::{Fault, Proxy};
use crate::server::Server;
use crate::weak::{full, strong};

/// Forty days in milliseconds.
const AWAY: i64 = 40 * 24 * 60 * 60 * 1_000;

fn report(number: usize, status: &str, now: i64) -> Report {
    let at = now - AWAY + i64::try_from(number).unwrap();
    serde_json::from_value(serde_json::json!({ "app": "helpdesk", "workload": "helpdesk",
        "platform": "eu", "environment": format!("env-{}", number / 2 % 20), "version": "1.0.0", "status": status,
        "run_key": format!("run-{}", number / 2), "seq": 1 + number % 2, "at": at }))
    .unwrap()
}

fn run(home: &Path, url: &str, args: &[&str]) -> Output {
    Command::new(strong())
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", home)
        .env("SHIPMARK_REGISTRY_URL", url)
        .current_dir(home)
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn what_waited_for_weeks_arrives_once_and_in_order() {
    let home = TempDir::new().unwrap();
    let server = Server::start(&strong(), &home.path().join("data"));
    // The token is refused; then the server knows only v1; then it is as it should be.
    let phase = Arc::new(AtomicU8::new(0));
    let reports = if full() { 10_000 } else { 300 };
    let (now, by_v1) = (Arc::clone(&phase), AtomicUsize::new(0));
    let proxy = Proxy::before(server.port, move |line| match now.load(Ordering::SeqCst) {
        0 => Fault::Answer(401, "application/json", String::new(), r#"{"error":"Unauthorized"}"#),
        1 if line.contains(" /api/v2/") => {
            Fault::Answer(200, "text/html", String::new(), "<title>versions</title>")
        }
        1 if by_v1.fetch_add(1, Ordering::SeqCst) > reports / 4 => Fault::Refused,
        _ => Fault::None,
    });
    let url = proxy.url() + "/";
    let outbox = Outbox::below(&home.path().join(".local/state/shipmark"));
    let clock = jiff::Timestamp::now().as_millisecond();
    for number in 0..reports {
        let status = ["running", "deployed"][number % 2];
        let report = report(number, status, clock);
        outbox.put(&Parcel::new(&url, Fact::Deployment(Box::new(report)))).unwrap();
    }
    let refused = run(home.path(), &url, &["outbox", "flush"]);
    assert_eq!(refused.status.code(), Some(7), "{refused:?}");
    assert_eq!(outbox.waiting().unwrap().len(), reports, "nothing is lost for want of a token");

    // Some go out by v1, in the midst of their deployments, and the rest by v2.
    phase.store(1, Ordering::SeqCst);
    assert_eq!(run(home.path(), &url, &["outbox", "flush"]).status.code(), Some(7));
    let left = outbox.waiting().unwrap().len();
    assert!((1..reports).contains(&left), "{left} of {reports} are left by v1");
    phase.store(2, Ordering::SeqCst);
    let began = Instant::now();
    let mut runs = 0;
    while !outbox.waiting().unwrap().is_empty() {
        run(home.path(), &url, &["outbox", "flush"]);
        runs += 1;
        assert!(runs < 1_000, "reports still wait");
    }
    let took = began.elapsed();
    assert_eq!(outbox.dead().unwrap().len(), 0, "{:?}", outbox.dead().unwrap().first());
    let rows = server.deployments();
    let ended = rows.iter().filter(|row| row["status"] == "deployed").count();
    eprintln!(
        "shipmark: {reports} reports of 40 days ago, {left} of them by v2 in {runs} flushes, {:.1} s",
        took.as_secs_f64()
    );
    assert_eq!((rows.len(), ended), (reports / 2, reports / 2));
}
