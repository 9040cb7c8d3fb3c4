//! `/api/v2/webhooks`: who is told of changes.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::App;
use super::list::{List, Page};
use super::observe::Cause;
use super::problem::{Problem, readable};
use super::question::Question;
use super::v2::{Form, merged, read};
use crate::domain::webhook::{Webhook, WebhookSettings};
use crate::registry::RegistryError;

const FORM: Form = Form { slug: "invalid-webhook", title: "the webhook cannot be taken" };

type Named = Result<Path<String>, PathRejection>;

/// A webhook that was just made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MadeWebhook")]
pub(super) struct Made {
    #[serde(flatten)]
    about: Webhook,
    /// The key of its signatures.
    secret: String,
}

/// `GET /api/v2/webhooks`: every webhook, oldest first, without its secret.
pub(super) async fn list(app: App, question: Question) -> Result<Json<List<Webhook>>, Problem> {
    question.only(&["limit", "cursor"])?;
    let page = Page::of(&question)?;
    let items = app.registry.webhooks(question.get("cursor").unwrap_or_default(), page.rows()).await?;
    Ok(Json(page.answer(items, |item| item.id.clone())))
}

/// `POST /api/v2/webhooks`: 201 with the webhook. Its secret is in this answer and never again.
pub(super) async fn make(app: App, request: Request) -> Result<Response, Problem> {
    let new: WebhookSettings = read(request, &FORM).await?;
    let (about, secret) = app.registry.make_webhook(&new).await?;
    let mut response = (StatusCode::CREATED, Json(Made { about, secret })).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `GET /api/v2/webhooks/{id}`.
pub(super) async fn one(app: App, named: Named) -> Result<Json<Webhook>, Problem> {
    Ok(Json(app.registry.webhook(&readable(named)?).await?))
}

/// `PATCH /api/v2/webhooks/{id}`: changes the members that are named (RFC 7396); a `secret` takes the place of the old one.
pub(super) async fn change(app: App, named: Named, request: Request) -> Result<Json<Webhook>, Problem> {
    let id = readable(named)?;
    let changes: Map<String, Value> = read(request, &FORM).await?;
    let change = move |there: &WebhookSettings| merged(there, &changes, &FORM);
    Ok(Json(app.registry.change_webhook(&id, change).await?))
}

/// `DELETE /api/v2/webhooks/{id}`.
pub(super) async fn delete(app: App, named: Named) -> Result<StatusCode, Problem> {
    app.registry.delete_webhook(&readable(named)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says in the log that webhooks hear nothing because of us.
pub(super) fn trouble(error: &RegistryError) {
    tracing::error!(
        cause = Cause::of(error).to_string(),
        "webhooks were not told; they will be tried again in 10 s"
    );
}
