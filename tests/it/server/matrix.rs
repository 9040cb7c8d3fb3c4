//! Every route by every credential on what is its own, on what its pattern names, on what is another's, and on what
//! is nowhere. What a limited token may not see must be answered to the letter as what is not there.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::json;
use shipmark::server::{self, Access, Exposure};

use super::tokens::need;
use crate::support::registry::{Answer, Service};

/// The app that a limited token names, one that fits its pattern, another's, and none.
const TARGETS: [&str; 4] = ["own-app", "web-app", "odd-app", "nil-app"];
/// Those that a limited token sees.
const INSIDE: [&str; 2] = ["own-app", "web-app"];

/// A method, an address in which `APP` and the ids stand for what is asked about, the body, and the statuses: of what
/// is there, of what is not, and of what the token does not see.
type Row = (&'static str, &'static str, &'static str, [u16; 3]);

const PLACE: &str = r#""app":"APP","platform":"p","environment":"e""#;

/// Every route. `NEW` is another number each time.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("GET", "/api/v1/health", "", [200; 3]),
    ("GET", "/api/v1/healthz", "", [200; 3]),
    ("POST", "/api/v1/create", r#"{"workload":"APP","platform":"p","environment":"e","version":"NEW","status":"deployed"}"#, [201, 201, 404]),
    ("POST", "/api/v1/update/status", r#"{"versionId":ID,"status":"completed"}"#, [200; 3]),
    ("GET", "/api/v1/read/home", "", [200; 3]),
    ("GET", "/api/v1/read/environment?workload=APP&platform=p&environment=e", "", [200, 404, 404]),
    ("GET", "/api/v1/read/platform?workload=APP&platform=p", "", [200, 404, 404]),
    ("GET", "/api/v1/read/raw?workload=APP&platform=p&environment=e&version=1", "", [200, 404, 404]),
    ("GET", "/api/v1/read/raw/id?versionId=ID", "", [200, 404, 404]),
    ("GET", "/api/v1/read/distinct/workloads", "", [200; 3]),
    ("GET", "/api/v1/stats/latest", "", [200; 3]),
    ("GET", "/api/v1/read/environment/latest?workload=APP&platform=p&environment=e", "", [200, 404, 404]),
    ("GET", "/api/v1/read/environment/latest/whatever?workload=APP&platform=p&environment=e", "", [200, 404, 404]),
    ("GET", "/api/v2/server", "", [200; 3]),
    ("GET", "/api/v2/openapi.json", "", [200; 3]),
    ("GET", "/api/v2/stream?app=APP", "", [200; 3]),
    ("GET", "/live", "", [200; 3]),
    ("GET", "/api/v2/deployments?app=APP", "", [200; 3]),
    ("POST", "/api/v2/deployments", r#"{PLACE,"workload":"APP","version":"NEW","status":"running","run_key":"NEW","seq":1,"at":1}"#, [201, 201, 404]),
    ("GET", "/api/v2/deployments/ID", "", [200, 404, 404]),
    ("PATCH", "/api/v2/deployments/ID", r#"{"reason":"r"}"#, [200, 404, 404]),
    ("GET", "/api/v2/deployments/ID/events", "", [200, 404, 404]),
    ("POST", "/api/v2/deployments/ID/events", r#"{"status":"queued"}"#, [409, 404, 404]),
    ("GET", "/api/v2/deployments/ID/commits", "", [404; 3]),
    ("PUT", "/api/v2/deployments/ID/commits", r#"{"commits":[]}"#, [422, 404, 404]),
    ("GET", "/api/v2/compare/APP/e...e", "", [200, 404, 404]),
    ("GET", "/api/v2/export.csv?app=APP", "", [200; 3]),
    ("GET", "/api/v2/export.json?app=APP", "", [200; 3]),
    ("GET", "/api/v2/chain?app=APP&platform=p&environment=e", "", [200, 404, 404]),
    ("GET", "/api/v2/current?app=APP", "", [200; 3]),
    ("GET", "/api/v2/apps", "", [200; 3]),
    ("GET", "/api/v2/apps/APP", "", [200, 404, 404]),
    ("PATCH", "/api/v2/apps/APP", r#"{"team":"t"}"#, [200, 200, 404]),
    ("PUT", "/api/v2/apps/APP", r#"{"team":"t"}"#, [200, 200, 404]),
    ("DELETE", "/api/v2/apps/APP", "", [200, 200, 404]),
    ("GET", "/api/v2/environments", "", [200; 3]),
    ("GET", "/api/v2/environments/e", "", [200; 3]),
    ("PUT", "/api/v2/environments/e", r#"{"tier":"staging"}"#, [200; 3]),
    ("PATCH", "/api/v2/environments/e", r#"{"position":1}"#, [200; 3]),
    ("DELETE", "/api/v2/environments/e", "", [204; 3]),
    ("GET", "/api/v2/webhooks", "", [200; 3]),
    ("POST", "/api/v2/webhooks", r#"{"url":"https://example.org/NEW"}"#, [201; 3]),
    ("GET", "/api/v2/webhooks/none", "", [404; 3]),
    ("PATCH", "/api/v2/webhooks/none", "{}", [404; 3]),
    ("DELETE", "/api/v2/webhooks/none", "", [404; 3]),
    ("GET", "/api/v2/apps/APP/versions/1", "", [200, 404, 404]),
    ("PUT", "/api/v2/apps/APP/versions/NEW", r#"{"app":"APP","version":"NEW","tag":"vNEW","sha":"0123456789012345678901234567890123456789","released_at":1}"#, [201, 201, 404]),
    ("PUT", "/api/v2/apps/APP/versions/NEW/mark", r#"{"bad":true,"reason":"r"}"#, [201, 201, 404]),
    ("DELETE", "/api/v2/apps/APP/versions/1/mark?reason=r", "", [200, 404, 404]),
    ("GET", "/api/v2/holds?app=APP", "", [200; 3]),
    ("POST", "/api/v2/holds", r#"{"kind":"lock","app":"APP","platform":"p","environment":"NEW","reason":"r","actor":"a"}"#, [201, 201, 404]),
    ("GET", "/api/v2/holds/HOLD", "", [200, 404, 404]),
    ("DELETE", "/api/v2/holds/HOLD?reason=r", "", [200, 404, 404]),
    ("GET", "/api/v2/can-deploy?app=APP&platform=p&env=e&version=1", "", [200, 200, 404]),
    ("GET", "/api/v2/incidents?app=APP", "", [200; 3]),
    ("POST", "/api/v2/incidents", r#"{PLACE,"title":"t"}"#, [201, 201, 404]),
    ("GET", "/api/v2/incidents/INCIDENT", "", [200, 404, 404]),
    ("PATCH", "/api/v2/incidents/INCIDENT", r#"{"title":"t"}"#, [200, 404, 404]),
    ("GET", "/api/v2/audit", "", [200; 3]),
    ("GET", "/api/v2/trusts", "", [200; 3]),
    ("POST", "/api/v2/trusts", r#"{"name":"n","repository_id":"1","repository_owner_id":"2","scope":"write"}"#, [201; 3]),
    ("DELETE", "/api/v2/trusts/none", "", [404; 3]),
    ("POST", "/api/v2/oidc/github", r#"{"token":"x"}"#, [404; 3]),
    ("GET", "/api/v2/tokens", "", [200; 3]),
    ("POST", "/api/v2/tokens", r#"{"name":"n","scope":"read"}"#, [201; 3]),
    ("DELETE", "/api/v2/tokens/none", "", [404; 3]),
    ("GET", "/api/v2/observations?app=APP&platform=p&environment=e", "", [200; 3]),
    ("POST", "/api/v2/observations", r#"{PLACE,"version":"1"}"#, [201, 201, 404]),
    ("PUT", "/api/v2/apps/APP/environments/e/probe", r#"{"url":"https://example.org/","version":"/v"}"#, [200; 3]),
    ("GET", "/api/v2/apps/APP/environments/e/probe?platform=p", "", [200, 404, 404]),
    ("DELETE", "/api/v2/apps/APP/environments/e/probe", "", [204; 3]),
    ("GET", "/", "", [200; 3]),
    ("GET", "/ui", "", [200; 3]),
    ("GET", "/ui/", "", [200; 3]),
    ("GET", "/badge/APP/e.json", "", [200, 404, 404]),
    ("GET", "/feed.atom", "", [200; 3]),
    ("GET", "/feed/APP.atom", "", [200; 3]),
    ("GET", "/feed/APP/e.atom", "", [200; 3]),
    ("GET", "/readyz", "", [200; 3]),
    ("GET", "/static/none", "", [404; 3]),
];

/// What a credential is: 0 for what opens nothing, else its scope, and whether it is limited.
type Allowed = Option<(u8, bool)>;

/// The whole table of who may what, on a server that is private.
fn expected(
    (need, is_shared): (u8, bool),
    allowed: Allowed,
    target: &str,
    [there, nowhere, hidden]: [u16; 3],
) -> u16 {
    match allowed {
        _ if need == 0 => there,
        None | Some((0, _)) => 401,
        Some((scope, _)) if scope < need => 403,
        Some((_, true)) if is_shared => 403,
        Some((_, true)) if !INSIDE.contains(&target) => hidden,
        Some(_) if target == "nil-app" => nowhere,
        Some(_) => there,
    }
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// A registry with three apps that were told the same, and each credential with what it allows.
async fn stage(service: &mut Service) -> Vec<(&'static str, Option<String>, Allowed)> {
    let admin = bearer(&service.token("admin", "admin"));
    for app in TARGETS.iter().filter(|app| **app != "nil-app") {
        let place = PLACE.replace("APP", app);
        let mut sends = vec![
            (
                "POST",
                "/api/v1/create".to_owned(),
                format!(
                    r#"{{"workload":"{app}","platform":"p","environment":"e","version":"1","status":"deployed"}}"#
                ),
            ),
            ("POST", "/api/v2/incidents".to_owned(), format!(r#"{{{place},"title":"t"}}"#)),
            (
                "POST",
                "/api/v2/holds".to_owned(),
                format!(r#"{{{place},"kind":"lock","reason":"r","actor":"a"}}"#),
            ),
            ("POST", "/api/v2/observations".to_owned(), format!(r#"{{{place},"version":"1"}}"#)),
        ];
        let release = format!(
            r#"{{"app":"{app}","version":"1","tag":"v1","sha":"{}","released_at":1}}"#,
            "1".repeat(40)
        );
        sends.push(("PUT", format!("/api/v2/apps/{app}/versions/1"), release));
        let mark = r#"{"bad":true,"reason":"r"}"#.to_owned();
        sends.push(("PUT", format!("/api/v2/apps/{app}/versions/1/mark"), mark));
        let probe = r#"{"url":"https://example.org/","version":"/v"}"#.to_owned();
        sends.push(("PUT", format!("/api/v2/apps/{app}/environments/e/probe?platform=p"), probe));
        for (method, path, body) in sends {
            let answer = service.send(method, &path, &["Content-Type: application/json", &admin], body).await;
            assert!(answer.status.is_success(), "{path} {}", answer.text);
        }
    }
    service.served(Exposure::Loopback, Access { private: true, ..Access::default() });
    let limits = ["--app", "own-app", "--app", "web-*"];
    let [reader, writer] = ["read", "write"]
        .map(|scope| bearer(&service.token_with(&[&[scope, "--scope", scope], &limits[..]].concat())));
    let [read, write, gone] = ["read", "write", "admin"].map(|scope| service.token(scope, scope));
    service.sql(&format!("UPDATE sm_token SET revoked_at = 1 WHERE id = '{}'", &gone[4..20])).await;
    let pair = format!("maya:{}", &writer["Authorization: Bearer ".len()..]);
    let basic = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, pair);
    vec![
        ("nothing", None, None),
        ("garbage", Some(bearer("password")), Some((0, false))),
        ("revoked", Some(bearer(&gone)), Some((0, false))),
        ("read", Some(bearer(&read)), Some((1, false))),
        ("write", Some(bearer(&write)), Some((2, false))),
        ("admin", Some(admin), Some((3, false))),
        ("limited read", Some(reader), Some((1, true))),
        ("limited write", Some(writer), Some((2, true))),
        ("limited basic", Some(format!("Authorization: Basic {basic}")), Some((2, true))),
    ]
}

/// The ids of what belongs to each target, in their order.
async fn ids(service: &Service, admin: &str) -> Vec<[String; 3]> {
    let mut all = Vec::new();
    for app in TARGETS {
        let mut of_app = [const { String::new() }; 3];
        for (to, (list, none)) in of_app.iter_mut().zip([
            ("deployments", "999999"),
            ("holds", "00000000-0000-0000-0000-000000000000"),
            ("incidents", "00000000-0000-0000-0000-000000000000"),
        ]) {
            let path = format!("/api/v2/{list}?app={app}");
            let items = service.send("GET", &path, &[admin], "").await.json()["items"].clone();
            let items = items.as_array().unwrap();
            let lock = items.iter().find(|item| list != "holds" || item["kind"] == "lock");
            *to = lock.map_or(none.to_owned(), |item| item["id"].to_string().replace('"', ""));
        }
        all.push(of_app);
    }
    all
}

struct Cell {
    name: String,
    status: u16,
    expected: u16,
    answer: Answer,
}

/// One row by one credential on one target.
async fn cell(
    service: &Service,
    (method, address, body, statuses): Row,
    (name, header, allowed): &(&'static str, Option<String>, Allowed),
    (target, ids): (&str, &[String; 3]),
    number: usize,
) -> Cell {
    let fill = |text: &str| {
        let text = text.replace("PLACE", PLACE).replace("APP", target).replace("NEW", &format!("n{number}"));
        text.replace("HOLD", &ids[1]).replace("INCIDENT", &ids[2]).replace("ID", &ids[0])
    };
    let mut headers: Vec<&str> = header.iter().map(String::as_str).collect();
    if !body.is_empty() {
        headers.push("Content-Type: application/json");
    }
    let path = address.split('?').next().unwrap();
    let answer = service.send(method, &fill(address), &headers, fill(body)).await;
    // An environment is of every app that is there, and these limits are of apps.
    let is_shared = method != "GET" && method != "HEAD" && path.starts_with("/api/v2/environments/");
    let expected = expected((need(method, path), is_shared), *allowed, target, statuses);
    Cell {
        name: format!("{method} {address} {name} {target}"),
        status: answer.status.as_u16(),
        expected,
        answer,
    }
}

#[tokio::test]
async fn every_cell_is_as_the_table_says() {
    let (mut cells, mut wrong) = (0, Vec::new());
    let mut number = 0;
    for at in 0..9 {
        // A registry of its own for each, since some lift and correct.
        let mut service = Service::start().await;
        let credentials = stage(&mut service).await;
        let credential = &credentials[at];
        let ids = ids(&service, credentials[5].1.as_ref().unwrap()).await;
        // The reads first: a write may make what was nowhere.
        let reads = ROWS.iter().filter(|row| row.0 == "GET");
        for row in reads.chain(ROWS.iter().filter(|row| row.0 != "GET")) {
            let (method, address, ..) = *row;
            let reads = ["GET", "HEAD"].iter().filter(|_| method == "GET").copied();
            for method in reads.chain([method].into_iter().filter(|method| *method != "GET")) {
                let mut told = Vec::new();
                for (target, ids) in TARGETS.iter().zip(&ids) {
                    number += 1;
                    let row = (method, row.1, row.2, row.3);
                    let cell = cell(&service, row, credential, (target, ids), number).await;
                    cells += 1;
                    if cell.status != cell.expected {
                        wrong.push(format!("{}: {}, not {}", cell.name, cell.status, cell.expected));
                    }
                    told.push(same_for_all(&cell.answer, target, number));
                }
                let limited = credential.2.is_some_and(|(_, limited)| limited);
                if limited && told[2] != told[3] {
                    wrong.push(format!(
                        "{method} {address} tells {}: {} and {}",
                        credential.0, told[2], told[3]
                    ));
                }
                if limited && !address.contains("APP") && told.iter().any(|text| text.contains("odd-app")) {
                    wrong.push(format!("{method} {address} names what {} must not see", credential.0));
                }
            }
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
    // `HEAD` is answered as `GET` is.
    let heads = ROWS.iter().filter(|row| row.0 == "GET").count();
    assert_eq!(cells, (ROWS.len() + heads) * TARGETS.len() * 9);
    assert!(cells > 3_000, "{cells}");
}

/// An answer without what differs by the question itself.
fn same_for_all(answer: &Answer, target: &str, number: usize) -> String {
    let id = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    let text = answer.text.replace(target, "APP").replace(&format!("n{number}"), "NEW");
    let matched = answer.header("x-versions-matched");
    format!("{} {matched} {}", answer.status, id.replace_all(&text, "ID"))
}

#[tokio::test]
async fn the_table_has_every_route_and_every_method() {
    let bare = |address: &str| {
        let path = address.split('?').next().unwrap();
        let path = path.replace("APP.atom", "FILE").replace("e.atom", "FILE").replace("e.json", "FILE");
        path.replace("versions/1", "versions/NEW")
            .replace("static/none", "static/FILE")
            .replace("tokens/none", "tokens/ID")
            .replace("trusts/none", "trusts/ID")
            .replace("webhooks/none", "webhooks/ID")
            .replace("e...e", "RANGE")
    };
    let named = |path: &str| {
        let path = path
            .replace("{app}", "APP")
            .replace("{version}", "NEW")
            .replace("{env}", "e")
            .replace("{range}", "RANGE")
            .replace("{file}", "FILE");
        path.replace("holds/{id}", "holds/HOLD")
            .replace("incidents/{id}", "incidents/INCIDENT")
            .replace("{id}", "ID")
    };
    let rows: BTreeSet<(String, &str)> =
        ROWS.iter().map(|(method, path, ..)| (bare(path), *method)).collect();
    let service = Service::start().await;
    let admin = bearer(&service.token("admin", "admin"));
    for path in server::paths() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let there =
                service.send(method, &path.replace(['{', '}'], ""), &[&admin], "").await.status != 405;
            assert_eq!(rows.contains(&(named(path), method)), there, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_figures_of_a_private_server_are_those_that_the_token_sees() {
    let mut service = Service::start().await;
    let credentials = stage(&mut service).await;
    let limited = credentials[6].1.clone().unwrap();
    let text = service.scrape_from("10.0.0.1", &[&limited]).await;
    assert!(text.1.contains("own-app") && !text.1.contains("odd-app"), "{}", text.1);
    assert_eq!(service.scrape_from("10.0.0.1", &[]).await.0, 401);
    let all = service.scrape_from("10.0.0.1", &[&credentials[3].1.clone().unwrap()]).await.1;
    assert!(all.contains("own-app") && all.contains("odd-app"));
}

#[tokio::test]
async fn no_file_of_the_database_holds_a_token() {
    let service = Service::start().await;
    let header = bearer(&service.token_with(&["a-name-to-find", "--scope", "admin"]));
    let made = json!({ "name": "another", "scope": "write" }).to_string();
    let made = service
        .send("POST", "/api/v2/tokens", &["Content-Type: application/json", &header], made)
        .await
        .json();
    let dump = service.files();
    let holds = |text: &str| dump.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("a-name-to-find") && holds("another"), "the search itself finds nothing");
    for token in [&header["Authorization: Bearer ".len()..], made["token"].as_str().unwrap()] {
        assert_eq!(service.send("GET", "/", &[&bearer(token)], "").await.status, 200);
        let secret = &token[21..85];
        let bytes: Vec<u8> =
            (0..32).map(|at| u8::from_str_radix(&secret[2 * at..2 * at + 2], 16).unwrap()).collect();
        let coded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &bytes);
        assert!(holds(&token[4..20]), "its public id is there");
        for trace in [token, secret, &secret[..24], &secret.to_uppercase(), &coded[..40]] {
            assert!(!holds(trace), "{trace}");
        }
        assert!(!dump.windows(32).any(|window| window == bytes), "its bytes");
    }
}
