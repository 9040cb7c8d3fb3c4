//! The lists of API v1: a small page at once, of a larger one first the ids, since its rows may be larger than memory.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::db::{Record, Value, values};
use super::sql::listing as sql;
use super::versions::Row;
use super::{Store, StoreError};

/// Which rows a list is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) workload: String,
    pub(crate) platform: String,
    /// Without one the rows of all environments of the platform.
    pub(crate) environment: Option<String>,
}

/// Which rows of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) offset: i64,
    pub(crate) limit: i64,
}

/// A row of a page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "V1ListedRow")]
pub(crate) struct Listed {
    #[serde(flatten)]
    pub(crate) row: Row,
    /// The number of rows on all pages.
    pub(crate) total: i64,
}

impl Listing {
    /// The text of the two that fits, and its values.
    fn asked<'a>(&self, place: &'a str, platform: &'a str, span: Span) -> (&'a str, Vec<Value>) {
        match &self.environment {
            Some(environment) => {
                let values = values![&self.workload, &self.platform, environment, span.limit, span.offset];
                (place, values.to_vec())
            }
            None => (platform, values![&self.workload, &self.platform, span.limit, span.offset].to_vec()),
        }
    }
}

impl Store {
    /// Some rows of a list, newest first.
    pub(crate) async fn listed(&self, list: &Listing, span: Span) -> Result<Vec<Listed>, StoreError> {
        let (text, values) = list.asked(sql::OF_PLACE, sql::OF_PLATFORM, span);
        let listed = |record: Record| Ok(Listed { row: self.shown(&record)?, total: record.int("total")? });
        self.rows(text, &values, listed).await
    }

    /// The ids of some rows of a list, newest first, each with the number of all.
    pub(crate) async fn listed_ids(&self, list: &Listing, span: Span) -> Result<Vec<(i64, i64)>, StoreError> {
        let (text, values) = list.asked(sql::IDS_OF_PLACE, sql::IDS_OF_PLATFORM, span);
        let pair = |record: Record| Ok((record.int("versions_id")?, record.int("total")?));
        self.rows(text, &values, pair).await
    }

    /// The rows of such ids, in their order.
    pub(crate) async fn listed_rows(&self, ids: &[(i64, i64)]) -> Result<Vec<Listed>, StoreError> {
        let asked: Vec<Vec<Value>> = ids.iter().map(|(id, _)| values![*id].to_vec()).collect();
        let mut found = BTreeMap::new();
        for record in self.readers.whole().query_rows(sql::ROWS, &asked).await? {
            let row = self.shown(&record)?;
            found.insert(row.versions_id, row);
        }
        let listed = |(id, total): &(i64, i64)| Some(Listed { row: found.remove(id)?, total: *total });
        Ok(ids.iter().filter_map(listed).collect())
    }
}
