//! What happens to a deployment by its id: steps, the time-out, corrections, keys, and the chain of events.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, NOW, Service};

const PATH: &str = "/api/v2/deployments";
const JSON: &str = "Content-Type: application/json";
const HOUR: i64 = 60 * 60;

fn now() -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn report(version: &str, status: &str) -> String {
    json!({
        "app": "helpdesk", "workload": "desk", "platform": "p", "environment": "dev", "version": version,
        "status": status, "run_key": version, "seq": 1, "at": now() - 60_000, "actor": "maya",
        "kind": "hotfix", "reason": "the queue stood still",
    })
    .to_string()
}

async fn begin(service: &Service, version: &str, status: &str) {
    assert_eq!(service.json(PATH, &report(version, status)).await.status, 201);
}

async fn step(service: &Service, id: i64, body: &Value) -> Answer {
    service.json(&format!("{PATH}/{id}/events"), &body.to_string()).await
}

async fn events(service: &Service, id: i64) -> Vec<Value> {
    let answer = service.get(&format!("{PATH}/{id}/events")).await;
    answer.json()["items"].as_array().unwrap().clone()
}

async fn one(service: &Service, id: i64) -> Value {
    service.get(&format!("{PATH}/{id}")).await.json()
}

each_engine!(a_deployment_is_led_by_its_id);
async fn a_deployment_is_led_by_its_id(service: Service) {
    begin(&service, "1.0.0", "queued").await;
    let running = json!({ "status": "running", "note": "the pipeline began", "actor": "ci" });
    step(&service, 1, &running).await.is(200, r#"{"id":1,"state":"running","version":"1.0.0"}"#);
    let done = json!({ "status": "deployed", "seq": 7, "at": now() + 10, "duration": 5 });
    step(&service, 1, &done).await.is(200, r#"{"id":1,"state":"succeeded","version":"1.0.0"}"#);
    let replay = step(&service, 1, &done).await;
    assert_eq!((replay.status.as_u16(), replay.header("idempotent-replayed")), (200, "true"));
    let seen = one(&service, 1).await;
    for (field, value) in [
        ("state", json!("succeeded")),
        ("status", json!("deployed")),
        ("duration", json!(5)),
        ("finished_at", json!(now() + 10)),
        ("kind", json!("hotfix")),
        ("reason", json!("the queue stood still")),
        ("failed_in_use", Value::Null),
    ] {
        assert_eq!(seen[field], value, "{field}");
    }
    let events = events(&service, 1).await;
    let moves: Vec<_> = events.iter().map(|event| (event["from"].clone(), event["to"].clone())).collect();
    assert_eq!(
        moves,
        [
            (Value::Null, json!("queued")),
            (json!("queued"), json!("running")),
            (json!("running"), json!("succeeded"))
        ]
    );
    assert_eq!((&events[1]["seq"], &events[1]["note"]), (&json!(2), &json!("the pipeline began")));
    assert_eq!((&events[1]["actor"], &events[1]["source"]), (&json!("ci"), &json!("v2")));
    assert_eq!(events[2]["hash"].as_str().unwrap().len(), 64);
}

each_engine!(a_move_against_the_rules_is_refused_with_the_present_state);
async fn a_move_against_the_rules_is_refused_with_the_present_state(service: Service) {
    begin(&service, "1.0.0", "failed").await;
    for (body, words) in [
        (json!({ "status": "succeeded" }), "a deployment that is failed cannot become succeeded"),
        (json!({ "status": "running" }), "a deployment that is failed cannot become running"),
        (json!({ "status": "failed", "seq": 1 }), "step 1 is not after step 1, the last one"),
    ] {
        let answer = step(&service, 1, &body).await;
        assert_eq!(answer.status, 409, "{body}");
        let problem = answer.json();
        assert_eq!((&problem["state"], &problem["detail"]), (&json!("failed"), &json!(words)), "{body}");
    }
    let bad = step(&service, 1, &json!({ "status": "superseded", "note": "a\u{7}", "seq": -1 })).await;
    let pointers: Vec<_> =
        bad.json()["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!((bad.status.as_u16(), pointers), (422, vec![json!("/note"), json!("/status"), json!("/seq")]));
    assert_eq!(step(&service, 1, &json!({ "status": "failed", "state": "x" })).await.status, 422);
    for id in ["2", "-1", "x", "99999999999999999999", "%ff"] {
        let path = format!("{PATH}/{id}/events");
        let status = service.json(&path, r#"{"status":"failed"}"#).await.status.as_u16();
        assert_eq!(status, if id == "%ff" { 400 } else { 404 }, "{id}");
        assert_eq!(service.get(&path).await.status.as_u16(), status, "{id}");
    }
}

each_engine!(what_says_nothing_for_an_hour_is_timed_out_and_a_late_end_counts);
async fn what_says_nothing_for_an_hour_is_timed_out_and_a_late_end_counts(service: Service) {
    begin(&service, "1.0.0", "running").await;
    service.form("/api/v1/create", "workload=a&platform=p&environment=e&version=1&status=ongoing").await;
    begin(&service, "2.0.0", "succeeded").await;
    service.work(HOUR - 1).await;
    assert_eq!(one(&service, 1).await["state"], "running");
    service.work(HOUR).await;
    for id in [1, 2] {
        let seen = one(&service, id).await;
        assert_eq!(
            (&seen["state"], &seen["finished_at"]),
            (&json!("timed_out"), &json!(now() + HOUR * 1_000))
        );
        assert_eq!(seen["status"], "ongoing", "v1 answers as the original would");
        assert_eq!(events(&service, id).await[1]["source"], "timer");
    }
    assert_eq!(one(&service, 3).await["state"], "succeeded");
    step(&service, 1, &json!({ "status": "succeeded", "at": now() }))
        .await
        .is(200, r#"{"id":1,"state":"succeeded","version":"1.0.0"}"#);
    let last = events(&service, 1).await.pop().unwrap();
    assert_eq!((&last["from"], &last["late"]), (&json!("timed_out"), &json!(true)));
    service.form("/api/v1/update/status", "versionId=2&status=failed").await.is(200, r#""OK""#);
    let last = events(&service, 2).await.pop().unwrap();
    assert_eq!((&last["late"], &last["forced"]), (&json!(true), &json!(false)));
}

each_engine!(a_person_corrects_what_may_be_corrected);
async fn a_person_corrects_what_may_be_corrected(service: Service) {
    begin(&service, "1.0.0", "succeeded").await;
    let path = format!("{PATH}/1");
    let seen = service
        .patch(
            &path,
            r#"{"failed_in_use":true,"run_url":"https://ci.example/1","changelog_url":"https://x.example"}"#,
        )
        .await
        .json();
    assert_eq!((&seen["failed_in_use"], &seen["run_url"]), (&json!(true), &json!("https://ci.example/1")));
    assert_eq!(
        (&seen["changelog_url"], &seen["reason"]),
        (&json!("https://x.example"), &json!("the queue stood still"))
    );
    let seen = service.patch(&path, r#"{"reason":null,"changelog_url":null}"#).await.json();
    assert_eq!((&seen["reason"], &seen["changelog_url"]), (&Value::Null, &Value::Null));
    assert_eq!(seen["failed_in_use"], true);
    assert_eq!(service.get("/api/v1/read/home").await.json()[0]["changelog_url"], "N/A");
    for (body, status) in [
        (r#"{"state":"failed"}"#, 422),
        (r#"{"reason":"a\u0000"}"#, 422),
        (r#"{"failed_in_use":"yes"}"#, 422),
        ("[]", 422),
        ("{", 400),
    ] {
        assert_eq!(service.patch(&path, body).await.status, status, "{body}");
    }
    assert_eq!(service.patch(&format!("{PATH}/9"), "{}").await.status, 404);
    assert_eq!(service.get(&format!("{PATH}/9")).await.json()["type"], "/problems/not-found");
}

each_engine!(a_key_stands_for_one_request_for_ever);
async fn a_key_stands_for_one_request_for_ever(service: Service) {
    let send = async |path: &str, key: &str, body: &str| {
        let key = format!("Idempotency-Key: {key}");
        service.send("POST", path, &[JSON, &key], body.to_owned()).await
    };
    send(PATH, "a", &report("1.0.0", "running"))
        .await
        .is(201, r#"{"id":1,"state":"running","version":"1.0.0"}"#);
    let events = format!("{PATH}/1/events");
    send(&events, "b", r#"{"status":"failed"}"#)
        .await
        .is(200, r#"{"id":1,"state":"failed","version":"1.0.0"}"#);
    // The first answer, although the deployment moved on, and although the step has no number.
    for (path, key, body, state) in [
        (PATH, "a", report("1.0.0", "running"), "running"),
        (events.as_str(), "b", r#"{"status":"failed"}"#.to_owned(), "failed"),
    ] {
        let replay = send(path, key, &body).await;
        assert_eq!((replay.status.as_u16(), replay.header("idempotent-replayed")), (200, "true"), "{key}");
        assert_eq!((&replay.json()["state"], &replay.json()["id"]), (&json!(state), &json!(1)));
    }
    for (path, key, body) in [
        (PATH, "a", report("1.0.1", "running")),
        (PATH, "b", report("1.0.2", "running")),
        (events.as_str(), "a", r#"{"status":"cancelled"}"#.to_owned()),
    ] {
        let answer = send(path, key, &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["type"]), (422, &json!("/problems/key-reused")));
    }
    // What was refused stored nothing, and its key is free.
    assert_eq!(send(&events, "c", r#"{"status":"succeeded"}"#).await.status, 409);
    assert_eq!(send(PATH, "c", &report("1.1.0", "running")).await.status, 201);
    assert_eq!(send(PATH, "a b", "{}").await.json()["type"], "/problems/invalid-key");
}

/// A body that never comes.
struct Silent;

impl axum::body::HttpBody for Silent {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn a_key_whose_request_still_runs_is_told_to_wait() {
    let service = Service::start().await;
    let headers = [JSON, "Idempotency-Key: a"];
    let first = service.send("POST", PATH, &headers, axum::body::Body::new(Silent));
    let second = async {
        tokio::task::yield_now().await;
        service.send("POST", PATH, &headers, report("1.0.0", "running")).await
    };
    tokio::select! {
        biased;
        _ = first => panic!("it waits for its body"),
        second = second => {
            assert_eq!((second.status.as_u16(), second.header("retry-after")), (409, "1"));
            assert_eq!(second.json()["type"], "/problems/in-flight");
        }
    }
    // The first went away, and its key with it.
    assert_eq!(service.send("POST", PATH, &headers, report("1.0.0", "running")).await.status, 201);
}

each_engine!(the_chain_of_a_place_is_whole_until_someone_changes_it);
async fn the_chain_of_a_place_is_whole_until_someone_changes_it(service: Service) {
    begin(&service, "1.0.0", "succeeded").await;
    begin(&service, "1.1.0", "running").await;
    step(&service, 2, &json!({ "status": "succeeded" })).await;
    let path = "/api/v2/chain?app=helpdesk&platform=p&environment=dev";
    let chain = service.get(path).await.json();
    assert_eq!(
        (&chain["length"], &chain["whole"], &chain["broken_at"]),
        (&json!(4), &json!(true), &Value::Null)
    );
    assert_eq!(chain["hash"].as_str().unwrap().len(), 64);
    assert_eq!(service.get("/api/v2/chain?app=helpdesk&platform=p&environment=qa").await.status, 404);
    assert_eq!(service.get("/api/v2/chain?app=a").await.json()["errors"][0]["pointer"], "/platform");
    service.sql("UPDATE sm_event SET actor = 'mallory' WHERE versions_id = 2 AND seq = 1").await;
    assert_eq!(service.get(path).await.json()["broken_at"], 2);
    service.sql("DELETE FROM sm_event WHERE versions_id = 2 AND seq = 1").await;
    let chain = service.get(path).await.json();
    assert_eq!((&chain["whole"], &chain["broken_at"]), (&json!(false), &json!(2)));
}

each_engine!(a_step_that_v1_made_and_whose_answer_was_lost_is_one_step);
async fn a_step_that_v1_made_and_whose_answer_was_lost_is_one_step(service: Service) {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let step = |status: &str, seq: i64| {
        json!({ "app": "a", "workload": "a", "platform": "p", "environment": "e", "version": "1.0.0",
            "status": status, "run_key": "run-1", "seq": seq, "at": now.as_millisecond() })
    };
    let raw = json!({ "shipmark": step("running", 1) }).to_string();
    let body = json!({ "workload": "a", "platform": "p", "environment": "e", "version": "1.0.0",
        "status": "ongoing", "raw": raw });
    assert_eq!(service.json("/api/v1/create", &body.to_string()).await.status, 201);
    service.form("/api/v1/update/status", "versionId=1&status=deployed").await.is(200, r#""OK""#);
    // The client has not heard of it, and that the server speaks v2 now.
    let again = service.json("/api/v2/deployments", &step("deployed", 2).to_string()).await;
    again.is(200, r#"{"id":1,"state":"succeeded","version":"1.0.0"}"#);
    assert_eq!(again.header("idempotent-replayed"), "true");
    // Another end is still a contradiction.
    assert_eq!(service.json("/api/v2/deployments", &step("failed", 3).to_string()).await.status, 409);
    let events = service.get("/api/v2/deployments/1/events").await.json();
    assert_eq!(events["items"].as_array().unwrap().len(), 2, "{events}");
}
