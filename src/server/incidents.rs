//! `/api/v2/incidents`, and the mark of a deployment that failed in use.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::holds::{idempotency_key, page, readable};
use super::problem::Problem;
use super::question::{Question, refused};
use super::v2::{Form, read};
use crate::domain::incident::{Incident, IncidentChange, NewIncident};
use crate::domain::past::Past;
use crate::store::IncidentsWanted;

const FORM: Form = Form { slug: "invalid-incident", title: "the incident cannot be taken" };
const CHANGE: Form = Form { slug: "invalid-change", title: "the change cannot be made" };

/// `POST /api/v2/incidents`: 201 with the incident, 200 if the same request was answered before.
pub(super) async fn open(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let new: NewIncident = read(request, &FORM).await?;
    let told = app.registry.open_incident(&new, key.as_deref()).await?;
    let status = if told.replayed { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = (status, Json(told.incident)).into_response();
    if told.replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// `GET /api/v2/incidents`: newest first; with `open=true` only those that are not resolved.
pub(super) async fn list(State(app): State<App>, question: Question) -> Result<Json<Value>, Problem> {
    let limit = page(&question)?;
    let open = match question.get("open") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(refused("open", "must be true or false")),
    };
    let text = |name| question.get(name).map(str::to_owned);
    let wanted = IncidentsWanted {
        app: text("app"),
        platform: text("platform"),
        environment: text("environment").or_else(|| text("env")),
        open,
        before: text("cursor"),
        // One more than asked for tells whether another page follows.
        limit: limit + 1,
    };
    let mut items = app.registry.incidents(&wanted).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > shown;
    items.truncate(shown);
    let next = items.last().filter(|_| more).map(|incident| incident.id.clone());
    Ok(Json(json!({ "items": items, "next": next, "limit": limit })))
}

/// `GET /api/v2/incidents/{id}`.
pub(super) async fn one(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Incident>, Problem> {
    Ok(Json(app.registry.incident(&readable(id)?).await?))
}

/// `PATCH /api/v2/incidents/{id}`: what is there changes, what is absent stays.
pub(super) async fn change(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<Incident>, Problem> {
    let change: IncidentChange = read(request, &FORM).await?;
    Ok(Json(app.registry.change_incident(&readable(id)?, &change).await?))
}

/// `GET /api/v2/deployments/{id}`.
pub(super) async fn deployment(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Past>, Problem> {
    Ok(Json(app.registry.deployment(number(id)?).await?))
}

/// What a person says of a deployment afterwards.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    failed_in_use: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    actor: Option<String>,
}

/// `PATCH /api/v2/deployments/{id}`: whether it failed in use, though it succeeded.
pub(super) async fn mark(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<Past>, Problem> {
    let id = number(id)?;
    let mark: Mark = read(request, &CHANGE).await?;
    let (reason, actor) = (mark.reason.as_deref(), mark.actor.as_deref());
    Ok(Json(app.registry.mark_failed(id, mark.failed_in_use, reason, actor).await?))
}

/// What is no number is the id of no deployment.
fn number(id: Result<Path<String>, PathRejection>) -> Result<i64, Problem> {
    let id = readable(id)?.parse();
    id.map_err(|_| Problem::from(crate::registry::RegistryError::NoSuchDeployment))
}
