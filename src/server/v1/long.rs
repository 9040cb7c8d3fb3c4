//! A list of v1 that is sent part by part, since the `raw` of its rows may fill the memory. A database that fails breaks
//! the answer off, since a short list would look whole.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream;

use super::answer;
use crate::registry::Registry;

/// How many rows are read first, and at once at most.
const FIRST: usize = 4;
const MOST: usize = 64;
/// What a part should have in bytes, as many may be waiting for slow readers.
const PART: usize = 16 * 1024;

/// What breaks a list off.
type Broken = Box<dyn std::error::Error + Send + Sync>;

/// The rows of these ids, each id with the number of rows on all pages.
pub(super) fn response(registry: Registry, ids: Vec<(i64, i64)>) -> Response {
    let list = List { registry, ids, sent: 0, next: FIRST, began: false };
    answer::json_body(StatusCode::OK, Body::from_stream(stream::try_unfold(list, List::part)))
}

/// A list on its way.
struct List {
    registry: Registry,
    ids: Vec<(i64, i64)>,
    sent: usize,
    /// How many rows are read next.
    next: usize,
    /// Whether a row went out yet.
    began: bool,
}

impl List {
    async fn part(mut self) -> Result<Option<(String, Self)>, Broken> {
        let rest = self.ids.get(self.sent..).unwrap_or_default();
        let Some(next) = rest.chunks(self.next).next() else { return Ok(None) };
        let rows = self.registry.listed_rows(next).await;
        let rows =
            rows.inspect_err(|failure| tracing::error!(cause = failure.to_string(), "a list broke off"))?;
        let mut part = String::new();
        for row in &rows {
            part.push(if self.began { ',' } else { '[' });
            self.began = true;
            part.push_str(&answer::text(row));
        }
        let average = part.len().checked_div(rows.len()).unwrap_or(0).max(1);
        self.next = PART.checked_div(average).unwrap_or(0).clamp(1, MOST);
        self.sent = self.sent.saturating_add(next.len());
        if self.sent >= self.ids.len() {
            part.push_str(if self.began { "]" } else { "[]" });
        }
        // Without what it could still grow by.
        Ok(Some((part.into_boxed_str().into_string(), self)))
    }
}
