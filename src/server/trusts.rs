//! `/api/v2/trusts` and `/api/v2/oidc/github`: which jobs of GitHub get a token, and the token.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;

use super::App;
use super::list::Items;
use super::problem::{Problem, readable};
use super::tokens::shown_once;
use super::v2::{Form, read};
use crate::domain::oidc::{NewTrust, Trust};

const FORM: Form = Form { slug: "invalid-trust", title: "the trust cannot be made" };
const ID_TOKEN: Form = Form { slug: "invalid-id-token", title: "the id token cannot be read" };

/// `GET /api/v2/trusts`: every rule, in the order in which they were made.
pub(super) async fn list(app: App) -> Result<Json<Items<Trust>>, Problem> {
    Ok(Json(Items { items: app.registry.trusts().await? }))
}

/// `POST /api/v2/trusts`: 201 with the rule.
pub(super) async fn make(app: App, request: Request) -> Result<(StatusCode, Json<Trust>), Problem> {
    let rule: NewTrust = read(request, &FORM).await?;
    Ok((StatusCode::CREATED, Json(app.registry.make_trust(&rule).await?)))
}

/// `DELETE /api/v2/trusts/{id}`.
pub(super) async fn remove(app: App, id: Result<Path<String>, PathRejection>) -> Result<StatusCode, Problem> {
    app.registry.remove_trust(&readable(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a job shows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    /// The id token that GitHub gave it.
    token: String,
}

/// `POST /api/v2/oidc/github`: 201 with a token for a quarter of an hour.
pub(super) async fn exchange(app: App, request: Request) -> Result<Response, Problem> {
    let shown: Shown = read(request, &ID_TOKEN).await?;
    let (about, secret) = app.registry.exchange(&shown.token).await?;
    Ok(shown_once(about, &secret))
}
