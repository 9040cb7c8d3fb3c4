//! Webhooks: what may be set, what is told to whom and how often, and what becomes of what cannot be told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, Service};

const PATH: &str = "/api/v2/webhooks";
const NOW: i64 = 1_769_860_800_250;

/// One request that came.
#[derive(Debug, Clone)]
struct Heard {
    head: Vec<String>,
    body: String,
}

impl Heard {
    fn header(&self, name: &str) -> &str {
        let of = |line: &'_ String| line.to_lowercase().starts_with(&format!("{name}:"));
        self.head.iter().find(|line| of(line)).map_or("", |line| line.split_once(':').unwrap().1.trim())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A program that is told, and answers with one status.
struct Listener {
    port: u16,
    status: Arc<Mutex<u16>>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Listener {
    fn start() -> Self {
        Self::slow(Duration::ZERO)
    }

    /// One that takes its time for each, one after the other.
    fn slow(pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (status, heard) = (Arc::new(Mutex::new(204)), Arc::new(Mutex::new(Vec::new())));
        let (says, notes) = (Arc::clone(&status), Arc::clone(&heard));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(&stream);
                let mut lines = Vec::new();
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                        break;
                    }
                    lines.push(line.trim_end().to_owned());
                }
                let mut one = Heard { head: lines, body: String::new() };
                let mut body = vec![0; one.header("content-length").parse().unwrap_or(0)];
                let _ = reader.read_exact(&mut body);
                one.body = String::from_utf8(body).unwrap();
                std::thread::sleep(pause);
                notes.lock().unwrap().push(one);
                let status = *says.lock().unwrap();
                let top = format!("HTTP/1.1 {status} x\r\nlocation: /other\r\ncontent-length: 0\r\n");
                let _ = write!(&stream, "{top}connection: close\r\n\r\n");
            }
        });
        Self { port, status, heard }
    }

    fn says(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    /// What was heard since the last question.
    fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

fn admin(service: &Service) -> String {
    format!("Authorization: Bearer {}", service.token("root", "admin"))
}

async fn ask(service: &Service, admin: &str, method: &str, path: &str, body: &Value) -> Answer {
    service.send(method, path, &["Content-Type: application/json", admin], body.to_string()).await
}

/// Makes a webhook past the refusal of addresses that this service does not reach; gives its id and its secret.
async fn hook(service: &Service, admin: &str, listener: &Listener, more: &Value) -> (String, String) {
    let mut body = json!({ "url": "https://hooks.example/" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = ask(service, admin, "POST", PATH, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let url = format!("http://127.0.0.1:{}/hook", listener.port);
    service.sql(&format!("UPDATE sm_webhook SET url = '{url}' WHERE id = '{}'", text("id"))).await;
    (text("id"), text("secret"))
}

async fn record(service: &Service, admin: &str, app: &str, version: &str, status: &str) -> i64 {
    let body = format!("workload={app}&platform=eu&environment=production&version={version}&status={status}");
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let answer = service.send("POST", "/api/v1/create", &[kind, admin], body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["versionId"].as_i64().unwrap()
}

/// Three processes tell what is due so many seconds after the start.
async fn tell(service: &Service, seconds: i64) {
    let [one, two, three] = [(); 3].map(|()| service.replica(seconds));
    tokio::join!(one.tell_due(), two.tell_due(), three.tell_due());
}

each_engine!(a_webhook_is_made_shown_changed_and_taken_away);
async fn a_webhook_is_made_shown_changed_and_taken_away(service: Service) {
    let admin = admin(&service);
    let ask = async |method: &str, path: &str, body: Value| ask(&service, &admin, method, path, &body).await;
    let settings = json!({ "url": "https://hooks.example/x", "events": ["failed"], "app": "helpdesk" });
    let made = ask("POST", PATH, settings).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"));
    let id = made.json()["id"].clone();
    assert_eq!(made.json()["secret"].as_str().unwrap().len(), 64);
    let shown = json!({ "id": id, "url": "https://hooks.example/x", "format": "json", "events": ["failed"],
        "app": "helpdesk", "platform": null, "environment": null, "active": true, "created_at": NOW,
        "delivered_at": null, "problem": null, "waiting": 0 });
    let one = format!("{PATH}/{}", id.as_str().unwrap());
    assert_eq!(ask("GET", &one, Value::Null).await.json(), shown);
    assert_eq!(ask("GET", PATH, Value::Null).await.json()["items"], json!([shown]));
    let to = json!({ "app": null, "format": "cdevents", "active": false, "secret": "x".repeat(16) });
    let changed = ask("PATCH", &one, to).await;
    let members = changed.json();
    assert_eq!(
        (&members["app"], &members["format"], &members["active"], &members["events"]),
        (&Value::Null, &json!("cdevents"), &json!(false), &json!(["failed"]))
    );
    assert!(!changed.text.contains("xxxx"), "{}", changed.text);
    let own = json!({ "url": "https://hooks.example/", "secret": "s".repeat(128) });
    assert_eq!(ask("POST", PATH, own).await.json()["secret"], "s".repeat(128));
    for (body, pointer) in [
        (json!({}), "/url"),
        (json!({ "url": "ftp://a" }), "/url"),
        (json!({ "url": "https://hooks.example:99999/" }), "/url"),
        (json!({ "url": "https://maya:secret@hooks.example/" }), "/url"),
        (json!({ "url": "http://127.1/" }), "/url"),
        (json!({ "url": "http://[::ffff:169.254.169.254]/" }), "/url"),
        (json!({ "secret": "short" }), "/secret"),
        (json!({ "events": ["done"] }), "/events/0"),
        (json!({ "events": ["unknown"] }), "/events"),
        (json!({ "app": "" }), "/app"),
        (json!({ "active": null }), "/active"),
        (json!({ "headers": {} }), "/headers"),
    ] {
        let mut whole = json!({ "url": "https://hooks.example/" });
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let mut tries = vec![("POST", PATH, if body == json!({}) { body.clone() } else { whole })];
        tries.extend((body != json!({})).then_some(("PATCH", one.as_str(), body)));
        for (method, path, body) in tries {
            let answer = ask(method, path, body).await;
            let told = (answer.status.as_u16(), answer.json()["errors"][0]["pointer"].clone());
            assert_eq!(told, (422, json!(pointer)), "{method} {}", answer.text);
        }
    }
    let far = ask("POST", PATH, json!({ "url": "https://hooks.example:99999/" })).await;
    assert_eq!(far.json()["errors"][0]["detail"], "must have a port from 1 to 65535");
    ask("DELETE", &one, Value::Null).await.is(204, "");
    for method in ["GET", "PATCH", "DELETE"] {
        assert_eq!(ask(method, &one, json!({})).await.status, 404, "{method}");
    }
}

each_engine!(each_change_is_told_once_and_signed);
async fn each_change_is_told_once_and_signed(service: Service) {
    let admin = admin(&service);
    let (all, some) = (Listener::start(), Listener::start());
    record(&service, &admin, "helpdesk", "0.9.0", "deployed").await;
    let (_, secret) = hook(&service, &admin, &all, &json!({})).await;
    let only = json!({ "events": ["succeeded", "timed_out"], "app": "helpdesk", "platform": "eu", "environment": "production" });
    hook(&service, &admin, &some, &only).await;
    hook(&service, &admin, &some, &json!({ "app": "shop", "environment": "dev" })).await;
    hook(&service, &admin, &some, &json!({ "active": false })).await;
    let id = record(&service, &admin, "helpdesk", "1.0.0", "deployed").await;
    record(&service, &admin, "shop", "7.0.0", "failed").await;
    tell(&service, 0).await;
    let heard = all.heard();
    let mut told: Vec<_> =
        heard.iter().map(|heard| (heard.json()["version"].clone(), heard.json()["to"].clone())).collect();
    told.sort_by_key(|(version, _)| version.as_str().unwrap().to_owned());
    assert_eq!(json!(told), json!([["0.9.0", "superseded"], ["1.0.0", "succeeded"], ["7.0.0", "failed"]]));
    let heard = heard.iter().find(|heard| heard.header("shipmark-event") == "succeeded").unwrap();
    let event = &service.get(&format!("/api/v2/deployments/{id}/events")).await.json()["items"][0];
    assert_eq!(
        (heard.json()["id"].as_str(), heard.header("shipmark-delivery")),
        (event["id"].as_str(), event["id"].as_str().unwrap())
    );
    assert_eq!(
        (heard.head[0].as_str(), heard.header("content-type")),
        ("POST /hook HTTP/1.1", "application/json")
    );
    let time = heard.header("shipmark-timestamp");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.{}", heard.body).as_bytes());
    let sum = mac.finalize().into_bytes();
    let wanted: Vec<String> = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    let wanted = wanted.concat();
    assert_eq!((time, heard.header("shipmark-signature")), ("1769860800", format!("v1={wanted}").as_str()));
    let heard = some.heard();
    assert_eq!((heard.len(), heard[0].json()["version"].clone()), (1, json!("1.0.0")));
    tell(&service, 100_000).await;
    assert_eq!((all.heard().len(), some.heard().len()), (0, 0), "each is told once");
    // A step back brings an older one to life, and each of these events is told too.
    let update = json!({ "versionId": id, "status": "failed" });
    assert_eq!(ask(&service, &admin, "POST", "/api/v1/update/status", &update).await.status, 200);
    tell(&service, 0).await;
    let mut told: Vec<_> =
        all.heard().iter().map(|heard| json!([heard.json()["version"], heard.json()["to"]])).collect();
    told.sort_by_key(ToString::to_string);
    assert_eq!(json!(told), json!([["0.9.0", "succeeded"], ["1.0.0", "failed"]]));
}

each_engine!(what_cannot_be_told_is_tried_again_for_a_day);
async fn what_cannot_be_told_is_tried_again_for_a_day(service: Service) {
    let admin = admin(&service);
    let (bad, good) = (Listener::start(), Listener::start());
    let (id, _) = hook(&service, &admin, &bad, &json!({})).await;
    hook(&service, &admin, &good, &json!({})).await;
    let state = async || {
        let shown = ask(&service, &admin, "GET", &format!("{PATH}/{id}"), &Value::Null).await.json();
        json!([shown["waiting"], shown["problem"], shown["delivered_at"]])
    };
    bad.says(302);
    record(&service, &admin, "helpdesk", "1.0.0", "failed").await;
    tell(&service, 0).await;
    assert_eq!((bad.heard().len(), good.heard().len()), (1, 1));
    assert_eq!(state().await, json!([1, "it answered 302", null]));
    // Meanwhile nothing else is told there either.
    record(&service, &admin, "helpdesk", "2.0.0", "failed").await;
    tell(&service, 9).await;
    assert_eq!((bad.heard().len(), good.heard().len()), (0, 1));
    tell(&service, 10).await;
    assert_eq!(bad.heard().len(), 1, "one shows that it still fails");
    tell(&service, 39).await;
    assert_eq!(bad.heard().len(), 0, "the next pause is longer");
    bad.says(200);
    tell(&service, 40).await;
    assert_eq!(bad.heard().len(), 2);
    assert_eq!(state().await, json!([0, null, NOW + 40_000]));

    bad.says(500);
    record(&service, &admin, "helpdesk", "3.0.0", "failed").await;
    tell(&service, 0).await;
    let day = 24 * 60 * 60;
    tell(&service, day - 2).await;
    assert_eq!(state().await, json!([1, "it answered 500", NOW + 40_000]));
    bad.heard();
    // A change of the webhook is a reason to try at once.
    let patch =
        ask(&service, &admin, "PATCH", &format!("{PATH}/{id}"), &json!({ "url": "https://hooks.example/" }))
            .await;
    assert_eq!(patch.status, 200);
    let url = format!("http://127.0.0.1:{}/hook", bad.port);
    service.sql(&format!("UPDATE sm_webhook SET url = '{url}' WHERE id = '{id}'")).await;
    tell(&service, day - 1).await;
    assert_eq!((bad.heard().len(), state().await[0].clone()), (1, json!(1)));
    tell(&service, 2 * day).await;
    assert_eq!((bad.heard().len(), state().await[0].clone()), (1, json!(0)), "it is given up");
    tell(&service, 3 * day).await;
    assert_eq!(bad.heard().len(), 0);
}

each_engine!(changes_at_the_same_time_are_all_made);
async fn changes_at_the_same_time_are_all_made(service: Service) {
    let (admin, twin) = (admin(&service), service.twin().await);
    let made = ask(&service, &admin, "POST", PATH, &json!({ "url": "https://hooks.example/" })).await.json();
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    for round in 0..20 {
        let (app, platform) = (format!("a{round}"), format!("p{round}"));
        let (one, two) = (json!({ "app": app }), json!({ "platform": platform }));
        let patches = tokio::join!(
            ask(&service, &admin, "PATCH", &path, &one),
            ask(&twin, &admin, "PATCH", &path, &two)
        );
        assert_eq!((patches.0.status.as_u16(), patches.1.status.as_u16()), (200, 200));
        let shown = ask(&service, &admin, "GET", &path, &Value::Null).await.json();
        assert_eq!((&shown["app"], &shown["platform"]), (&json!(app), &json!(platform)));
    }
}

each_engine!(what_a_process_holds_stays_its_own_when_the_webhook_is_changed);
async fn what_a_process_holds_stays_its_own_when_the_webhook_is_changed(service: Service) {
    let (admin, listener) = (admin(&service), Listener::start());
    let (id, _) = hook(&service, &admin, &listener, &json!({})).await;
    record(&service, &admin, "helpdesk", "1.0.0", "failed").await;
    // One takes it, and has half a minute.
    service.sql("UPDATE sm_delivery SET due_at = due_at + 30000").await;
    let patch = ask(&service, &admin, "PATCH", &format!("{PATH}/{id}"), &json!({ "app": "helpdesk" })).await;
    assert_eq!(patch.status, 422, "its address is closed to this service: {}", patch.text);
    let url = "UPDATE sm_webhook SET url = 'https://hooks.example/'";
    service.sql(url).await;
    let patch = ask(&service, &admin, "PATCH", &format!("{PATH}/{id}"), &json!({ "app": "helpdesk" })).await;
    assert_eq!(patch.status, 200);
    service.sql(&format!("UPDATE sm_webhook SET url = 'http://127.0.0.1:{}/hook'", listener.port)).await;
    tell(&service, 29).await;
    assert_eq!(listener.heard().len(), 0);
    tell(&service, 30).await;
    assert_eq!(listener.heard().len(), 1);
}

each_engine!(a_webhook_that_cannot_be_read_silences_no_other);
async fn a_webhook_that_cannot_be_read_silences_no_other(service: Service) {
    let (admin, listener) = (admin(&service), Listener::start());
    let (id, _) = hook(&service, &admin, &listener, &json!({})).await;
    hook(&service, &admin, &listener, &json!({})).await;
    record(&service, &admin, "helpdesk", "1.0.0", "failed").await;
    service.sql(&format!("UPDATE sm_webhook SET format = 'morse' WHERE id = '{id}'")).await;
    let troubles = service.replica(0).tell_due().await;
    assert_eq!((listener.heard().len(), troubles.len()), (1, 1), "{troubles:?}");
    assert!(troubles[0].contains("morse"), "{troubles:?}");
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_named_and_asked_once() {
    let service = Service::start().await;
    let (admin, listener) = (admin(&service), Listener::start());
    hook(&service, &admin, &listener, &json!({})).await;
    for version in 0..60 {
        record(&service, &admin, "helpdesk", &format!("{version}.0.0"), "failed").await;
    }
    service
        .sql("CREATE TRIGGER sealed BEFORE UPDATE ON sm_delivery BEGIN SELECT RAISE(ABORT, 'sealed'); END")
        .await;
    let troubles = service.replica(0).tell_due().await;
    assert_eq!((listener.heard().len(), troubles.len()), (0, 1), "{troubles:?}");
    service.sql("DROP TRIGGER sealed").await;
    assert_eq!(service.replica(0).tell_due().await, [] as [String; 0]);
    assert_eq!(listener.heard().len(), 60);
}

#[tokio::test]
async fn a_slow_webhook_holds_up_no_other() {
    let service = Service::start().await;
    let (admin, slow, fast) =
        (admin(&service), Listener::slow(Duration::from_millis(100)), Listener::start());
    hook(&service, &admin, &slow, &json!({})).await;
    hook(&service, &admin, &fast, &json!({})).await;
    for version in 0..40 {
        record(&service, &admin, "helpdesk", &format!("{version}.0.0"), "failed").await;
    }
    let replica = service.replica(0);
    let telling = tokio::spawn(async move { replica.tell_due().await });
    let mut heard = 0;
    while heard < 40 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        heard += fast.heard().len();
    }
    let of_slow = slow.heard().len();
    assert!(of_slow < 25, "the slow one heard {of_slow} meanwhile");
    telling.abort();
}

each_engine!(what_nobody_is_to_be_told_is_forgotten);
async fn what_nobody_is_to_be_told_is_forgotten(service: Service) {
    let (admin, listener) = (admin(&service), Listener::start());
    let waiting = async |id: &str| {
        let shown = ask(&service, &admin, "GET", &format!("{PATH}/{id}"), &Value::Null).await;
        shown.json()["waiting"].as_i64().unwrap()
    };
    let (kept, _) = hook(&service, &admin, &listener, &json!({})).await;
    let made = ask(&service, &admin, "POST", PATH, &json!({ "url": "https://hooks.example/" })).await.json();
    let off = made["id"].as_str().unwrap();
    record(&service, &admin, "helpdesk", "1.0.0", "failed").await;
    assert_eq!((waiting(&kept).await, waiting(off).await), (1, 1));
    let patch = ask(&service, &admin, "PATCH", &format!("{PATH}/{off}"), &json!({ "active": false })).await;
    assert_eq!((patch.status.as_u16(), &patch.json()["waiting"]), (200, &json!(0)));
    // A change that was under way then, and one that was when another webhook was deleted.
    for id in [off, "gone"] {
        let row = format!(
            "INSERT INTO sm_delivery (webhook_id, event_key, due_at, created_at) VALUES ('{id}', 'e', 0, 0)"
        );
        service.sql(&row).await;
    }
    assert_eq!(waiting(off).await, 1);
    service.work(0).await;
    service.sql("INSERT INTO sm_webhook (id, url, secret, format, states, active, created_at, failures, retry_at) \
        VALUES ('gone', 'u', 's', 'json', '', 1, 0, 0, 0)").await;
    assert_eq!((waiting(&kept).await, waiting(off).await, waiting("gone").await), (1, 0, 0));
}

#[tokio::test]
async fn a_cdevent_is_one_by_its_headers_too_and_closed_addresses_hear_nothing() {
    let service = Service::start().await;
    let admin = admin(&service);
    let listener = Listener::start();
    let (id, _) = hook(&service, &admin, &listener, &json!({ "format": "cdevents" })).await;
    record(&service, &admin, "helpdesk", "1.0.0", "ongoing").await;
    record(&service, &admin, "helpdesk", "1.1.0", "deployed").await;
    let other = service.twin().await;
    let closed = shipmark::registry::Registry::new(
        other.store(),
        shipmark::world::World::fixed(
            crate::support::registry::NOW.parse().unwrap(),
            &[],
            std::path::Path::new("/"),
        ),
    );
    closed.tell_due().await;
    assert_eq!(listener.heard().len(), 0);
    let shown = ask(&service, &admin, "GET", &format!("{PATH}/{id}"), &Value::Null).await.json();
    let words = format!(
        "`http://127.0.0.1:{}` leads to 127.0.0.1, which is not public and not opened by `--probe-allow`",
        listener.port
    );
    assert_eq!((&shown["problem"], &shown["waiting"]), (&json!(words), &json!(1)));
    assert!(service.scrape_of(closed).await.contains("\nshipmark_webhook_failures_total 1\n"));
    tell(&service, 10).await;
    let heard = listener.heard();
    assert_eq!(heard.len(), 1, "that one begins has no word there");
    let event = heard[0].json();
    for (header, member) in
        [("ce-id", "id"), ("ce-type", "type"), ("ce-source", "source"), ("ce-time", "timestamp")]
    {
        assert_eq!(heard[0].header(header), event["context"][member].as_str().unwrap(), "{header}");
    }
    assert_eq!(heard[0].header("ce-specversion"), "1.0");
    assert_eq!(event["subject"]["content"]["artifactId"], "pkg:generic/helpdesk@1.1.0");
}
