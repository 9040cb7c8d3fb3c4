//! Webhooks, and what they are still to be told.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::db::{Record, Transaction, Value, values};
use super::sql::webhooks as sql;
use super::writer::Verdict;
use super::{Store, StoreError};
use crate::domain::deployment::State;
use crate::domain::webhook::{Format, Webhook, WebhookSettings};

/// How long it holds whether there is any webhook.
const FRESH: Duration = Duration::from_secs(1);

/// Whether there is any webhook, as the database said less than a second ago: where there is none a write shall cost
/// nothing for it. One that is made elsewhere counts here a second later.
#[derive(Debug, Default)]
pub(super) struct Hooks(Mutex<Option<(Instant, bool)>>);

impl Hooks {
    /// What is known; once it is old, one who asks finds out anew and the others take what was.
    fn known(&self) -> Option<bool> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, any) = known.as_mut()?;
        if at.elapsed() < FRESH {
            return Some(*any);
        }
        *at = Instant::now();
        None
    }

    fn keep(&self, any: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), any));
    }

    /// After a change that was made here.
    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

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
    /// Whether anyone is told of anything.
    pub(super) async fn is_hooked(&self) -> bool {
        if let Some(any) = self.hooks.known() {
            return any;
        }
        // Where that is not known the transaction of the change looks itself.
        let any = self.readers.one(sql::ANY, values![]).await.map_or(true, |row| row.is_some());
        self.hooks.keep(any);
        any
    }

    /// The webhooks after an id, by their ids.
    pub(crate) async fn webhooks(&self, after: &str, limit: i64) -> Result<Vec<Webhook>, StoreError> {
        let values = values![after, None::<&str>, limit];
        self.readers.query(sql::WEBHOOKS, values).await?.iter().map(webhook).collect()
    }

    /// One webhook.
    pub(crate) async fn webhook(&self, id: &str) -> Result<Option<Webhook>, StoreError> {
        let row = self.readers.one(sql::WEBHOOKS, values!["", Some(id), 1]).await?;
        row.as_ref().map(webhook).transpose()
    }

    /// Enters a webhook with its secret.
    pub(crate) async fn enter_webhook(
        &self,
        id: &str,
        settings: &WebhookSettings,
        created_at: i64,
    ) -> Result<(), StoreError> {
        let mut values = fields(settings);
        values.extend(values![id, created_at].to_vec());
        self.writer.apply(sql::INSERT_WEBHOOK, &values).await?;
        self.hooks.forget();
        Ok(())
    }

    /// Sets a webhook anew; without a secret the old one stays. What waits may be told at `now`, in milliseconds since
    /// 1970 UTC.
    pub(crate) async fn set_webhook(
        &self,
        id: &str,
        settings: &WebhookSettings,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut row = fields(settings);
        row.push(id.into());
        let waiting = values![now, id].to_vec();
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                to.apply(sql::UPDATE_WEBHOOK, &row).await?;
                to.apply(sql::HASTEN, &waiting).await?;
                Ok(Verdict::Keep(()))
            })
        });
        work.await?;
        self.hooks.forget();
        Ok(())
    }

    /// Takes a webhook away, with what it was to be told.
    pub(crate) async fn delete_webhook(&self, id: &str) -> Result<bool, StoreError> {
        let id = values![id].to_vec();
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                let there = to.apply(sql::DELETE_WEBHOOK, &id).await?;
                to.apply(sql::DELETE_DELIVERIES, &id).await?;
                Ok(Verdict::Keep(there > 0))
            })
        });
        work.await
    }

    /// Some of what is to be told at a time in milliseconds since 1970 UTC, the longest waiting first.
    pub(crate) async fn due_deliveries(&self, now: i64, limit: i64) -> Result<Vec<DueDelivery>, StoreError> {
        let due = |row: &Record| {
            Ok(DueDelivery {
                webhook: row.text("webhook_id")?,
                event_key: row.text("event_key")?,
                due_at: row.int("due_at")?,
                url: row.text("url")?,
                secret: row.text("secret")?,
                format: format(row)?,
                failures: row.int("failures")?,
            })
        };
        self.readers.query(sql::DUE, values![now, limit]).await?.iter().map(due).collect()
    }

    /// Takes one for this process until a time in milliseconds since 1970 UTC; says whether no other was faster.
    pub(crate) async fn claim_delivery(&self, due: &DueDelivery, until: i64) -> Result<bool, StoreError> {
        let values = values![until, &due.webhook, &due.event_key, due.due_at];
        Ok(self.writer.apply(sql::CLAIM, values).await? == 1)
    }

    /// Notes what came of it.
    pub(crate) async fn delivered(&self, due: &DueDelivery, outcome: Outcome) -> Result<(), StoreError> {
        let DueDelivery { webhook, event_key, .. } = due.clone();
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                match outcome {
                    Outcome::Told { at } => {
                        to.apply(sql::TOLD, values![&webhook, &event_key]).await?;
                        to.apply(sql::WEBHOOK_GOOD, values![at, &webhook]).await?;
                    }
                    Outcome::Void => {
                        to.apply(sql::TOLD, values![&webhook, &event_key]).await?;
                    }
                    Outcome::Failed { problem, at, retry_at, too_old } => {
                        to.apply(sql::WEBHOOK_BAD, values![&problem, retry_at, &webhook, at]).await?;
                        to.apply(sql::PUT_OFF, values![retry_at, &webhook, &event_key]).await?;
                        to.apply(sql::GIVE_UP, values![&webhook, too_old]).await?;
                    }
                }
                Ok(Verdict::Keep(()))
            })
        });
        work.await
    }
}

fn fields(settings: &WebhookSettings) -> Vec<Value> {
    let WebhookSettings { url, format, events, app, platform, environment, active, secret } = settings;
    let states: Vec<&str> = events.iter().map(|state| state.word()).collect();
    let (states, active) = (states.join(" "), i64::from(*active));
    values![url, secret, format.word(), states, app, platform, environment, active].to_vec()
}

fn format(row: &Record) -> Result<Format, StoreError> {
    let word = row.text("format")?;
    Format::from_word(&word).ok_or(StoreError::Corrupt(word))
}

fn webhook(row: &Record) -> Result<Webhook, StoreError> {
    let states = row.text("states")?;
    let state = |word: &str| State::from_word(word).ok_or_else(|| StoreError::Corrupt(word.to_owned()));
    Ok(Webhook {
        id: row.text("id")?,
        settings: WebhookSettings {
            url: row.text("url")?,
            format: format(row)?,
            events: states.split_whitespace().map(state).collect::<Result<_, _>>()?,
            app: row.maybe_text("app")?,
            platform: row.maybe_text("platform")?,
            environment: row.maybe_text("environment")?,
            active: row.int("active")? != 0,
            secret: None,
        },
        created_at: row.int("created_at")?,
        delivered_at: row.maybe_int("delivered_at")?,
        problem: row.maybe_text("problem")?,
        waiting: row.int("waiting")?,
    })
}
