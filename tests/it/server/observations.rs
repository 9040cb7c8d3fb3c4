//! API v2: what machines say that they run, and what the board makes of it.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{NOW, Service};

const PATH: &str = "/api/v2/observations";
const SHA: &str = "764c119aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const MINUTE: i64 = 60_000;

fn now() -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// Deploys a version that ended so many minutes ago.
async fn deployed(service: &Service, version: &str, sha: &str, ago: i64) {
    let body = json!({ "app": "helpdesk", "workload": "support", "platform": "eu", "environment": "production",
        "version": version, "sha": sha, "status": "deployed", "run_key": version, "seq": 1,
        "at": now() - ago * MINUTE });
    assert_eq!(service.json("/api/v2/deployments", &body.to_string()).await.status, 201);
}

fn seen(facts: &Value, ago: i64) -> Value {
    let mut body = json!({ "app": "helpdesk", "platform": "eu", "environment": "production",
        "seen_at": now() - ago * MINUTE });
    body.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
    body
}

async fn tell(service: &Service, body: &Value) -> Value {
    let answer = service.json(PATH, &body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

async fn cell(service: &Service) -> Value {
    let current = service.get("/api/v2/current?app=helpdesk").await.json();
    assert_eq!(current["items"].as_array().unwrap().len(), 1, "{current}");
    current["items"][0].clone()
}

each_engine!(what_is_seen_is_judged_beside_what_is_recorded);
async fn what_is_seen_is_judged_beside_what_is_recorded(service: Service) {
    deployed(&service, "1.0.0", "9054631aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 60).await;
    deployed(&service, "1.1.0", SHA, 14).await;
    let before = cell(&service).await;
    assert_eq!((&before["observed"], &before["verdict"]), (&Value::Null, &json!("unverified")));
    for (facts, ago, verdict) in [
        // It was seen before the deployment, so it says nothing of it.
        (json!({ "version": "1.0.0" }), 15, "unverified"),
        (json!({ "version": "1.0.0" }), 13, "drift"),
        (json!({ "sha": "764C119" }), 12, "confirmed"),
        (json!({ "version": "1.1.0", "sha": "9054631" }), 11, "drift"),
        (json!({ "version": "1.1.0", "sha": "1234567" }), 10, "unreported"),
        (json!({ "version": "9.9.9" }), 9, "unreported"),
        (json!({ "version": "v1.1.0" }), 8, "confirmed"),
    ] {
        tell(&service, &seen(&facts, ago)).await;
        let cell = cell(&service).await;
        assert_eq!(cell["verdict"], verdict, "{facts} {cell}");
        assert_eq!(cell["observed"]["seen_at"], now() - ago * MINUTE, "{facts}");
        assert_eq!((&cell["recorded"], &cell["newest"]), (&before["recorded"], &before["newest"]));
    }
}

each_engine!(what_is_under_way_or_was_seen_long_ago_gives_no_alarm);
async fn what_is_under_way_or_was_seen_long_ago_gives_no_alarm(service: Service) {
    deployed(&service, "1.0.0", "9054631aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 60).await;
    // Of a look of 16 minutes ago nobody knows whether it still holds.
    tell(&service, &seen(&json!({ "version": "9.9.9" }), 16)).await;
    assert_eq!(cell(&service).await["verdict"], "unverified");
    let page = service.get("/").await.text;
    assert!(
        page.contains("<p>9.9.9 was seen <time class=\"seen\"") && page.contains(">16 min ago</time></p>"),
        "{page}"
    );
    assert!(page.contains("<h1>Everything is live.</h1>"), "{page}");
    let body = json!({ "app": "helpdesk", "workload": "support", "platform": "eu", "environment": "production",
        "version": "1.1.0", "sha": SHA, "status": "ongoing", "run_key": "1.1.0", "seq": 1,
        "at": now() - 2 * MINUTE });
    assert_eq!(service.json("/api/v2/deployments", &body.to_string()).await.status, 201);
    for (version, verdict) in [("1.1.0", "unverified"), ("1.0.0", "confirmed"), ("1.2.0", "unreported")] {
        tell(&service, &seen(&json!({ "version": version }), 0)).await;
        assert_eq!(cell(&service).await["verdict"], verdict, "{version}");
    }
}

each_engine!(a_record_is_found_in_any_form_of_its_version);
async fn a_record_is_found_in_any_form_of_its_version(service: Service) {
    let old = "9054631aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (version, ago) in [("v0.1.0", 90), ("0.2.0+build.7", 80), ("0.3.0-rc.1", 70)] {
        deployed(&service, version, old, ago).await;
    }
    deployed(&service, "1.1.0", SHA, 60).await;
    for (facts, verdict) in [
        (json!({ "version": "0.1.0" }), "drift"),
        (json!({ "version": "V0.1.0" }), "drift"),
        (json!({ "version": "0.2.0" }), "drift"),
        (json!({ "version": "v0.2.0+other" }), "drift"),
        (json!({ "version": "0.3.0" }), "unreported"),
        (json!({ "version": "0.1.0-RC.1" }), "unreported"),
        (json!({ "version": "nothing", "sha": "9054631AAAA" }), "drift"),
        (json!({ "version": "v0.1.0", "sha": "9054631bbbb" }), "unreported"),
    ] {
        tell(&service, &seen(&facts, 0)).await;
        assert_eq!(cell(&service).await["verdict"], verdict, "{facts}");
    }
    // What is reported late is known with the next look, though nothing about the look is new.
    tell(&service, &seen(&json!({ "version": "1.0.0" }), 0)).await;
    assert_eq!(cell(&service).await["verdict"], "unreported");
    deployed(&service, "1.0.0", old, 65).await;
    tell(&service, &seen(&json!({ "version": "1.0.0" }), 0)).await;
    assert_eq!(cell(&service).await["verdict"], "drift");
}

each_engine!(the_same_seen_again_is_one_span);
async fn the_same_seen_again_is_one_span(service: Service) {
    deployed(&service, "1.1.0", SHA, 30).await;
    let facts =
        json!({ "version": "1.1.0", "sha": SHA, "digest": "sha256:ab", "started_at": now() - 9 * MINUTE });
    let first = tell(&service, &seen(&facts, 8)).await;
    let span = |from: i64, to: i64| {
        json!({ "version": "1.1.0", "sha": SHA, "digest": "sha256:ab", "started_at": now() - 9 * MINUTE,
            "first_at": now() - from * MINUTE, "seen_at": now() - to * MINUTE })
    };
    let place =
        json!({ "app": "helpdesk", "platform": "eu", "environment": "production", "observed": span(8, 8) });
    assert_eq!(first, place);
    assert_eq!(tell(&service, &seen(&facts, 2)).await["observed"], span(8, 2));
    // What comes late or twice moves nothing back.
    assert_eq!(tell(&service, &seen(&facts, 5)).await["observed"], span(8, 2));
    tell(&service, &seen(&json!({ "version": "1.0.0" }), 6)).await;
    assert_eq!(cell(&service).await["observed"], span(8, 2));
    // A clock that is far ahead is not believed.
    assert_eq!(tell(&service, &seen(&facts, -6)).await["observed"], span(8, 0));
    let mut other = seen(&json!({ "version": "1.1.0" }), 0);
    other.as_object_mut().unwrap().remove("seen_at");
    assert_eq!(tell(&service, &other).await["observed"]["seen_at"], now());
}

each_engine!(what_nobody_recorded_never_becomes_recorded);
async fn what_nobody_recorded_never_becomes_recorded(service: Service) {
    let told = tell(&service, &seen(&json!({ "version": "1.1.0" }), 5)).await;
    tell(&service, &seen(&json!({ "version": "1.2.0" }), 4)).await;
    let other = json!({ "app": "other", "platform": "eu", "environment": "dev", "version": "1" });
    tell(&service, &other).await;
    let current = service.get("/api/v2/current?app=helpdesk").await.json();
    assert_eq!(current["items"], json!([]));
    let mut stranger = told;
    stranger["observed"]["version"] = json!("1.2.0");
    stranger["observed"]["first_at"] = json!(now() - 4 * MINUTE);
    stranger["observed"]["seen_at"] = json!(now() - 4 * MINUTE);
    assert_eq!(current["unrecorded"], json!([stranger]));
    assert_eq!(service.get("/api/v2/deployments").await.json()["items"], json!([]));
    deployed(&service, "1.2.0", SHA, 6).await;
    let current = service.get("/api/v2/current?app=helpdesk").await.json();
    assert_eq!((&current["items"][0]["verdict"], &current["unrecorded"]), (&json!("confirmed"), &json!([])));
}

each_engine!(what_was_seen_is_listed_newest_first_in_pages);
async fn what_was_seen_is_listed_newest_first_in_pages(service: Service) {
    for (version, minutes) in [("1", 9), ("1", 8), ("2", 7), ("3", 6), ("4", 5)] {
        tell(&service, &seen(&json!({ "version": version }), minutes)).await;
    }
    let place = "app=helpdesk&platform=eu&environment=production";
    let page = async |more: &str| -> (Vec<String>, Value) {
        let answer = service.get(&format!("{PATH}?{place}{more}")).await.json();
        let items = answer["items"].as_array().unwrap();
        (
            items.iter().map(|item| item["version"].as_str().unwrap().to_owned()).collect(),
            answer["next"].clone(),
        )
    };
    assert_eq!(page("").await, (["4", "3", "2", "1"].map(str::to_owned).to_vec(), Value::Null));
    let (first, next) = page("&limit=3").await;
    assert_eq!(first, ["4", "3", "2"]);
    let next = format!("&limit=3&cursor={}", next.as_str().unwrap());
    assert_eq!(page(&next).await, (vec!["1".to_owned()], Value::Null));
    assert_eq!(page(&format!("&from={}", now() - 7 * MINUTE)).await.0, ["4", "3", "2"]);
    for bad in [
        "?app=a&platform=b",
        &format!("?{place}&cursor=x"),
        &format!("?{place}&from=x"),
        &format!("?{place}&a=b"),
    ] {
        assert_eq!(service.get(&format!("{PATH}{bad}")).await.status, 400, "{bad}");
    }
}

each_engine!(each_fault_of_an_observation_names_its_field);
async fn each_fault_of_an_observation_names_its_field(service: Service) {
    for (field, value, pointer) in [
        ("app", json!(""), "/app"),
        ("environment", json!("a\u{0}"), "/environment"),
        ("version", Value::Null, "/version"),
        ("sha", json!("764c11"), "/sha"),
        ("sha", json!("main-branch"), "/sha"),
        ("started_at", json!(-1), "/started_at"),
        ("seen_at", json!(i64::MAX), "/seen_at"),
        ("status", json!("deployed"), "/status"),
    ] {
        let mut bad = seen(&json!({ "version": "1.0.0" }), 0);
        bad[field] = value;
        let answer = service.json(PATH, &bad.to_string()).await;
        let kind = &answer.json()["type"];
        assert_eq!((answer.status.as_u16(), kind), (422, &json!("/problems/invalid-observation")));
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    assert_eq!(service.get("/api/v2/current").await.json()["unrecorded"], json!([]));
}

#[tokio::test]
async fn the_board_says_what_runs_without_a_record() {
    let service = Service::start().await;
    tell(&service, &json!({ "app": "<b>x", "platform": "qa", "environment": "qa", "version": "\u{202e}1" }))
        .await;
    let page = service.get("/").await.text;
    for part in [
        "<h1>&lt;b&gt;x runs U+202E1 on qa, which nobody recorded.</h1>",
        r#"<p class="held">unreported: U+202E1 is running, seen <time class="seen" datetime="2026-01-31T12:00:00Z" title="31 Jan 2026 12:00 UTC">just now</time></p>"#,
        ">qa</th>",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    deployed(&service, "1.0.0", "9054631aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 60).await;
    deployed(&service, "1.1.0", SHA, 30).await;
    tell(&service, &seen(&json!({ "version": "1.0.0", "sha": "9054631" }), 5)).await;
    let page = service.get("/").await.text;
    for part in [
        "<h1>2 places run something else than what is recorded.</h1>",
        r#"<span class="v">1.1.0</span>"#,
        r#"<p class="held">drift: 1.0.0 (9054631) is running, seen <time class="seen" datetime="2026-01-31T11:55:00Z" title="31 Jan 2026 11:55 UTC">5 min ago</time></p>"#,
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    tell(&service, &seen(&json!({ "version": "1.1.0" }), 1)).await;
    let page = service.get("/").await.text;
    assert!(!page.contains("drift"), "{page}");
}
