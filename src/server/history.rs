//! `GET /api/v2/deployments`: what was deployed, newest first, in pages.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::App;
use super::problem::Problem;
use super::question::{Question, refused};
use crate::store::Wanted;

/// Rows on a page that asks for no number, and the most that one may ask for.
const USUAL: i64 = 50;
const MOST: i64 = 100;

/// The answer: `items`, `limit`, and `next`, the cursor of the following page or null.
pub(super) async fn list(State(app): State<App>, question: Question) -> Result<Json<Value>, Problem> {
    let limit = question.get("limit").map(str::parse);
    let limit = match limit {
        None => USUAL,
        Some(Ok(limit)) if (1..=MOST).contains(&limit) => limit,
        Some(_) => return Err(refused("limit", &format!("must be 1 to {MOST}"))),
    };
    let before = match question.get("cursor") {
        None => None,
        Some(cursor) => {
            Some(parse(cursor).ok_or_else(|| refused("cursor", "must be a `next` of this list"))?)
        }
    };
    let text = |name| question.get(name).map(str::to_owned);
    let wanted = Wanted {
        app: text("app"),
        platform: text("platform"),
        environment: text("environment").or_else(|| text("env")),
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
