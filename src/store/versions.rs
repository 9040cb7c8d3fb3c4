//! The reads of API v1: rows of `versions`, whoever wrote them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::db::{Record, Value, values};
use super::{Store, StoreError, sql};

/// Where something is deployed, in the words of v1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "V1Place")]
pub(crate) struct Place {
    pub(crate) workload: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
}

/// One row of v1, in the order of its columns.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "V1Row")]
pub(crate) struct Row {
    pub(crate) versions_id: i64,
    pub(crate) workload: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
    pub(crate) version: String,
    pub(crate) changelog_url: String,
    pub(crate) raw: String,
    pub(crate) status: String,
    /// RFC 3339 in UTC.
    pub(crate) date: Timestamp,
}

/// How many rows one day has of one place and status.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "V1Stat")]
pub(crate) struct Stat {
    pub(crate) total: i64,
    pub(crate) workload: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
    pub(crate) status: String,
    /// Midnight in UTC.
    pub(crate) date: Timestamp,
}

/// What v1 shows where nobody stored a text.
const NO_RAW: &str = "N/A";

impl Store {
    /// The version of the newest row of a place: of those that succeeded, or of `any` status.
    pub(crate) async fn latest(&self, place: &Place, any: bool) -> Result<Option<String>, StoreError> {
        let text = if any { sql::LATEST_ANY } else { sql::LATEST_GOOD };
        let values = values![&place.workload, &place.platform, &place.environment];
        Ok(self.rows(text, values, |row| row.text("version")).await?.pop())
    }

    /// The newest 25 rows.
    pub(crate) async fn home(&self) -> Result<Vec<Row>, StoreError> {
        self.readers.query(sql::HOME, values![]).await?.iter().map(|row| self.shown(row)).collect()
    }

    /// What is made of the rows that a text finds by names. A name that this database cannot store is that of no row.
    pub(super) async fn rows<T>(
        &self,
        text: &str,
        values: &[Value],
        make: impl Fn(Record) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        match self.readers.made(text, values, make).await {
            Err(StoreError::Wide) => Ok(Vec::new()),
            rows => rows,
        }
    }

    /// The `raw` of the newest row of one version.
    pub(crate) async fn raw(&self, place: &Place, version: &str) -> Result<Option<String>, StoreError> {
        let values = values![&place.workload, &place.platform, &place.environment, version];
        let found = self.rows(sql::RAW, values, Ok).await?.pop();
        found
            .map(|row| if self.readers.shows_raw() { row.text("raw") } else { Ok(NO_RAW.to_owned()) })
            .transpose()
    }

    /// One row.
    pub(crate) async fn row(&self, id: i64) -> Result<Option<Row>, StoreError> {
        self.readers.one(sql::ROW_BY_ID, values![id]).await?.as_ref().map(|row| self.shown(row)).transpose()
    }

    /// Every place, in order of workload, platform and environment.
    pub(crate) async fn places(&self) -> Result<Vec<Place>, StoreError> {
        let place = |row: &Record| {
            Ok(Place {
                workload: row.text("workload")?,
                platform: row.text("platform")?,
                environment: row.text("environment")?,
            })
        };
        self.readers.query(sql::PLACES, values![]).await?.iter().map(place).collect()
    }

    /// The numbers of each day from `since` on, newest day first.
    pub(crate) async fn stats(&self, since: Timestamp) -> Result<Vec<Stat>, StoreError> {
        let since = since.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let stat = |row: &Record| {
            Ok(Stat {
                total: row.int("total")?,
                workload: row.text("workload")?,
                platform: row.text("platform")?,
                environment: row.text("environment")?,
                status: row.text("status")?,
                date: date(row)?,
            })
        };
        self.readers.query(sql::STATS, values![since]).await?.iter().map(stat).collect()
    }
}

impl Store {
    /// A row as this reader may see it.
    pub(super) fn shown(&self, record: &Record) -> Result<Row, StoreError> {
        let row = row(record)?;
        Ok(if self.readers.shows_raw() { row } else { Row { raw: NO_RAW.to_owned(), ..row } })
    }
}

pub(super) fn row(row: &Record) -> Result<Row, StoreError> {
    Ok(Row {
        versions_id: row.int("versions_id")?,
        workload: row.text("workload")?,
        platform: row.text("platform")?,
        environment: row.text("environment")?,
        version: row.text("version")?,
        changelog_url: row.text("changelog_url")?,
        raw: row.text("raw")?,
        status: row.text("status")?,
        date: date(row)?,
    })
}

/// What is shown for a date that is none, as MySQL's `0000-00-00` and PostgreSQL's `infinity`: the first day of all, which
/// the original shows for it on MySQL. One such row keeps no other back.
const NO_DATE: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// The column `date` is naive and in UTC.
fn date(row: &Record) -> Result<Timestamp, StoreError> {
    let naive = row.maybe_text("date")?.and_then(|text| text.parse::<DateTime>().ok());
    Ok(naive.and_then(|naive| TimeZone::UTC.to_timestamp(naive).ok()).unwrap_or(NO_DATE))
}
