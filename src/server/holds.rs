//! `/api/v2/holds`: held versions, locks and freezes.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::App;
use super::list::{List, Page};
use super::problem::{Problem, readable};
use super::question::{Question, refused};
use super::v2::{Form, read, replayed};
use crate::domain::hold::{Hold, HoldKind, NewHold};
use crate::store::HoldsWanted;

const FORM: Form = Form { slug: "invalid-hold", title: "the hold cannot be taken" };

/// `POST /api/v2/holds`: 201 with the hold, 200 if the same request was answered before.
pub(super) async fn set(app: App, request: Request) -> Result<Response, Problem> {
    let key = app.keys.take(request.headers())?;
    let new: NewHold = read(request, &FORM).await?;
    let held = app.registry.hold(&new, key.text()).await?;
    let answer = Json(held.hold);
    Ok(if held.replayed { replayed(answer) } else { (StatusCode::CREATED, answer).into_response() })
}

/// `GET /api/v2/holds`: what holds now and speaks of a place, newest first; with `all=true` what ended too.
pub(super) async fn list(app: App, question: Question) -> Result<Json<List<Hold>>, Problem> {
    let page = Page::of(&question)?;
    let kind = match question.get("kind") {
        None => None,
        Some(word) => {
            let kind = HoldKind::from_word(word);
            Some(kind.ok_or_else(|| refused("kind", "must be one of hold, lock, freeze"))?)
        }
    };
    let active_at = match question.get("all") {
        None | Some("false") => Some(app.registry.world().now().as_millisecond()),
        Some("true") => None,
        Some(_) => return Err(refused("all", "must be true or false")),
    };
    let text = |name| question.get(name).map(str::to_owned);
    let wanted = HoldsWanted {
        app: text("app"),
        platform: text("platform"),
        environment: text("environment").or_else(|| text("env")),
        kind,
        active_at,
        before: text("cursor"),
        limit: page.rows(),
    };
    let items = app.registry.holds(&wanted).await?;
    Ok(Json(page.answer(items, |hold| hold.id.clone())))
}

/// `GET /api/v2/holds/{id}`.
pub(super) async fn one(app: App, id: Result<Path<String>, PathRejection>) -> Result<Json<Hold>, Problem> {
    Ok(Json(app.registry.one_hold(&readable(id)?).await?))
}

/// `DELETE /api/v2/holds/{id}?reason=…&actor=…`: lifts it and answers with it; the row stays. The reason stands
/// in the address, since a body of this method has no meaning that every proxy keeps (RFC 9110 §9.3.5).
pub(super) async fn lift(
    app: App,
    id: Result<Path<String>, PathRejection>,
    question: Question,
) -> Result<Json<Hold>, Problem> {
    let reason = question.get("reason").ok_or_else(|| refused("reason", "must be there"))?;
    Ok(Json(app.registry.lift(&readable(id)?, question.get("actor"), reason).await?))
}
