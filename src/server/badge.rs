//! `GET /badge/{app}/{environment}.svg` and `.json`: the version that is live there, for a README or a dashboard.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::App;
use super::problem::{Problem, readable};
use super::question::{Question, refused};
use crate::domain::chain::digest;
use crate::domain::deployment::{Current, State as Turn};
use crate::domain::text;

/// What a badge says.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Badge {
    label: String,
    message: String,
    /// A name of the schema of shields.io.
    color: &'static str,
    hex: &'static str,
    /// Pixels, by the number of letters: the font has about this width.
    width: usize,
    /// The part of the label without its round corner, and the middles of both texts.
    inner: usize,
    label_middle: usize,
    message_middle: usize,
}

/// Pixels of a letter, and of the room beside a text.
const LETTER: usize = 7;
const ROOM: usize = 10;

impl Badge {
    fn of(label: &str, message: &str, (color, hex): (&'static str, &'static str)) -> Self {
        let (label, message) = (text::page(label), text::page(message));
        let wide = |text: &str| text.chars().count().saturating_mul(LETTER).saturating_add(ROOM);
        let (left, right) = (wide(&label), wide(&message));
        let (inner, width) = (left.saturating_sub(3), left.saturating_add(right));
        let (label_middle, message_middle) = (left / 2, left.saturating_add(right / 2));
        Self { label, message, color, hex, width, inner, label_middle, message_middle }
    }

    /// What is live, and in which colour; what is under way or failed after it changes the colour and not the version.
    fn of_cell(environment: &str, cell: &Current) -> Self {
        let color = match cell.newest.state {
            Turn::Failed | Turn::TimedOut => ("red", "#e05d44"),
            Turn::Queued | Turn::Running => ("blue", "#007ec6"),
            _ if cell.recorded.is_none() => ("lightgrey", "#9f9f9f"),
            _ => ("brightgreen", "#2f8a07"),
        };
        let version = cell.recorded.as_ref().map_or("nothing", |good| good.version.as_str());
        Self::of(environment, version, color)
    }
}

/// The last part of the address is the environment and the form.
pub(super) async fn show(
    app: App,
    named: Result<Path<(String, String)>, PathRejection>,
    question: Question,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    question.only(&["platform"])?;
    let (name, file) = readable(named)?;
    let missing = |detail: &str| {
        Problem::new(StatusCode::NOT_FOUND, "no-such-badge", "there is no such badge").with("detail", detail)
    };
    let Some((environment, form)) = file.rsplit_once('.').filter(|(_, form)| ["svg", "json"].contains(form))
    else {
        return Err(missing("the address ends with `.svg` or `.json`"));
    };
    let cells = app.registry.present(Some(&name)).await?.cells;
    let there = |cell: &&Current| {
        cell.environment == environment && question.get("platform").is_none_or(|known| known == cell.platform)
    };
    let found: Vec<&Current> = cells.iter().map(|cell| &cell.current).filter(there).collect();
    let badge = match found.as_slice() {
        [cell] => Badge::of_cell(environment, cell),
        [] => return Err(missing("nothing was deployed there")),
        several => {
            let known: Vec<&str> = several.iter().map(|cell| cell.platform.as_str()).collect();
            return Err(refused("platform", &format!("must be one of {}", known.join(", "))));
        }
    };
    answer(&app, &badge, form, &headers)
}

/// A proxy may keep it and must ask whether it still holds.
fn answer(app: &App, badge: &Badge, form: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let tag = format!("\"{}\"", digest([badge.label.as_str(), &badge.message, badge.color, form]));
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let kept = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, tag)];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    if form == "json" {
        let shield = json!({ "schemaVersion": 1, "label": badge.label, "message": badge.message, "color": badge.color });
        return Ok((kept, Json(shield)).into_response());
    }
    let text = app.templates.render("badge", badge)?;
    Ok((kept, [(header::CONTENT_TYPE, "image/svg+xml; charset=utf-8")], text).into_response())
}
