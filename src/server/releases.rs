//! `/api/v2/apps/{app}/versions/{version}`: which commit a version is.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::App;
use super::problem::{Problem, readable};
use super::v2::{Form, read, replayed};
use crate::domain::released::Released;

const FORM: Form = Form { slug: "invalid-release", title: "the release cannot be taken" };

type Named = Result<Path<(String, String)>, PathRejection>;

/// What became of a release that was told.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Known {
    state: &'static str,
    version: String,
}

/// `PUT`: 201, or 200 if the version is known as the same commit, and then nothing changes.
pub(super) async fn enter(app: App, named: Named, request: Request) -> Result<Response, Problem> {
    let (of, version) = readable(named)?;
    let release: Released = read(request, &FORM).await?;
    for (field, address, body) in [("app", &of, &release.app), ("version", &version, &release.version)] {
        if address != body {
            let detail = "must be the same in the address and in the body";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, FORM.slug, FORM.title)
                .with("errors", json!([{ "pointer": format!("/{field}"), "detail": detail }])));
        }
    }
    let new = app.registry.enter_release(&release).await?;
    let answer = Json(Known { state: "released", version: release.version });
    Ok(if new { (StatusCode::CREATED, answer).into_response() } else { replayed(answer) })
}

/// `GET`.
pub(super) async fn one(app: App, named: Named) -> Result<Json<Released>, Problem> {
    let (of, version) = readable(named)?;
    Ok(Json(app.registry.release(&of, &version).await?))
}
