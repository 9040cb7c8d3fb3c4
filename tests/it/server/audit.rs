//! The log of changes: each is noted once, in its own transaction, with who made it.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, Service};

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

async fn send(service: &Service, method: &str, path: &str, header: &str, body: Value) -> Answer {
    let headers = ["Content-Type: application/json", header];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = service.send(method, path, &headers, body).await;
    assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.text);
    answer
}

async fn entries(service: &Service, admin: &str, question: &str) -> Vec<Value> {
    let answer = send(service, "GET", &format!("/api/v2/audit{question}"), admin, Value::Null).await;
    answer.json()["items"].as_array().unwrap().clone()
}

/// Changes everything that is noted, and some of it twice; gives the id of the token that did most of it, the id of
/// the hold, and the answer to its lifting.
async fn change_everything(service: &Service, admin: &str) -> (Value, String, Answer) {
    let names = json!({ "app": "a", "platform": "p", "environment": "e" });
    let with = |more: Value| {
        let mut all = names.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let made =
        send(service, "POST", "/api/v2/tokens", admin, json!({ "name": "ci", "scope": "write" })).await;
    let (ci, ci_id) = (bearer(made.json()["token"].as_str().unwrap()), made.json()["id"].clone());
    let create = "/api/v1/create";
    let row =
        json!({ "workload": "a", "platform": "p", "environment": "e", "version": "1", "status": "deployed" });
    send(service, "POST", create, &ci, row).await;
    let lock = with(json!({ "kind": "lock", "reason": "audit", "actor": "maya" }));
    let hold = send(service, "POST", "/api/v2/holds", &ci, lock.clone()).await.json()["id"].clone();
    send(service, "POST", "/api/v2/holds", &ci, lock).await;
    let lift = format!("/api/v2/holds/{}?reason=over", hold.as_str().unwrap());
    let lifted = send(service, "DELETE", &lift, &ci, Value::Null).await;
    send(service, "DELETE", &lift, &ci, Value::Null).await;
    let mark = "/api/v2/apps/a/versions/1/mark";
    send(service, "PUT", mark, &ci, json!({ "bad": true, "reason": "slow" })).await;
    send(service, "DELETE", &format!("{mark}?reason=fast"), &ci, Value::Null).await;
    let incident =
        send(service, "POST", "/api/v2/incidents", &ci, with(json!({ "title": "t" }))).await.json()["id"]
            .clone();
    let incident = format!("/api/v2/incidents/{}", incident.as_str().unwrap());
    for _ in 0..2 {
        send(service, "PATCH", &incident, &ci, json!({ "title": "u" })).await;
        send(service, "PATCH", "/api/v2/deployments/1", &ci, json!({ "reason": "r" })).await;
    }
    let probe = "/api/v2/apps/a/environments/e/probe?platform=p";
    let url = "https://example.org/health?key=s3cret";
    for _ in 0..2 {
        send(service, "PUT", probe, admin, json!({ "url": url, "version": "/v" })).await;
    }
    send(service, "DELETE", probe, admin, Value::Null).await;
    change_settings(service, admin).await;
    send(service, "DELETE", &format!("/api/v2/tokens/{}", ci_id.as_str().unwrap()), admin, Value::Null).await;

    (ci_id, hold.as_str().unwrap().to_owned(), lifted)
}

async fn change_settings(service: &Service, admin: &str) {
    let url = "https://hooks.example/x?key=s3cret";
    let made = send(service, "POST", "/api/v2/webhooks", admin, json!({ "url": url })).await.json();
    let hook = format!("/api/v2/webhooks/{}", made["id"].as_str().unwrap());
    for _ in 0..2 {
        send(service, "PATCH", &hook, admin, json!({ "app": "a" })).await;
    }
    send(service, "PATCH", &hook, admin, json!({ "secret": "s3cret".repeat(4) })).await;
    send(service, "DELETE", &hook, admin, Value::Null).await;
    let environment = "/api/v2/environments/e?platform=p";
    for _ in 0..2 {
        send(service, "PUT", "/api/v2/apps/a", admin, json!({ "team": "web" })).await;
        send(service, "PUT", environment, admin, json!({ "tier": "staging" })).await;
    }
    send(service, "DELETE", environment, admin, Value::Null).await;
}

each_engine!(every_change_is_noted_with_who_made_it);
async fn every_change_is_noted_with_who_made_it(service: Service) {
    let text = service.token("root", "admin");
    let (admin, id) = (bearer(&text), text[4..20].to_owned());
    let (ci_id, hold, lifted) = change_everything(&service, &admin).await;
    let all = entries(&service, &admin, "").await;
    let told: Vec<String> = all
        .iter()
        .rev()
        .map(|entry| {
            let side = |name: &str| if entry[name].is_null() { "-" } else { "x" };
            format!("{} {} {}{}", entry["action"], entry["name"], side("before"), side("after"))
                .replace('"', "")
        })
        .collect();
    let expected = [
        "token.made command -x",
        "token.made root -x",
        "hold.set ci -x",
        "hold.lifted ci xx",
        "hold.set ci -x",
        "hold.lifted ci xx",
        "incident.opened ci -x",
        "incident.changed ci xx",
        "deployment.corrected ci xx",
        "probe.set root -x",
        "probe.removed root x-",
        "webhook.made root -x",
        "webhook.changed root xx",
        "webhook.changed root xx",
        "webhook.removed root x-",
        "app.set root -x",
        "environment.set root -x",
        "environment.removed root x-",
        "token.revoked root xx",
    ];
    assert_eq!(told, expected);
    let of = |action: &str| all.iter().find(|entry| entry["action"] == action).unwrap();
    let corrected = of("deployment.corrected");
    assert_eq!((&corrected["subject"], &corrected["token"]), (&json!("1"), &ci_id));
    assert_eq!((&corrected["before"]["reason"], &corrected["after"]["reason"]), (&Value::Null, &json!("r")));
    assert_eq!(of("probe.set")["subject"], "a / p / e");
    assert_eq!(of("probe.set")["after"]["url"], "https://example.org/health?…");
    assert_eq!(of("webhook.made")["after"]["url"], "https://hooks.example/x?…");
    let changed = of("webhook.changed");
    assert_eq!((&changed["before"]["app"], &changed["after"]["new_secret"]), (&json!("a"), &json!(true)));
    assert_eq!((&of("app.set")["subject"], &of("app.set")["after"]["team"]), (&json!("a"), &json!("web")));
    assert_eq!(of("environment.removed")["subject"], "p / e");
    assert_eq!(of("environment.removed")["before"]["tier"], "staging");
    assert_eq!(of("token.revoked")["token"], id.as_str());
    let of_hold = entries(&service, &admin, &format!("?subject={hold}")).await;
    assert_eq!(of_hold.len(), 2);
    assert_eq!(of_hold[0]["request_id"], lifted.header("x-request-id"));
    assert_eq!(of_hold[0]["after"]["lift_reason"], "over");
    let text = json!(all).to_string();
    assert!(!text.contains("smk_") && !text.contains("digest") && !text.contains("s3cret"), "{text}");
    assert_eq!(entries(&service, &admin, "?action=token.made&limit=1").await.len(), 1);
    assert_eq!(service.send("GET", "/api/v2/audit?action=x", &[&admin], "").await.status, 400);
}

#[tokio::test]
async fn what_was_refused_is_not_noted_and_pages_are_whole() {
    let service = Service::start().await;
    let hold = |environment: &str| {
        json!({ "kind": "freeze", "environment": environment, "reason": "r" }).to_string()
    };
    for at in 0..7 {
        assert_eq!(service.json("/api/v2/holds", &hold(&format!("e{at}"))).await.status, 201);
        assert_eq!(service.json("/api/v2/holds", &hold("")).await.status, 422);
    }
    assert_eq!(service.json("/api/v2/holds", &hold("e0").replace("\"r\"", "\"s\"")).await.status, 409);
    let admin = bearer(&service.token("root", "admin"));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v2/audit?limit=3{cursor}");
        let page = send(&service, "GET", &path, &admin, Value::Null).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["name"].clone()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(
        json!(seen),
        json!([
            "command",
            "anonymous",
            "anonymous",
            "anonymous",
            "anonymous",
            "anonymous",
            "anonymous",
            "anonymous"
        ])
    );
}

each_engine!(what_cannot_be_noted_is_not_done);
async fn what_cannot_be_noted_is_not_done(service: Service) {
    let admin = bearer(&service.token("root", "admin"));
    service.sql("ALTER TABLE sm_audit RENAME TO sm_gone").await;
    let freeze = json!({ "kind": "freeze", "environment": "e", "reason": "r" }).to_string();
    let headers = ["Content-Type: application/json", admin.as_str()];
    for (path, body) in [
        ("/api/v2/holds", freeze.as_str()),
        ("/api/v2/tokens", r#"{"name":"t","scope":"read"}"#),
        ("/api/v2/webhooks", r#"{"url":"https://hooks.example/"}"#),
    ] {
        assert_eq!(service.send("POST", path, &headers, body.to_owned()).await.status, 500, "{path}");
    }
    service.sql("ALTER TABLE sm_gone RENAME TO sm_audit").await;
    for (path, count) in [("/api/v2/holds", 0), ("/api/v2/tokens", 1), ("/api/v2/webhooks", 0)] {
        let items = send(&service, "GET", path, &admin, Value::Null).await.json()["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), count, "{path}");
    }
}
