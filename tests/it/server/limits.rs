//! The limits of a token. What is outside must be as if it were not there, so each answer to a limited token is
//! compared with that of another registry, in which there is nothing but what the token may see.

use regex::Regex;
use serde_json::{Value, json};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, Service};
use crate::support::served::run;

/// App, platform, environment. The names hold what databases take for a pattern of their own.
type Place = (&'static str, &'static str, &'static str);
const INSIDE: [Place; 4] = [
    ("web-shop", "eu", "dev"),
    ("web-a_b%!", "eu", "dev-2"),
    ("web-É'", "eu", "dev"),
    ("100%_!", "us*", "dev"),
];
const OUTSIDE: [Place; 8] = [
    ("api", "eu", "dev"),
    ("WEB-shop", "eu", "dev"),
    ("my-web-shop", "eu", "dev"),
    ("web-shop", "eu", "production"),
    ("web-shop", "eu", "DEV"),
    ("100x_!", "eu", "dev"),
    ("100%x!", "eu", "dev"),
    ("web-shop", "asia", "dev"),
];
const LIMITS: [&str; 12] = [
    "--app",
    "web-*",
    "--app",
    "100%_!",
    "--environment",
    "dev*",
    "--platform",
    "eu",
    "--platform",
    "us*",
    "--expires",
    "90d",
];

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

async fn post(service: &Service, path: &str, token: &str, body: &Value) -> Answer {
    let headers = ["Content-Type: application/json", token];
    service.send("POST", path, &headers, body.to_string()).await
}

/// The names of a place and more members.
fn with((app, platform, environment): Place, more: &Value) -> Value {
    let mut all = json!({ "app": app, "platform": platform, "environment": environment });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn report((app, platform, environment): Place, version: &str, key: &str) -> Value {
    json!({
        "app": app, "workload": "shop", "platform": platform, "environment": environment, "version": version,
        "status": "succeeded", "run_key": format!("{app}/{platform}/{environment}/{key}"), "seq": 1, "at": 1_000,
    })
}

/// Everything that one can tell a registry of a place; the answers must be these.
async fn fill(service: &Service, token: &str, place: Place) {
    let (app, platform, environment) = place;
    for (path, body) in [
        ("/api/v2/deployments", report(place, "1.0.0", "a")),
        ("/api/v2/deployments", report(place, "1.1.0", "b")),
        (
            "/api/v1/create",
            json!({ "workload": app, "platform": platform, "environment": environment, "version": "2",
                "status": "deployed", "raw": "{\"secret\":1}" }),
        ),
        ("/api/v2/incidents", with(place, &json!({ "title": "slow" }))),
        ("/api/v2/holds", with(place, &json!({ "kind": "lock", "reason": "audit", "actor": "maya" }))),
        ("/api/v2/observations", with(place, &json!({ "version": "1.0.9" }))),
        (
            "/api/v2/observations",
            json!({ "app": app, "platform": platform, "environment": format!("{environment}-x"),
            "version": "3" }),
        ),
    ] {
        let answer = post(service, path, token, &body).await;
        assert_eq!(answer.status, 201, "{path} {body} {}", answer.text);
    }
}

/// As the Go program writes one, which knows no attempts.
async fn foreign(service: &Service, (app, platform, environment): Place) {
    let [app, platform, environment] = [app, platform, environment].map(|name| name.replace('\'', "''"));
    let text = format!(
        "INSERT INTO versions (workload, platform, environment, version, changelog_url, raw, status, date) \
         VALUES ('{app}', '{platform}', '{environment}', 'go', 'N/A', 'N/A', 'failed', '2026-01-31 11:00:00')"
    );
    service.sql(&text).await;
}

/// The same text with ids that are made by chance taken out.
fn plain(answer: &Answer) -> (u16, String) {
    let id = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}").unwrap();
    (answer.status.as_u16(), id.replace_all(&answer.text, "ID").into_owned())
}

fn encoded(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

/// Every question that one can ask about a place, and about all of them.
fn questions(places: &[Place]) -> Vec<String> {
    let mut all: Vec<String> = [
        "/",
        "/feed.atom",
        "/api/v1/read/home",
        "/api/v1/read/distinct/workloads",
        "/api/v1/stats/latest",
        "/api/v2/current",
        "/api/v2/deployments",
        "/api/v2/deployments?limit=5",
        "/api/v2/deployments?q=web",
        "/api/v2/deployments?team=shop&limit=3",
        "/api/v2/export.csv",
        "/api/v2/export.json",
        "/api/v2/incidents?limit=2",
        "/api/v2/holds?limit=3",
        "/api/v2/holds?all=true",
    ]
    .map(str::to_owned)
    .to_vec();
    for (app, platform, environment) in places {
        let [app, platform, environment] = [app, platform, environment].map(|name| encoded(name));
        let names = format!("app={app}&platform={platform}&environment={environment}");
        let v1 = format!("workload={app}&platform={platform}&environment={environment}");
        all.extend([
            format!("/api/v1/read/environment/latest?{v1}"),
            format!("/api/v1/read/environment/latest/whatever?{v1}"),
            format!("/api/v1/read/environment?{v1}&rangeLimit=2"),
            format!("/api/v1/read/environment?workload=shop&platform={platform}&environment={environment}"),
            format!("/api/v1/read/platform?workload={app}&platform={platform}"),
            format!("/api/v1/read/platform?workload=shop&platform={platform}&rangeLimit=3&page=2"),
            format!("/api/v2/deployments?{names}"),
            format!("/api/v2/deployments?app={app}&limit=1"),
            format!("/api/v2/current?app={app}"),
            format!("/api/v2/chain?{names}"),
            format!("/api/v2/holds?{names}"),
            format!("/api/v2/incidents?{names}"),
            format!("/api/v2/observations?{names}"),
            format!("/feed/{app}.atom"),
            format!("/feed/{app}/{environment}.atom"),
            format!("/badge/{app}/{environment}.json?platform={platform}"),
            format!("/api/v2/apps/{app}/versions/1.0.0"),
        ]);
    }
    all
}

each_engine!(what_is_outside_is_as_if_it_were_not_there);
async fn what_is_outside_is_as_if_it_were_not_there(service: Service) {
    let small = match Service::on(service.engine).await {
        Some(server) => server,
        None => Service::start().await,
    };
    let [full, bare] = [&service, &small].map(|service| bearer(&service.token("root", "admin")));
    for (service, token) in [(&service, &full), (&small, &bare)] {
        for place in INSIDE {
            fill(service, token, place).await;
            foreign(service, place).await;
        }
        let freeze = json!({ "kind": "freeze", "environment": "dev", "reason": "gala" });
        assert_eq!(post(service, "/api/v2/holds", token, &freeze).await.status, 201);
    }
    for place in OUTSIDE {
        fill(&service, &full, place).await;
        foreign(&service, place).await;
    }
    let token = bearer(&service.token_with(&[&["seer", "--scope", "read", "--raw"], &LIMITS[..]].concat()));
    let places = [&INSIDE[..], &OUTSIDE[..]].concat();
    let mut questions = questions(&places);
    questions.extend((1..=60).flat_map(|id| {
        let [one, events] = ["", "/events"].map(|end| format!("/api/v2/deployments/{id}{end}"));
        [one, events, format!("/api/v1/read/raw/id?versionId={id}")]
    }));
    let mut seen = 0;
    for question in questions {
        let limited = plain(&service.send("GET", &question, &[&token], "").await);
        let alone = plain(&small.send("GET", &question, &[], "").await);
        // The page of an address shows the time of its own request and nothing else that differs.
        assert_eq!(limited, alone, "{question}");
        seen += usize::from(limited.0 == 200);
        assert!(limited.0 < 500, "{question}");
    }
    assert!(seen > 100, "{seen}");
}

each_engine!(who_is_limited_writes_inside_alone);
async fn who_is_limited_writes_inside_alone(service: Service) {
    let full = bearer(&service.token("root", "admin"));
    let token = bearer(&service.token_with(&[&["ci"], &LIMITS[..]].concat()));
    let (inside, outside) = (INSIDE[1], OUTSIDE[0]);
    fill(&service, &token, inside).await;
    let v1 = json!({ "workload": "api", "platform": "eu", "environment": "dev", "version": "1", "status": "deployed" });
    // Before there is anything outside, and when there is: the answers are the same.
    for _ in 0..2 {
        for (path, body) in [
            ("/api/v2/deployments", report(outside, "1.0.0", "a")),
            ("/api/v1/create", v1.clone()),
            ("/api/v2/incidents", with(outside, &json!({ "title": "slow" }))),
            ("/api/v2/observations", with(outside, &json!({ "version": "1" }))),
            ("/api/v2/holds", with(outside, &json!({ "kind": "lock", "reason": "r", "actor": "a" }))),
            ("/api/v2/holds", json!({ "kind": "freeze", "environment": "dev", "reason": "r" })),
        ] {
            let answer = post(&service, path, &token, &body).await;
            assert_eq!(answer.status, 404, "{path} {}", answer.text);
        }
        let mark = json!({ "bad": true, "reason": "r" }).to_string();
        let json_of_token = ["Content-Type: application/json", token.as_str()];
        let path = "/api/v2/apps/web-shop/versions/1/mark";
        assert_eq!(
            service.send("PUT", path, &json_of_token, mark).await.status,
            404,
            "it would reach everywhere"
        );
        if service.send("GET", "/api/v2/deployments/4", &[&full], "").await.status == 404 {
            fill(&service, &full, outside).await;
        }
    }
    what_stands_outside_stays(&service, &full, &token).await;
}

/// The ids of what is outside are those of nothing.
async fn what_stands_outside_stays(service: &Service, full: &str, token: &str) {
    let (inside, outside) = (INSIDE[1], OUTSIDE[0]);
    let ids = service.send("GET", "/api/v2/deployments?app=api&fields=id", &[full], "").await.json();
    let id = ids["items"][0]["id"].as_i64().unwrap();
    let step = json!({ "status": "failed" });
    assert_eq!(post(service, &format!("/api/v2/deployments/{id}/events"), token, &step).await.status, 404);
    let json_of_token = ["Content-Type: application/json", token];
    let patch =
        async |path: String, body: &str| service.send("PATCH", &path, &json_of_token, body.to_owned()).await;
    assert_eq!(patch(format!("/api/v2/deployments/{id}"), r#"{"reason":"x"}"#).await.status, 404);
    let status = json!({ "versionId": id, "status": "failed" });
    let update = post(service, "/api/v1/update/status", token, &status).await;
    assert_eq!((update.status.as_u16(), update.header("x-versions-matched")), (200, "0"));
    foreign(service, outside).await;
    let foreign = json!({ "versionId": id + 1, "status": "ongoing" });
    let update = post(service, "/api/v1/update/status", token, &foreign).await;
    assert_eq!((update.status.as_u16(), update.header("x-versions-matched")), (200, "0"));
    let known = service.send("GET", &format!("/api/v2/deployments/{id}"), &[full], "").await.json();
    assert_eq!((known["status"].as_str(), known["reason"].as_str()), (Some("deployed"), None));
    let incidents = service.send("GET", "/api/v2/incidents?app=api", &[full], "").await.json();
    let incident = incidents["items"][0]["id"].as_str().unwrap();
    assert_eq!(patch(format!("/api/v2/incidents/{incident}"), r#"{"title":"x"}"#).await.status, 404);
    let cause = with(inside, &json!({ "title": "x", "cause": id }));
    assert_eq!(
        post(service, "/api/v2/incidents", token, &cause).await.status,
        422,
        "as an id that nobody has"
    );
}

#[tokio::test]
async fn a_stream_tells_of_what_is_inside() {
    let service = Service::start().await;
    let full = bearer(&service.token("root", "admin"));
    let token = bearer(&service.token_with(&[&["ci"], &LIMITS[..]].concat()));
    let mut stream = service.listen("/api/v2/stream", &[&token]).await;
    let mut versions = Vec::new();
    for (place, version) in [(OUTSIDE[3], "1"), (INSIDE[0], "2"), (OUTSIDE[0], "3"), (INSIDE[1], "4")] {
        let made = post(&service, "/api/v2/deployments", &full, &report(place, version, "s")).await;
        assert_eq!(made.status, 201, "{}", made.text);
        if INSIDE.contains(&place) {
            let told = stream.next().await.unwrap();
            versions.push((told.id, told.data["version"].as_str().unwrap().to_owned()));
        }
    }
    stream.is_silent().await;
    assert_eq!(versions.iter().map(|(_, version)| version.as_str()).collect::<Vec<_>>(), ["2", "4"]);
    let since = format!("Last-Event-ID: {}", versions[0].0);
    let mut again = service.listen("/live", &[&token, &since]).await;
    assert_eq!(again.told().await["version"], "4");
}

#[tokio::test]
async fn keys_tell_nothing_of_what_is_outside() {
    let service = Service::start().await;
    let full = bearer(&service.token("root", "admin"));
    let token = bearer(&service.token_with(&[&["ci"], &LIMITS[..]].concat()));
    let (inside, outside) = (INSIDE[0], OUTSIDE[0]);
    let hidden = report(outside, "1.0.0", "a");
    assert_eq!(post(&service, "/api/v2/deployments", &full, &hidden).await.status, 201);
    let mut stolen = report(inside, "9.9.9", "a");
    stolen["run_key"] = hidden["run_key"].clone();
    let answer = post(&service, "/api/v2/deployments", &token, &stolen).await;
    assert_eq!(answer.status, 422);
    assert!(!answer.text.contains("api") && !answer.text.contains("1.0.0"), "{}", answer.text);
    let keyed = ["Content-Type: application/json", "Idempotency-Key: k", &full];
    let step = json!({ "status": "rolled_back" }).to_string();
    let step = step.replace("rolled_back", "failed");
    let path = "/api/v2/deployments/1/events";
    assert_eq!(service.send("POST", path, &keyed, step.clone()).await.status, 409);
    let keyed = ["Content-Type: application/json", "Idempotency-Key: k", &token];
    assert_eq!(service.send("POST", path, &keyed, step).await.status, 404);
    for path in ["/api/v2/holds", "/api/v2/incidents"] {
        let body = |place: Place| {
            let more = if path.ends_with("holds") {
                json!({ "kind": "lock", "reason": "r", "actor": "a" })
            } else {
                json!({ "title": "t" })
            };
            with(place, &more).to_string()
        };
        let send = async |token: &str, place| {
            let headers = ["Content-Type: application/json", "Idempotency-Key: h", token];
            service.send("POST", path, &headers, body(place)).await
        };
        assert_eq!(send(&full, outside).await.status, 201);
        assert_eq!(send(&token, outside).await.status, 404);
        let used = send(&token, inside).await;
        assert_eq!(used.status, 422);
        assert!(!used.text.contains("api"), "{}", used.text);
    }
}

#[tokio::test]
async fn a_hold_that_reaches_further_is_seen_and_stays() {
    let service = Service::start().await;
    let full = bearer(&service.token("root", "admin"));
    let token = bearer(&service.token_with(&[&["ci"], &LIMITS[..]].concat()));
    let freeze = json!({ "kind": "freeze", "environment": "dev", "reason": "gala" });
    let made = post(&service, "/api/v2/holds", &full, &freeze).await.json();
    let path = format!("/api/v2/holds/{}", made["id"].as_str().unwrap());
    assert_eq!(service.send("GET", &path, &[&token], "").await.status, 200);
    let lift = format!("{path}?reason=over");
    assert_eq!(service.send("DELETE", &lift, &[&token], "").await.status, 403);
    let ask = "/api/v2/can-deploy?app=web-shop&platform=eu&env=dev&version=1";
    let answer = service.send("GET", ask, &[&token], "").await.json();
    assert_eq!((&answer["allowed"], answer["reasons"].as_array().unwrap().len()), (&json!(false), 1));
    let outside = ask.replace("web-shop", "api");
    assert_eq!(service.send("GET", &outside, &[&token], "").await.status, 404, "and no false yes");
    assert_eq!(service.send("DELETE", &lift, &[&full], "").await.status, 200);
}

each_engine!(the_free_text_is_shown_to_who_may_read_it);
async fn the_free_text_is_shown_to_who_may_read_it(service: Service) {
    let full = bearer(&service.token("root", "admin"));
    fill(&service, &full, INSIDE[0]).await;
    let (app, platform, environment) = INSIDE[0];
    let place = format!("workload={app}&platform={platform}&environment={environment}");
    let token = |more: &[&'static str]| service.token_with(&[&["t", "--scope", "read"], more].concat());
    let raw = async |token: &str| {
        let header = bearer(token);
        let paths = [
            format!("/api/v1/read/raw?{place}&version=2"),
            "/api/v1/read/raw/id?versionId=3".to_owned(),
            format!("/api/v1/read/environment?{place}"),
            format!("/api/v1/read/platform?{place}"),
            "/api/v1/read/home".to_owned(),
        ];
        let mut shown = 0;
        for path in &paths {
            let answer = service.send("GET", path, &[&header], "").await;
            assert_eq!(answer.status, 200, "{path}");
            shown += usize::from(answer.text.contains("secret"));
        }
        shown
    };
    assert_eq!(raw(&token(&[])).await, 5, "a token without limits");
    assert_eq!(raw(&token(&["--app", "web-*", "--raw"])).await, 5);
    assert_eq!(raw(&token(&["--app", "web-*"])).await, 0);
}

#[tokio::test]
async fn limits_are_shown_and_refused_with_words() {
    let service = Service::start().await;
    let admin = bearer(&service.token("root", "admin"));
    let path = "/api/v2/tokens";
    let limits = json!({ "app": ["web-*"], "environment": ["dev"] });
    let made =
        post(&service, path, &admin, &json!({ "name": "ci", "scope": "write", "limits": limits })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let shown = json!({ "app": ["web-*"], "platform": [], "environment": ["dev"], "raw": false });
    assert_eq!(made.json()["limits"], shown);
    let list = service.send("GET", path, &[&admin], "").await.json();
    let of = |name: &str| {
        let items = list["items"].as_array().unwrap();
        items.iter().find(|item| item["name"] == name).unwrap()["limits"].clone()
    };
    assert_eq!((of("ci"), of("root")), (shown, Value::Null));
    let folder = tempfile::tempdir().unwrap();
    let say = |options: &[&str]| {
        let output = run(&[options, &["--data-dir", "data"]].concat(), folder.path());
        let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code(), out, err)
    };
    let refused = say(&["token", "create", "x", "--app", "a?"]);
    let words = "error: the token cannot be made: `limits/app/0` must have 1 to 100 characters, at most 5 of them `*`, \
                 and none of `?[]{}\\`\n";
    assert_eq!(refused, (Some(2), String::new(), words.to_owned()));
    let made = say(&["token", "create", "x", "--app", "a*", "--app", "b", "--environment", "dev", "--raw"]);
    assert_eq!((made.0, made.1.len()), (Some(0), 94));
    let list = say(&["token", "list"]).1;
    assert!(
        list.ends_with("x  until it is revoked, never used, only app a* or b, environment dev, with raw\n"),
        "{list}"
    );
    for (scope, limits, pointer) in [
        ("write", json!({ "app": ["a?"] }), "/limits/app/0"),
        ("write", json!({ "app": [], "raw": true }), "/limits"),
        ("write", json!({ "ap": ["a"] }), "/ap"),
        ("admin", json!({ "app": ["a"] }), "/limits"),
    ] {
        let body = json!({ "name": "x", "scope": scope, "limits": limits });
        let answer = post(&service, path, &admin, &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
}
