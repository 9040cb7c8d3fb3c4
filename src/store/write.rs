//! The writes. Each is one `BEGIN IMMEDIATE` transaction over the v1 row, the attempt, its event and the cell
//! of the board.

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row, Sqlite, Transaction};

use super::settle::settle;
use super::{Store, StoreError, sql};
use crate::domain::deployment::State;

/// Sorts as text in order of time, which SQLite's own `CURRENT_TIMESTAMP` does beside it.
const DATE: &str = "%Y-%m-%d %H:%M:%S%.6f";

/// `SQLITE_BUSY`, the result code of SQLite for a lock that another process holds.
const BUSY: &str = "5";

/// What one event says beside the change of state.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// Unique for ever.
    pub(crate) event_key: String,
    /// Who told us: `v1` or `v2`.
    pub(crate) source: &'static str,
    /// The digest of the request, by which a repeated one is known.
    pub(crate) request_hash: String,
    pub(crate) actor: Option<String>,
    /// A v1 change that the rules of v2 do not allow.
    pub(crate) forced: bool,
    /// The client's clock was ahead of ours, so `at` is the time of receipt.
    pub(crate) clock_skew: bool,
    /// Milliseconds since 1970 UTC.
    pub(crate) at: i64,
    /// Milliseconds since 1970 UTC.
    pub(crate) received_at: i64,
}

/// A new attempt.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) app: String,
    pub(crate) workload: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
    pub(crate) version: String,
    pub(crate) changelog_url: String,
    pub(crate) raw: String,
    /// The v1 word.
    pub(crate) status: String,
    /// When it began, for v1.
    pub(crate) date: Timestamp,
    pub(crate) run_key: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) state: State,
    pub(crate) seq: i64,
    pub(crate) sha: Option<String>,
    pub(crate) r#ref: Option<String>,
    pub(crate) dirty: Option<bool>,
    pub(crate) run_url: Option<String>,
    /// Milliseconds.
    pub(crate) duration: Option<i64>,
    /// Milliseconds since 1970 UTC.
    pub(crate) started_at: i64,
    /// Milliseconds since 1970 UTC.
    pub(crate) finished_at: Option<i64>,
    pub(crate) moment: Moment,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It stands under this id.
    New(i64),
    /// Its run key or idempotency key belongs to an attempt already; nothing was written.
    KeyTaken,
}

/// A change of an attempt from what the caller saw to what it shall be.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) id: i64,
    pub(crate) app: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
    pub(crate) from: State,
    pub(crate) from_seq: i64,
    pub(crate) to: State,
    /// The client's step; none for v1, which has no steps and so leaves the count to v2.
    pub(crate) seq: Option<i64>,
    /// The v1 word.
    pub(crate) status: String,
    pub(crate) started_at: i64,
    pub(crate) finished_at: Option<i64>,
    pub(crate) duration: Option<i64>,
    pub(crate) sha: Option<String>,
    pub(crate) run_url: Option<String>,
    pub(crate) moment: Moment,
}

impl Store {
    /// Enters a new attempt.
    pub(crate) async fn enter(&self, entry: &Entry) -> Result<Entered, StoreError> {
        let mut transaction = self.begin().await?;
        let id = insert_version(&mut transaction, entry).await?;
        match insert_deployment(&mut transaction, id, entry).await {
            Ok(()) => {}
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                transaction.rollback().await?;
                return Ok(Entered::KeyTaken);
            }
            Err(error) => return Err(error.into()),
        }
        let event = Event { id, seq: Some(entry.seq), from: None, to: entry.state, caused: false };
        insert_event(&mut transaction, &event, &entry.moment).await?;
        settle(&mut transaction, (&entry.app, &entry.platform, &entry.environment), &entry.moment).await?;
        commit(transaction).await?;
        Ok(Entered::New(id))
    }

    /// Makes a change if the attempt still stands where the caller saw it; says whether it did.
    pub(crate) async fn advance(&self, step: &Step) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let changed = sqlx::query(sql::ADVANCE)
            .bind(step.to.word())
            .bind(step.seq)
            .bind(step.started_at)
            .bind(step.finished_at)
            .bind(step.duration)
            .bind(&step.sha)
            .bind(&step.run_url)
            .bind(step.id)
            .bind(step.from.word())
            .bind(step.from_seq)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if changed == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        sqlx::query(sql::SET_STATUS).bind(&step.status).bind(step.id).execute(&mut *transaction).await?;
        let event = Event { id: step.id, seq: step.seq, from: Some(step.from), to: step.to, caused: false };
        insert_event(&mut transaction, &event, &step.moment).await?;
        settle(&mut transaction, (&step.app, &step.platform, &step.environment), &step.moment).await?;
        commit(transaction).await?;
        Ok(true)
    }

    /// Sets the v1 word of a row that has no attempt beside it; says whether there is such a row.
    pub(crate) async fn set_status(&self, id: i64, status: &str) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(sql::SET_STATUS).bind(status).bind(id).execute(&mut *transaction).await?;
        commit(transaction).await?;
        Ok(done.rows_affected() > 0)
    }

    /// The write lock is taken at once: a transaction that begins as a reader cannot wait for it later.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(|error| match &error {
            sqlx::Error::PoolTimedOut => StoreError::Busy(error),
            sqlx::Error::Database(cause) if cause.code().as_deref() == Some(BUSY) => StoreError::Busy(error),
            _ => error.into(),
        })
    }
}

async fn commit(transaction: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    transaction.commit().await.map_err(StoreError::Unconfirmed)
}

async fn insert_version(connection: &mut SqliteConnection, entry: &Entry) -> Result<i64, sqlx::Error> {
    sqlx::query(sql::INSERT_VERSION)
        .bind(&entry.workload)
        .bind(&entry.platform)
        .bind(&entry.environment)
        .bind(&entry.version)
        .bind(&entry.changelog_url)
        .bind(&entry.raw)
        .bind(&entry.status)
        .bind(entry.date.strftime(DATE).to_string())
        .fetch_one(connection)
        .await?
        .try_get("versions_id")
}

async fn insert_deployment(
    connection: &mut SqliteConnection,
    id: i64,
    entry: &Entry,
) -> Result<(), sqlx::Error> {
    sqlx::query(sql::INSERT_DEPLOYMENT)
        .bind(id)
        .bind(&entry.app)
        .bind(&entry.platform)
        .bind(&entry.environment)
        .bind(&entry.run_key)
        .bind(&entry.idempotency_key)
        .bind(&entry.moment.request_hash)
        .bind(entry.state.word())
        .bind(entry.seq)
        .bind(&entry.sha)
        .bind(&entry.r#ref)
        .bind(entry.dirty.map(i64::from))
        .bind(&entry.moment.actor)
        .bind(&entry.run_url)
        .bind(entry.duration)
        .bind(entry.started_at)
        .bind(entry.finished_at)
        .bind(entry.moment.received_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// A change of state, as the log keeps it.
pub(super) struct Event {
    pub(super) id: i64,
    pub(super) seq: Option<i64>,
    pub(super) from: Option<State>,
    pub(super) to: State,
    /// The registry did it, because of another event.
    pub(super) caused: bool,
}

pub(super) async fn insert_event(
    connection: &mut SqliteConnection,
    event: &Event,
    moment: &Moment,
) -> Result<(), sqlx::Error> {
    let own = event.caused;
    let key = if own { format!("{}:{}", moment.event_key, event.id) } else { moment.event_key.clone() };
    sqlx::query(sql::INSERT_EVENT)
        .bind(key)
        .bind(event.id)
        .bind(event.seq)
        .bind(event.from.map(State::word))
        .bind(event.to.word())
        .bind(moment.actor.as_ref().filter(|_| !own))
        .bind(if own { "registry" } else { moment.source })
        .bind(Some(&moment.request_hash).filter(|_| !own))
        .bind(i64::from(moment.forced && !own))
        .bind(i64::from(moment.clock_skew && !own))
        .bind(moment.at)
        .bind(moment.received_at)
        .execute(connection)
        .await?;
    Ok(())
}
