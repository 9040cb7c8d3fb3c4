//! API v2: reports, replays and conflicts.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, NOW, Service};

const PATH: &str = "/api/v2/deployments";

fn now() -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn report(version: &str, status: &str, key: &str, seq: i64) -> Value {
    json!({
        "app": "helpdesk", "workload": "platform", "platform": "dev", "environment": "dev",
        "version": version, "status": status, "run_key": key, "seq": seq, "at": now() - 60_000 + seq,
        "actor": "maya",
    })
}

async fn send(service: &Service, report: &Value) -> Answer {
    service.json(PATH, &report.to_string()).await
}

async fn only(service: &Service) -> Value {
    let current = service.get("/api/v2/current?app=helpdesk").await.json();
    assert_eq!(current["items"].as_array().unwrap().len(), 1, "{current}");
    current["items"][0].clone()
}

each_engine!(the_server_says_what_it_is);
async fn the_server_says_what_it_is(service: Service) {
    let version = env!("CARGO_PKG_VERSION");
    service
        .get("/api/v2/server")
        .await
        .is(200, &format!(r#"{{"service":"shipmark","version":"{version}","api":["v1","v2"]}}"#));
}

each_engine!(a_run_is_followed_by_its_key);
async fn a_run_is_followed_by_its_key(service: Service) {
    let begin = report("1.0.0", "ongoing", "run", 1);
    send(&service, &begin).await.is(201, r#"{"id":1,"state":"running","version":"1.0.0"}"#);
    let end = report("1.0.0", "deployed", "run", 2);
    send(&service, &end).await.is(200, r#"{"id":1,"state":"succeeded","version":"1.0.0"}"#);
    let replay = send(&service, &begin).await;
    replay.is(200, r#"{"id":1,"state":"running","version":"1.0.0"}"#);
    assert_eq!(replay.header("idempotent-replayed"), "true");
    let cell = only(&service).await;
    assert_eq!(cell["recorded"]["id"], 1);
    assert_eq!(cell["recorded"]["started_at"], now() - 59_999);
    assert_eq!(cell["recorded"]["finished_at"], now() - 59_998);
    assert_eq!(service.get("/api/v1/read/home").await.json()[0]["status"], "deployed");
}

each_engine!(what_contradicts_the_record_is_a_conflict);
async fn what_contradicts_the_record_is_a_conflict(service: Service) {
    send(&service, &report("1.0.0", "running", "run", 1)).await;
    send(&service, &report("1.0.0", "failed", "run", 2)).await;
    for bad in [
        report("1.0.0", "succeeded", "run", 3),
        report("1.0.0", "cancelled", "run", 2),
        report("1.0.1", "succeeded", "run", 4),
    ] {
        let answer = send(&service, &bad).await;
        assert_eq!(answer.status, 409, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(
            (answer.json()["state"].clone(), answer.json()["id"].clone()),
            (json!("failed"), json!(1))
        );
    }
}

each_engine!(a_late_report_never_replaces_a_newer_version);
async fn a_late_report_never_replaces_a_newer_version(service: Service) {
    let mut old = report("1.0.0", "succeeded", "old", 1);
    old["at"] = json!(now() - 3_600_000);
    send(&service, &report("1.1.0", "succeeded", "new", 1)).await;
    send(&service, &old).await.is(201, r#"{"id":2,"state":"succeeded","version":"1.0.0"}"#);
    let cell = only(&service).await;
    assert_eq!(
        (cell["recorded"]["version"].clone(), cell["newest"]["id"].clone()),
        (json!("1.1.0"), json!(1))
    );
}

each_engine!(the_time_of_the_client_decides_also_where_its_clock_is_behind);
async fn the_time_of_the_client_decides_also_where_its_clock_is_behind(service: Service) {
    send(&service, &report("1.0.0", "succeeded", "a", 1)).await;
    let mut behind = report("1.1.0", "succeeded", "b", 1);
    behind["at"] = json!(now() - 120_000);
    send(&service, &behind).await.is(201, r#"{"id":2,"state":"succeeded","version":"1.1.0"}"#);
    assert_eq!(only(&service).await["recorded"]["version"], "1.0.0");
}

each_engine!(two_workloads_of_one_app_share_a_place);
async fn two_workloads_of_one_app_share_a_place(service: Service) {
    send(&service, &report("1.0.0", "succeeded", "a", 1)).await;
    let mut other = report("1.1.0", "succeeded", "b", 2);
    other["workload"] = json!("support");
    send(&service, &other).await;
    let cell = only(&service).await;
    assert_eq!(
        (cell["workload"].clone(), cell["recorded"]["version"].clone()),
        (json!("support"), json!("1.1.0"))
    );
}

each_engine!(a_question_that_cannot_be_read_is_a_problem);
async fn a_question_that_cannot_be_read_is_a_problem(service: Service) {
    for path in ["/api/v2/current", PATH] {
        for query in ["app=a&app=b", "app=%ff", "app=%zz", "app=a;b", "app=%00"] {
            let answer = service.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.status, 400, "{path}?{query} {}", answer.text);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.json()["type"], "/problems/invalid-query");
        }
    }
    assert_eq!(service.get(&format!("{PATH}?limit=x")).await.json()["errors"][0]["pointer"], "/limit");
    let page = service.get("/?refresh=5&refresh=6").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (400, "text/html; charset=utf-8"));
}

each_engine!(a_failure_leaves_the_last_success_recorded);
async fn a_failure_leaves_the_last_success_recorded(service: Service) {
    send(&service, &report("1.0.0", "succeeded", "a", 1)).await;
    send(&service, &report("1.1.0", "failed", "b", 2)).await;
    let cell = only(&service).await;
    assert_eq!(
        (cell["recorded"]["version"].clone(), cell["newest"]["state"].clone()),
        (json!("1.0.0"), json!("failed"))
    );
    // A v1 correction of the only success leaves nothing recorded, and giving it back restores it.
    service.form("/api/v1/update/status", "versionId=1&status=failed").await.is(200, r#""OK""#);
    assert_eq!(only(&service).await["recorded"], Value::Null);
    service.form("/api/v1/update/status", "versionId=1&status=completed").await.is(200, r#""OK""#);
    assert_eq!(only(&service).await["recorded"]["status"], "completed");
}

each_engine!(a_clock_that_is_ahead_is_set_to_the_receipt);
async fn a_clock_that_is_ahead_is_set_to_the_receipt(service: Service) {
    let mut ahead = report("1.0.0", "succeeded", "a", 1);
    ahead["at"] = json!(now() + 3_600_000);
    send(&service, &ahead).await;
    assert_eq!(only(&service).await["recorded"]["finished_at"], now());
}

each_engine!(each_fault_names_its_field);
async fn each_fault_names_its_field(service: Service) {
    let mut strange = report("1.0.0", "running", "a", 1);
    strange["admin"] = json!(true);
    let mut typed = report("1.0.0", "running", "a", 1);
    typed["seq"] = json!("1");
    let mut lacking = report("1.0.0", "running", "a", 1);
    lacking.as_object_mut().unwrap().remove("app");
    for (bad, pointer) in [
        (strange, "/admin"),
        (typed, "/seq"),
        (lacking, "/app"),
        (report("", "running", "a", 1), "/version"),
        (report("1\u{7}", "running", "a", 1), "/version"),
        (report("1.0.0", "rolled_back", "a", 1), "/status"),
    ] {
        let answer = send(&service, &bad).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    assert_eq!(service.json(PATH, "{").await.status, 400);
    assert_eq!(service.form(PATH, "app=a").await.status, 415);
    assert_eq!(service.get("/api/v2/nothing").await.header("content-type"), "application/problem+json");
    service.get("/api/v2/current").await.is(200, r#"{"items":[],"unrecorded":[]}"#);
}

each_engine!(of_many_equal_requests_one_begins_the_run);
async fn of_many_equal_requests_one_begins_the_run(service: Service) {
    let service = std::sync::Arc::new(service);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let service = std::sync::Arc::clone(&service);
            tokio::spawn(async move { send(&service, &report("1.0.0", "running", "run", 1)).await })
        })
        .collect();
    let (mut created, mut answers) = (0, std::collections::BTreeSet::new());
    for task in tasks {
        let answer = task.await.unwrap();
        created += u32::from(answer.status == 201);
        answers.insert(answer.text);
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(created, 1);
}
