//! API v1: the routes, inputs and answers of Lord-Y/versions, over the same use cases as v2.

pub(super) mod answer;
mod input;
mod json;
mod query;

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use self::answer::Refusal;
use self::input::{Bad, Input, Kind, Medium, Shape};
use super::{App, body};
use crate::registry::{Created, NewVersion};
use crate::store::Place;

/// The largest `raw` in bytes.
const RAW: usize = 256 * 1024;
/// The longest idempotency key in bytes.
const KEY: usize = 255;

const CREATE: Shape = Shape {
    name: "Create",
    fields: &[
        ("workload", "Workload", Kind::Text),
        ("platform", "Platform", Kind::Text),
        ("environment", "Environment", Kind::Text),
        ("version", "Version", Kind::Text),
        ("changelogURL", "ChangelogURL", Kind::Text),
        ("raw", "Raw", Kind::Text),
        ("status", "Status", Kind::Text),
    ],
};

const UPDATE_STATUS: Shape = Shape {
    name: "UpdateStatus",
    fields: &[("versionId", "VersionId", Kind::Id), ("status", "Status", Kind::Text)],
};

const LATEST: Shape = Shape {
    name: "ReadEnvironmentLatest",
    fields: &[
        ("workload", "Workload", Kind::Text),
        ("platform", "Platform", Kind::Text),
        ("environment", "Environment", Kind::Text),
        ("Whatever", "Whatever", Kind::Flag),
    ],
};

/// `GET /api/v1/health`: the process answers.
pub(super) async fn health() -> Response {
    answer::json(StatusCode::OK, &json!({ "health": "OK" }))
}

/// `GET /api/v1/healthz`: the database answers too.
pub(super) async fn healthz(State(app): State<App>) -> Response {
    let healthy = app.registry.healthy().await;
    let (status, word) =
        if healthy { (StatusCode::OK, "OK") } else { (StatusCode::INTERNAL_SERVER_ERROR, "NOT OK") };
    answer::json(status, &json!({ "status": { app.registry.engine(): word } }))
}

/// `POST /api/v1/create`.
pub(super) async fn create(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let key = idempotency_key(request.headers())?;
    let urlencoded = media_type(request.headers()).starts_with("application/x-www-form-urlencoded");
    let input = read(&CREATE, request).await?;
    // The original's manual creates rows by form without a status. `deployed` would invent a success.
    let others = ["workload", "platform", "environment", "version"];
    let lacks_only_status = urlencoded && !input.has("status") && input.faults(&CREATE, &others).is_ok();
    let status = if lacks_only_status {
        "unknown"
    } else {
        let all = ["workload", "platform", "environment", "version", "status"];
        input.faults(&CREATE, &all)?;
        input.text("status")
    };
    if input.text("raw").len() > RAW {
        return Err(Refusal::Body(body::Refused::TooLarge));
    }
    let new = NewVersion {
        workload: input.text("workload").to_owned(),
        platform: input.text("platform").to_owned(),
        environment: input.text("environment").to_owned(),
        version: input.text("version").to_owned(),
        changelog_url: or_not_available(input.text("changelogURL")),
        raw: or_not_available(input.text("raw")),
        status: status.to_lowercase(),
    };
    match app.registry.create(&new, key.as_deref()).await? {
        Created::New(id) => Ok(answer::json(StatusCode::CREATED, &json!({ "versionId": id }))),
        Created::Replayed(id) => {
            let mut response = answer::json(StatusCode::OK, &json!({ "versionId": id }));
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
            Ok(response)
        }
    }
}

fn or_not_available(text: &str) -> String {
    if text.is_empty() { "N/A".to_owned() } else { text.to_owned() }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().map(str::trim).filter(|key| (1..=KEY).contains(&key.len()));
    let why = "Idempotency-Key must have 1 to 255 visible ASCII characters";
    key.map(|key| Some(key.to_owned())).ok_or_else(|| Bad::Request(why.to_owned()).into())
}

/// `POST /api/v1/update/status`. An unknown id is no error, as in the original; a header tells.
pub(super) async fn update_status(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let input = read(&UPDATE_STATUS, request).await?;
    input.faults(&UPDATE_STATUS, &["versionId", "status"])?;
    let status = input.text("status").to_lowercase();
    let matched = app.registry.update_status(input.id("versionId"), &status).await?;
    let mut response = answer::json(StatusCode::OK, &"OK");
    if !matched {
        response.headers_mut().insert("x-versions-matched", HeaderValue::from_static("0"));
    }
    Ok(response)
}

/// `GET /api/v1/read/environment/latest`: the newest version that succeeded.
pub(super) async fn latest(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    latest_of(&app, request, false).await
}

/// `GET /api/v1/read/environment/latest/whatever`: the newest version, whatever became of it.
pub(super) async fn latest_whatever(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    latest_of(&app, request, true).await
}

async fn latest_of(app: &App, request: Request, any: bool) -> Result<Response, Refusal> {
    let input = read(&LATEST, request).await?;
    input.faults(&LATEST, &["workload", "platform", "environment"])?;
    let place = Place {
        workload: input.text("workload").to_owned(),
        platform: input.text("platform").to_owned(),
        environment: input.text("environment").to_owned(),
    };
    let found = app.registry.latest(&place, any || input.flag("Whatever")).await;
    Ok(match found? {
        Some(version) => answer::json(StatusCode::OK, &json!({ "version": version })),
        None => answer::bare(StatusCode::NOT_FOUND),
    })
}

/// `GET /api/v1/read/home`: the newest 25 rows.
pub(super) async fn home(State(app): State<App>) -> Result<Response, Refusal> {
    let rows = app.registry.home().await?;
    let empty = rows.is_empty();
    Ok(if empty { answer::bare(StatusCode::NO_CONTENT) } else { answer::json(StatusCode::OK, &rows) })
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
