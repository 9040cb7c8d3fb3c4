//! The registry's own prober: what may be set, who asks and how often, what becomes of it, and what it must not reach.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, Service};
use crate::support::served::{Served, command, run};

const PATH: &str = "/api/v2/apps/helpdesk/environments/production/probe";

/// A program that says one thing, and counts who asks; with nothing to say it hangs.
struct Program {
    port: u16,
    says: Arc<Mutex<Option<String>>>,
    heard: Arc<AtomicUsize>,
}

impl Program {
    fn start(says: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, heard) = (Arc::new(Mutex::new(Some(says.to_owned()))), Arc::new(AtomicUsize::new(0)));
        let (words, count) = (Arc::clone(&answer), Arc::clone(&heard));
        std::thread::spawn(move || {
            let mut hanging = Vec::new();
            for mut stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.read(&mut [0; 1_024]);
                match &*words.lock().unwrap() {
                    Some(body) => {
                        let top = format!("HTTP/1.1 200 x\r\ncontent-length: {}\r\n", body.len());
                        let _ = write!(stream, "{top}connection: close\r\n\r\n{body}");
                    }
                    None => hanging.push(stream),
                }
            }
        });
        Self { port, says: answer, heard }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/health", self.port)
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

/// Sets a probe past the refusal of addresses that this service does not reach.
async fn set(service: &Service, admin: &str, url: &str) {
    let headers = ["Content-Type: application/json", admin];
    let body = json!({ "url": "http://helpdesk.example/", "version": "/version", "commit": "/commit" });
    let answer = service.send("PUT", PATH, &headers, body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    service.sql(&format!("UPDATE sm_probe SET url = '{url}'")).await;
}

fn admin(service: &Service) -> String {
    format!("Authorization: Bearer {}", service.token("root", "admin"))
}

each_engine!(a_probe_is_off_until_it_is_set_and_until_it_is_taken_away);
async fn a_probe_is_off_until_it_is_set_and_until_it_is_taken_away(service: Service) {
    let admin = admin(&service);
    let ask = async |method: &str, path: &str, body: Value| -> Answer {
        let headers = ["Content-Type: application/json", &admin];
        service.send(method, path, &headers, body.to_string()).await
    };
    assert_eq!(ask("GET", PATH, Value::Null).await.status, 404);
    assert_eq!(ask("DELETE", PATH, Value::Null).await.status, 404);
    let url = "https://helpdesk.example/health";
    let set = ask("PUT", PATH, json!({ "url": url, "version": "/version" })).await;
    let now = 1_769_860_800_250_i64;
    let there = json!({ "url": url, "version": "/version", "commit": null, "environment": null, "interval": 60,
        "asked_at": null, "problem": null, "due_at": now });
    assert_eq!((set.status.as_u16(), set.json()), (200, there.clone()));
    assert_eq!(ask("GET", &format!("{PATH}?platform=production"), Value::Null).await.json(), there);
    assert_eq!(ask("GET", &format!("{PATH}?platform=eu"), Value::Null).await.status, 404);
    assert_eq!(ask("GET", &format!("{PATH}?plattform=eu"), Value::Null).await.status, 400);
    let other = ask("PUT", PATH, json!({ "url": url, "commit": "", "interval": 10 })).await.json();
    assert_eq!(
        (&other["version"], &other["commit"], &other["interval"]),
        (&Value::Null, &json!(""), &json!(10))
    );
    for (body, pointer) in [
        (json!({ "url": "ftp://a", "version": "" }), "/url"),
        (json!({ "url": "http://maya:secret@helpdesk.example/", "version": "" }), "/url"),
        (json!({ "url": "http://0x7f.1/", "version": "" }), "/url"),
        (json!({ "url": "http://[::ffff:a9fe:a9fe]/", "version": "" }), "/url"),
        (json!({ "url": url }), "/version"),
        (json!({ "url": url, "version": "version" }), "/version"),
        (json!({ "url": url, "version": "", "interval": 9 }), "/interval"),
        (json!({ "url": url, "version": "", "interval": 301 }), "/interval"),
        (json!({ "url": url, "version": "", "headers": {} }), "/headers"),
    ] {
        let answer = ask("PUT", PATH, body).await;
        let kind = &answer.json()["type"];
        assert_eq!(
            (answer.status.as_u16(), kind),
            (422, &json!("/problems/invalid-probe")),
            "{}",
            answer.text
        );
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    ask("DELETE", PATH, Value::Null).await.is(204, "");
    assert_eq!(ask("GET", PATH, Value::Null).await.status, 404);
}

each_engine!(replicas_ask_once_and_what_they_see_is_shown);
async fn replicas_ask_once_and_what_they_see_is_shown(service: Service) {
    let admin = admin(&service);
    let program = Program::start(r#"{"version":"1.0.1"}"#);
    set(&service, &admin, &program.url()).await;
    let problem = async || {
        let probe = service.send("GET", PATH, &[&admin], "").await.json();
        (probe["problem"].clone(), probe["due_at"].as_i64().unwrap() - 1_769_860_800_250)
    };
    let ask = async |seconds: i64| {
        let [one, two, three] = [(); 3].map(|()| service.replica(seconds));
        tokio::join!(one.ask_due(), two.ask_due(), three.ask_due());
    };
    ask(0).await;
    assert_eq!(
        (program.heard(), problem().await),
        (1, (json!("its answer has no text at `/commit`"), 60_000))
    );
    *program.says.lock().unwrap() = Some(r#"{"version":"1.0.1","commit":"764c119"}"#.to_owned());
    ask(59).await;
    assert_eq!(program.heard(), 1, "it is not due");
    ask(60).await;
    assert_eq!((program.heard(), problem().await), (2, (Value::Null, 120_000)));
    let current = service.get("/api/v2/current").await.json();
    let seen = &current["unrecorded"][0];
    assert_eq!((&seen["app"], &seen["observed"]["version"]), (&json!("helpdesk"), &json!("1.0.1")));
    *program.says.lock().unwrap() = Some(r#"{"version":"1.0.1","commit":"main"}"#.to_owned());
    ask(200).await;
    let words = json!("its sha must be a commit: 7 to 64 hexadecimal digits");
    assert_eq!((program.heard(), problem().await), (3, (words, 260_000)));
    // Nobody says any more what runs.
    assert_eq!(service.get("/api/v2/current").await.json()["unrecorded"], json!([]));
}

#[tokio::test]
async fn looks_that_saw_nothing_are_counted() {
    let service = Service::start().await;
    assert!(service.scrape().await.contains("\nshipmark_probe_failures_total 0\n"));
    let program = Program::start("{}");
    set(&service, &admin(&service), &program.url()).await;
    let replica = service.replica(0);
    replica.ask_due().await;
    assert!(service.scrape_of(replica).await.contains("\nshipmark_probe_failures_total 1\n"));
}

/// A server of the real binary, and a request to it.
fn serve(data: &std::path::Path, more: &[&str]) -> Served {
    let data = data.to_str().unwrap();
    let arguments = [&["serve", "--listen", "127.0.0.1:0", "--data-dir", data][..], more].concat();
    Served::of(command(&arguments, std::path::Path::new("/")))
}

fn ask(server: &Served, token: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut stream = server.connect();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n");
    let length = body.len();
    write!(
        stream,
        "{head}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let (status, text) = crate::support::served::answer(&mut stream);
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Waits until the program of the probe was asked after a time, and gives what came of it.
fn asked(server: &Served, token: &str, after: &Value) -> Value {
    let start = Instant::now();
    loop {
        let (_, probe) = ask(server, token, "GET", PATH, "");
        if probe["asked_at"] != *after {
            return probe;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{probe}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn this_machine_hears_nothing_until_its_operator_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(
        &["token", "create", "root", "--scope", "admin", "--data-dir", folder.path().to_str().unwrap()],
        folder.path(),
    );
    let token = String::from_utf8(made.stdout).unwrap().trim_end().to_owned();
    let program = Program::start(r#"{"version":"1.0.1"}"#);
    let body = |url: &str| json!({ "url": url, "version": "/version", "interval": 10 }).to_string();
    let named = format!("http://localhost:{}/health", program.port);

    let server = serve(folder.path(), &[]);
    assert_eq!(ask(&server, &token, "PUT", PATH, &body(&program.url())).0, 422);
    assert_eq!(ask(&server, &token, "PUT", PATH, &body(&named)).0, 200);
    let probe = asked(&server, &token, &Value::Null);
    let problem = probe["problem"].as_str().unwrap();
    assert!(
        problem.starts_with(&format!("`http://localhost:{}` leads to ", program.port))
            && problem.ends_with(", which is not public and not opened by `--probe-allow`"),
        "{problem}"
    );
    assert_eq!(program.heard(), 0);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));

    let server = serve(folder.path(), &["--probe-allow", "127.0.0.0/8", "--probe-allow", "::1"]);
    let probe = asked(&server, &token, &probe["asked_at"]);
    assert_eq!(probe["problem"], Value::Null);
    assert!(program.heard() >= 1);
    let current = ask(&server, &token, "GET", "/api/v2/current", "").1;
    assert_eq!(current["unrecorded"][0]["observed"]["version"], "1.0.1");

    // A look that hangs holds nobody up.
    *program.says.lock().unwrap() = None;
    let heard = program.heard();
    assert_eq!(ask(&server, &token, "PUT", PATH, &body(&named)).0, 200);
    let start = Instant::now();
    while program.heard() == heard {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    let start = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert!(start.elapsed() < Duration::from_millis(2_500), "{:?}", start.elapsed());
}
