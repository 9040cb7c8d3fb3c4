//! API v2: held versions, locks and freezes.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, NOW, Service};

const PATH: &str = "/api/v2/holds";

fn now() -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn hold(version: &str) -> Value {
    json!({ "kind": "hold", "app": "helpdesk", "platform": "eu", "environment": "production",
        "version": version, "sha": "5d10c7e", "reason": "kpi page answers 500", "actor": "maya" })
}

fn lock(actor: &str) -> Value {
    json!({ "kind": "lock", "app": "helpdesk", "platform": "eu", "environment": "production",
        "ref": "main", "reason": "migration", "actor": actor })
}

fn freeze() -> Value {
    json!({ "kind": "freeze", "environment": "production", "reason": "audit", "until": now() + 1 })
}

async fn set(service: &Service, hold: &Value) -> Answer {
    service.json(PATH, &hold.to_string()).await
}

async fn made(service: &Service, hold: &Value) -> Value {
    let answer = set(service, hold).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

async fn kinds(service: &Service, query: &str) -> Vec<String> {
    let answer = service.get(&format!("{PATH}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let items = answer.json()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

each_engine!(a_hold_says_what_it_holds);
async fn a_hold_says_what_it_holds(service: Service) {
    let made = made(&service, &hold("1.1.0")).await;
    let id = made["id"].as_str().unwrap();
    let whole = json!({ "id": id, "kind": "hold", "app": "helpdesk", "platform": "eu",
        "environment": "production", "version": "1.1.0", "sha": "5d10c7e", "ref": null,
        "reason": "kpi page answers 500", "actor": "maya", "created_at": now(), "until": null,
        "weekly": null, "lifted_at": null, "lifted_by": null, "lift_reason": null });
    assert_eq!(made, whole);
    assert_eq!(service.get(&format!("{PATH}/{id}")).await.json(), whole);
    assert_eq!(service.get(PATH).await.json(), json!({ "items": [whole], "next": null, "limit": 50 }));
}

each_engine!(the_list_has_what_speaks_of_a_place);
async fn the_list_has_what_speaks_of_a_place(service: Service) {
    for body in [hold("1.1.0"), lock("maya"), freeze()] {
        made(&service, &body).await;
    }
    for (query, found) in [
        ("", &["freeze", "lock", "hold"][..]),
        ("?app=helpdesk&platform=eu&environment=production", &["freeze", "lock", "hold"]),
        ("?app=other", &["freeze"]),
        ("?app=Helpdesk", &["freeze"]),
        ("?platform=us", &["freeze"]),
        ("?env=dev", &[]),
        ("?kind=lock", &["lock"]),
    ] {
        assert_eq!(kinds(&service, query).await, found, "{query}");
    }
    let first = service.get(&format!("{PATH}?limit=2")).await.json();
    let next = first["next"].as_str().unwrap();
    assert_eq!(kinds(&service, &format!("?limit=2&cursor={next}")).await, ["hold"]);
}

each_engine!(the_same_is_held_once);
async fn the_same_is_held_once(service: Service) {
    let first = made(&service, &lock("maya")).await;
    let again = set(&service, &lock("maya")).await;
    again.is(200, &first.to_string());
    assert_eq!(again.header("idempotent-replayed"), "true");
    let refused = set(&service, &lock("ben")).await;
    assert_eq!((refused.status.as_u16(), refused.header("content-type")), (409, "application/problem+json"));
    assert_eq!(refused.json()["type"], "/problems/held-already");
    assert_eq!(refused.json()["detail"], "since 2026-01-31 12:00:00 UTC: migration");
    assert_eq!(refused.json()["holds"], json!([first]));
    // Another version, another environment and another kind are other things.
    made(&service, &hold("1.1.0")).await;
    made(&service, &hold("1.1.1")).await;
    let mut everywhere = hold("1.1.0");
    everywhere.as_object_mut().unwrap().remove("environment");
    made(&service, &everywhere).await;
}

each_engine!(a_key_gives_the_first_answer_for_ever);
async fn a_key_gives_the_first_answer_for_ever(service: Service) {
    let headers = ["Content-Type: application/json", "Idempotency-Key: run-1"];
    let send = |body: Value| service.send("POST", PATH, &headers, body.to_string());
    let first = send(hold("1.1.0")).await;
    let id = first.json()["id"].as_str().unwrap().to_owned();
    service.send("DELETE", &format!("{PATH}/{id}?reason=mended"), &[], "").await;
    let replay = send(hold("1.1.0")).await;
    assert_eq!((replay.status.as_u16(), replay.json()["id"].as_str()), (200, Some(id.as_str())));
    assert_eq!(replay.json()["lift_reason"], "mended");
    let reused = send(hold("1.2.0")).await;
    assert_eq!((reused.status.as_u16(), &reused.json()["type"]), (422, &json!("/problems/key-reused")));
    assert_eq!(kinds(&service, "").await, [""; 0]);
    let bad = ["Content-Type: application/json", "Idempotency-Key: two words"];
    assert_eq!(service.send("POST", PATH, &bad, hold("1").to_string()).await.status, 400);
}

each_engine!(lifting_keeps_the_row_and_makes_room);
async fn lifting_keeps_the_row_and_makes_room(service: Service) {
    let first = made(&service, &lock("maya")).await;
    let path = format!("{PATH}/{}", first["id"].as_str().unwrap());
    let without = service.send("DELETE", &path, &[], "").await;
    assert_eq!((without.status.as_u16(), &without.json()["errors"][0]["pointer"]), (400, &json!("/reason")));
    assert_eq!(service.send("DELETE", &format!("{path}?reason="), &[], "").await.status, 422);
    let lifted = service.send("DELETE", &format!("{path}?reason=done+now&actor=ben"), &[], "").await;
    let mut wanted = first.clone();
    wanted["lifted_at"] = json!(now());
    wanted["lifted_by"] = json!("ben");
    wanted["lift_reason"] = json!("done now");
    lifted.is(200, &lifted.text);
    assert_eq!(lifted.json(), wanted);
    // Lifting again changes nothing.
    let again = service.send("DELETE", &format!("{path}?reason=again"), &[], "").await;
    assert_eq!(again.json(), wanted);
    assert_eq!(kinds(&service, "").await, [""; 0]);
    made(&service, &lock("ben")).await;
    assert_eq!(kinds(&service, "?all=true").await, ["lock", "lock"]);
    for id in ["nothing", "%00"] {
        let unknown = service.send("DELETE", &format!("{PATH}/{id}?reason=x"), &[], "").await;
        assert_eq!((unknown.status.as_u16(), &unknown.json()["type"]), (404, &json!("/problems/not-found")));
    }
    let unknown = service.get(&format!("{PATH}/nothing")).await;
    assert_eq!(unknown.json()["title"], "there is no such hold");
    assert_eq!(service.get(&format!("{PATH}/%ff")).await.header("content-type"), "application/problem+json");
}

each_engine!(each_fault_of_a_hold_names_its_field);
async fn each_fault_of_a_hold_names_its_field(service: Service) {
    let with = |mut body: Value, field: &str, value: Value| {
        body[field] = value;
        body
    };
    for (bad, pointer) in [
        (with(freeze(), "admin", json!(true)), "/admin"),
        (with(freeze(), "until", json!(now())), "/until"),
        (with(freeze(), "until", json!(i64::MAX)), "/until"),
        (with(freeze(), "environment", Value::Null), "/environment"),
        (with(freeze(), "version", json!("1")), "/version"),
        (
            with(freeze(), "weekly", json!({ "zone": "UTC", "from": "Fri 16:00", "to": "Fri 16:00" })),
            "/weekly",
        ),
        (
            with(freeze(), "weekly", json!({ "zone": "X/Y", "from": "Fri 16:00", "to": "Mon 08:00" })),
            "/weekly",
        ),
        (
            with(freeze(), "weekly", json!({ "zone": "UTC", "from": "Fri 16", "to": "Mon 08:00" })),
            "/weekly/from",
        ),
        (
            with(hold("1"), "weekly", json!({ "zone": "UTC", "from": "Fri 16:00", "to": "Mon 08:00" })),
            "/weekly",
        ),
        (with(freeze(), "kind", json!("ban")), "/kind"),
        (with(freeze(), "reason", json!("")), "/reason"),
        (with(lock("maya"), "app", Value::Null), "/app"),
        (with(lock("maya"), "actor", json!("a\nb")), "/actor"),
        (with(lock("maya"), "actor", Value::Null), "/actor"),
        (with(hold("1"), "version", json!("x".repeat(101))), "/version"),
        (with(hold("1"), "version", Value::Null), "/version"),
        (with(hold("1"), "ref", json!("main")), "/ref"),
    ] {
        let answer = set(&service, &bad).await;
        assert_eq!(answer.status, 422, "{bad}: {}", answer.text);
        assert_eq!(answer.json()["type"], "/problems/invalid-hold");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    for query in ["?all=yes", "?kind=ban", "?limit=0", "?app=%00"] {
        assert_eq!(service.get(&format!("{PATH}{query}")).await.status, 400, "{query}");
    }
    assert_eq!(service.form(PATH, "kind=freeze").await.status, 415);
    assert_eq!(kinds(&service, "").await, [""; 0]);
}

each_engine!(of_many_who_lock_one_wins);
async fn of_many_who_lock_one_wins(service: Service) {
    let service = std::sync::Arc::new(service);
    let tasks: Vec<_> = (0..12)
        .map(|at| {
            let service = std::sync::Arc::clone(&service);
            tokio::spawn(async move { set(&service, &lock(&format!("user {at}"))).await })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap().status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[201][..], &[409; 11]].concat());
    assert_eq!(kinds(&service, "").await, ["lock"]);
}

each_engine!(a_weekly_freeze_keeps_its_span);
async fn a_weekly_freeze_keeps_its_span(service: Service) {
    let mut weekend = freeze();
    weekend["weekly"] = json!({ "zone": "Europe/Paris", "from": "fri 16:00", "to": "Mon 08:00" });
    let span = json!({ "zone": "Europe/Paris", "from": "Fri 16:00", "to": "Mon 08:00" });
    let made = made(&service, &weekend).await;
    assert_eq!(made["weekly"], span);
    assert_eq!(service.get(PATH).await.json()["items"][0]["weekly"], span);
    // 2026-01-31 is a Saturday.
    let answer = service.get("/api/v2/can-deploy?app=a&env=production&version=1").await.json();
    assert_eq!((&answer["allowed"], &answer["reasons"][0]["code"]), (&json!(false), &json!("frozen")));
}
