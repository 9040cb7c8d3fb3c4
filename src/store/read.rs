//! The reads of attempts and of the board.

use super::db::{Record, values};
use super::observations::sighting;
use super::{Store, StoreError, sql};
use crate::domain::deployment::{Attempt, Current, State};
use crate::domain::observation::Sighting;

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
        self.readers.whole().one(sql::HEALTH, values![]).await?;
        Ok(())
    }

    /// The attempt that holds this run key, whoever may see it.
    pub(crate) async fn by_run_key(&self, key: &str) -> Result<Option<Known>, StoreError> {
        let row = self.readers.whole().one(sql::BY_RUN_KEY, values![key]).await?;
        row.as_ref().map(known).transpose()
    }

    /// The attempt that a v1 request with this key made, whoever may see it.
    pub(crate) async fn by_idempotency_key(&self, key: &str) -> Result<Option<Known>, StoreError> {
        let row = self.readers.whole().one(sql::BY_IDEMPOTENCY_KEY, values![key]).await?;
        row.as_ref().map(known).transpose()
    }

    /// The attempt of a v1 id.
    pub(crate) async fn by_id(&self, id: i64) -> Result<Option<Known>, StoreError> {
        let row = self.readers.one(sql::BY_ID, values![id]).await?;
        row.as_ref().map(known).transpose()
    }

    /// What step `seq` of an attempt became, if it was reported.
    pub(crate) async fn earlier(&self, id: i64, seq: i64) -> Result<Option<Earlier>, StoreError> {
        let row = self.readers.whole().one(sql::EVENT_OF, values![id, seq]).await?;
        row.map(|row| {
            Ok(Earlier { state: state(&row, "to_state")?, request_hash: row.maybe_text("request_hash")? })
        })
        .transpose()
    }

    /// The cells of every app, or of one, each with what was seen there last, in order of app, platform and environment.
    pub(crate) async fn matrix(
        &self,
        app: Option<&str>,
    ) -> Result<Vec<(Current, Option<Sighting>)>, StoreError> {
        let cell = |row: Record| Ok((current(&row)?, sighting(&row)?));
        self.readers.made(sql::MATRIX, values![app], cell).await
    }
}

pub(super) fn known(row: &Record) -> Result<Known, StoreError> {
    Ok(Known {
        id: row.int("versions_id")?,
        app: row.text("app")?,
        workload: row.text("workload")?,
        platform: row.text("platform")?,
        environment: row.text("environment")?,
        version: row.text("version")?,
        state: state(row, "state")?,
        seq: row.int("seq")?,
        request_hash: row.text("request_hash")?,
        started_at: row.int("started_at")?,
        finished_at: row.maybe_int("finished_at")?,
    })
}

pub(super) fn state(row: &Record, column: &str) -> Result<State, StoreError> {
    let word = row.text(column)?;
    State::from_word(&word).ok_or(StoreError::Corrupt(word))
}

fn current(row: &Record) -> Result<Current, StoreError> {
    let recorded: Option<i64> = row.maybe_int("g_id")?;
    Ok(Current {
        app: row.text("app")?,
        workload: row.text("workload")?,
        platform: row.text("platform")?,
        environment: row.text("environment")?,
        recorded: recorded.map(|_| attempt(row, "g")).transpose()?,
        newest: attempt(row, "n")?,
    })
}

/// An attempt from the columns that begin with `side`.
fn attempt(row: &Record, side: &str) -> Result<Attempt, StoreError> {
    let column = |name: &str| format!("{side}_{name}");
    Ok(Attempt {
        id: row.int(&column("id"))?,
        version: row.text(&column("version"))?,
        state: state(row, &column("state"))?,
        status: row.text(&column("status"))?,
        sha: row.maybe_text(&column("sha"))?,
        actor: row.maybe_text(&column("actor"))?,
        started_at: row.int(&column("started"))?,
        finished_at: row.maybe_int(&column("finished"))?,
    })
}
