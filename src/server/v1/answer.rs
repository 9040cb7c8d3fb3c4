//! The answers of API v1, byte for byte in the form of the Go program.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::input::Bad;
use crate::registry::RegistryError;
use crate::server::body::Refused;
use crate::server::observe::caused;
use crate::store::StoreError;

/// JSON without a final newline.
pub(in crate::server) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    json_body(status, Body::from(text(value)))
}

/// The same of a body that is JSON already.
pub(super) fn json_body(status: StatusCode, body: Body) -> Response {
    let mut response = bare(status);
    *response.body_mut() = body;
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// JSON with `<`, `>` and `&` escaped as Go's encoder does.
pub(super) fn text(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            other => safe.push(other),
        }
    }
    safe
}

/// No body and no media type.
pub(super) fn bare(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The one shape of an error.
pub(in crate::server) fn error(status: StatusCode, text: &str) -> Response {
    json(status, &json!({ "error": text }))
}

/// Why a request was not carried out.
#[derive(Debug)]
pub(in crate::server) enum Refusal {
    Input(Bad),
    Body(Refused),
    Failed(RegistryError),
}

impl From<Bad> for Refusal {
    fn from(bad: Bad) -> Self {
        Self::Input(bad)
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::Body(refused)
    }
}

impl From<RegistryError> for Refusal {
    fn from(failure: RegistryError) -> Self {
        Self::Failed(failure)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Input(Bad::Request(text)) => error(StatusCode::BAD_REQUEST, &text),
            Self::Input(Bad::MediaType(text)) => error(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text),
            Self::Body(refused) => error(refused.status(), refused.words()),
            Self::Failed(RegistryError::Store(failure @ StoreError::Wide)) => {
                error(StatusCode::BAD_REQUEST, &failure.to_string())
            }
            Self::Failed(RegistryError::Store(StoreError::Long)) => {
                let refused = Refused::TooLarge;
                error(refused.status(), refused.words())
            }
            Self::Failed(RegistryError::NoSuch(_)) => error(StatusCode::NOT_FOUND, "Not Found"),
            Self::Failed(RegistryError::KeyReused) => {
                let why = "Idempotency-Key was used with another request body";
                error(StatusCode::UNPROCESSABLE_ENTITY, why)
            }
            Self::Failed(
                failure @ (RegistryError::Store(
                    StoreError::Unconfirmed(_) | StoreError::Busy(_) | StoreError::Stopped,
                )
                | RegistryError::Contended),
            ) => {
                let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                caused(response, &failure)
            }
            Self::Failed(failure) => {
                caused(error(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"), &failure)
            }
        }
    }
}
