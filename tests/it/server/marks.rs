//! API v2: versions that are marked bad, and whether a version may be deployed.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, Service};

const PATH: &str = "/api/v2/apps/helpdesk/versions/1.1.0/mark";
const SHA: &str = "5d10c7e000000000000000000000000000000000";

async fn put(service: &Service, path: &str, body: Value) -> Answer {
    service.send("PUT", path, &["Content-Type: application/json"], body.to_string()).await
}

async fn may(service: &Service, query: &str) -> Value {
    service.get(&format!("/api/v2/can-deploy?{query}")).await.json()
}

each_engine!(a_mark_holds_a_version_everywhere);
async fn a_mark_holds_a_version_everywhere(service: Service) {
    let release =
        json!({ "app": "helpdesk", "version": "1.1.0", "sha": SHA, "tag": "v1.1.0", "released_at": 1 });
    let known = put(&service, "/api/v2/apps/helpdesk/versions/1.1.0", release).await;
    assert_eq!(known.status, 201, "{}", known.text);
    let mark = json!({ "bad": true, "reason": "kpi page answers 500", "actor": "maya" });
    let made = put(&service, PATH, mark).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let hold = made.json();
    assert_eq!(
        (&hold["kind"], &hold["environment"], &hold["sha"]),
        (&json!("hold"), &Value::Null, &json!(SHA))
    );
    // The first reason stands.
    let again = put(&service, PATH, json!({ "bad": true, "reason": "another" })).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, hold.clone()));
    let no = may(&service, "app=helpdesk&env=production&version=1.1.0").await;
    assert_eq!(no["allowed"], json!(false));
    assert_eq!(no["reasons"][0]["code"], json!("bad"));
    assert_eq!(no["reasons"][0]["problem"], json!("1.1.0 is marked bad by maya: kpi page answers 500"));
    // The same commit under another version is as bad, on any environment.
    let tagged = may(&service, "app=helpdesk&environment=qa&platform=eu&version=1.1.1&sha=5d10c7e").await;
    assert_eq!((&tagged["allowed"], &tagged["reasons"][0]["code"]), (&json!(false), &json!("bad")));
    assert_eq!(may(&service, "app=helpdesk&env=qa&version=1.1.1").await["allowed"], json!(true));
    assert_eq!(may(&service, "app=other&env=qa&version=1.1.0").await["allowed"], json!(true));
    let lifted = service.send("DELETE", &format!("{PATH}?reason=mended&actor=ben"), &[], "").await;
    assert_eq!((lifted.status.as_u16(), &lifted.json()["lift_reason"]), (200, &json!("mended")));
    assert_eq!(may(&service, "app=helpdesk&env=production&version=1.1.0").await["reasons"], json!([]));
    assert_eq!(service.send("DELETE", &format!("{PATH}?reason=mended"), &[], "").await.status, 404);
}

each_engine!(what_is_no_mark_and_no_question_is_refused);
async fn what_is_no_mark_and_no_question_is_refused(service: Service) {
    for (body, pointer) in [
        (json!({ "bad": false, "reason": "x" }), "/bad"),
        (json!({ "bad": true }), "/reason"),
        (json!({ "bad": true, "reason": "" }), "/reason"),
        (json!({ "bad": true, "reason": "x", "until": 1 }), "/until"),
    ] {
        let answer = put(&service, PATH, body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
    assert_eq!(service.send("DELETE", PATH, &[], "").await.status, 400);
    for query in ["env=a&version=1", "app=a&version=1", "app=a&env=b"] {
        assert_eq!(service.get(&format!("/api/v2/can-deploy?{query}")).await.status, 400, "{query}");
    }
}
