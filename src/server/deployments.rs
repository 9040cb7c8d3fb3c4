//! `/api/v2/deployments/{id}`: one deployment, what may be corrected of it, and what happened to it.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::list::Items;
use super::problem::{Problem, readable};
use super::question::{Question, refused};
use super::v2::{Form, answer, read};
use crate::domain::deployment::{Correction, Progress};
use crate::domain::event::Event;
use crate::domain::past::Past;
use crate::registry::{ChainState, RegistryError};

const STEP: Form = Form { slug: "invalid-report", title: "the report cannot be taken" };
const CORRECTION: Form = Form { slug: "invalid-correction", title: "the correction cannot be taken" };

/// `GET /api/v2/deployments/{id}`.
pub(super) async fn one(app: App, id: Id) -> Result<Json<Past>, Problem> {
    Ok(Json(app.registry.deployment(number(id)?).await?))
}

/// `PATCH /api/v2/deployments/{id}`: reason, links, and whether it failed its users later.
pub(super) async fn correct(app: App, id: Id, request: Request) -> Result<Json<Past>, Problem> {
    let id = number(id)?;
    let correction: Correction = read(request, &CORRECTION).await?;
    Ok(Json(app.registry.correct(id, &correction).await?))
}

/// An event, and the hash that links it to the one before it in its place.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Linked {
    #[serde(flatten)]
    event: Event,
    hash: Option<String>,
}

/// `GET /api/v2/deployments/{id}/events`: what happened to it, oldest first.
pub(super) async fn events(app: App, id: Id) -> Result<Json<Items<Linked>>, Problem> {
    let events = app.registry.events(number(id)?).await?;
    let items = events.into_iter().map(|(event, hash)| Linked { event, hash }).collect();
    Ok(Json(Items { items }))
}

/// `POST /api/v2/deployments/{id}/events`: its next step.
pub(super) async fn step(app: App, id: Id, request: Request) -> Result<Response, Problem> {
    let id = number(id)?;
    let key = app.keys.take(request.headers())?;
    let progress: Progress = read(request, &STEP).await?;
    Ok(answer(&app.registry.progress(id, &progress, key.text()).await?))
}

/// `GET /api/v2/chain?app=…&platform=…&environment=…`: is every event of this place what it was?
pub(super) async fn chain(app: App, question: Question) -> Result<Json<ChainState>, Problem> {
    let name = |name| question.get(name).ok_or_else(|| refused(name, "must be there"));
    let (of, platform, environment) = (name("app")?, name("platform")?, name("environment")?);
    Ok(Json(app.registry.chain(of, platform, environment).await?))
}

pub(super) type Id = Result<Path<String>, PathRejection>;

/// What is no number is the id of no deployment.
pub(super) fn number(id: Id) -> Result<i64, Problem> {
    readable(id)?.parse().map_err(|_| RegistryError::NoSuch("there is no such deployment").into())
}
