//! The list of deployments, newest first, in pages.

use super::db::{Record, values};
use super::read::state;
use super::{Store, StoreError, sql};
use crate::domain::deployment::{Kind, State};
use crate::domain::past::Past;

/// Which deployments are wanted; what is absent filters nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) app: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) environment: Option<String>,
    /// The team, `workload` in API v1.
    pub(crate) team: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) version: Option<String>,
    /// The beginning of it, of any length.
    pub(crate) sha: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) kind: Option<Kind>,
    /// Only what began at this time or after it, and before that, in milliseconds since 1970 UTC.
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    /// A text that one of the names, the commit, the branch, the actor or the reason holds as it is written.
    pub(crate) text: Option<String>,
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
        let values = values![
            &wanted.app,
            &wanted.platform,
            &wanted.environment,
            started,
            id,
            wanted.limit,
            &wanted.team,
            wanted.state.map(State::word),
            &wanted.version,
            &wanted.sha,
            &wanted.actor,
            wanted.kind.map(Kind::word),
            wanted.from,
            wanted.to,
            &wanted.text,
        ];
        self.rows(text, values, |row| past(&row)).await
    }

    /// One deployment.
    pub(crate) async fn deployment(&self, id: i64) -> Result<Option<Past>, StoreError> {
        self.readers.one(sql::DEPLOYMENT, values![id]).await?.as_ref().map(past).transpose()
    }
}

pub(super) fn past(row: &Record) -> Result<Past, StoreError> {
    let dirty = row.maybe_int("dirty")?;
    let kind = row.maybe_text("kind")?;
    let kind = kind.map(|word| Kind::from_word(&word).ok_or(StoreError::Corrupt(word))).transpose()?;
    let changelog_url = row.text("changelog_url")?;
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
        changelog_url: (changelog_url != "N/A").then_some(changelog_url).filter(|url| !url.is_empty()),
        duration: row.maybe_int("duration")?,
        started_at: row.int("started_at")?,
        finished_at: row.maybe_int("finished_at")?,
        kind,
        reason: row.maybe_text("reason")?,
        rollback_of: row.maybe_int("rollback_of")?,
        group_id: row.maybe_text("group_id")?,
        digest: row.maybe_text("digest")?,
        failed_in_use: row.maybe_int("failed_in_use")?.map(|failed| failed != 0),
    })
}
