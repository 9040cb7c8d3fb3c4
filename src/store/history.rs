//! The list of deployments, newest first, in pages.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::read::state;
use super::{Store, StoreError, sql};
use crate::domain::deployment::Raw;
use crate::domain::past::Past;

/// Which deployments are wanted; what is absent filters nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) app: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) environment: Option<String>,
    /// Only what is older than this start and id.
    pub(crate) before: Option<(i64, i64)>,
    pub(crate) limit: i64,
}

impl Store {
    /// One page of the history, by start and id, newest first.
    pub(crate) async fn history(&self, wanted: &Wanted) -> Result<Vec<Past>, StoreError> {
        let (started, id) = wanted.before.unwrap_or((i64::MAX, i64::MAX));
        let place = wanted.app.is_some() && wanted.platform.is_some() && wanted.environment.is_some();
        let text = if place { sql::HISTORY_OF_PLACE } else { sql::HISTORY };
        let rows = sqlx::query(text)
            .bind(&wanted.app)
            .bind(&wanted.platform)
            .bind(&wanted.environment)
            .bind(started)
            .bind(id)
            .bind(wanted.limit)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(past).collect()
    }
}

fn past(row: &SqliteRow) -> Result<Past, StoreError> {
    let dirty: Option<i64> = row.try_get("dirty")?;
    // Any client of v1 may write there what it likes; what is not ours says nothing.
    let raw: Option<String> = row.try_get("raw")?;
    let why = raw.and_then(|raw| serde_json::from_str::<Raw>(&raw).ok()).map(|raw| raw.shipmark);
    Ok(Past {
        id: row.try_get("versions_id")?,
        app: row.try_get("app")?,
        workload: row.try_get("workload")?,
        platform: row.try_get("platform")?,
        environment: row.try_get("environment")?,
        version: row.try_get("version")?,
        state: state(row, "state")?,
        status: row.try_get("status")?,
        sha: row.try_get("sha")?,
        r#ref: row.try_get("ref")?,
        dirty: dirty.map(|dirty| dirty != 0),
        actor: row.try_get("actor")?,
        run_url: row.try_get("run_url")?,
        duration: row.try_get("duration")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        kind: why.as_ref().and_then(|why| why.kind),
        reason: why.and_then(|why| why.reason),
    })
}
