//! The writes. Each is one transaction over the v1 row, the attempt, its event and the cell of the board.

use jiff::Timestamp;

use super::db::{Transaction, values};
use super::dialect::Dialect;
use super::read::Known;
use super::settle::{hold, settle};
use super::writer::Verdict;
use super::{Store, StoreError, sql};
use crate::domain::chain::Head;
use crate::domain::deployment::{Kind, State, Why};
use crate::domain::event::Event;

/// What one event says beside the change of state.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// Unique for ever.
    pub(crate) event_key: String,
    /// Who told us: `v1`, `v2` or `timer`.
    pub(crate) source: &'static str,
    /// The digest of the request, by which a repeated one is known.
    pub(crate) request_hash: String,
    pub(crate) actor: Option<String>,
    pub(crate) note: Option<String>,
    /// The client's key for the request, kept for ever.
    pub(crate) idempotency_key: Option<String>,
    /// A v1 change that the rules of v2 do not allow.
    pub(crate) forced: bool,
    /// A real end after a time-out.
    pub(crate) late: bool,
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
    pub(crate) why: Why,
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
    /// The v1 word; none for what the registry infers, since v1 must answer as the original would.
    pub(crate) status: Option<String>,
    pub(crate) started_at: i64,
    pub(crate) finished_at: Option<i64>,
    pub(crate) duration: Option<i64>,
    pub(crate) sha: Option<String>,
    pub(crate) run_url: Option<String>,
    pub(crate) moment: Moment,
}

impl Step {
    /// A step that changes the state of what the caller saw, and nothing else.
    pub(crate) fn of(known: &Known, to: State, moment: Moment) -> Self {
        Self {
            id: known.id,
            app: known.app.clone(),
            platform: known.platform.clone(),
            environment: known.environment.clone(),
            from: known.state,
            from_seq: known.seq,
            to,
            seq: None,
            status: None,
            started_at: known.started_at,
            finished_at: known.finished_at,
            duration: None,
            sha: None,
            run_url: None,
            moment,
        }
    }
}

impl Store {
    /// Enters a new attempt.
    pub(crate) async fn enter(&self, entry: &Entry) -> Result<Entered, StoreError> {
        let entry = entry.clone();
        self.writer.run(move |transaction| Box::pin(async move { enter(transaction, &entry).await })).await
    }

    /// Makes a change if the attempt still stands where the caller saw it; says whether it did.
    pub(crate) async fn advance(&self, step: &Step) -> Result<bool, StoreError> {
        let step = step.clone();
        self.writer.run(move |transaction| Box::pin(async move { advance(transaction, &step).await })).await
    }

    /// Sets the v1 word of a row that has no attempt beside it; says whether there is such a row.
    pub(crate) async fn set_status(&self, id: i64, status: &str) -> Result<bool, StoreError> {
        Ok(self.writer.apply(sql::SET_STATUS, values![status, id]).await? > 0)
    }
}

async fn enter(transaction: &mut Transaction, entry: &Entry) -> Result<Verdict<Entered>, StoreError> {
    let place = (entry.app.as_str(), entry.platform.as_str(), entry.environment.as_str());
    let date = stamp(transaction.dialect(), entry.date);
    let id = insert_version(transaction, entry, date).await?;
    let mut head = hold(transaction, place, id, entry.moment.received_at).await?;
    match insert_deployment(transaction, id, entry).await {
        Err(StoreError::Taken) => return Ok(Verdict::TakeBack(Entered::KeyTaken)),
        done => done?,
    }
    let event = entry.moment.event(id, Some(entry.seq), None, entry.state);
    match insert_event(transaction, &mut head, &event, entry.moment.idempotency_key.as_ref()).await {
        Err(StoreError::Taken) => return Ok(Verdict::TakeBack(Entered::KeyTaken)),
        done => done?,
    }
    settle(transaction, place, head, &entry.moment).await?;
    Ok(Verdict::Keep(Entered::New(id)))
}

async fn advance(transaction: &mut Transaction, step: &Step) -> Result<Verdict<bool>, StoreError> {
    let place = (step.app.as_str(), step.platform.as_str(), step.environment.as_str());
    let mut head = hold(transaction, place, step.id, step.moment.received_at).await?;
    let values = values![
        step.to.word(),
        step.seq,
        step.started_at,
        step.finished_at,
        step.duration,
        &step.sha,
        &step.run_url,
        step.id,
        step.from.word(),
        step.from_seq,
        step.status.as_ref().map(|_| step.moment.received_at),
    ];
    if transaction.apply(sql::ADVANCE, values).await? == 0 {
        return Ok(Verdict::TakeBack(false));
    }
    if let Some(status) = &step.status {
        transaction.apply(sql::SET_STATUS, values![status, step.id]).await?;
    }
    let event = step.moment.event(step.id, step.seq, Some(step.from), step.to);
    match insert_event(transaction, &mut head, &event, step.moment.idempotency_key.as_ref()).await {
        Err(StoreError::Taken) => return Ok(Verdict::TakeBack(false)),
        done => done?,
    }
    settle(transaction, place, head, &step.moment).await?;
    Ok(Verdict::Keep(true))
}

/// A date for the column of v1, which is naive and in UTC. SQLite sorts it as text, so its length is fixed.
/// MySQL keeps whole seconds and would round up into the future, and it knows no other times than these.
fn stamp(dialect: Dialect, date: Timestamp) -> String {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => date.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        Dialect::MySql => {
            let second = date.as_second().clamp(1, i64::from(i32::MAX));
            let date = Timestamp::from_second(second).unwrap_or(date);
            date.strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
    }
}

async fn insert_version(
    transaction: &mut Transaction,
    entry: &Entry,
    date: String,
) -> Result<i64, StoreError> {
    let values = values![
        &entry.workload,
        &entry.platform,
        &entry.environment,
        &entry.version,
        &entry.changelog_url,
        &entry.raw,
        &entry.status,
        date,
    ];
    transaction.insert(sql::INSERT_VERSION, values).await
}

async fn insert_deployment(transaction: &mut Transaction, id: i64, entry: &Entry) -> Result<(), StoreError> {
    let values = values![
        id,
        &entry.app,
        &entry.platform,
        &entry.environment,
        &entry.run_key,
        &entry.idempotency_key,
        &entry.moment.request_hash,
        entry.state.word(),
        entry.seq,
        &entry.sha,
        &entry.r#ref,
        entry.dirty.map(i64::from),
        &entry.moment.actor,
        &entry.run_url,
        entry.duration,
        entry.started_at,
        entry.finished_at,
        entry.moment.received_at,
        entry.why.kind.map(Kind::word),
        &entry.why.reason,
        entry.why.rollback_of,
        &entry.why.group_id,
        &entry.why.digest,
    ];
    transaction.apply(sql::INSERT_DEPLOYMENT, values).await?;
    Ok(())
}

impl Moment {
    /// The event that it is for one attempt.
    fn event(&self, id: i64, seq: Option<i64>, from: Option<State>, to: State) -> Event {
        Event {
            id: self.event_key.clone(),
            deployment: id,
            seq,
            from,
            to,
            actor: self.actor.clone(),
            source: self.source.to_owned(),
            note: self.note.clone(),
            forced: self.forced,
            clock_skew: self.clock_skew,
            late: self.late,
            at: self.at,
            received_at: self.received_at,
            request_hash: Some(self.request_hash.clone()),
        }
    }

    /// What the registry does to another attempt because of it.
    pub(super) fn consequence(&self, id: i64, from: State, to: State) -> Event {
        Event {
            id: format!("{}:{id}", self.event_key),
            deployment: id,
            seq: None,
            from: Some(from),
            to,
            actor: None,
            source: "registry".to_owned(),
            note: None,
            forced: false,
            clock_skew: false,
            late: false,
            at: self.at,
            received_at: self.received_at,
            request_hash: None,
        }
    }
}

/// Adds an event to the chain that ends at `head`.
pub(super) async fn insert_event(
    transaction: &mut Transaction,
    head: &mut Head,
    event: &Event,
    idempotency_key: Option<&String>,
) -> Result<(), StoreError> {
    let next = head.next(&event.facts());
    let values = values![
        &event.id,
        event.deployment,
        event.seq,
        event.from.map(State::word),
        event.to.word(),
        &event.actor,
        &event.source,
        &event.request_hash,
        i64::from(event.forced),
        i64::from(event.clock_skew),
        i64::from(event.late),
        &event.note,
        event.at,
        event.received_at,
        idempotency_key.map(String::as_str),
        next.length,
        &head.hash,
        &next.hash,
    ];
    transaction.apply(sql::INSERT_EVENT, values).await?;
    *head = next;
    Ok(())
}
