//! `/api/v2/incidents`.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::App;
use super::list::{List, Page};
use super::problem::{Problem, readable};
use super::question::{Question, refused};
use super::v2::{Form, read};
use crate::domain::incident::{Incident, IncidentChange, NewIncident};
use crate::store::IncidentsWanted;

const FORM: Form = Form { slug: "invalid-incident", title: "the incident cannot be taken" };

/// `POST /api/v2/incidents`: 201 with the incident, 200 if the same request was answered before.
pub(super) async fn open(app: App, request: Request) -> Result<Response, Problem> {
    let key = app.keys.take(request.headers())?;
    let new: NewIncident = read(request, &FORM).await?;
    let told = app.registry.open_incident(&new, key.text()).await?;
    let status = if told.replayed { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = (status, Json(told.incident)).into_response();
    if told.replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// `GET /api/v2/incidents`: newest first; with `open=true` only those that are not resolved.
pub(super) async fn list(app: App, question: Question) -> Result<Json<List<Incident>>, Problem> {
    let page = Page::of(&question)?;
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
        limit: page.rows(),
    };
    let items = app.registry.incidents(&wanted).await?;
    Ok(Json(page.answer(items, |incident| incident.id.clone())))
}

/// `GET /api/v2/incidents/{id}`.
pub(super) async fn one(
    app: App,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Incident>, Problem> {
    Ok(Json(app.registry.incident(&readable(id)?).await?))
}

/// `PATCH /api/v2/incidents/{id}`: what is there changes, what is absent stays.
pub(super) async fn change(
    app: App,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<Incident>, Problem> {
    let change: IncidentChange = read(request, &FORM).await?;
    Ok(Json(app.registry.change_incident(&readable(id)?, &change).await?))
}
