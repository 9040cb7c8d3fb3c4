//! Lists in pages: how many rows one asks for, and whether more follow.

use schemars::JsonSchema;
use serde::Serialize;

use super::problem::Problem;
use super::question::{Question, refused};

/// Rows on a page that asks for no number, and the most that one may ask for.
const USUAL: i64 = 50;
const MOST: i64 = 100;

/// One page of a list, as a client gets it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    /// The cursor of the following page; null where this is the last.
    pub(super) next: Option<String>,
    pub(super) limit: i64,
}

/// A list that is no longer than one page.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Items")]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
}

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

    /// The answer, with a cursor where more was read than is shown.
    pub(super) fn answer<T>(self, mut items: Vec<T>, cursor: impl Fn(&T) -> String) -> List<T> {
        let shown = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = items.len() > shown;
        items.truncate(shown);
        let next = items.last().filter(|_| more).map(cursor);
        List { items, next, limit: self.limit }
    }
}
