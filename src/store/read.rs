//! The reads. Every row is read by column name.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, sql};
use crate::domain::deployment::{Attempt, Current, State};

/// Where something is deployed, in the words of v1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) workload: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
}

/// One row of v1, in the order of its columns.
#[derive(Debug, Clone, Serialize)]
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

/// An attempt as the rules need it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) id: i64,
    pub(crate) app: String,
    pub(crate) workload: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
    pub(crate) version: String,
    pub(crate) state: State,
    pub(crate) seq: i64,
    pub(crate) request_hash: String,
    /// Milliseconds since 1970 UTC.
    pub(crate) started_at: i64,
    /// Milliseconds since 1970 UTC.
    pub(crate) finished_at: Option<i64>,
}

/// What an earlier report of the same step became.
#[derive(Debug, Clone)]
pub(crate) struct Earlier {
    pub(crate) state: State,
    pub(crate) request_hash: Option<String>,
}

impl Store {
    /// Whether the database answers.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        sqlx::query(sql::HEALTH).fetch_optional(&self.readers).await?;
        Ok(())
    }

    /// The attempt that holds this run key.
    pub(crate) async fn by_run_key(&self, key: &str) -> Result<Option<Known>, StoreError> {
        let row = sqlx::query(sql::BY_RUN_KEY).bind(key).fetch_optional(&self.readers).await?;
        row.as_ref().map(known).transpose()
    }

    /// The attempt that a v1 request with this key made.
    pub(crate) async fn by_idempotency_key(&self, key: &str) -> Result<Option<Known>, StoreError> {
        let row = sqlx::query(sql::BY_IDEMPOTENCY_KEY).bind(key).fetch_optional(&self.readers).await?;
        row.as_ref().map(known).transpose()
    }

    /// The attempt of a v1 id.
    pub(crate) async fn by_id(&self, id: i64) -> Result<Option<Known>, StoreError> {
        let row = sqlx::query(sql::BY_ID).bind(id).fetch_optional(&self.readers).await?;
        row.as_ref().map(known).transpose()
    }

    /// What step `seq` of an attempt became, if it was reported.
    pub(crate) async fn earlier(&self, id: i64, seq: i64) -> Result<Option<Earlier>, StoreError> {
        let row = sqlx::query(sql::EVENT_OF).bind(id).bind(seq).fetch_optional(&self.readers).await?;
        row.map(|row| {
            Ok(Earlier { state: state(&row, "to_state")?, request_hash: row.try_get("request_hash")? })
        })
        .transpose()
    }

    /// The cells of every app, or of one, in order of app, platform and environment.
    pub(crate) async fn matrix(&self, app: Option<&str>) -> Result<Vec<Current>, StoreError> {
        let rows = sqlx::query(sql::MATRIX).bind(app).fetch_all(&self.readers).await?;
        rows.iter().map(current).collect()
    }

    /// The version of the newest v1 row of a place: of those that succeeded, or of `any` status.
    pub(crate) async fn latest(&self, place: &Place, any: bool) -> Result<Option<String>, StoreError> {
        let text = if any { sql::LATEST_ANY } else { sql::LATEST_GOOD };
        let row = sqlx::query(text)
            .bind(&place.workload)
            .bind(&place.platform)
            .bind(&place.environment)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(|row| row.try_get("version")).transpose()?)
    }

    /// The newest 25 v1 rows.
    pub(crate) async fn home(&self) -> Result<Vec<Row>, StoreError> {
        let rows = sqlx::query(sql::HOME).fetch_all(&self.readers).await?;
        rows.iter().map(v1_row).collect()
    }
}

fn known(row: &SqliteRow) -> Result<Known, StoreError> {
    Ok(Known {
        id: row.try_get("versions_id")?,
        app: row.try_get("app")?,
        workload: row.try_get("workload")?,
        platform: row.try_get("platform")?,
        environment: row.try_get("environment")?,
        version: row.try_get("version")?,
        state: state(row, "state")?,
        seq: row.try_get("seq")?,
        request_hash: row.try_get("request_hash")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}

pub(super) fn state(row: &SqliteRow, column: &str) -> Result<State, StoreError> {
    let word: String = row.try_get(column)?;
    State::from_word(&word).ok_or(StoreError::Corrupt(word))
}

fn current(row: &SqliteRow) -> Result<Current, StoreError> {
    let recorded: Option<i64> = row.try_get("g_id")?;
    Ok(Current {
        app: row.try_get("app")?,
        workload: row.try_get("workload")?,
        platform: row.try_get("platform")?,
        environment: row.try_get("environment")?,
        recorded: recorded.map(|_| attempt(row, "g")).transpose()?,
        newest: attempt(row, "n")?,
    })
}

/// An attempt from the columns that begin with `side`.
fn attempt(row: &SqliteRow, side: &str) -> Result<Attempt, StoreError> {
    let column = |name: &str| format!("{side}_{name}");
    Ok(Attempt {
        id: row.try_get(column("id").as_str())?,
        version: row.try_get(column("version").as_str())?,
        state: state(row, &column("state"))?,
        status: row.try_get(column("status").as_str())?,
        sha: row.try_get(column("sha").as_str())?,
        actor: row.try_get(column("actor").as_str())?,
        started_at: row.try_get(column("started").as_str())?,
        finished_at: row.try_get(column("finished").as_str())?,
    })
}

fn v1_row(row: &SqliteRow) -> Result<Row, StoreError> {
    Ok(Row {
        versions_id: row.try_get("versions_id")?,
        workload: row.try_get("workload")?,
        platform: row.try_get("platform")?,
        environment: row.try_get("environment")?,
        version: row.try_get("version")?,
        changelog_url: row.try_get("changelog_url")?,
        raw: row.try_get("raw")?,
        status: row.try_get("status")?,
        date: date(row.try_get("date")?)?,
    })
}

/// The column `date` is naive text in UTC.
fn date(text: String) -> Result<Timestamp, StoreError> {
    let utc = text.parse::<DateTime>().and_then(|naive| TimeZone::UTC.to_timestamp(naive));
    utc.map_err(|_| StoreError::Corrupt(text))
}
