//! Who may do what: every route by every credential in every way to serve, and the tokens themselves.

use serde_json::{Value, json};
use shipmark::server::{self, Access, Exposure};

use crate::support::engine::each_engine;
use crate::support::registry::{Answer, Service};
use crate::support::served::{Served, command, run};

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
pub(super) const LOCAL: Access = Access { private: false, anonymous_writes: false, admin_on_main: false };

/// The ways to serve a registry that has tokens.
const WAYS: [(Exposure, Access); 6] = [
    (Exposure::Loopback, LOCAL),
    (Exposure::Loopback, Access { private: true, ..LOCAL }),
    (Exposure::Loopback, Access { anonymous_writes: true, ..LOCAL }),
    (Exposure::Network, LOCAL),
    (Exposure::Network, Access { private: true, admin_on_main: true, ..LOCAL }),
    (Exposure::Network, Access { private: true, anonymous_writes: true, ..LOCAL }),
];

/// What a route needs: 0 nothing, 1 to read, 2 to write, 3 to administer.
pub(super) fn need(method: &str, path: &str) -> u8 {
    match path {
        "/api/v1/health" | "/api/v1/healthz" | "/readyz" | "/api/v2/oidc/github" => 0,
        path if path.starts_with("/api/v2/tokens")
            || path == "/api/v2/audit"
            || path.starts_with("/api/v2/trusts")
            || path.starts_with("/api/v2/webhooks")
            || path.ends_with("/probe") =>
        {
            3
        }
        _ if ["GET", "HEAD"].contains(&method) => 1,
        _ => 2,
    }
}

/// What should come of a request; nothing if it should reach its handler.
fn refusal(need: u8, credential: Option<u8>, (exposure, access): (Exposure, Access)) -> Option<u16> {
    if need == 0 {
        return None;
    }
    if need == 3 && exposure == Exposure::Network && !access.admin_on_main {
        return Some(404);
    }
    match credential {
        Some(0) => Some(401),
        Some(scope) => (scope < need).then_some(403),
        None if need == 1 => access.private.then_some(401),
        None if need == 2 => (!access.anonymous_writes).then_some(401),
        None => Some(401),
    }
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// Each credential with what it allows; 0 is one that opens nothing.
async fn credentials(service: &Service) -> Vec<(&'static str, Option<String>, Option<u8>)> {
    let [read, write, admin, revoked, expired] =
        ["read", "write", "admin", "admin", "admin"].map(|scope| service.token(scope, scope));
    let id = |token: &str| token[4..20].to_owned();
    let basic = |token: &str| {
        let pair = format!("maya:{token}");
        format!("Authorization: Basic {}", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, pair))
    };
    service.sql(&format!("UPDATE sm_token SET revoked_at = 1 WHERE id = '{}'", id(&revoked))).await;
    service.sql(&format!("UPDATE sm_token SET expires_at = 1 WHERE id = '{}'", id(&expired))).await;
    // Of another registry: its form and its checksum are right.
    let foreign = Service::start().await.token("foreign", "admin");
    let mut torn = admin.clone();
    torn.replace_range(30..31, if &torn[30..31] == "0" { "1" } else { "0" });
    vec![
        ("nothing", None, None),
        ("garbage", Some(bearer("password")), Some(0)),
        ("torn", Some(bearer(&torn)), Some(0)),
        ("foreign", Some(bearer(&foreign)), Some(0)),
        ("revoked", Some(bearer(&revoked)), Some(0)),
        ("expired", Some(bearer(&expired)), Some(0)),
        ("digest", Some("Authorization: Digest x".to_owned()), Some(0)),
        ("read", Some(bearer(&read)), Some(1)),
        ("write", Some(bearer(&write)), Some(2)),
        ("admin", Some(bearer(&admin)), Some(3)),
        ("basic", Some(basic(&write)), Some(2)),
    ]
}

#[tokio::test]
async fn every_route_lets_through_whom_it_should_and_nobody_else() {
    let mut service = Service::start().await;
    let credentials = credentials(&service).await;
    let (mut cells, mut wrong) = (0, Vec::new());
    for way in WAYS {
        service.served(way.0, way.1);
        for path in server::paths() {
            let address = path.replace(['{', '}'], "");
            for method in METHODS {
                for (name, header, allows) in &credentials {
                    let headers: Vec<&str> = header.iter().map(String::as_str).collect();
                    let status = service.send(method, &address, &headers, "").await.status.as_u16();
                    let expected = refusal(need(method, path), *allows, way);
                    let let_through = ![401, 403, 429].contains(&status);
                    cells += 1;
                    if expected.map_or(!let_through, |expected| status != expected) {
                        wrong.push(format!("{way:?} {method} {path} {name}: {status}, not {expected:?}"));
                    }
                }
            }
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
    assert!(cells >= 600, "{cells}");
}

#[tokio::test]
async fn a_registry_without_tokens_is_open_on_its_machine_alone() {
    let mut service = Service::start().await;
    let row = "workload=a&platform=p&environment=e&version=1&status=deployed";
    assert_eq!(service.form("/api/v1/create", row).await.status, 201);
    assert_eq!(service.get("/api/v2/tokens").await.status, 401, "the first token comes from the command");
    service.served(Exposure::Network, LOCAL);
    let refused = service.form("/api/v1/create", row).await;
    refused.is(401, r#"{"error":"Unauthorized"}"#);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    service.served(Exposure::Loopback, LOCAL);
    let token = service.token("ci", "write");
    assert_eq!(service.form("/api/v1/create", row).await.status, 401, "the first token closes it");
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let with = service.send("POST", "/api/v1/create", &[kind, &bearer(&token)], row).await;
    assert_eq!(with.status, 201);
    service.sql("UPDATE sm_token SET revoked_at = 1").await;
    assert_eq!(service.form("/api/v1/create", row).await.status, 401, "and its end does not open it again");
}

each_engine!(a_token_is_made_listed_and_revoked);
async fn a_token_is_made_listed_and_revoked(service: Service) {
    let admin = bearer(&service.token("root", "admin"));
    let path = "/api/v2/tokens";
    let post = async |body: Value| -> Answer {
        service.send("POST", path, &["Content-Type: application/json", &admin], body.to_string()).await
    };
    let made = post(json!({ "name": "ci", "scope": "read" })).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"));
    let (id, token) = (made.json()["id"].clone(), bearer(made.json()["token"].as_str().unwrap()));
    let list = service.send("GET", path, &[&admin], "").await;
    assert_eq!(list.json()["items"].as_array().unwrap().len(), 2);
    assert!(!list.text.contains("smk_") && !list.text.contains("digest"), "{}", list.text);
    assert_eq!(service.send("GET", "/api/v2/current", &[&token], "").await.status, 200);
    let revoke = format!("{path}/{}", id.as_str().unwrap());
    let revoked = service.send("DELETE", &revoke, &[&admin], "").await;
    assert!(revoked.json()["revoked_at"].is_i64());
    assert_eq!(service.send("GET", "/api/v2/current", &[&token], "").await.status, 401);
    for (body, pointer) in [
        (json!({ "name": "", "scope": "read" }), "/name"),
        (json!({ "name": "x", "scope": "read", "expires_at": 1 }), "/expires_at"),
        (json!({ "name": "x", "scope": "root" }), "/scope"),
        (json!({ "name": "x" }), "/scope"),
    ] {
        let answer = post(body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
    assert_eq!(service.send("DELETE", "/api/v2/tokens/no", &[&admin], "").await.status, 404);
}

#[tokio::test]
async fn who_guesses_has_to_wait_and_others_do_not() {
    let service = Service::start().await;
    let token = bearer(&service.token("ci", "read"));
    let send = async |peer: &str, header: &str| {
        let answer = service.send("GET", "/api/v2/current", &[peer, header], "").await;
        (answer.status.as_u16(), answer.header("retry-after").to_owned())
    };
    for _ in 0..5 {
        assert_eq!(send("Peer: 10.9.9.9", &bearer("guess")).await.0, 401);
    }
    assert_eq!(send("Peer: 10.9.9.9", &bearer("guess")).await, (429, "1".to_owned()));
    assert_eq!(send("Peer: 10.9.9.9", &token).await.0, 200, "others may share the address");
    assert_eq!(send("Peer: 10.9.9.8", &bearer("guess")).await.0, 401);
}

#[tokio::test]
async fn a_browser_that_sends_a_password_by_itself_is_not_led_by_strangers() {
    let mut service = Service::start().await;
    let pair = format!(":{}", service.token("ci", "write"));
    let basic =
        format!("Authorization: Basic {}", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, pair));
    let path = "/api/v1/create?workload=a&platform=p&environment=e&version=1&status=deployed";
    service.served(Exposure::Network, LOCAL);
    for (origin, status) in [
        ("Origin: https://evil.example", 403),
        ("Sec-Fetch-Site: cross-site", 403),
        ("Origin: https://registry.example", 201),
        ("X-Forwarded-For: 10.0.0.1", 201),
    ] {
        let headers = ["Host: registry.example", &basic, origin];
        assert_eq!(service.send("POST", path, &headers, "").await.status.as_u16(), status, "{origin}");
    }
}

#[test]
fn a_token_opens_the_network_and_is_managed_by_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let made = run(&["token", "create", "root", "--scope", "admin", "--data-dir", data], folder.path());
    let said = String::from_utf8(made.stderr).unwrap();
    assert!(said.contains("keep it now"), "{said}");
    let token = String::from_utf8(made.stdout).unwrap().trim_end().to_owned();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let admin = format!("127.0.0.1:{port}");
    let arguments = ["serve", "--listen", "0.0.0.0:0", "--data-dir", data, "--admin-listen", &admin];
    let mut server = Served::of(command(&arguments, folder.path()));
    assert_eq!(server.said[0], "INFO writing to this registry needs a token");
    assert_eq!(server.next_line(), format!("INFO tokens are managed on http://{admin}/api/v2/tokens"));
    let ask = |at: &str| {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(at).unwrap();
        let head = format!("GET /api/v2/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n");
        write!(stream, "{head}Connection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(ask(&format!("127.0.0.1:{}", server.port)), "404");
    assert_eq!(ask(&admin), "200");
    let list = run(&["token", "list", "--data-dir", data], folder.path());
    let list = String::from_utf8(list.stdout).unwrap();
    let id = &token[4..20];
    assert!(list.starts_with(&format!("{id}  admin  root  until it is revoked, used 20")), "{list}");
    let revoked = run(&["token", "revoke", id, "--data-dir", data], folder.path());
    assert_eq!(String::from_utf8(revoked.stderr).unwrap(), format!("revoked {id} (root)\n"));
    // Another process revoked it, of which this one hears within a second.
    let mut tries = 0;
    while ask(&admin) != "401" {
        tries += 1;
        assert!(tries < 100, "it is still good");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let unknown = run(&["token", "revoke", "no", "--data-dir", data], folder.path());
    assert_eq!(unknown.status.code(), Some(2));
    server.signal("TERM");
    let (code, log) = server.wait();
    assert_eq!(code, Some(0));
    assert!(!log.contains("smk_"), "{log}");
}

#[test]
fn who_asks_too_much_waits_and_others_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let token = |name: &str| {
        let made = run(&["token", "create", name, "--scope", "read", "--data-dir", data], folder.path());
        bearer(String::from_utf8(made.stdout).unwrap().trim_end())
    };
    let (busy, calm) = (token("busy"), token("calm"));
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data, "--token-rate", "3"];
    let server = Served::of(command(&arguments, folder.path()));
    let ask = |header: &str| {
        use std::io::{Read, Write};
        let mut stream = server.connect();
        let head = format!("GET /api/v2/current HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
        write!(stream, "{head}Connection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    let status = |answer: &str| answer.split(' ').nth(1).unwrap().to_owned();
    assert_eq!([0; 3].map(|_| status(&ask(&busy))), ["200", "200", "200"]);
    let refused = ask(&busy);
    assert_eq!(status(&refused), "429");
    let after = refused.split("retry-after: ").nth(1).unwrap().split('\r').next().unwrap();
    assert!((1..=20).contains(&after.parse::<u32>().unwrap()), "{after}");
    assert!(refused.contains("application/problem+json") && refused.contains("with this token"), "{refused}");
    assert_eq!([status(&ask(&calm)), status(&ask("Accept: */*"))], ["200", "200"]);
}
