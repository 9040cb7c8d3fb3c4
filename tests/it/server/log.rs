//! The log: JSON lines in UTC, an id per request, and nothing private.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use serde_json::Value;
use shipmark::log::{self, Level};
use shipmark::world::World;

use crate::support::registry::{NOW, Service};

/// A sink that keeps what it is given.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

thread_local! {
    /// Where the log of this thread goes. A test and all that it asks run on one thread.
    static SINK: RefCell<Kept> = RefCell::default();
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Kept {
    /// Catches the log of this thread. There is one log for the process, because a place that logs remembers
    /// whether anyone listens: a test of another thread, where nobody does, would silence it for all.
    fn catch(&self) {
        static START: Once = Once::new();
        START.call_once(|| {
            let world = World::fixed(NOW.parse().unwrap(), &[], std::path::Path::new("/"));
            let sink = || SINK.with_borrow(Kept::clone);
            tracing::subscriber::set_global_default(log::to(sink, Level::INFO, world)).unwrap();
            tracing::callsite::rebuild_interest_cache();
        });
        SINK.replace(self.clone());
    }

    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn a_request_is_one_line_without_its_query() {
    let (service, kept) = (Service::start().await, Kept::default());
    kept.catch();
    let answer = service.get("/api/v1/read/raw/%1B[31m?token=secret").await;
    service.get("/api/v1/health").await.is(200, r#"{"health":"OK"}"#);
    let lines = kept.lines();
    assert_eq!(lines.len(), 1, "probes are left out: {lines:?}");
    let line = &lines[0];
    assert_eq!(line["timestamp"], "2026-01-31T12:00:00.250Z");
    assert_eq!((line["level"].as_str(), line["message"].as_str()), (Some("INFO"), Some("answered")));
    assert_eq!((line["method"].as_str(), line["status"].as_i64()), (Some("GET"), Some(404)));
    assert_eq!(line["path"], "/api/v1/read/raw/%1B[31m");
    assert_eq!(line["request_id"], answer.header("x-request-id"));
    assert!(!line.to_string().contains("secret"), "{line}");
}

#[tokio::test]
async fn a_failure_is_logged_with_its_cause_and_answered_without() {
    let (service, kept) = (Service::start().await, Kept::default());
    kept.catch();
    service.break_database();
    let answer = service.get("/api/v1/read/home").await;
    answer.is(500, r#"{"error":"Internal Server Error"}"#);
    let lines = kept.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((lines[0]["level"].as_str(), lines[0]["status"].as_i64()), (Some("ERROR"), Some(500)));
    assert_eq!(lines[0]["request_id"], answer.header("x-request-id"));
    let cause = lines[0]["cause"].as_str().unwrap();
    assert!(cause.starts_with("the database failed: "), "{cause}");
    let v2 = service.get("/api/v2/current").await;
    assert_eq!(v2.status, 500);
    assert!(kept.lines()[1]["cause"].as_str().unwrap().starts_with("the database failed: "));
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let service = Service::start().await;
    let mut seen = std::collections::BTreeSet::new();
    for path in ["/", "/nothing", "/api/v2/nothing", "/api/v1/health", "/api/v1/read/home/"] {
        let id = service.get(path).await.header("x-request-id").to_owned();
        assert!(id.len() == 36 && seen.insert(id), "{path}");
    }
}
