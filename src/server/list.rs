//! Lists in pages: how many rows one asks for, and whether more follow.

use serde::Serialize;
use serde_json::{Value, json};

use super::problem::Problem;
use super::question::{Question, refused};

/// Rows on a page that asks for no number, and the most that one may ask for.
const USUAL: i64 = 50;
const MOST: i64 = 100;

/// One page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    limit: i64,
}

impl Page {
    pub(super) fn of(question: &Question) -> Result<Self, Problem> {
        match question.get("limit").map(str::parse) {
            None => Ok(Self { limit: USUAL }),
            Some(Ok(limit)) if (1..=MOST).contains(&limit) => Ok(Self { limit }),
            Some(_) => Err(refused("limit", &format!("must be 1 to {MOST}"))),
        }
    }

    /// How many rows to read: one more than asked for tells whether another page follows.
    pub(super) fn rows(self) -> i64 {
        self.limit + 1
    }

    /// The answer: `items`, `limit`, and `next`, the cursor of the following page or null.
    pub(super) fn answer<T: Serialize>(self, mut items: Vec<T>, cursor: impl Fn(&T) -> String) -> Value {
        let shown = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = items.len() > shown;
        items.truncate(shown);
        let next = items.last().filter(|_| more).map(cursor);
        json!({ "items": items, "next": next, "limit": self.limit })
    }
}
