//! Answers of API v1 that are kept in Redis: they are those of the database, on every replica, whatever Redis does.

use std::time::Duration;

use serde_json::{Value, json};
use shipmark::store::Use;

use crate::support::engine::each_engine;
use crate::support::redis::Redis;
use crate::support::registry::{Answer, Service};

const PLACE: &str = "workload=a&platform=p&environment=e";

/// Every read that may be kept.
fn reads() -> Vec<String> {
    vec![
        "/api/v1/read/home".to_owned(),
        format!("/api/v1/read/environment?{PLACE}"),
        "/api/v1/read/platform?workload=a&platform=p".to_owned(),
        format!("/api/v1/read/raw?{PLACE}&version=1"),
        "/api/v1/read/raw/id?versionId=1".to_owned(),
        "/api/v1/read/distinct/workloads".to_owned(),
        "/api/v1/stats/latest".to_owned(),
    ]
}

fn create(version: &str, more: &str) -> String {
    format!("{PLACE}&version={version}&status=deployed{more}")
}

async fn figure(service: &Service, name: &str) -> u64 {
    let text = service.scrape().await;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

async fn hits(service: &Service) -> u64 {
    figure(service, "shipmark_cache_hits_total").await
}

/// Asks until the answer came from Redis: a machine that has much to do may let its time pass, which is no fault.
async fn from_redis(service: &Service, path: &str) -> Answer {
    for _ in 0..200 {
        let before = hits(service).await;
        let answer = service.get(path).await;
        if hits(service).await > before {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} never came from Redis");
}

fn parts(answer: &Answer) -> (u16, String, String) {
    (answer.status.as_u16(), answer.header("content-type").to_owned(), answer.text.clone())
}

each_engine!(an_answer_is_kept_as_it_was);
async fn an_answer_is_kept_as_it_was(service: Service) {
    let Some(redis) = Redis::start() else { return };
    let kept = service.beside(&redis.url(), Use::Answers).await;
    for path in reads() {
        // Nothing is there yet, which is an answer too.
        let (first, second) = (service.get(&path).await, from_redis(&kept, &path).await);
        assert_eq!(parts(&second), parts(&first), "{path}");
    }
    service
        .form("/api/v1/create", &create("1", "&raw=%3Cb%3E%22%E2%80%A8%22%3C/b%3E"))
        .await
        .is(201, r#"{"versionId":1}"#);
    for path in reads() {
        let (first, second) = (service.get(&path).await, from_redis(&kept, &path).await);
        assert_eq!(parts(&second), parts(&first), "{path}");
        assert_eq!(first.status, 200, "{path}");
    }
    // What is a fault of the request is asked of nobody.
    let before = hits(&kept).await;
    for _ in 0..3 {
        assert_eq!(kept.get("/api/v1/read/platform?workload=a").await.status, 400);
    }
    assert_eq!(hits(&kept).await, before);
}

/// Reads that show all of a row, from Redis on both.
async fn seen(replicas: [&Service; 2], id: i64) -> Value {
    let path = format!("/api/v1/read/raw/id?versionId={id}");
    let answers = [from_redis(replicas[0], &path).await, from_redis(replicas[1], &path).await];
    assert_eq!(answers[0].text, answers[1].text);
    answers[0].json()
}

/// Whoever of the two writes, the very next read of each has it.
async fn is_next(replicas: [&Service; 2], id: i64, field: &str, value: &str) {
    let path = format!("/api/v1/read/raw/id?versionId={id}");
    for replica in replicas {
        assert_eq!(replica.get(&path).await.json()[field], value);
    }
    assert_eq!(seen(replicas, id).await[field], value, "also once it is kept");
}

each_engine!(every_write_is_in_the_next_read_of_each_replica);
async fn every_write_is_in_the_next_read_of_each_replica(service: Service) {
    let Some(redis) = Redis::start() else { return };
    let one = service.beside(&redis.url(), Use::Answers).await;
    let other = service.beside(&redis.url(), Use::Answers).await;
    let both = [&one, &other];
    one.form("/api/v1/create", &create("1", "")).await.is(201, r#"{"versionId":1}"#);
    is_next(both, 1, "status", "deployed").await;
    other.form("/api/v1/update/status", "versionId=1&status=failed").await.is(200, "\"OK\"");
    is_next(both, 1, "status", "failed").await;
    // What is live is taken away, which is another kind of transaction.
    one.form("/api/v1/create", &create("2", "")).await.is(201, r#"{"versionId":2}"#);
    is_next(both, 2, "status", "deployed").await;
    other.form("/api/v1/update/status", "versionId=2&status=cancelled").await.is(200, "\"OK\"");
    is_next(both, 2, "status", "cancelled").await;
    // API v2 writes the word of v1, and the link.
    let step = |status: &str, seq: i64| {
        json!({ "app": "a", "workload": "a", "platform": "p", "environment": "e", "version": "3", "status": status,
            "run_key": "k", "seq": seq, "at": 1 })
    };
    assert_eq!(one.json("/api/v2/deployments", &step("running", 1).to_string()).await.status, 201);
    is_next(both, 3, "status", "ongoing").await;
    assert_eq!(other.json("/api/v2/deployments", &step("succeeded", 2).to_string()).await.status, 200);
    is_next(both, 3, "status", "deployed").await;
    let link = r#"{"changelog_url":"https://example.org/3"}"#;
    assert_eq!(one.patch("/api/v2/deployments/3", link).await.status, 200);
    is_next(both, 3, "changelog_url", "https://example.org/3").await;
    // A row without an attempt.
    let row = "INSERT INTO versions (workload, platform, environment, version, changelog_url, raw, status, date) \
               VALUES ('b', 'p', 'e', '1', '', '', 'ongoing', '2026-01-31 10:00:00')";
    service.sql(row).await;
    other.form("/api/v1/update/status", "versionId=4&status=odd").await.is(200, "\"OK\"");
    is_next(both, 4, "status", "odd").await;
}

#[tokio::test]
async fn names_that_the_original_confuses_are_two() {
    let Some(redis) = Redis::start() else { return };
    let plain = Service::start().await;
    let service = plain.beside(&redis.url(), Use::Answers).await;
    let rows = [("a b", "c"), ("a", "b c")];
    for (workload, platform) in rows {
        let body = format!("workload={workload}&platform={platform}&environment=e&version=1&status=ongoing");
        assert_eq!(service.form("/api/v1/create", &body.replace(' ', "+")).await.status, 201);
    }
    for (workload, platform) in rows {
        let path = format!("/api/v1/read/platform?workload={workload}&platform={platform}").replace(' ', "+");
        let answer = from_redis(&service, &path).await.json();
        assert_eq!((&answer[0]["workload"], &answer[0]["platform"]), (&json!(workload), &json!(platform)));
        assert_eq!(answer[0]["total"], 1);
    }
}

#[tokio::test]
async fn a_token_with_limits_neither_keeps_nor_gets_what_is_kept() {
    let Some(redis) = Redis::start() else { return };
    let plain = Service::start().await;
    let service = plain.beside(&redis.url(), Use::Answers).await;
    for workload in ["a", "b"] {
        let body = format!("workload={workload}&platform=p&environment=e&version=1&status=ongoing");
        assert_eq!(service.form("/api/v1/create", &body).await.status, 201);
    }
    let token =
        format!("Authorization: Bearer {}", service.token_with(&["a", "--scope", "read", "--app", "a"]));
    let path = "/api/v1/read/distinct/workloads";
    assert_eq!(from_redis(&service, path).await.json().as_array().unwrap().len(), 2);
    let (before, keys) = (hits(&service).await, redis.keys("*"));
    for _ in 0..2 {
        let own = service.send("GET", path, &[&token], "").await.json();
        assert_eq!(own, json!([{ "workload": "a", "platform": "p", "environment": "e" }]));
    }
    assert_eq!((hits(&service).await, redis.keys("*")), (before, keys));
}

#[tokio::test]
async fn redis_may_be_away_and_come_back() {
    let Some(mut redis) = Redis::start() else { return };
    redis.kill();
    let plain = Service::start().await;
    let service = plain.beside(&redis.url(), Use::Answers).await;
    assert_eq!(figure(&service, "shipmark_cache_breaker_open").await, 1);
    assert!(
        !plain.scrape().await.contains("shipmark_cache"),
        "where there is no Redis there is no figure of it"
    );
    for version in 1..10 {
        service
            .form("/api/v1/create", &create(&version.to_string(), ""))
            .await
            .is(201, &format!(r#"{{"versionId":{version}}}"#));
        for path in reads() {
            assert_eq!(service.get(&path).await.status, 200, "{path}");
        }
        match version {
            3 => {
                redis.restart();
                from_redis(&service, "/api/v1/read/home").await;
                assert_eq!(figure(&service, "shipmark_cache_breaker_open").await, 0);
            }
            6 => redis.kill(),
            _ => {}
        }
        assert_eq!(service.get("/api/v1/read/home").await.json()[0]["version"], version.to_string());
    }
    assert_eq!(figure(&service, "shipmark_cache_breaker_open").await, 1);
}

#[tokio::test]
async fn what_is_kept_may_be_spoilt() {
    let Some(redis) = Redis::start() else { return };
    let plain = Service::start().await;
    let service = plain.beside(&redis.url(), Use::Answers).await;
    service.form("/api/v1/create", &create("1", "")).await.is(201, r#"{"versionId":1}"#);
    let path = "/api/v1/read/home";
    let right = from_redis(&service, path).await.text;
    // Of another kind, no UTF-8, and gone.
    for spoil in [&["RPUSH", "KEY", "x"][..], &["SETBIT", "KEY", "0", "1"], &["FLUSHALL"]] {
        let keys = redis.keys("shipmark:v1:*");
        assert_eq!(keys.len(), 1, "{keys:?}");
        redis.ask(&["DEL", &keys[0]]);
        redis
            .ask(&spoil.iter().map(|part| if *part == "KEY" { &keys[0] } else { *part }).collect::<Vec<_>>());
        assert_eq!(service.get(path).await.text, right, "{spoil:?}");
        assert_eq!(from_redis(&service, path).await.text, right, "{spoil:?}");
    }
    assert_eq!(redis.ask(&["TTL", &redis.keys("*")[0]]).parse::<u32>().unwrap().div_ceil(10), 6);
}

#[tokio::test]
async fn what_the_original_keeps_is_removed_by_each_write() {
    let Some(mut redis) = Redis::start() else { return };
    let plain = Service::start().await;
    let service = plain.beside(&redis.url(), Use::Original).await;
    let fill = |redis: &Redis| {
        // More than Redis looks through at a time.
        redis.ask(&["EVAL", "for i = 1, 2600 do redis.call('SET', 'w_p_e_' .. i, 'old') end", "0"]);
        redis.ask(&["SET", "other", "kept"]);
    };
    let writes = [
        ("/api/v1/create", create("1", "")),
        ("/api/v1/update/status", "versionId=1&status=failed".to_owned()),
        ("/api/v1/update/status", "versionId=1&status=deployed".to_owned()),
    ];
    for (path, body) in writes {
        fill(&redis);
        assert_eq!(redis.ask(&["DBSIZE"]), "2601");
        assert!(service.form(path, &body).await.status.is_success());
        assert_eq!(redis.keys("*"), ["other"], "{path}");
    }
    fill(&redis);
    let link = r#"{"changelog_url":"https://example.org"}"#;
    assert_eq!(service.patch("/api/v2/deployments/1", link).await.status, 200);
    for path in reads() {
        service.get(&path).await;
    }
    assert_eq!(redis.keys("*"), ["other"], "and no answer of ours is kept");
    // What was written while Redis was away is seen to when it is back.
    redis.kill();
    assert_eq!(service.form("/api/v1/create", &create("2", "")).await.status, 201);
    redis.restart();
    redis.ask(&["SET", "w_p_e_home", "old"]);
    is_emptied(&redis).await;
    // What it kept after we removed all, because it had read it before, is removed once more.
    assert_eq!(service.form("/api/v1/create", &create("3", "")).await.status, 201);
    redis.ask(&["SET", "w_p_e_home", "old"]);
    is_emptied(&redis).await;
}

async fn is_emptied(redis: &Redis) {
    for _ in 0..600 {
        if redis.keys("*").is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?} is still there", redis.keys("*"));
}
