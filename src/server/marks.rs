//! `/api/v2/apps/{app}/versions/{version}/mark`: a version that is bad wherever it runs. A mark is a hold that
//! names no environment, so whoever asks for holds of a place is told of it.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::problem::{Problem, readable};
use super::question::{Question, refused};
use super::v2::{Form, read, replayed};
use crate::domain::hold::{Hold, HoldKind, NewHold};
use crate::registry::RegistryError;

const FORM: Form = Form { slug: "invalid-mark", title: "the mark cannot be taken" };

/// What a client says of a bad version.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    bad: bool,
    reason: String,
    /// Its commit; absent: that of the release, if the registry knows one.
    #[serde(default)]
    sha: Option<String>,
    #[serde(default)]
    actor: Option<String>,
}

type Named = Result<Path<(String, String)>, PathRejection>;

/// `PUT`: 201 with the hold; 200 with the one that is there, whose reason stands.
pub(super) async fn set(app: App, named: Named, request: Request) -> Result<Response, Problem> {
    let (of, version) = readable(named)?;
    let mark: Mark = read(request, &FORM).await?;
    if !mark.bad {
        let detail = "must be true; a mark is taken away by DELETE";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, FORM.slug, FORM.title)
            .with("errors", json!([{ "pointer": "/bad", "detail": detail }])));
    }
    let sha = match mark.sha {
        Some(sha) => Some(sha),
        None => match app.registry.release(&of, &version).await {
            Ok(release) => Some(release.sha),
            Err(RegistryError::NoSuch(_)) => None,
            Err(error) => return Err(error.into()),
        },
    };
    let new = NewHold {
        kind: HoldKind::Hold,
        app: Some(of),
        platform: None,
        environment: None,
        version: Some(version),
        sha,
        r#ref: None,
        reason: mark.reason,
        actor: mark.actor,
        until: None,
        weekly: None,
    };
    match app.registry.hold(&new, None).await {
        Ok(held) if held.replayed => Ok(replayed(Json(held.hold))),
        Ok(held) => Ok((StatusCode::CREATED, Json(held.hold)).into_response()),
        Err(RegistryError::HeldAlready(there)) => Ok(replayed(Json(*there))),
        Err(error) => Err(error.into()),
    }
}

/// `DELETE …/mark?reason=…&actor=…`: takes the mark away and answers with it; the row stays.
pub(super) async fn lift(app: App, named: Named, question: Question) -> Result<Json<Hold>, Problem> {
    let (of, version) = readable(named)?;
    let reason = question.get("reason").ok_or_else(|| refused("reason", "must be there"))?;
    let mark = app.registry.mark_of(&of, &version).await?;
    Ok(Json(app.registry.lift(&mark.id, question.get("actor"), reason).await?))
}
