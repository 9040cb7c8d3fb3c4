//! The reading side of the database, for everyone or for the owner of a limited token. The limits stand in the
//! condition of each text, so that a page is full and a total right.

use std::sync::Arc;

use super::StoreError;
use super::db::{Db, Record, Value};
use super::dialect::{Dialect, Shape};
use crate::domain::limits::Limits;

/// The connections that read, and what may be seen through them.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    db: Db,
    within: Option<Arc<Within>>,
}

#[derive(Debug)]
struct Within {
    raw: bool,
    /// The patterns of apps, platforms and environments, in this order.
    patterns: (Shape, Vec<Value>),
}

impl Readers {
    /// Everything is seen.
    pub(super) fn new(db: Db) -> Self {
        Self { db, within: None }
    }

    /// The same connections within limits.
    pub(super) fn within(&self, limits: &Limits) -> Self {
        let dialect = self.db.dialect();
        let fields = limits.fields();
        let shape = fields.map(|(_, globs)| globs.len());
        let globs = fields.iter().flat_map(|(_, globs)| globs.iter());
        let patterns = globs.map(|glob| Value::from(dialect.pattern(glob.as_str()))).collect();
        let within = Within { raw: limits.raw, patterns: (shape, patterns) };
        Self { db: self.db.clone(), within: Some(Arc::new(within)) }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    /// Whether there are no limits.
    pub(super) fn sees_all(&self) -> bool {
        self.within.is_none()
    }

    /// Whether the free text of v1 is shown.
    pub(super) fn shows_raw(&self) -> bool {
        self.within.as_ref().is_none_or(|within| within.raw)
    }

    /// The rows that a text gives of what may be seen.
    pub(super) async fn query(&self, text: &str, values: &[Value]) -> Result<Vec<Record>, StoreError> {
        self.made(text, values, Ok).await
    }

    /// What is made of the rows of what may be seen. A text that does not say where its limits go shows nothing to who is
    /// limited: to forget it is an error and no leak.
    pub(super) async fn made<T>(
        &self,
        text: &str,
        values: &[Value],
        make: impl Fn(Record) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        match &self.within {
            None => self.db.query_within(text, values, &(Shape::default(), Vec::new()), make).await,
            Some(_) if !text.contains("{within") => {
                Err(StoreError::Corrupt(format!("no limits in `{text}`")))
            }
            Some(within) => self.db.query_within(text, values, &within.patterns, make).await,
        }
    }

    /// The only row that a text gives, if it gives one.
    pub(super) async fn one(&self, text: &str, values: &[Value]) -> Result<Option<Record>, StoreError> {
        Ok(self.query(text, values).await?.pop())
    }

    /// The database without limits, for what the caller checks and for what is no deployment.
    pub(super) fn whole(&self) -> &Db {
        &self.db
    }

    pub(super) async fn close(&self) {
        self.db.close().await;
    }
}
