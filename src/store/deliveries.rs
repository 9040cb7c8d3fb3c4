//! What webhooks are still to be told. A row has a time from which it may be told; who takes it sets that to the end of
//! his time.

use super::db::{Record, Transaction, values};
use super::sql::webhooks as sql;
use super::webhooks::format;
use super::writer::Verdict;
use super::{Store, StoreError};
use crate::domain::webhook::Format;

/// One change that a webhook is to be told now.
#[derive(Debug, Clone)]
pub(crate) struct DueDelivery {
    pub(crate) webhook: String,
    pub(crate) event_key: String,
    pub(crate) due_at: i64,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) format: Format,
    /// How often it failed in a row.
    pub(crate) failures: i64,
    /// From when on it may be tried, in milliseconds since 1970 UTC.
    pub(crate) retry_at: i64,
}

/// What came of telling it. Times in milliseconds since 1970 UTC.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Told {
        at: i64,
    },
    /// There is nothing to tell, or nobody to tell it to in these words.
    Void,
    Failed {
        problem: String,
        at: i64,
        retry_at: i64,
        too_old: i64,
    },
}

/// Notes what webhooks are to be told of these events, in their transaction.
pub(super) async fn queue(transaction: &mut Transaction, keys: &[&str]) -> Result<(), StoreError> {
    let keys: Vec<_> = keys.iter().map(|key| values![*key].to_vec()).collect();
    transaction.write_rows(sql::QUEUE, &keys).await
}

impl Store {
    /// The webhooks that are to be told something at a time in milliseconds since 1970 UTC.
    pub(crate) async fn waiting_webhooks(&self, now: i64) -> Result<Vec<String>, StoreError> {
        self.readers.query(sql::WAITING, values![now]).await?.iter().map(|row| row.text("id")).collect()
    }

    /// Some of what a webhook is to be told at a time in milliseconds since 1970 UTC, the longest waiting first.
    pub(crate) async fn due_deliveries(
        &self,
        webhook: &str,
        now: i64,
        limit: i64,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let due = |row: &Record| {
            Ok(DueDelivery {
                webhook: row.text("webhook_id")?,
                event_key: row.text("event_key")?,
                due_at: row.int("due_at")?,
                url: row.text("url")?,
                secret: row.text("secret")?,
                format: format(row)?,
                failures: row.int("failures")?,
                retry_at: row.int("retry_at")?,
            })
        };
        self.readers.query(sql::DUE, values![webhook, now, limit]).await?.iter().map(due).collect()
    }

    /// Takes one for this process until a time in milliseconds since 1970 UTC, and with it the webhook if that failed
    /// last; says whether no other was faster.
    pub(crate) async fn claim_delivery(&self, due: &DueDelivery, until: i64) -> Result<bool, StoreError> {
        let DueDelivery { webhook, event_key, due_at, failures, retry_at, .. } = due.clone();
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                let mine = to.apply(sql::CLAIM, values![until, &webhook, &event_key, due_at]).await? == 1;
                let trial = values![until, &webhook, retry_at, failures];
                let first = mine && (failures == 0 || to.apply(sql::TRY, trial).await? == 1);
                Ok(if first { Verdict::Keep(true) } else { Verdict::TakeBack(false) })
            })
        });
        work.await
    }

    /// Notes what came of it.
    pub(crate) async fn delivered(&self, due: &DueDelivery, outcome: Outcome) -> Result<(), StoreError> {
        let DueDelivery { webhook, event_key, failures, .. } = due.clone();
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                match outcome {
                    Outcome::Told { at } => {
                        to.apply(sql::TOLD, values![&webhook, &event_key]).await?;
                        to.apply(sql::WEBHOOK_GOOD, values![at, &webhook]).await?;
                    }
                    Outcome::Void => {
                        to.apply(sql::TOLD, values![&webhook, &event_key]).await?;
                        to.apply(sql::UNTRIED, values![&webhook, failures]).await?;
                    }
                    Outcome::Failed { problem, at, retry_at, too_old } => {
                        to.apply(sql::GIVE_BACK, values![at + 1, &webhook, &event_key]).await?;
                        to.apply(sql::WEBHOOK_BAD, values![&problem, retry_at, &webhook, failures]).await?;
                        to.apply(sql::GIVE_UP, values![&webhook, too_old]).await?;
                    }
                }
                Ok(Verdict::Keep(()))
            })
        });
        work.await
    }

    /// Forgets what was queued for webhooks that are gone or told nothing: a change that was under way when that was
    /// said still counted them.
    pub(crate) async fn forget_deliveries(&self) -> Result<(), StoreError> {
        let mut last = String::new();
        while let Some(row) = self.readers.one(sql::NEXT_QUEUED, values![&last]).await? {
            last = row.text("webhook_id")?;
            if self.readers.one(sql::IS_TOLD, values![&last]).await?.is_some() {
                continue;
            }
            let id = last.clone();
            let work = self.writer.run(move |to: &mut Transaction| {
                Box::pin(async move {
                    // It may have been switched on since, and is not while this goes on.
                    to.apply(sql::KEEP_WEBHOOK, values![&id]).await?;
                    if to.query(sql::IS_TOLD, values![&id]).await?.is_empty() {
                        to.apply(sql::DELETE_DELIVERIES, values![&id]).await?;
                    }
                    Ok(Verdict::Keep(()))
                })
            });
            work.await?;
        }
        Ok(())
    }
}
