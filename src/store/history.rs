//! The list of deployments, newest first, in pages.

use super::db::{Record, values};
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
    /// One deployment.
    pub(crate) async fn deployment(&self, id: i64) -> Result<Option<Past>, StoreError> {
        let row = self.readers.one(sql::ONE_DEPLOYMENT, values![id]).await?;
        row.as_ref().map(past).transpose()
    }

    /// One page of the history, by start and id, newest first.
    pub(crate) async fn history(&self, wanted: &Wanted) -> Result<Vec<Past>, StoreError> {
        let (started, id) = wanted.before.unwrap_or((i64::MAX, i64::MAX));
        let place = wanted.app.is_some() && wanted.platform.is_some() && wanted.environment.is_some();
        let text = if place { sql::HISTORY_OF_PLACE } else { sql::HISTORY };
        let values = values![&wanted.app, &wanted.platform, &wanted.environment, started, id, wanted.limit];
        let rows = self.readers.query(text, values).await?;
        rows.iter().map(past).collect()
    }
}

fn past(row: &Record) -> Result<Past, StoreError> {
    let dirty = row.maybe_int("dirty")?;
    // Any client of v1 may write there what it likes; what is not ours says nothing.
    let raw = row.maybe_text("raw")?;
    let why = raw.and_then(|raw| serde_json::from_str::<Raw>(&raw).ok()).map(|raw| raw.shipmark);
    Ok(Past {
        id: row.int("versions_id")?,
        app: row.text("app")?,
        workload: row.text("workload")?,
        platform: row.text("platform")?,
        environment: row.text("environment")?,
        version: row.text("version")?,
        state: state(row, "state")?,
        status: row.text("status")?,
        sha: row.maybe_text("sha")?,
        r#ref: row.maybe_text("ref")?,
        dirty: dirty.map(|dirty| dirty != 0),
        actor: row.maybe_text("actor")?,
        run_url: row.maybe_text("run_url")?,
        duration: row.maybe_int("duration")?,
        started_at: row.int("started_at")?,
        finished_at: row.maybe_int("finished_at")?,
        kind: why.as_ref().and_then(|why| why.kind),
        rollback_of: why.as_ref().and_then(|why| why.rollback_of),
        group_id: why.as_ref().and_then(|why| why.group_id.clone()),
        digest: why.as_ref().and_then(|why| why.digest.clone()),
        reason: why.and_then(|why| why.reason),
        failed_in_use: row.maybe_int("failed_in_use")?.map(|failed| failed != 0),
    })
}
