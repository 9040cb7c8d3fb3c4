//! API v2: incidents, and deployments that failed in use.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{NOW, Service};

const PATH: &str = "/api/v2/incidents";

fn now() -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn incident() -> Value {
    json!({ "app": "helpdesk", "platform": "eu", "environment": "production", "title": "kpi page answers 500",
        "opened_at": now() - 60_000, "actor": "maya" })
}

async fn deployed(service: &Service) -> i64 {
    let body = json!({ "app": "helpdesk", "workload": "support", "platform": "eu", "environment": "production",
        "version": "1.1.0", "status": "deployed", "run_key": "k", "seq": 1, "at": now() });
    service.json("/api/v2/deployments", &body.to_string()).await.json()["id"].as_i64().unwrap()
}

async fn change(service: &Service, path: &str, body: Value) -> (u16, Value) {
    let headers = ["Content-Type: application/json"];
    let answer = service.send("PATCH", path, &headers, body.to_string()).await;
    (answer.status.as_u16(), answer.json())
}

each_engine!(an_incident_is_opened_resolved_and_listed);
async fn an_incident_is_opened_resolved_and_listed(service: Service) {
    let cause = deployed(&service).await;
    let made = service.json(PATH, &incident().to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let mut whole = incident();
    let id = made.json()["id"].as_str().unwrap().to_owned();
    whole["id"] = json!(id);
    whole["resolved_at"] = Value::Null;
    whole["cause"] = Value::Null;
    assert_eq!(made.json(), whole);
    let other = json!({ "app": "other", "platform": "eu", "environment": "qa", "title": "x" }).to_string();
    let later = service.json(PATH, &other).await.json();
    assert_eq!(later["opened_at"], json!(now()));
    let list = |query: &str| {
        let path = format!("{PATH}{query}");
        let service = &service;
        async move {
            let items = service.get(&path).await.json()["items"].as_array().unwrap().clone();
            items.iter().map(|item| item["app"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(list("").await, ["other", "helpdesk"]);
    assert_eq!(list("?limit=1").await, ["other"]);
    assert_eq!(list(&format!("?cursor={}", later["id"].as_str().unwrap())).await, ["helpdesk"]);
    assert_eq!(list("?app=helpdesk&platform=eu&env=production").await, ["helpdesk"]);
    assert_eq!(list("?app=Helpdesk").await, [""; 0]);
    let path = format!("{PATH}/{id}");
    let (status, changed) = change(&service, &path, json!({ "resolved_at": now(), "cause": cause })).await;
    whole["resolved_at"] = json!(now());
    whole["cause"] = json!(cause);
    assert_eq!((status, &changed), (200, &whole));
    assert_eq!(service.get(&path).await.json(), whole);
    assert_eq!(list("?open=true").await, ["other"]);
}

each_engine!(a_repeated_incident_is_one);
async fn a_repeated_incident_is_one(service: Service) {
    let headers = ["Content-Type: application/json", "Idempotency-Key: alert-7"];
    let send = |body: Value| service.send("POST", PATH, &headers, body.to_string());
    let first = send(incident()).await;
    let again = send(incident()).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (200, "true"));
    assert_eq!(again.json(), first.json());
    let mut other = incident();
    other["title"] = json!("another");
    assert_eq!(send(other).await.json()["type"], "/problems/key-reused");
}

each_engine!(each_fault_of_an_incident_names_its_field);
async fn each_fault_of_an_incident_names_its_field(service: Service) {
    for (field, value, pointer) in [
        ("app", json!(""), "/app"),
        ("title", json!("a\nb"), "/title"),
        ("opened_at", json!(-1), "/opened_at"),
        ("resolved_at", json!(now() - 60_001), "/resolved_at"),
        ("cause", json!(7), "/cause"),
        ("admin", json!(true), "/admin"),
    ] {
        let mut bad = incident();
        bad[field] = value;
        let answer = service.json(PATH, &bad.to_string()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["type"]),
            (422, &json!("/problems/invalid-incident"))
        );
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    assert_eq!(service.get(&format!("{PATH}?open=yes")).await.status, 400);
    for id in ["nothing", "%00"] {
        assert_eq!(service.get(&format!("{PATH}/{id}")).await.status, 404, "{id}");
        assert_eq!(change(&service, &format!("{PATH}/{id}"), json!({})).await.0, 404, "{id}");
    }
}

each_engine!(a_deployment_is_marked_and_the_mark_taken_away);
async fn a_deployment_is_marked_and_the_mark_taken_away(service: Service) {
    let id = deployed(&service).await;
    let path = format!("/api/v2/deployments/{id}");
    let before = service.get(&path).await.json();
    assert_eq!((&before["version"], &before["failed_in_use"]), (&json!("1.1.0"), &Value::Null));
    let (status, marked) =
        change(&service, &path, json!({ "failed_in_use": true, "reason": "lost mails" })).await;
    assert_eq!((status, &marked["failed_in_use"]), (200, &json!(true)));
    let list = "/api/v2/deployments?app=helpdesk&platform=eu&environment=production";
    for list in [list, "/api/v2/deployments"] {
        assert_eq!(service.get(list).await.json()["items"][0], marked);
    }
    assert_eq!(
        change(&service, &path, json!({ "failed_in_use": false })).await.1["failed_in_use"],
        json!(false)
    );
    let (status, refused) = change(&service, &path, json!({ "failed_in_use": true, "version": "2" })).await;
    assert_eq!((status, &refused["errors"][0]["pointer"]), (422, &json!("/version")));
    for id in ["99", "x", "99999999999999999999"] {
        let path = format!("/api/v2/deployments/{id}");
        assert_eq!(service.get(&path).await.status, 404, "{id}");
        assert_eq!(change(&service, &path, json!({ "failed_in_use": true })).await.0, 404, "{id}");
    }
}
