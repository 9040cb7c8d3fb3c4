//! `/api/v2/tokens`: who may do what.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::list::Items;
use super::problem::{Problem, readable};
use super::v2::{Form, read};
use crate::domain::token::{NewToken, Token};

const FORM: Form = Form { slug: "invalid-token", title: "the token cannot be made" };

/// `GET /api/v2/tokens`: every token, newest first, without its secret.
pub(super) async fn list(app: App) -> Result<Json<Items<Token>>, Problem> {
    Ok(Json(Items { items: app.registry.tokens().await? }))
}

/// A token that was just made.
#[derive(Serialize, JsonSchema)]
pub(super) struct Made {
    #[serde(flatten)]
    about: Token,
    /// Its text.
    token: String,
}

/// `POST /api/v2/tokens`: 201 with the token. Its text is in this answer and never again.
pub(super) async fn make(app: App, request: Request) -> Result<Response, Problem> {
    let new: NewToken = read(request, &FORM).await?;
    let (about, secret) = app.registry.make_token(&new).await?;
    let made = Made { about, token: secret.text() };
    let mut response = (StatusCode::CREATED, Json(made)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `DELETE /api/v2/tokens/{id}`: revokes it at once and for good; the row stays.
pub(super) async fn revoke(
    app: App,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Token>, Problem> {
    Ok(Json(app.registry.revoke_token(&readable(id)?).await?))
}
