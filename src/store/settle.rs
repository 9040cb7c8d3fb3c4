//! What follows from a change: which success is live, and what the board shows.

use super::change::Moment;
use super::db::{Record, Transaction, values};
use super::set::{End, event, link};
use super::{StoreError, deliveries, sql};
use crate::domain::chain::Head;
use crate::domain::deployment::State;
use crate::domain::event::Event;

/// App, platform and environment: the key of what is live. The workload is not part of it, since it says who
/// deploys and not what: two teams that deploy one app to one place replace each other's version there. What
/// shall live beside it has an app of its own; a row of v1 has, because its workload is its app.
pub(super) type Cell<'a> = (&'a str, &'a str, &'a str);

/// Holds a place, so that the next writer of it waits, and gives the end of its chain of events. It comes before every other row that writers share:
/// two of them then take their locks in the same order.
pub(super) async fn hold(
    transaction: &mut Transaction,
    (app, platform, environment): Cell<'_>,
    id: i64,
    at: i64,
) -> Result<Head, StoreError> {
    transaction.apply(sql::HOLD_PLACES, values![app, platform, environment, id, at]).await?;
    let row = transaction.query(sql::CHAIN_HEAD, values![app, platform, environment]).await?.pop();
    head(&row.ok_or_else(|| StoreError::Corrupt("a place that is gone".to_owned()))?)
}

pub(super) fn head(row: &Record) -> Result<Head, StoreError> {
    Ok(Head { length: row.int("chain")?, hash: row.maybe_text("chain_hash")?.unwrap_or_default() })
}

/// Brings one place in order after a change: of its successes the one with the latest end is live and the
/// others are superseded, whatever order they arrived in; the cell of the board follows.
///
/// The end is what the client's clock said, up to five minutes ahead of ours. A client whose clock is behind by
/// more than the time between two deployments therefore records its own as superseded. That is the lesser evil:
/// by the time of receipt, a report that waited in an outbox for a day would replace what was deployed since.
pub(super) async fn settle(
    transaction: &mut Transaction,
    (app, platform, environment): Cell<'_>,
    mut head: Head,
    moment: &Moment,
) -> Result<(), StoreError> {
    let Standing { successes, older, newest } =
        standing(&transaction.query(sql::STANDING, values![app, platform, environment]).await?)?;
    let live = successes.iter().copied().max();
    let best = live.max(older).map(|(_, id)| id);
    if let Some(best) = best {
        for id in successes.into_iter().map(|(_, id)| id).filter(|id| *id != best) {
            turn(transaction, &mut head, moment.consequence(id, State::Succeeded, State::Superseded)).await?;
        }
        if older.is_some_and(|(_, id)| id == best) {
            turn(transaction, &mut head, moment.consequence(best, State::Superseded, State::Succeeded))
                .await?;
        }
    }
    let newest = newest.ok_or_else(|| StoreError::Corrupt("an empty place".to_owned()))?;
    let values =
        values![newest, best, moment.received_at, app, platform, environment, head.length, &head.hash];
    transaction.apply(sql::SET_CURRENT, values).await?;
    Ok(())
}

/// The attempts of a place that matter for what is live there.
#[derive(Default)]
struct Standing {
    /// Everything that is live so far; more than one where a success has just come.
    successes: Vec<End>,
    /// The newest of those that were replaced.
    older: Option<End>,
    /// The newest attempt, whatever became of it.
    newest: Option<i64>,
}

fn standing(rows: &[Record]) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    for row in rows {
        let end = (row.maybe_int("finished_at")?, row.int("versions_id")?);
        match row.text("role")?.as_str() {
            "success" => standing.successes.push(end),
            "older" => standing.older = Some(end),
            _ => standing.newest = Some(end.1),
        }
    }
    standing.successes.sort_unstable();
    Ok(standing)
}

/// A state that the registry itself gives to an attempt, with its event.
async fn turn(transaction: &mut Transaction, head: &mut Head, to: Event) -> Result<(), StoreError> {
    transaction.apply(sql::SET_STATE, values![to.to.word(), to.deployment]).await?;
    let linked = link(head, to, None);
    transaction.apply(sql::INSERT_EVENT, &event(&linked)).await?;
    deliveries::queue(transaction, &[&linked.event.id]).await
}
