//! Holds, locks and freezes: entered, lifted, and never removed.

use super::audit::Trace;
use super::db::{Record, Transaction, values};
use super::writer::Verdict;
use super::{Store, StoreError, sql};
use crate::domain::hold::{Hold, HoldKind, NewHold};

/// A new hold.
#[derive(Debug, Clone)]
pub(crate) struct HoldEntry {
    pub(crate) id: String,
    pub(crate) new: NewHold,
    /// What may stand once only until it is lifted or has ended.
    pub(crate) slot: String,
    pub(crate) idempotency_key: Option<String>,
    /// The digest of the request, by which a repeated one is known.
    pub(crate) request_hash: String,
    /// Milliseconds since 1970 UTC.
    pub(crate) created_at: i64,
}

/// A hold with the digest of the request that made it.
#[derive(Debug, Clone)]
pub(crate) struct KnownHold {
    pub(crate) hold: Hold,
    pub(crate) request_hash: String,
}

/// By what a hold is found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HoldKey<'a> {
    Id(&'a str),
    Idempotency(&'a str),
    Slot(&'a str),
}

/// Who lifts a hold, when, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifting<'a> {
    pub(crate) actor: Option<&'a str>,
    pub(crate) reason: &'a str,
    /// Milliseconds since 1970 UTC.
    pub(crate) at: i64,
}

/// Which holds are wanted; what is absent filters nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct HoldsWanted {
    pub(crate) app: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) kind: Option<HoldKind>,
    /// Only what holds at this time, in milliseconds since 1970 UTC.
    pub(crate) active_at: Option<i64>,
    /// Only what is older than this id.
    pub(crate) before: Option<String>,
    pub(crate) limit: i64,
}

impl Store {
    /// Enters a hold; says whether it did, or whether its key or its slot is taken.
    pub(crate) async fn hold(&self, entry: &HoldEntry, trace: &Trace) -> Result<bool, StoreError> {
        let (entry, trace) = (entry.clone(), trace.clone());
        self.writer
            .run(move |transaction| Box::pin(async move { hold(transaction, &entry, &trace).await }))
            .await
    }

    /// Lifts a hold; one that was lifted before stays as it is.
    pub(crate) async fn lift(
        &self,
        id: &str,
        lifting: &Lifting<'_>,
        trace: &Trace,
    ) -> Result<(), StoreError> {
        let values = values![lifting.at, lifting.actor, lifting.reason, id].to_vec();
        let (id, trace) = (id.to_owned(), trace.clone());
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                if to.apply(sql::LIFT_HOLD, &values).await? > 0 {
                    let after = seen(to, &id).await?;
                    let before = after.clone().map(|hold| Hold {
                        lifted_at: None,
                        lifted_by: None,
                        lift_reason: None,
                        ..hold
                    });
                    trace.write(to, before.as_ref(), after.as_ref()).await?;
                }
                Ok(Verdict::Keep(()))
            })
        });
        work.await
    }

    /// One hold.
    pub(crate) async fn one_hold(&self, key: HoldKey<'_>) -> Result<Option<KnownHold>, StoreError> {
        let (id, idempotency, slot) = match key {
            HoldKey::Id(text) => (Some(text), None, None),
            HoldKey::Idempotency(text) => (None, Some(text), None),
            HoldKey::Slot(text) => (None, None, Some(text)),
        };
        let values = values![id, idempotency, slot];
        let row = match key {
            // Whoever may see it: the digest of the request tells whether it is the same.
            HoldKey::Idempotency(_) => self.readers.whole().one(sql::ONE_HOLD, values).await?,
            HoldKey::Id(_) | HoldKey::Slot(_) => self.readers.one(sql::ONE_HOLD, values).await?,
        };
        row.as_ref().map(known).transpose()
    }

    /// The holds that speak of a place, newest first.
    pub(crate) async fn holds(&self, wanted: &HoldsWanted) -> Result<Vec<Hold>, StoreError> {
        let values = values![
            &wanted.app,
            &wanted.platform,
            &wanted.environment,
            wanted.kind.map(HoldKind::word),
            wanted.active_at,
            &wanted.before,
            wanted.limit,
        ];
        let rows = self.readers.query(sql::HOLDS, values).await?;
        rows.iter().map(|row| known(row).map(|known| known.hold)).collect()
    }
}

async fn seen(to: &mut Transaction, id: &str) -> Result<Option<Hold>, StoreError> {
    let rows = to.query(sql::ONE_HOLD, values![id, None::<&str>, None::<&str>]).await?;
    rows.first().map(|row| known(row).map(|known| known.hold)).transpose()
}

async fn hold(
    transaction: &mut Transaction,
    entry: &HoldEntry,
    trace: &Trace,
) -> Result<Verdict<bool>, StoreError> {
    transaction.apply(sql::FREE_SLOT, values![&entry.slot, entry.created_at]).await?;
    let new = &entry.new;
    let values = values![
        &entry.id,
        new.kind.word(),
        &new.app,
        &new.platform,
        &new.environment,
        &new.version,
        &new.sha,
        &new.r#ref,
        &new.reason,
        &new.actor,
        &entry.slot,
        &entry.idempotency_key,
        &entry.request_hash,
        entry.created_at,
        new.until,
    ];
    match transaction.apply(sql::INSERT_HOLD, values).await {
        Err(StoreError::Taken) => return Ok(Verdict::TakeBack(false)),
        done => done?,
    };
    if let Some(weekly) = &new.weekly {
        let weekly = serde_json::to_string(weekly).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        transaction.apply(sql::INSERT_HOLD_WEEK, values![&entry.id, weekly]).await?;
    }
    let made = seen(transaction, &entry.id).await?;
    trace.write(transaction, None, made.as_ref()).await?;
    Ok(Verdict::Keep(true))
}

fn known(row: &Record) -> Result<KnownHold, StoreError> {
    let word = row.text("kind")?;
    let kind = HoldKind::from_word(&word).ok_or(StoreError::Corrupt(word))?;
    let weekly = match row.maybe_text("weekly")? {
        None => None,
        Some(text) => Some(serde_json::from_str(&text).map_err(|_| StoreError::Corrupt(text))?),
    };
    let hold = Hold {
        weekly,
        id: row.text("id")?,
        kind,
        app: row.maybe_text("app")?,
        platform: row.maybe_text("platform")?,
        environment: row.maybe_text("environment")?,
        version: row.maybe_text("version")?,
        sha: row.maybe_text("sha")?,
        r#ref: row.maybe_text("ref")?,
        reason: row.text("reason")?,
        actor: row.maybe_text("actor")?,
        created_at: row.int("created_at")?,
        until: row.maybe_int("until_at")?,
        lifted_at: row.maybe_int("lifted_at")?,
        lifted_by: row.maybe_text("lifted_by")?,
        lift_reason: row.maybe_text("lift_reason")?,
    };
    Ok(KnownHold { hold, request_hash: row.text("request_hash")? })
}
