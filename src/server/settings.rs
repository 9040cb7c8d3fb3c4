//! `/api/v2/apps` and `/api/v2/environments`: what is known of them, and what people say of them.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use super::App;
use super::list::{List, Page};
use super::problem::{Problem, readable};
use super::question::{Question, refused};
use super::v2::{Form, merged, read};
use crate::domain::revision::Expected;
use crate::domain::settings::{self, AppSettings, Environment, EnvironmentSettings, ShownEnvironment};
use crate::registry::RegistryError;
use crate::store::EnvironmentsWanted;

const APP: Form = Form { slug: "invalid-app", title: "the app cannot be taken" };
const ENVIRONMENT: Form = Form { slug: "invalid-environment", title: "the environment cannot be taken" };

type Named = Result<Path<String>, PathRejection>;

/// What the client last saw of a thing, if it says so.
fn expected(headers: &HeaderMap) -> Expected {
    Expected::of(headers.get(header::IF_MATCH).map(|tags| tags.to_str().unwrap_or_default()))
}

/// A thing with the tag of its revision.
fn tagged(thing: impl Serialize, revision: u64) -> Response {
    ([(header::ETAG, format!("\"{revision}\""))], Json(thing)).into_response()
}

fn shown(app: &settings::App) -> Response {
    tagged(app, app.revision)
}

fn shown_environment(environment: &Environment) -> Response {
    tagged(environment.shown(), environment.revision)
}

/// `GET /api/v2/apps`: every app, by their names.
pub(super) async fn apps(app: App, question: Question) -> Result<Json<List<settings::App>>, Problem> {
    question.only(&["limit", "cursor"])?;
    let page = Page::of(&question)?;
    let items = app.registry.apps(question.get("cursor").unwrap_or_default(), page.rows()).await?;
    Ok(Json(page.answer(items, |item| item.name.clone())))
}

/// `GET /api/v2/apps/{app}`.
pub(super) async fn app(app: App, named: Named) -> Result<Response, Problem> {
    Ok(shown(&app.registry.app(&readable(named)?).await?))
}

/// `PUT /api/v2/apps/{app}`: says everything anew, also of an app that is still to come.
pub(super) async fn put_app(
    app: App,
    named: Named,
    question: Question,
    request: Request,
) -> Result<Response, Problem> {
    question.only(&[])?;
    let (name, expected) = (readable(named)?, expected(request.headers()));
    let to: AppSettings = read(request, &APP).await?;
    let done = app.registry.change_app::<Problem>(&name, &expected, |_| Ok(to.clone())).await?;
    Ok(shown(&done))
}

/// `PATCH /api/v2/apps/{app}`: changes the members that are named; `null` takes one away (RFC 7396).
pub(super) async fn patch_app(
    app: App,
    named: Named,
    question: Question,
    request: Request,
) -> Result<Response, Problem> {
    question.only(&[])?;
    let (name, expected) = (readable(named)?, expected(request.headers()));
    let changes: Map<String, Value> = read(request, &APP).await?;
    let change = |there: Option<&AppSettings>| {
        let there = there.ok_or(RegistryError::NoSuch("there is no such app"))?;
        merged(there, &changes, &APP)
    };
    Ok(shown(&app.registry.change_app(&name, &expected, change).await?))
}

/// `DELETE /api/v2/apps/{app}`: archives it. What was deployed stays, and a deployment brings it back.
pub(super) async fn archive(
    app: App,
    named: Named,
    question: Question,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    question.only(&[])?;
    let change = |there: Option<&AppSettings>| {
        let there = there.ok_or(RegistryError::NoSuch("there is no such app"))?;
        Ok::<_, Problem>(AppSettings { archived: true, ..there.clone() })
    };
    Ok(shown(&app.registry.change_app(&readable(named)?, &expected(&headers), change).await?))
}

/// `GET /api/v2/environments`: every environment, by their names and platforms.
pub(super) async fn environments(
    app: App,
    question: Question,
) -> Result<Json<List<ShownEnvironment>>, Problem> {
    question.only(&["platform", "limit", "cursor"])?;
    let page = Page::of(&question)?;
    let after = question.get("cursor").map_or(Some(Default::default()), parse);
    let wanted = EnvironmentsWanted {
        name: None,
        platform: question.get("platform").map(str::to_owned),
        after: after.ok_or_else(|| refused("cursor", "must be a `next` of this list"))?,
        limit: page.rows(),
    };
    let items = app.registry.environments(&wanted).await?;
    let items = items.iter().map(Environment::shown).collect();
    Ok(Json(page.answer(items, |item| format!("{}.{}{}", item.name.len(), item.name, item.platform))))
}

/// The name and the platform of a cursor: the length of the name, and both.
fn parse(cursor: &str) -> Option<(String, String)> {
    let (length, names) = cursor.split_once('.')?;
    let (name, platform) = names.split_at_checked(length.parse().ok()?)?;
    Some((name.to_owned(), platform.to_owned()))
}

/// `GET /api/v2/environments/{env}`.
pub(super) async fn environment(app: App, named: Named, question: Question) -> Result<Response, Problem> {
    let name = readable(named)?;
    Ok(shown_environment(&app.registry.environment(&name, platform(&question)?).await?))
}

fn platform(question: &Question) -> Result<Option<&str>, Problem> {
    question.only(&["platform"])?;
    Ok(question.get("platform"))
}

/// `PUT` and `PATCH /api/v2/environments/{env}`. The body may name the platform too, which is part of what it is called
/// and cannot be changed.
async fn set(
    app: App,
    named: Named,
    question: Question,
    request: Request,
    is_patch: bool,
) -> Result<Response, Problem> {
    let (name, expected) = (readable(named)?, expected(request.headers()));
    let body: Map<String, Value> = read(request, &ENVIRONMENT).await?;
    let of = platform(&question)?.or_else(|| body.get("platform").and_then(Value::as_str));
    let change = |there: Option<&EnvironmentSettings>| match there {
        None if is_patch => Err(RegistryError::NoSuch("there is no such environment").into()),
        Some(there) if is_patch => merged(there, &body, &ENVIRONMENT),
        _ => merged(&EnvironmentSettings::default(), &body, &ENVIRONMENT),
    };
    Ok(shown_environment(&app.registry.change_environment((&name, of), &expected, change).await?))
}

/// `PUT /api/v2/environments/{env}`: says everything anew, also of one that is still to come.
pub(super) async fn put_environment(
    app: App,
    named: Named,
    question: Question,
    request: Request,
) -> Result<Response, Problem> {
    set(app, named, question, request, false).await
}

/// `PATCH /api/v2/environments/{env}`: changes the members that are named.
pub(super) async fn patch_environment(
    app: App,
    named: Named,
    question: Question,
    request: Request,
) -> Result<Response, Problem> {
    set(app, named, question, request, true).await
}

/// `DELETE /api/v2/environments/{env}`: forgets what was said of it.
pub(super) async fn forget_environment(
    app: App,
    named: Named,
    question: Question,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let name = readable(named)?;
    app.registry.forget_environment(&name, platform(&question)?, &expected(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
