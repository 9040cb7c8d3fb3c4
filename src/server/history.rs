//! `GET /api/v2/deployments`: what was deployed, newest first, in pages.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::problem::Problem;
use crate::store::Wanted;

/// Rows on a page that asks for no number, and the most that one may ask for.
const USUAL: i64 = 50;
const MOST: i64 = 100;

/// The filters; a list without them is that of everything.
#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    app: Option<String>,
    platform: Option<String>,
    #[serde(alias = "env")]
    environment: Option<String>,
    limit: Option<i64>,
    /// What `next` of the page before says.
    cursor: Option<String>,
}

/// The answer: `items`, `limit`, and `next`, the cursor of the following page or null.
pub(super) async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let limit = filter.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(refused("limit", &format!("must be 1 to {MOST}")));
    }
    let before = match &filter.cursor {
        None => None,
        Some(cursor) => {
            Some(parse(cursor).ok_or_else(|| refused("cursor", "must be a `next` of this list"))?)
        }
    };
    let wanted = Wanted {
        app: filter.app,
        platform: filter.platform,
        environment: filter.environment,
        before,
        // One more than asked for tells whether another page follows.
        limit: limit + 1,
    };
    let mut items = app.registry.history(&wanted).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > shown;
    items.truncate(shown);
    let last = items.last().filter(|_| more);
    let next = last.map(|item| format!("{}.{}", item.started_at, item.id));
    Ok(Json(json!({ "items": items, "next": next, "limit": limit })))
}

fn parse(cursor: &str) -> Option<(i64, i64)> {
    let (started, id) = cursor.split_once('.')?;
    Some((started.parse().ok()?, id.parse().ok()?))
}

fn refused(field: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-query", "the question cannot be answered")
        .with("errors", json!([{ "pointer": format!("/{field}"), "detail": detail }]))
}
