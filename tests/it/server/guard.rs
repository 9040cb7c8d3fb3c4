//! What an open registry on loopback refuses, and what every answer carries.

use crate::support::registry::Service;
use crate::support::served::{Served, answer, command};

const CREATE: &str = "/api/v1/create?workload=a&platform=p&environment=e&version=1&status=x";

#[tokio::test]
async fn a_write_from_a_web_page_or_a_proxy_is_refused() {
    let service = Service::start().await;
    for header in [
        "Origin: https://evil.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Forwarded: for=1.2.3.4",
        "X-Forwarded-For: 1.2.3.4",
    ] {
        assert_eq!(service.send("POST", CREATE, &[header], "").await.status, 403, "{header}");
        assert_eq!(service.send("GET", "/api/v1/health", &[header], "").await.status, 200, "{header}");
    }
    let own = ["Origin: http://localhost:8080", "Sec-Fetch-Site: same-origin"];
    service.send("POST", CREATE, &own, "").await.is(201, r#"{"versionId":1}"#);
}

#[tokio::test]
async fn only_names_of_this_machine_are_answered() {
    let service = Service::start().await;
    for host in ["Host: evil.example", "Host: 10.0.0.1:8080"] {
        assert_eq!(service.send("GET", "/", &[host], "").await.status, 421, "{host}");
    }
    for host in ["Host: 0:8080", "Host: 127.0.0.1:1", "Host: [::1]:8080"] {
        assert_eq!(service.send("GET", "/", &[host], "").await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn long_addresses_and_packed_bodies_are_refused() {
    let service = Service::start().await;
    let long = format!("/api/v1/read/home?x={}", "a".repeat(8_192));
    assert_eq!(service.get(&long).await.status, 414);
    let packed = service.send("POST", CREATE, &["Content-Encoding: gzip"], "").await;
    assert_eq!(packed.status, 415);
}

#[tokio::test]
async fn every_answer_carries_the_policy() {
    let service = Service::start().await;
    for path in ["/", "/nothing", "/api/v1/health", "/api/v1/nothing"] {
        let answer = service.get(path).await;
        assert!(answer.header("content-security-policy").starts_with("default-src 'none';"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn readiness_ends_before_the_service_does() {
    let service = Service::start().await;
    service.get("/readyz").await.is(200, "ready\n");
    service.stopping.send_replace(true);
    service.get("/readyz").await.is(503, "stopping\n");
    service.get("/api/v1/health").await.is(200, r#"{"health":"OK"}"#);
    service.stopping.send_replace(false);
    service.break_database();
    service.get("/readyz").await.is(503, "the database does not answer\n");
}

#[test]
fn the_public_name_is_one_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()];
    let public = ["--public-url", "https://registry.example/"];
    let server = Served::of(command(&[&arguments[..], &public].concat(), folder.path()));
    let ask = |host: &str| {
        let mut stream = server.connect();
        let head = format!("GET /feed.atom HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        answer(&mut stream)
    };
    let (status, feed) = ask("registry.example");
    assert_eq!(status, 200);
    assert!(feed.contains("https://registry.example/"), "{feed}");
    assert_eq!((ask("REGISTRY.example:443").0, ask("localhost").0, ask("evil.example").0), (200, 200, 421));
    let mut command = command(&arguments, folder.path());
    let output = command.env("SHIPMARK_PUBLIC_URL", "registry.example").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("`SHIPMARK_PUBLIC_URL` is `registry.example`: not an address such as"), "{said}");
}
