//! `GET /api/v2/openapi.json`: the whole API as an OpenAPI document, made from the types that the handlers read and write.
//! A test proves that every route and method stands in it, and a generator of requests that the answers are as it says.

mod listed;
mod operation;
mod schemas;
mod settings;
mod v1;
mod v2;

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use self::operation::Operation;
use self::schemas::Schemas;

/// The document does not change while the process lives.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// `GET /api/v2/openapi.json`.
pub(super) async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

/// The document, by OpenAPI 3.1.
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(operation.method.to_owned(), operation.document(&mut schemas));
        }
    }
    let bearer = "a token, made by `shipmark token create`";
    let basic = "the same token as the password of any user";
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "shipmark",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Which version of which app runs where. Times are in milliseconds since 1970 in UTC, \
                except in API v1, which is that of Lord-Y/versions. Errors of v2 are problem documents (RFC 9457).",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas.into_components(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": bearer },
                "basic": { "type": "http", "scheme": "basic", "description": basic },
            },
        },
    })
}

fn operations() -> Vec<Operation> {
    [v1::operations(), v2::operations(), settings::operations(), settings::webhooks(), listed::operations()]
        .concat()
}
