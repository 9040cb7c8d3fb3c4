//! `/api/v2/deployments/{id}/commits` and `/api/v2/compare/{app}/{a}...{b}`.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::App;
use super::deployments::{Id, number};
use super::problem::{Problem, readable};
use super::question::{Question, refused};
use super::v2::{Form, read, replayed};
use crate::domain::lists::Told;
use crate::registry::Compared;

const FORM: Form = Form { slug: "invalid-report", title: "the commits cannot be taken" };

/// `GET /api/v2/deployments/{id}/commits`: what it brought.
pub(super) async fn of(app: App, id: Id) -> Result<Json<Told>, Problem> {
    Ok(Json(app.registry.commits(number(id)?).await?))
}

/// `PUT /api/v2/deployments/{id}/commits`: 201, or 200 if the same was told before; another list is 409.
pub(super) async fn tell(app: App, id: Id, request: Request) -> Result<Response, Problem> {
    let id = number(id)?;
    let told: Told = read(request, &FORM).await?;
    let new = app.registry.tell_commits(id, &told).await?;
    Ok(if new { (StatusCode::CREATED, Json(told)).into_response() } else { replayed(Json(told)) })
}

/// `GET /api/v2/compare/{app}/{a}...{b}`: how `b` stands to `a`.
pub(super) async fn compare(
    app: App,
    named: Result<Path<(String, String)>, PathRejection>,
    question: Question,
) -> Result<Json<Compared>, Problem> {
    question.only(&["platform"])?;
    let (of, range) = readable(named)?;
    let sides = range.split_once("...").filter(|(a, b)| !a.is_empty() && !b.is_empty());
    let sides = sides.ok_or_else(|| refused("range", "must be two names with `...` between them"))?;
    Ok(Json(app.registry.compare(&of, sides, question.get("platform")).await?))
}
