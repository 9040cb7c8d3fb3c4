//! Apps and environments: they come by themselves, what is said of them, and what that changes.

use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, Service};

async fn record(service: &Service, app: &str, platform: &str, environment: &str, status: &str) {
    let body =
        format!("workload={app}&platform={platform}&environment={environment}&version=1.0.0&status={status}");
    assert_eq!(service.form("/api/v1/create", &body).await.status, 201);
}

async fn ask(service: &Service, method: &str, path: &str, body: &Value, headers: &[&str]) -> Answer {
    let headers = [&["Content-Type: application/json"], headers].concat();
    service.send(method, path, &headers, body.to_string()).await
}

fn names(answer: &Answer) -> Vec<String> {
    let items = answer.json()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

const NOW: i64 = 1_769_860_800_250;

each_engine!(an_app_comes_by_itself_and_is_spoken_of);
async fn an_app_comes_by_itself_and_is_spoken_of(service: Service) {
    for app in ["shop", "helpdesk", "Helpdesk", "échos"] {
        record(&service, app, "eu", "production", "deployed").await;
    }
    record(&service, "helpdesk", "eu", "dev", "deployed").await;
    assert_eq!(names(&service.get("/api/v2/apps").await), ["Helpdesk", "helpdesk", "shop", "échos"]);
    let first = service.get("/api/v2/apps?limit=3").await;
    let next = first.json()["next"].as_str().unwrap().to_owned();
    assert_eq!((names(&first).len(), next.as_str()), (3, "shop"));
    assert_eq!(names(&service.get("/api/v2/apps?limit=3&cursor=shop").await), ["échos"]);

    let path = "/api/v2/apps/helpdesk";
    let there = service.get(path).await;
    let bare = json!({ "name": "helpdesk", "team": null, "repo_url": null, "archived": false,
        "deploy_timeout": null, "archived_at": null, "last_change_at": NOW });
    assert_eq!((there.json(), there.header("etag")), (bare, "\"0\""));
    let said =
        json!({ "team": "support", "repo_url": "https://forge.example/helpdesk", "deploy_timeout": 600 });
    let put = ask(&service, "PUT", path, &said, &["If-Match: \"0\""]).await;
    assert_eq!((put.status.as_u16(), &put.json()["team"]), (200, &json!("support")), "{}", put.text);
    let tag = format!("If-Match: {}", put.header("etag"));
    let changed =
        ask(&service, "PATCH", path, &json!({ "repo_url": null, "deploy_timeout": 900 }), &[&tag]).await;
    let members = changed.json();
    assert_eq!(
        (&members["team"], &members["repo_url"], &members["deploy_timeout"]),
        (&json!("support"), &Value::Null, &json!(900))
    );
    for method in ["PUT", "PATCH", "DELETE"] {
        let late = ask(&service, method, path, &json!({}), &[&tag]).await;
        assert_eq!(
            (late.status.as_u16(), &late.json()["type"]),
            (412, &json!("/problems/changed")),
            "{method}"
        );
    }
    let archived = ask(&service, "DELETE", path, &Value::Null, &[]).await.json();
    assert_eq!((&archived["archived"], &archived["archived_at"]), (&json!(true), &json!(NOW)));
    assert_eq!(archived["team"], "support");
    let page = service.get("/").await.text;
    assert!(page.contains(">shop</th>") && !page.contains(">helpdesk<"), "{page}");
    // It is deployed once more.
    service.sql("UPDATE sm_app SET archived_at = archived_at - 1").await;
    assert_eq!(service.get(path).await.json()["archived"], false);
    assert!(service.get("/").await.text.contains(">helpdesk<small>support</small></th>"));
    let put = ask(&service, "PUT", path, &json!({}), &["If-Match: *"]).await;
    assert_eq!(put.json()["team"], Value::Null);
}

each_engine!(an_app_is_spoken_of_before_it_comes);
async fn an_app_is_spoken_of_before_it_comes(service: Service) {
    let path = "/api/v2/apps/new%2Fone";
    for method in ["GET", "PATCH", "DELETE"] {
        assert_eq!(ask(&service, method, path, &json!({}), &[]).await.status, 404, "{method}");
    }
    assert_eq!(ask(&service, "PUT", path, &json!({}), &["If-Match: *"]).await.status, 412);
    let put = ask(&service, "PUT", path, &json!({ "team": "é" }), &[]).await.json();
    assert_eq!(
        (&put["name"], &put["team"], &put["last_change_at"]),
        (&json!("new/one"), &json!("é"), &Value::Null)
    );
    for (body, pointer) in [
        (json!({ "team": "" }), "/team"),
        (json!({ "repo_url": "javascript:alert(1)" }), "/repo_url"),
        (json!({ "repo_url": "https://maya:secret@forge.example" }), "/repo_url"),
        (json!({ "deploy_timeout": 59 }), "/deploy_timeout"),
        (json!({ "deploy_timeout": "1h" }), "/deploy_timeout"),
        (json!({ "name": "x" }), "/name"),
    ] {
        for method in ["PUT", "PATCH"] {
            let answer = ask(&service, method, path, &body, &[]).await;
            let told = (answer.status.as_u16(), answer.json()["errors"][0]["pointer"].clone());
            assert_eq!(told, (422, json!(pointer)), "{method} {}", answer.text);
        }
    }
}

each_engine!(an_environment_comes_by_itself_and_is_spoken_of);
async fn an_environment_comes_by_itself_and_is_spoken_of(service: Service) {
    for (platform, environment) in [("eu", "production"), ("us", "production"), ("moon", "base")] {
        record(&service, "helpdesk", platform, environment, "deployed").await;
    }
    let list = service.get("/api/v2/environments?limit=2").await;
    assert_eq!(names(&list), ["base", "production"]);
    let next = list.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(next, "10.productioneu");
    let rest = service.get(&format!("/api/v2/environments?cursor={next}")).await.json();
    assert_eq!((&rest["items"][0]["platform"], &rest["next"]), (&json!("us"), &Value::Null));
    assert_eq!(service.get("/api/v2/environments?cursor=x").await.status, 400);
    assert_eq!(names(&service.get("/api/v2/environments?platform=moon").await), ["base"]);

    let path = "/api/v2/environments/production";
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let several = ask(&service, method, path, &json!({}), &[]).await;
        assert_eq!((several.status.as_u16(), several.json()["choices"].clone()), (409, json!(["eu", "us"])));
    }
    let there = service.get(&format!("{path}?platform=eu")).await;
    let bare = json!({ "platform": "eu", "name": "production", "tier": "production", "tier_guessed": true,
        "position": null, "url": null, "zone": null, "deploy_timeout": null, "last_change_at": NOW });
    assert_eq!((there.json(), there.header("etag")), (bare, "\"0\""));
    let said = json!({ "platform": "us", "position": 3, "zone": "Europe/Paris", "tier": "staging" });
    let put = ask(&service, "PUT", path, &said, &["If-Match: \"0\""]).await;
    let members = put.json();
    assert_eq!((put.status.as_u16(), &members["platform"]), (200, &json!("us")), "{}", put.text);
    assert_eq!((&members["tier"], &members["tier_guessed"]), (&json!("staging"), &json!(false)));
    assert_eq!(service.get(&format!("{path}?platform=eu")).await.json()["position"], Value::Null);
    let us = format!("{path}?platform=us");
    let changed = ask(&service, "PATCH", &us, &json!({ "tier": null }), &[]).await.json();
    assert_eq!((&changed["tier"], &changed["position"]), (&json!("production"), &json!(3)));
    let order = |page: String| ["moon", "us", "eu"].map(|name| page.find(&format!(">{name}</")).unwrap());
    let page = service.get("/").await.text;
    let [moon_at, us_at, eu_at] = order(page);
    assert!(us_at < eu_at && us_at < moon_at, "what has a position comes first");
    assert_eq!(ask(&service, "DELETE", &us, &Value::Null, &["If-Match: \"7\""]).await.status, 412);
    ask(&service, "DELETE", &us, &Value::Null, &[]).await.is(204, "");
    assert_eq!(service.get(&us).await.json()["position"], Value::Null, "it was deployed to, so it stays");
    let stale = ask(&service, "PUT", &us, &json!({}), &[&format!("If-Match: {}", put.header("etag"))]).await;
    assert_eq!(stale.status, 412);
    for (body, pointer) in [
        (json!({ "tier": "other" }), "/tier"),
        (json!({ "tier": "prod" }), "/tier"),
        (json!({ "position": -1 }), "/position"),
        (json!({ "zone": "Paris" }), "/zone"),
        (json!({ "url": "ftp://a" }), "/url"),
        (json!({ "platform": "eu" }), "/platform"),
        (json!({ "probe": {} }), "/probe"),
    ] {
        let answer = ask(&service, "PUT", &us, &body, &[]).await;
        let told = (answer.status.as_u16(), answer.json()["errors"][0]["pointer"].clone());
        assert_eq!(told, (422, json!(pointer)), "{}", answer.text);
    }
    // One that is still to come, and is forgotten before it does.
    let qa = "/api/v2/environments/qa";
    assert_eq!(ask(&service, "PATCH", qa, &json!({}), &[]).await.status, 404);
    assert_eq!(ask(&service, "PUT", qa, &json!({}), &[]).await.json()["platform"], "qa");
    ask(&service, "DELETE", qa, &Value::Null, &[]).await.is(204, "");
    assert_eq!(service.get(qa).await.status, 404);
}

each_engine!(silence_ends_a_deployment_when_its_app_or_environment_says_so);
async fn silence_ends_a_deployment_when_its_app_or_environment_says_so(service: Service) {
    let patience = |seconds: i64| json!({ "deploy_timeout": seconds });
    ask(&service, "PUT", "/api/v2/apps/slow", &patience(7_200), &[]).await;
    ask(&service, "PUT", "/api/v2/environments/dev", &patience(60), &[]).await;
    for (app, environment) in [("slow", "dev"), ("other", "dev"), ("other", "production")] {
        record(&service, app, environment, environment, "ongoing").await;
    }
    let mut ended = Vec::new();
    for seconds in [59, 60, 3_599, 3_600, 7_199, 7_200] {
        service.work(seconds).await;
        let mut states = Vec::new();
        for id in 1..=3 {
            let deployment = service.get(&format!("/api/v2/deployments/{id}")).await.json();
            states.push(deployment["state"] == "timed_out");
        }
        ended.push(states);
    }
    assert_eq!(
        json!(ended),
        json!([
            [false, false, false],
            [false, true, false],
            [false, true, false],
            [false, true, true],
            [false, true, true],
            [true, true, true]
        ])
    );
}

each_engine!(of_two_who_change_the_same_one_hears_of_the_other);
async fn of_two_who_change_the_same_one_hears_of_the_other(service: Service) {
    record(&service, "helpdesk", "eu", "production", "deployed").await;
    for round in 0..3 {
        let tag = format!("If-Match: {}", service.get("/api/v2/apps/helpdesk").await.header("etag"));
        let change = |team: String| {
            let (service, tag) = (&service, &tag);
            async move { ask(service, "PATCH", "/api/v2/apps/helpdesk", &json!({ "team": team }), &[tag]).await }
        };
        let (one, other) = tokio::join!(change(format!("a{round}")), change(format!("b{round}")));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{} {}", one.text, other.text);
    }
}

#[tokio::test]
async fn a_question_that_means_nothing_to_an_app_is_refused() {
    let service = Service::start().await;
    let kind = ["Content-Type: application/json"];
    for (method, body) in [("PUT", "{}"), ("PATCH", "{}"), ("DELETE", "")] {
        let answer = service.send(method, "/api/v2/apps/a?x=1", &kind, body).await;
        let told = (answer.status.as_u16(), answer.json()["errors"].clone());
        let expected = json!([{ "pointer": "/x", "detail": "is unknown here" }]);
        assert_eq!(told, (400, expected), "{method}");
    }
}
