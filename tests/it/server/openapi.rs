//! The document of the API against the service itself.

use std::collections::BTreeSet;

use shipmark::server::{self, Exposure};

use super::tokens::LOCAL;
use crate::support::registry::Service;

/// What people look at, and what belongs to pages.
const PAGES: [&str; 5] = ["/", "/ui", "/ui/", "/live", "/static/{file}"];

#[tokio::test]
async fn every_route_and_method_stands_in_the_document_and_back() {
    let mut service = Service::start().await;
    service.served(Exposure::Loopback, LOCAL);
    let answer = service.get("/api/v2/openapi.json").await;
    let document = answer.json();
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let written: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys().map(|method| method.to_uppercase());
            methods.map(|method| (path.clone(), method)).collect::<Vec<_>>()
        })
        .collect();
    let admin = format!("Authorization: Bearer {}", service.token("root", "admin"));
    let mut served = BTreeSet::new();
    for path in server::paths().into_iter().filter(|path| !PAGES.contains(path)) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let status = service.send(method, &path.replace(['{', '}'], ""), &[&admin], "").await.status;
            if status != 405 {
                served.insert((path.to_owned(), method.to_owned()));
            }
        }
    }
    assert_eq!(written, served);
}

#[test]
fn what_a_client_may_send_is_bounded_and_closed() {
    let document = server::openapi::document();
    let report = &document["components"]["schemas"]["ReportRequest"];
    assert_eq!(report["additionalProperties"], false);
    assert_eq!(report["properties"]["app"]["maxLength"], 100);
    assert_eq!(report["properties"]["at"]["minimum"], 0);
    assert!(
        report["properties"]["status"]["enum"].as_array().unwrap().iter().any(|word| word == "succeeded")
    );
    assert!(report["required"].as_array().unwrap().iter().any(|name| name == "run_key"));
}
