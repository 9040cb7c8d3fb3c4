//! The rows of a set of changes.

use jiff::Timestamp;

use super::place::{Linked, Place};
use crate::domain::deployment::{Kind, State};
use crate::store::change::{Entry, Step};
use crate::store::db::{Transaction, Value, values};
use crate::store::dialect::Dialect;
use crate::store::settle::Cell;
use crate::store::{StoreError, sql};

/// Writes the rows of v1 and says which ids they got, in their order. Where the database can say ids beforehand they
/// come first; MySQL numbers the rows of one INSERT without a gap.
pub(super) async fn insert_versions(
    transaction: &mut Transaction,
    entries: &[&Entry],
) -> Result<Vec<i64>, StoreError> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let mut ids = Vec::new();
    let dialect = transaction.dialect();
    if let Some(text) = dialect.next_ids()
        && count > 0
    {
        for row in transaction.query(text, values![count]).await? {
            ids.push(row.int("id")?);
        }
    }
    let row = |(at, entry): (usize, &&Entry)| version(dialect, entry, ids.get(at).copied());
    let rows: Vec<_> = entries.iter().enumerate().map(row).collect();
    for chunk in dialect.chunks(&rows) {
        transaction.apply_rows(sql::INSERT_VERSIONS, chunk).await?;
        if ids.len() < entries.len() {
            let row = transaction.query(sql::GIVEN_IDS, values![]).await?.pop();
            let row = row.ok_or_else(|| StoreError::Corrupt("no id".to_owned()))?;
            let (first, step) = (row.int("first")?, row.int("step")?);
            ids.extend((0_i64..).zip(chunk).map(|(at, _)| first.saturating_add(at.saturating_mul(step))));
        }
    }
    Ok(ids)
}

fn version(dialect: Dialect, entry: &Entry, id: Option<i64>) -> Vec<Value> {
    values![
        &entry.workload,
        &entry.platform,
        &entry.environment,
        &entry.version,
        &entry.changelog_url,
        &entry.raw,
        &entry.status,
        stamp(dialect, entry.date),
        id,
    ]
    .to_vec()
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

pub(super) fn deployment(id: i64, entry: &Entry) -> Vec<Value> {
    values![
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
    ]
    .to_vec()
}

pub(in crate::store) fn event(
    Linked { event, idempotency_key, number, previous, hash }: &Linked,
) -> Vec<Value> {
    values![
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
        idempotency_key,
        *number,
        previous,
        hash,
    ]
    .to_vec()
}

/// The cell of the board.
pub(super) fn current(&(app, platform, environment): &Cell<'_>, place: &Place) -> Vec<Value> {
    let newest = place.newest.map(|(_, id)| id);
    let live = place.live.map(|(_, id)| id);
    let Place { head, at, .. } = place;
    values![app, platform, environment, newest, live, *at, head.length, &head.hash].to_vec()
}

/// Moves an attempt if it still stands where the caller saw it; says whether it did.
pub(in crate::store) async fn advance(
    transaction: &mut Transaction,
    step: &Step,
) -> Result<bool, StoreError> {
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
        return Ok(false);
    }
    if let Some(status) = &step.status {
        transaction.apply(sql::SET_STATUS, values![status, step.id]).await?;
    }
    Ok(true)
}
