//! `/api/v2/apps/{app}/environments/{env}/probe`: what the registry asks by itself.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::StatusCode;

use super::App;
use super::problem::{Problem, readable};
use super::question::Question;
use super::v2::{Form, read};
use crate::domain::probing::{NewProbe, Probing, Spot};

const FORM: Form = Form { slug: "invalid-probe", title: "the probe cannot be taken" };

type Named = Result<Path<(String, String)>, PathRejection>;

/// The place that an address names; a platform that is not named is called as its environment.
fn spot(named: Named, question: &Question) -> Result<Spot, Problem> {
    question.only(&["platform"])?;
    let (app, environment) = readable(named)?;
    let platform = question.get("platform").unwrap_or(&environment).to_owned();
    Ok(Spot { app, platform, environment })
}

/// `GET`: what is asked there, and what came of it; 404 where nothing is.
pub(super) async fn one(app: App, named: Named, question: Question) -> Result<Json<Probing>, Problem> {
    Ok(Json(app.registry.probe(&spot(named, &question)?).await?))
}

/// `PUT`: asks there from now on.
pub(super) async fn set(
    app: App,
    named: Named,
    question: Question,
    request: Request,
) -> Result<Json<Probing>, Problem> {
    let spot = spot(named, &question)?;
    let new: NewProbe = read(request, &FORM).await?;
    Ok(Json(app.registry.set_probe(&spot, &new).await?))
}

/// `DELETE`: asks there no more.
pub(super) async fn remove(app: App, named: Named, question: Question) -> Result<StatusCode, Problem> {
    app.registry.remove_probe(&spot(named, &question)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
