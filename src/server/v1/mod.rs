//! API v1: the routes, inputs and answers of Lord-Y/versions, over the same use cases as v2.

pub(super) mod answer;
pub(super) mod input;
mod json;
mod long;
pub(super) mod query;
pub(super) mod rows;
pub(super) mod write;

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use self::answer::Refusal;
use self::input::{Bad, Input, Medium, Shape};
use super::{App, body};

/// `GET /api/v1/health`: the process answers.
pub(super) async fn health() -> Response {
    answer::json(StatusCode::OK, &json!({ "health": "OK" }))
}

/// `GET /api/v1/healthz`: the database answers too.
pub(super) async fn healthz(app: App) -> Response {
    let healthy = app.registry.healthy().await;
    let (status, word) =
        if healthy { (StatusCode::OK, "OK") } else { (StatusCode::INTERNAL_SERVER_ERROR, "NOT OK") };
    answer::json(status, &json!({ "status": { app.registry.engine(): word } }))
}

/// Reads the fields of a request, however it carries them.
async fn read(shape: &Shape, request: Request) -> Result<Input, Refusal> {
    let medium = Medium::of(request.method(), media_type(request.headers()))?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    Ok(match medium {
        Medium::Query => Input::urlencoded(shape, &query, b"")?,
        Medium::Form => Input::urlencoded(shape, &query, &body::read(request.into_body()).await?)?,
        Medium::Multipart => Input::form(shape, &parts(request).await?)?,
        Medium::Json => Input::json(shape, &body::read(request.into_body()).await?)?,
    })
}

/// The text parts of a multipart body; a part with a file name is no field.
async fn parts(request: Request) -> Result<Vec<(String, String)>, Refusal> {
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|_| Bad::Request("no multipart boundary param in Content-Type".to_owned()))?;
    let mut pairs = Vec::new();
    while let Some(part) = multipart.next_field().await.map_err(|error| broken(&error))? {
        let Some(name) = part.name().filter(|_| part.file_name().is_none()).map(str::to_owned) else {
            continue;
        };
        pairs.push((name, part.text().await.map_err(|error| broken(&error))?));
    }
    Ok(pairs)
}

fn broken(error: &MultipartError) -> Refusal {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Refusal::Body(body::Refused::TooLarge)
    } else {
        Refusal::Input(Bad::Request(format!("multipart: {error}")))
    }
}

fn media_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap_or("?"))
}
