//! Many changes at once: each table is written by a few statements, however many changes there are. It is all or
//! nothing: a key that is taken fails the set, and the writer then makes each change by itself.

mod place;
mod rows;

pub(super) use place::{End, link};
pub(super) use rows::{advance, event};

use std::collections::BTreeMap;

use self::place::{Log, Place};
use super::change::{Change, Entry};
use super::commits;
use super::db::{Record, Transaction, Value, values};
use super::settle::{Cell, head};
use super::{StoreError, deliveries, epoch, sql};

/// Makes the changes, all of which only add (`Step::only_adds`); for each the id of its attempt, or nothing if that
/// attempt no longer stands where the caller saw it. `hooked` says of each whether anyone may have to be told of it.
pub(super) async fn run(
    transaction: &mut Transaction,
    changes: &[&Change],
    hooked: &[bool],
) -> Result<Vec<Option<i64>>, StoreError> {
    let entries: Vec<&Entry> = changes.iter().filter_map(|change| new(change)).collect();
    let ids = rows::insert_versions(transaction, &entries).await?;
    let mut given = ids.iter().copied();
    let id = |change: &&Change| match change {
        Change::Enter(_) => given.next().ok_or_else(|| StoreError::Corrupt("a lack of ids".to_owned())),
        Change::Adopt(id, _) => Ok(*id),
        Change::Advance(step) => Ok(step.id),
    };
    let ids = changes.iter().map(id).collect::<Result<Vec<i64>, _>>()?;
    let mut places = hold(transaction, changes, &ids).await?;
    let attempts =
        changes.iter().zip(&ids).filter_map(|(change, id)| Some(rows::deployment(*id, entry(change)?)));
    transaction.write_rows(sql::INSERT_DEPLOYMENT, &attempts.collect::<Vec<_>>()).await?;
    let lists = changes.iter().zip(&ids).filter_map(|(change, id)| brought(*id, entry(change)?));
    commits::insert(transaction, lists.collect()).await?;
    let (mut log, mut done, mut news) = (Log::default(), Vec::new(), Vec::new());
    for ((change, id), hooked) in changes.iter().zip(ids).zip(hooked) {
        if let Change::Advance(step) = change
            && !advance(transaction, step).await?
        {
            done.push(None);
            continue;
        }
        let before = log.events.len();
        places.get_mut(&change.cell()).ok_or_else(gone)?.take(id, change, &mut log);
        news.extend((before..log.events.len()).filter(|_| *hooked));
        done.push(Some(id));
    }
    write(transaction, &log, &places).await?;
    let keys = news.into_iter().filter_map(|at| log.events.get(at)).map(|linked| linked.event.id.as_str());
    deliveries::queue(transaction, &keys.collect::<Vec<_>>()).await?;
    if let Some(change) = changes.first() {
        epoch::raise(transaction, &change.moment().event_key).await?;
    }
    Ok(done)
}

fn gone() -> StoreError {
    StoreError::Corrupt("a place that is gone".to_owned())
}

/// The attempt whose row of v1 is new too.
fn new(change: &Change) -> Option<&Entry> {
    match change {
        Change::Enter(entry) => Some(entry),
        Change::Adopt(..) | Change::Advance(_) => None,
    }
}

fn entry(change: &Change) -> Option<&Entry> {
    match change {
        Change::Enter(entry) | Change::Adopt(_, entry) => Some(entry),
        Change::Advance(_) => None,
    }
}

/// The rows of what an attempt brings, if that was told.
fn brought(id: i64, entry: &Entry) -> Option<(Vec<Value>, Vec<Vec<Value>>)> {
    let (told, head) = (entry.told.as_ref()?, entry.sha.as_deref()?);
    Some(commits::rows((id, &entry.app), head, told, entry.moment.received_at))
}

/// Holds every place of the changes until the transaction ends, in one order for all writers, and reads how it stands.
async fn hold<'c>(
    transaction: &mut Transaction,
    changes: &[&'c Change],
    ids: &[i64],
) -> Result<BTreeMap<Cell<'c>, Place>, StoreError> {
    let mut cells = BTreeMap::new();
    for (change, id) in changes.iter().zip(ids) {
        cells.entry(change.cell()).or_insert((*id, change.moment().received_at));
    }
    let held = |(&(app, platform, environment), &(id, at)): (&Cell<'c>, &(i64, i64))| {
        values![app, platform, environment, id, at].to_vec()
    };
    transaction.write_rows(sql::HOLD_PLACES, &cells.iter().map(held).collect::<Vec<_>>()).await?;
    let named: Vec<Vec<Value>> = cells
        .keys()
        .map(|&(app, platform, environment)| values![app, platform, environment].to_vec())
        .collect();
    let mut found = BTreeMap::new();
    for row in transaction.query_rows(sql::PLACES_STAND, &named).await? {
        let name = (row.text("app")?, row.text("platform")?, row.text("environment")?);
        found.insert(name, stand(&row)?);
    }
    let place = |cell: Cell<'c>| {
        let (app, platform, environment) = cell;
        let name = (app.to_owned(), platform.to_owned(), environment.to_owned());
        let place = found.remove(&name);
        Ok((cell, place.ok_or_else(gone)?))
    };
    cells.into_keys().map(place).collect()
}

fn stand(row: &Record) -> Result<Place, StoreError> {
    let live = match row.maybe_int("last_good_id")? {
        Some(id) => Some((row.maybe_int("finished_at")?, id)),
        None => None,
    };
    // A place that was just made names an attempt that is not there yet.
    let newest = match row.maybe_int("started_at")? {
        Some(started_at) => Some((started_at, row.int("versions_id")?)),
        None => None,
    };
    Ok(Place { head: head(row)?, live, newest, at: row.int("at")? })
}

async fn write(
    transaction: &mut Transaction,
    log: &Log,
    places: &BTreeMap<Cell<'_>, Place>,
) -> Result<(), StoreError> {
    let events: Vec<_> = log.events.iter().map(event).collect();
    transaction.write_rows(sql::INSERT_EVENT, &events).await?;
    let superseded: Vec<_> = log.superseded.iter().map(|id| values![*id].to_vec()).collect();
    transaction.write_rows(sql::SUPERSEDE, &superseded).await?;
    let current: Vec<_> = places.iter().map(|(cell, place)| rows::current(cell, place)).collect();
    transaction.write_rows(sql::SET_CELLS, &current).await
}

#[cfg(test)]
mod tests;
