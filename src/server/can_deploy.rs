//! `GET /api/v2/can-deploy`: what the registry knows of whether a version may go somewhere. What only a clone or
//! its configuration knows (changed files, branches) is asked by the command line.

use axum::Json;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::problem::Problem;
use super::question::{Question, refused};
use crate::domain::checks::Finding;
use crate::domain::gate::{Terms, Wish, reasons};
use crate::domain::tier::Rank;
use crate::store::HoldsWanted;

/// More holds than one place ever has at a time.
const ALL: i64 = 10_000;

/// Whether a version may go to a place.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Allowance {
    app: String,
    platform: String,
    environment: String,
    version: String,
    allowed: bool,
    /// Why not.
    reasons: Vec<Finding>,
}

pub(super) async fn ask(app: App, question: Question) -> Result<Json<Allowance>, Problem> {
    let needed = |name: &str| question.get(name).ok_or_else(|| refused(name, "must be there"));
    let (of, version) = (needed("app")?, needed("version")?);
    let environment = question.get("environment").or_else(|| question.get("env"));
    let environment = environment.ok_or_else(|| refused("environment", "must be there"))?;
    let platform = question.get("platform").unwrap_or(environment);
    app.registry.must_cover(of, platform, environment)?;
    let now = app.registry.world().now().as_millisecond();
    let holds = app
        .registry
        .holds(&HoldsWanted {
            app: Some(of.to_owned()),
            platform: Some(platform.to_owned()),
            environment: Some(environment.to_owned()),
            kind: None,
            active_at: Some(now),
            before: None,
            limit: ALL,
        })
        .await?;
    let wish = Wish {
        app: of,
        platform,
        environment,
        version,
        sha: question.get("sha"),
        r#ref: question.get("ref"),
        actor: question.get("actor"),
        dirty: false,
    };
    let terms = Terms {
        rank: Rank::of(None, platform, environment),
        zone: None,
        branches: &[],
        on: &[],
        before: None,
    };
    let reasons = reasons(&wish, &terms, &holds, now);
    let [of, platform, environment, version] = [of, platform, environment, version].map(str::to_owned);
    let allowed = reasons.is_empty();
    Ok(Json(Allowance { app: of, platform, environment, version, allowed, reasons }))
}
