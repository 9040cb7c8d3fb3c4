//! The log of events: what happened to one attempt, and whether the chain of a place is whole.

use serde_json::{Value, json};

use super::audit::Trace;
use super::db::{Record, Transaction, values};
use super::history::past;
use super::read::{known, state};
use super::settle::head;
use super::writer::Verdict;
use super::{Known, Store, StoreError, epoch, sql};
use crate::domain::chain::{Head, Link};
use crate::domain::deployment::{Correction, State};
use crate::domain::event::Event;

/// What an earlier request with the same idempotency key became.
#[derive(Debug, Clone)]
pub(crate) struct Keyed {
    pub(crate) id: i64,
    pub(crate) version: String,
    pub(crate) state: State,
    pub(crate) request_hash: Option<String>,
}

impl Store {
    /// What happened to one attempt, oldest first, each with its digest in the chain. The caller
    /// sees to who may see it.
    pub(crate) async fn events(&self, id: i64) -> Result<Vec<(Event, Option<String>)>, StoreError> {
        let rows = self.readers.whole().query(sql::EVENTS_OF, values![id]).await?;
        rows.iter().map(|row| Ok((event(row)?, row.maybe_text("hash")?))).collect()
    }

    /// The chain of one place in its order, and where it should end; nothing if there is no such place.
    pub(crate) async fn chain(
        &self,
        app: &str,
        platform: &str,
        environment: &str,
    ) -> Result<Option<(Vec<Link>, Head)>, StoreError> {
        let place = values![app, platform, environment];
        // The end first: what comes meanwhile makes the chain longer than its end, and is cut off here.
        let Some(row) = self.readers.one(sql::CHAIN_HEAD, place).await? else { return Ok(None) };
        let head = head(&row)?;
        let mut links = Vec::new();
        for row in self.readers.query(sql::CHAIN, place).await? {
            let number = row.int("chain")?;
            if number <= head.length {
                let (previous, hash) = (row.text("prev_hash")?, row.text("hash")?);
                links.push(Link { number, previous, hash, facts: event(&row)?.facts() });
            }
        }
        Ok(Some((links, head)))
    }

    /// What an earlier request with this idempotency key became, whoever may see it.
    pub(crate) async fn by_event_key(&self, key: &str) -> Result<Option<Keyed>, StoreError> {
        let row = self.readers.whole().one(sql::BY_EVENT_KEY, values![key]).await?;
        row.map(|row| {
            Ok(Keyed {
                id: row.int("versions_id")?,
                version: row.text("version")?,
                state: state(&row, "to_state")?,
                request_hash: row.maybe_text("request_hash")?,
            })
        })
        .transpose()
    }

    /// Some of the attempts that neither ended nor were heard of for too long, now in milliseconds since 1970 UTC; where
    /// nothing was said of it that is so many seconds.
    pub(crate) async fn overdue(&self, now: i64, usual: i64) -> Result<Vec<Known>, StoreError> {
        let rows = self.readers.whole().query(sql::OVERDUE, values![now, usual]).await?;
        rows.iter().map(known).collect()
    }

    /// Corrects an attempt.
    pub(crate) async fn correct(&self, id: i64, to: &Correction, trace: &Trace) -> Result<(), StoreError> {
        self.writes();
        let (to, trace) = (to.clone(), trace.clone());
        let work = self.writer.run(move |transaction| {
            Box::pin(async move {
                let given = |field: &Option<Option<String>>| i64::from(field.is_some());
                let text = |field: &Option<Option<String>>| field.clone().flatten();
                let values = values![
                    given(&to.reason),
                    &text(&to.reason),
                    given(&to.run_url),
                    &text(&to.run_url),
                    to.failed_in_use.map(i64::from),
                    id,
                ];
                transaction.apply(sql::KEEP_DEPLOYMENT, self::values![id]).await?;
                let before = correctable(transaction, id).await?;
                transaction.apply(sql::CORRECT, values).await?;
                if let Some(url) = &to.changelog_url {
                    let url = url.as_deref().unwrap_or("N/A");
                    transaction.apply(sql::SET_CHANGELOG_URL, values![url, id]).await?;
                }
                let after = correctable(transaction, id).await?;
                if before != after {
                    trace.write(transaction, before.as_ref(), after.as_ref()).await?;
                }
                epoch::raise(transaction, &trace.id).await?;
                Ok(Verdict::Keep(()))
            })
        });
        let done = work.await;
        self.wrote().await;
        done
    }
}

/// What may be corrected of an attempt, as it is.
async fn correctable(to: &mut Transaction, id: i64) -> Result<Option<Value>, StoreError> {
    let rows = to.query(sql::DEPLOYMENT, values![id]).await?;
    let past = rows.first().map(past).transpose()?;
    Ok(past.map(|past| {
        json!({ "reason": past.reason, "run_url": past.run_url, "changelog_url": past.changelog_url,
            "failed_in_use": past.failed_in_use })
    }))
}

fn event(row: &Record) -> Result<Event, StoreError> {
    let flag = |name: &str| row.int(name).map(|flag| flag != 0);
    let from = row.maybe_text("from_state")?;
    let from = from.map(|word| State::from_word(&word).ok_or(StoreError::Corrupt(word))).transpose()?;
    Ok(Event {
        id: row.text("event_key")?,
        deployment: row.int("versions_id")?,
        seq: row.maybe_int("seq")?,
        from,
        to: state(row, "to_state")?,
        actor: row.maybe_text("actor")?,
        source: row.text("source")?,
        note: row.maybe_text("note")?,
        forced: flag("forced")?,
        clock_skew: flag("clock_skew")?,
        late: flag("late")?,
        at: row.int("at")?,
        received_at: row.int("received_at")?,
        request_hash: row.maybe_text("request_hash")?,
    })
}
