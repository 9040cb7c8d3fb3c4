//! `GET /api/v2/deployments`: filters, order and pages.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{NOW, Service};

const PATH: &str = "/api/v2/deployments";

async fn deploy(service: &Service, environment: &str, version: &str, at: i64) {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let report = json!({ "app": "helpdesk", "workload": "desk", "platform": "p", "environment": environment,
        "version": version, "status": "deployed", "run_key": format!("{environment}{version}"), "seq": 1,
        "at": now.as_millisecond() - 60_000 + at, "sha": "c0ffee", "dirty": false, "duration": 5,
        "actor": "maya", "run_url": "https://ci.example/8812", "ref": "main" });
    assert_eq!(service.json(PATH, &report.to_string()).await.status, 201);
}

async fn list(service: &Service, query: &str) -> Value {
    service.get(&format!("{PATH}{query}")).await.json()
}

fn versions(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["version"].as_str().unwrap()).collect()
}

each_engine!(the_history_of_a_place_is_newest_first_and_whole);
async fn the_history_of_a_place_is_newest_first_and_whole(service: Service) {
    for (environment, version, at) in [("dev", "1.0.0", 10), ("dev", "1.1.0", 30), ("qa", "1.0.0", 20)] {
        deploy(&service, environment, version, at).await;
    }
    assert_eq!(versions(&list(&service, "").await), ["1.1.0", "1.0.0", "1.0.0"]);
    let dev = list(&service, "?app=helpdesk&environment=dev").await;
    assert_eq!(versions(&dev), ["1.1.0", "1.0.0"]);
    assert_eq!((&dev["next"], &dev["limit"]), (&Value::Null, &json!(50)));
    let oldest = &dev["items"][1];
    assert_eq!((&oldest["state"], &oldest["status"]), (&json!("superseded"), &json!("deployed")));
    for (field, value) in [
        ("workload", json!("desk")),
        ("sha", json!("c0ffee")),
        ("ref", json!("main")),
        ("dirty", json!(false)),
        ("actor", json!("maya")),
        ("run_url", json!("https://ci.example/8812")),
        ("duration", json!(5)),
    ] {
        assert_eq!(oldest[field], value, "{field}");
    }
    assert_eq!(versions(&list(&service, "?env=qa&platform=p").await), ["1.0.0"]);
    assert!(versions(&list(&service, "?app=other").await).is_empty());
}

each_engine!(pages_follow_on_each_other_also_between_equal_times);
async fn pages_follow_on_each_other_also_between_equal_times(service: Service) {
    for version in ["1", "2", "3", "4", "5"] {
        deploy(&service, "dev", version, 10).await;
    }
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = list(&service, &query).await;
        seen.extend(versions(&page).into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => query = format!("?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["5", "4", "3", "2", "1"]);
    for (query, pointer) in [
        ("?limit=0", "/limit"),
        ("?limit=101", "/limit"),
        ("?cursor=x", "/cursor"),
        ("?cursor=1.x", "/cursor"),
    ] {
        let answer = service.get(&format!("{PATH}{query}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (400, &json!(pointer)));
    }
}

async fn three(service: &Service) {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    for (app, workload, version, status, sha, actor, kind, minute) in [
        ("door", "Desk", "1.0.0", "deployed", "aa11", "maya", None, 1),
        ("door", "desk", "1.0.0-RC", "failed", "aa22", "noah", Some("hotfix"), 2),
        ("gate%", "desk", "1.0.0", "running", "bb33", "maya", Some("rollback"), 3),
    ] {
        let at = now.as_millisecond() - 600_000 + minute * 60_000;
        let mut report = json!({ "app": app, "workload": workload, "platform": "p", "environment": "e",
            "version": version, "status": status, "run_key": format!("{minute}"), "seq": 1, "at": at,
            "sha": sha, "actor": actor, "reason": "the 50% rule" });
        if let Some(kind) = kind {
            report["kind"] = json!(kind);
        }
        assert_eq!(service.json(PATH, &report.to_string()).await.status, 201);
    }
}

each_engine!(each_filter_leaves_what_it_names);
async fn each_filter_leaves_what_it_names(service: Service) {
    three(&service).await;
    for (query, ids) in [
        ("?team=desk", &[3, 2][..]),
        ("?team=DESK", &[]),
        ("?version=1.0.0", &[3, 1]),
        ("?version=1.0.0-rc", &[]),
        ("?status=deployed", &[1]),
        ("?status=running", &[3]),
        ("?sha=aa", &[2, 1]),
        ("?sha=aa11", &[1]),
        ("?sha=aa11f", &[]),
        ("?actor=maya", &[3, 1]),
        ("?kind=hotfix", &[2]),
        ("?from=2026-01-31T11:52:00.250Z", &[3, 2]),
        ("?to=2026-01-31T11:52:00.250Z", &[1]),
        ("?from=2026-01-31&to=2026-02-01", &[3, 2, 1]),
        ("?to=1769860200250", &[]),
        ("?q=gate%25", &[3]),
        ("?q=%25", &[3, 2, 1]),
        ("?q=RC", &[2]),
        ("?q=rc", &[]),
        ("?q=_", &[]),
        ("?q=%F0%9F%9A%80", &[]),
        ("?version=%F0%9F%9A%80", &[]),
        ("?app=door&platform=p&environment=e&actor=maya", &[1]),
        ("?team=desk&version=1.0.0&status=ongoing", &[3]),
    ] {
        let found = list(&service, query).await;
        let found: Vec<i64> =
            found["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect();
        assert_eq!(found, ids, "{query}");
    }
    let some = list(&service, "?fields=id,version&limit=1").await;
    assert_eq!(some["items"], json!([{ "id": 3, "version": "1.0.0" }]));
    assert!(some["next"].is_string());
    for (query, pointer) in [
        ("?status=happy", "/status"),
        ("?kind=big", "/kind"),
        ("?from=yesterday", "/from"),
        ("?to=", "/to"),
        ("?fields=id,raw", "/fields"),
        ("?apps=door", "/apps"),
    ] {
        let answer = service.get(&format!("{PATH}{query}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (400, &json!(pointer)));
    }
}

each_engine!(a_clock_that_jumps_between_two_steps_changes_no_status);
async fn a_clock_that_jumps_between_two_steps_changes_no_status(service: Service) {
    let now = NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let hour = 3_600_000;
    // Back by an hour between the beginning and the end; then ahead by two, which nobody believes.
    for (run, begin, end, finished) in [("back", now, now - hour, now), ("ahead", now, now + 2 * hour, now)] {
        for (seq, status, at) in [(1, "ongoing", begin), (2, "deployed", end)] {
            let report = json!({ "app": "helpdesk", "workload": "desk", "platform": "p", "environment": run,
                "version": "1.0.0", "status": status, "run_key": run, "seq": seq, "at": at,
                "duration": if seq == 2 { json!(5) } else { Value::Null } });
            let answer = service.json(PATH, &report.to_string()).await;
            assert!(answer.status.is_success(), "{}", answer.text);
        }
        let row = &list(&service, &format!("?environment={run}")).await["items"][0];
        assert_eq!((&row["state"], &row["started_at"]), (&json!("succeeded"), &json!(begin)), "{run}");
        // The duration is that of the monotonic clock, whatever the other one says.
        assert_eq!((&row["finished_at"], &row["duration"]), (&json!(finished), &json!(5)), "{run}");
    }
}
