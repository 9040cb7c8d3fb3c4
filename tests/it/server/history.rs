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
