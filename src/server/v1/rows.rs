//! The reads of v1. What is not there is 404 on a route that asks for something, and 204 on one that does not.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::answer::{self, Refusal};
use super::input::{Input, Kind, Shape};
use super::{long, read};
use crate::registry::Page;
use crate::server::App;
use crate::store::{Listing, Place};

const WORKLOAD: (&str, &str, Kind) = ("workload", "Workload", Kind::Text);
const PLATFORM: (&str, &str, Kind) = ("platform", "Platform", Kind::Text);
const ENVIRONMENT: (&str, &str, Kind) = ("environment", "Environment", Kind::Text);
const PAGE: (&str, &str, Kind) = ("page", "Page", Kind::Id);
const RANGE_LIMIT: (&str, &str, Kind) = ("rangeLimit", "RangeLimit", Kind::Limit);
/// The original fills these two itself, but reads them too.
const START_LIMIT: (&str, &str, Kind) = ("StartLimit", "StartLimit", Kind::Id);
const END_LIMIT: (&str, &str, Kind) = ("EndLimit", "EndLimit", Kind::Id);

pub(in crate::server) const READ_ENVIRONMENT: Shape = Shape {
    name: "ReadEnvironment",
    fields: &[WORKLOAD, PLATFORM, ENVIRONMENT, PAGE, RANGE_LIMIT, START_LIMIT, END_LIMIT],
    needed: &["workload", "platform", "environment"],
};

pub(in crate::server) const READ_PLATFORM: Shape = Shape {
    name: "ReadPlatform",
    fields: &[WORKLOAD, PLATFORM, PAGE, RANGE_LIMIT, START_LIMIT, END_LIMIT],
    needed: &["workload", "platform"],
};

pub(in crate::server) const RAW: Shape = Shape {
    name: "Raw",
    fields: &[WORKLOAD, PLATFORM, ENVIRONMENT, ("version", "Version", Kind::Text)],
    needed: &["workload", "platform", "environment", "version"],
};

pub(in crate::server) const RAW_BY_ID: Shape =
    Shape { name: "RawById", fields: &[("versionId", "VersionID", Kind::Id)], needed: &["versionId"] };

pub(in crate::server) const LATEST: Shape = Shape {
    name: "ReadEnvironmentLatest",
    fields: &[WORKLOAD, PLATFORM, ENVIRONMENT, ("Whatever", "Whatever", Kind::Flag)],
    needed: &["workload", "platform", "environment"],
};

/// `GET /api/v1/read/environment`: the rows of a place, newest first.
pub(in crate::server) async fn environment(app: App, request: Request) -> Result<Response, Refusal> {
    let input = read(&READ_ENVIRONMENT, request).await?;
    input.faults(&READ_ENVIRONMENT, READ_ENVIRONMENT.needed)?;
    let environment = Some(input.text("environment").to_owned());
    listed(&app, environment, &input).await
}

/// `GET /api/v1/read/platform`: the rows of a workload on a platform, newest first.
pub(in crate::server) async fn platform(app: App, request: Request) -> Result<Response, Refusal> {
    let input = read(&READ_PLATFORM, request).await?;
    input.faults(&READ_PLATFORM, READ_PLATFORM.needed)?;
    listed(&app, None, &input).await
}

async fn listed(app: &App, environment: Option<String>, input: &Input) -> Result<Response, Refusal> {
    let (workload, platform) = (input.text("workload").to_owned(), input.text("platform").to_owned());
    let (list, page) = (Listing { workload, platform, environment }, page(input));
    if !page.is_short() {
        let ids = app.registry.listed_ids(&list, page).await?;
        return Ok(match ids.as_slice() {
            [] => answer::bare(StatusCode::NOT_FOUND),
            _ => long::response(app.registry.clone(), ids),
        });
    }
    let Listing { workload, platform, environment } = &list;
    let (number, size) = (page.number.to_string(), page.size.to_string());
    let question = match environment {
        Some(environment) => vec!["environment", workload, platform, environment, &number, &size],
        None => vec!["platform", workload, platform, &number, &size],
    };
    let make = || async { Ok(self::list(&app.registry.listed(&list, page).await?)) };
    Ok(found(app.registry.kept(&question, make).await?, StatusCode::NOT_FOUND))
}

/// `GET /api/v1/read/raw`: what was stored with the newest row of a version.
pub(in crate::server) async fn raw(app: App, request: Request) -> Result<Response, Refusal> {
    let input = read(&RAW, request).await?;
    input.faults(&RAW, RAW.needed)?;
    let (place, version) = (place(&input), input.text("version"));
    let question = ["raw", &place.workload, &place.platform, &place.environment, version];
    let make = || async {
        let raw = app.registry.raw(&place, version).await?.filter(|raw| !raw.is_empty());
        Ok(raw.map_or(String::new(), |raw| answer::text(&json!({ "raw": raw }))))
    };
    Ok(found(app.registry.kept(&question, make).await?, StatusCode::NOT_FOUND))
}

/// `GET /api/v1/read/raw/id`: one row.
pub(in crate::server) async fn raw_by_id(app: App, request: Request) -> Result<Response, Refusal> {
    let input = read(&RAW_BY_ID, request).await?;
    input.faults(&RAW_BY_ID, RAW_BY_ID.needed)?;
    let id = input.id("versionId");
    let make = || async { Ok(app.registry.row(id).await?.map_or(String::new(), |row| answer::text(&row))) };
    let question = ["raw/id", &id.to_string()];
    Ok(found(app.registry.kept(&question, make).await?, StatusCode::NOT_FOUND))
}

/// `GET /api/v1/read/distinct/workloads`: every place.
pub(in crate::server) async fn distinct_workloads(app: App) -> Result<Response, Refusal> {
    let make = || async { Ok(list(&app.registry.places().await?)) };
    Ok(found(app.registry.kept(&["distinct/workloads"], make).await?, StatusCode::NO_CONTENT))
}

/// `GET /api/v1/stats/latest`: the numbers of the last ten days.
pub(in crate::server) async fn stats(app: App) -> Result<Response, Refusal> {
    // Tomorrow another day falls out of the ten.
    let question = ["stats", &app.registry.today().to_string()];
    let make = || async { Ok(list(&app.registry.stats().await?)) };
    Ok(found(app.registry.kept(&question, make).await?, StatusCode::NO_CONTENT))
}

/// `GET /api/v1/read/environment/latest`: the newest version that succeeded.
pub(in crate::server) async fn latest(app: App, request: Request) -> Result<Response, Refusal> {
    latest_of(&app, request, false).await
}

/// `GET /api/v1/read/environment/latest/whatever`: the newest version, whatever became of it.
pub(in crate::server) async fn latest_whatever(app: App, request: Request) -> Result<Response, Refusal> {
    latest_of(&app, request, true).await
}

async fn latest_of(app: &App, request: Request, any: bool) -> Result<Response, Refusal> {
    let input = read(&LATEST, request).await?;
    input.faults(&LATEST, LATEST.needed)?;
    let place = place(&input);
    let found = app.registry.latest(&place, any || input.flag("Whatever")).await;
    Ok(match found? {
        Some(version) => answer::json(StatusCode::OK, &json!({ "version": version })),
        None => answer::bare(StatusCode::NOT_FOUND),
    })
}

/// `GET /api/v1/read/home`: the newest 25 rows.
pub(in crate::server) async fn home(app: App) -> Result<Response, Refusal> {
    let make = || async { Ok(list(&app.registry.home().await?)) };
    Ok(found(app.registry.kept(&["home"], make).await?, StatusCode::NO_CONTENT))
}

fn place(input: &Input) -> Place {
    Place {
        workload: input.text("workload").to_owned(),
        platform: input.text("platform").to_owned(),
        environment: input.text("environment").to_owned(),
    }
}

/// The page that is asked for; a default counts only where the field is absent.
fn page(input: &Input) -> Page {
    let or = |key, default| if input.has(key) { input.id(key) } else { default };
    Page { number: or("page", 1), size: or("rangeLimit", 25) }
}

/// The text of a list; none of an empty one.
fn list(rows: &[impl Serialize]) -> String {
    if rows.is_empty() { String::new() } else { answer::text(&rows) }
}

/// The answer with a text, or without one if nothing was found.
fn found(text: String, if_nothing: StatusCode) -> Response {
    if text.is_empty() { answer::bare(if_nothing) } else { answer::json_body(StatusCode::OK, text.into()) }
}
