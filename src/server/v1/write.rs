//! The two writes of v1.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::answer::{self, Refusal};
use super::input::{Bad, Kind, Shape};
use super::{media_type, read};
use crate::registry::{Created, NewVersion};
use crate::server::{App, body};

/// The largest `raw` in bytes.
const RAW: usize = 256 * 1024;
/// The longest idempotency key in bytes.
const KEY: usize = 255;

pub(in crate::server) const CREATE: Shape = Shape {
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
    needed: &["workload", "platform", "environment", "version", "status"],
};

pub(in crate::server) const UPDATE_STATUS: Shape = Shape {
    name: "UpdateStatus",
    fields: &[("versionId", "VersionId", Kind::Id), ("status", "Status", Kind::Text)],
    needed: &["versionId", "status"],
};

/// `POST /api/v1/create`.
pub(in crate::server) async fn create(app: App, request: Request) -> Result<Response, Refusal> {
    let key = idempotency_key(request.headers())?;
    let urlencoded = media_type(request.headers()).starts_with("application/x-www-form-urlencoded");
    let input = read(&CREATE, request).await?;
    // The original's manual creates rows by form without a status. `deployed` would invent a success.
    let others = ["workload", "platform", "environment", "version"];
    let lacks_only_status = urlencoded && !input.has("status") && input.faults(&CREATE, &others).is_ok();
    let status = if lacks_only_status {
        "unknown"
    } else {
        input.faults(&CREATE, CREATE.needed)?;
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
pub(in crate::server) async fn update_status(app: App, request: Request) -> Result<Response, Refusal> {
    let input = read(&UPDATE_STATUS, request).await?;
    input.faults(&UPDATE_STATUS, UPDATE_STATUS.needed)?;
    let status = input.text("status").to_lowercase();
    let matched = app.registry.update_status(input.id("versionId"), &status).await?;
    let mut response = answer::json(StatusCode::OK, &"OK");
    if !matched {
        response.headers_mut().insert("x-versions-matched", HeaderValue::from_static("0"));
    }
    Ok(response)
}
