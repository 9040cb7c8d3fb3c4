//! API v2: the releases of an app.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, Service};

const PATH: &str = "/api/v2/apps/help%20desk/versions/1.1.0%2B7";
const SHA: &str = "0123456789012345678901234567890123456789";

fn release() -> Value {
    json!({ "app": "help desk", "version": "1.1.0+7", "sha": SHA, "tag": "v1.1.0+7",
        "released_at": 1_769_860_800_000_i64, "bump": "minor" })
}

async fn put(service: &Service, body: &Value) -> Answer {
    service.send("PUT", PATH, &["Content-Type: application/json"], body.to_string()).await
}

each_engine!(a_version_is_one_commit_for_ever);
async fn a_version_is_one_commit_for_ever(service: Service) {
    let missing = service.get(PATH).await;
    assert_eq!(
        (missing.status.as_u16(), &missing.json()["title"]),
        (404, &"there is no such release".into())
    );
    let said = r#"{"state":"released","version":"1.1.0+7"}"#;
    put(&service, &release()).await.is(201, said);
    let again = put(&service, &release()).await;
    again.is(200, said);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(service.get(PATH).await.json(), release());
    let mut other = release();
    other["sha"] = "9".repeat(40).into();
    let conflict = put(&service, &other).await;
    assert_eq!(conflict.status.as_u16(), 409);
    assert_eq!(conflict.json()["detail"], format!("1.1.0+7 of help desk is {SHA} here"));
    assert_eq!(conflict.json()["release"], release());
    assert_eq!(service.get(PATH).await.json()["sha"], SHA);
}

#[tokio::test]
async fn what_is_wrong_with_a_release_is_said() {
    let service = Service::start().await;
    let bad = json!({ "app": "help desk", "version": "1.1.0+7", "sha": "0123456", "tag": "a\tb",
        "released_at": -1, "bump": "huge" });
    let answer = put(&service, &bad).await;
    let pointers: Vec<Value> =
        answer.json()["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
    assert_eq!(
        (answer.status.as_u16(), pointers),
        (422, vec![json!("/tag"), json!("/sha"), json!("/bump"), json!("/released_at")])
    );
    let mut elsewhere = release();
    elsewhere["version"] = "1.1.1".into();
    let answer = put(&service, &elsewhere).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (422, &json!("/version")));
    let mut unknown = release();
    unknown["notes"] = "x".into();
    assert_eq!(put(&service, &unknown).await.status.as_u16(), 422);
    assert_eq!(service.get(PATH).await.status.as_u16(), 404);
}
