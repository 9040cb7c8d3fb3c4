//! The streams: what they tell, to whom, when they end, and that a change by one process is told by another.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shipmark::server::{Access, Exposure};
use shipmark::store::Use;

use crate::support::engine::{Engine, each_engine};
use crate::support::redis::Redis;
use crate::support::registry::Service;
use crate::support::served::Served;

const PATH: &str = "/api/v2/stream";

/// Reports an attempt of one app, and gives its id.
async fn report(service: &Service, run: &str, environment: &str, status: &str) -> Value {
    let body = json!({ "app": "helpdesk", "workload": "support", "platform": "eu", "environment": environment,
        "version": format!("1.{run}.0"), "status": status, "run_key": run, "seq": 0, "at": 1_769_860_800_000_i64 });
    let answer = service.json("/api/v2/deployments", &body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].clone()
}

async fn step(service: &Service, id: &Value, status: &str) {
    let answer = service
        .json(&format!("/api/v2/deployments/{id}/events"), &json!({ "status": status }).to_string())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

each_engine!(a_change_is_told_as_it_happens);
async fn a_change_is_told_as_it_happens(service: Service) {
    report(&service, "0", "production", "deployed").await;
    let mut all = service.listen(PATH, &[]).await;
    assert_eq!(all.status, 200);
    assert_eq!(all.headers["content-type"], "text/event-stream");
    assert_eq!(all.headers["cache-control"], "no-cache");
    let filter = format!("{PATH}?app=helpdesk&platform=eu&env=production&team=support&status=superseded");
    let mut some = service.listen(&filter, &[]).await;
    let id = report(&service, "1", "production", "ongoing").await;
    let first = all.next().await.unwrap();
    let expected = json!({ "id": first.id, "deployment": id, "kind": null, "app": "helpdesk",
        "workload": "support", "platform": "eu", "environment": "production", "version": "1.1.0",
        "state": "running", "from": null, "to": "running", "actor": null, "source": "v2",
        "at": 1_769_860_800_000_i64 });
    assert_eq!((first.name.as_str(), &first.data), ("", &expected));
    step(&service, &id, "deployed").await;
    let next = [all.told().await, all.told().await];
    let moves = next.map(|told| (told["version"].clone(), told["from"].clone(), told["to"].clone()));
    assert_eq!(
        json!(moves),
        json!([["1.1.0", "running", "succeeded"], ["1.0.0", "succeeded", "superseded"]])
    );
    assert_eq!(some.told().await["version"], "1.0.0");
    report(&service, "2", "dev", "failed").await;
    assert_eq!(all.told().await["environment"], "dev");
    some.is_silent().await;
    all.is_silent().await;
    for bad in ["status=fine", "apps=x", "limit=1"] {
        assert_eq!(service.get(&format!("{PATH}?{bad}")).await.status, 400, "{bad}");
    }
}

each_engine!(a_change_by_one_process_is_told_by_another);
async fn a_change_by_one_process_is_told_by_another(service: Service) {
    let other = service.twin().await;
    let (mut here, mut there) = (service.listen(PATH, &[]).await, other.listen(PATH, &[]).await);
    for (run, writer) in [("1", &service), ("2", &other), ("3", &service)] {
        let id = report(writer, run, "production", "failed").await;
        let told = [here.told().await, there.told().await];
        assert_eq!(told, [told[0].clone(), told[0].clone()]);
        assert_eq!(told[0]["deployment"], id);
    }
    here.is_silent().await;
    there.is_silent().await;
}

each_engine!(redis_shortens_the_wait_and_is_not_needed);
async fn redis_shortens_the_wait_and_is_not_needed(service: Service) {
    let Some(mut redis) = Redis::start() else { return };
    let here = service.beside(&redis.url(), Use::Answers).await;
    let there = service.beside(&redis.url(), Use::Answers).await;
    // Both listen to each other, and to nobody else.
    let both = || {
        let channels = redis.ask(&["PUBSUB", "CHANNELS", "shipmark:wake:*"]);
        redis.ask(&["PUBSUB", "NUMSUB", &channels]) == format!("{channels}\n2")
    };
    while !both() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    if service.engine == Engine::Sqlite {
        // Its two processes share what tells them of a write here.
        return;
    }
    let mut told = there.listen(PATH, &[]).await;
    let mut write = async |run: usize| {
        let id = report(&here, &run.to_string(), "production", "failed").await;
        assert_eq!(told.told().await["deployment"], id);
    };
    // Each is written when the one before was told, and looks of its own are a second apart: they would take 19.
    let start = Instant::now();
    for run in 0..20 {
        write(run).await;
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    redis.kill();
    write(20).await;
    redis.restart();
    write(21).await;
}

each_engine!(what_becomes_visible_late_is_told_once);
async fn what_becomes_visible_late_is_told_once(service: Service) {
    let id = report(&service, "1", "production", "ongoing").await;
    let mut stream = service.listen(PATH, &[]).await;
    report(&service, "2", "dev", "ongoing").await;
    let newest = stream.next().await.unwrap().id;
    // Of a transaction that began five seconds before, and ended only now.
    let late = format!("{}-7000-8000-000000000000", shipmark::domain::live::before(&newest, 5_000).unwrap());
    service.sql(&event(&format!("'{late}'"), &id, "")).await;
    assert_eq!(stream.next().await.unwrap().id, late);
    stream.is_silent().await;
}

/// Text that adds events past the registry.
fn event(key: &str, id: &Value, from: &str) -> String {
    format!(
        "INSERT INTO sm_event (event_key, versions_id, to_state, source, forced, clock_skew, late, at, received_at) \
         SELECT {key}, {id}, 'failed', 'v2', 0, 0, 0, 0, 0 {from}"
    )
}

/// The same for so many events at once, whose ids begin with a text that is later than every other.
async fn burst(service: &Service, id: &Value, beginning: &str, count: i64) {
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {count})");
    let key = format!("printf('{beginning}-7000-8000-%012x', i)");
    service.sql(&event(&key, id, &format!("FROM ({numbers} SELECT i FROM n)"))).await;
}

each_engine!(who_was_away_is_told_what_came);
async fn who_was_away_is_told_what_came(service: Service) {
    let mut stream = service.listen(PATH, &[]).await;
    report(&service, "1", "production", "failed").await;
    let heard = stream.next().await.unwrap().id;
    drop(stream);
    for run in ["2", "3"] {
        report(&service, run, "production", "failed").await;
    }
    let header = format!("Last-Event-ID: {heard}");
    let mut stream = service.listen(PATH, &[&header]).await;
    assert_eq!(
        [stream.told().await, stream.told().await].map(|told| told["version"].clone()),
        ["1.2.0", "1.3.0"]
    );
    report(&service, "4", "production", "failed").await;
    assert_eq!(stream.told().await["version"], "1.4.0");
    let mut other = service.listen(&format!("{PATH}?app=other"), &[&header]).await;
    other.is_silent().await;
    for unknown in ["x", "019b0000-0005-7abc-8def-0123456789ab"] {
        let mut stream = service.listen(PATH, &[&format!("Last-Event-ID: {unknown}")]).await;
        assert_eq!(stream.next().await.unwrap().name, "reset", "{unknown}");
    }
}

#[tokio::test]
async fn who_was_away_for_too_long_has_to_begin_anew() {
    let service = Service::start().await;
    let id = report(&service, "1", "production", "failed").await;
    let heard =
        service.get(&format!("/api/v2/deployments/{id}/events")).await.json()["items"][0]["id"].clone();
    let header = format!("Last-Event-ID: {}", heard.as_str().unwrap());
    burst(&service, &id, "ffffffff-ffff", 1_000).await;
    let mut stream = service.listen(PATH, &[&header]).await;
    assert_eq!(stream.next().await.unwrap().name, "");
    report(&service, "2", "production", "failed").await;
    let mut stream = service.listen(PATH, &[&header]).await;
    assert_eq!(stream.next().await.unwrap().name, "reset");
}

#[tokio::test]
async fn who_is_too_slow_is_dropped_and_others_are_not() {
    let service = Service::start().await;
    let id = report(&service, "1", "production", "failed").await;
    let (mut slow, mut fast) = (service.listen(PATH, &[]).await, service.listen(PATH, &[]).await);
    for beginning in ["ffffffff-fffe", "ffffffff-ffff"] {
        burst(&service, &id, beginning, 3_000).await;
        for _ in 0..3_000 {
            fast.told().await;
        }
    }
    assert_eq!(slow.next().await, None);
}

#[tokio::test]
async fn there_are_256_places() {
    let service = Service::start().await;
    let mut streams = Vec::new();
    for at in 0..256 {
        streams.push(service.listen(if at % 2 == 0 { PATH } else { "/live" }, &[]).await);
        assert_eq!(streams.last().unwrap().status, 200);
    }
    assert!(service.scrape().await.contains("\nshipmark_sse_clients 256\n"));
    let refused = service.get(PATH).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "5"));
    assert_eq!(refused.json()["type"], "/problems/too-many-streams");
    streams.pop();
    assert_eq!(service.get(PATH).await.status, 200);
    drop(streams);
    assert!(service.scrape().await.contains("\nshipmark_sse_clients 0\n"));
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_server() {
    let mut service = Service::start().await;
    service.served(Exposure::Loopback, Access { private: true, ..Access::default() });
    let bearer = |token: String| format!("Authorization: Bearer {token}");
    let [reader, other, admin] = ["read", "read", "admin"].map(|scope| bearer(service.token(scope, scope)));
    assert_eq!(service.get(PATH).await.status, 401);
    let mut ending = service.listen(PATH, &[&reader]).await;
    let mut staying = service.listen("/live", &[&other]).await;
    let revoke = format!("/api/v2/tokens/{}", &reader[26..42]);
    assert_eq!(service.send("DELETE", &revoke, &[&admin], "").await.status, 200);
    assert_eq!(ending.next().await, None);
    staying.is_silent().await;
    service.stopping.send_replace(true);
    assert_eq!(staying.next().await, None);
    let refused = service.send("GET", PATH, &[&other], "").await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "5"));
}

#[test]
fn a_stream_outlasts_requests_and_holds_up_no_stop() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::start(folder.path());
    let open = |path: &str| {
        let mut stream = server.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        stream
    };
    let (mut program, mut page) = (open(PATH), open("/live"));
    let read = |stream: &mut std::net::TcpStream, until: &str| {
        let (mut text, mut bytes) = (String::new(), [0; 4_096]);
        while !text.contains(until) {
            let count = stream.read(&mut bytes).unwrap();
            assert_ne!(count, 0, "{text}");
            text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    };
    let start = Instant::now();
    read(&mut program, "\r\n:\n\n");
    read(&mut page, "event: alive\n");
    assert!(start.elapsed() > Duration::from_secs(12), "{:?}", start.elapsed());
    // A look every second alone would take a second for each.
    let start = Instant::now();
    for version in 1..=6 {
        let row = format!("workload=a&platform=p&environment=e&version=v{version}&status=deployed");
        assert_eq!(server.send("POST", "/api/v1/create", "application/x-www-form-urlencoded", &row).0, 201);
        read(&mut program, &format!("\"version\":\"v{version}\""));
    }
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    let start = Instant::now();
    server.signal("TERM");
    read(&mut program, "0\r\n\r\n");
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
    assert_eq!(server.wait().0, Some(0));
    assert!(start.elapsed() < Duration::from_millis(2_500), "{:?}", start.elapsed());
}
