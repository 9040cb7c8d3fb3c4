//! Webhooks: made, changed and taken away.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::audit::Trace;
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
        trace: &Trace,
    ) -> Result<(), StoreError> {
        let mut row = fields(settings);
        row.extend(values![id, trace.at].to_vec());
        let (noted, trace) = (Noted::of(settings, false), trace.clone());
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                to.apply(sql::INSERT_WEBHOOK, &row).await?;
                trace.write(to, None, Some(&noted)).await?;
                Ok(Verdict::Keep(()))
            })
        });
        work.await?;
        self.hooks.forget();
        Ok(())
    }

    /// Sets a webhook anew by a function of what was set, under its lock; without a secret the old one stays. What waits
    /// is tried again at once, or is forgotten where nobody is told any more. Gives what the function says against it, or
    /// nothing where there is no such webhook.
    pub(crate) async fn change_webhook<E, F>(
        &self,
        id: &str,
        change: F,
        trace: &Trace,
    ) -> Result<Option<Result<(), E>>, StoreError>
    where
        E: Send + 'static,
        F: FnOnce(&WebhookSettings) -> Result<WebhookSettings, E> + Send + 'static,
    {
        let (id, trace) = (id.to_owned(), trace.clone());
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                let Some(before) = kept(to, &id).await? else { return Ok(Verdict::TakeBack(None)) };
                let after = match change(&before) {
                    Ok(after) => after,
                    Err(refusal) => return Ok(Verdict::TakeBack(Some(Err(refusal)))),
                };
                let mut row = fields(&after);
                row.push(id.as_str().into());
                to.apply(sql::UPDATE_WEBHOOK, &row).await?;
                if !after.active {
                    to.apply(sql::DELETE_DELIVERIES, values![&id]).await?;
                }
                if before != after {
                    let noted = Noted::of(&after, after.secret.is_some());
                    trace.write(to, Some(&Noted::of(&before, false)), Some(&noted)).await?;
                }
                Ok(Verdict::Keep(Some(Ok(()))))
            })
        });
        let done = work.await?;
        self.hooks.forget();
        Ok(done)
    }

    /// Takes a webhook away, with what it was to be told.
    pub(crate) async fn delete_webhook(&self, id: &str, trace: &Trace) -> Result<bool, StoreError> {
        let (id, trace) = (id.to_owned(), trace.clone());
        let work = self.writer.run(move |to: &mut Transaction| {
            Box::pin(async move {
                let Some(before) = kept(to, &id).await? else { return Ok(Verdict::TakeBack(false)) };
                to.apply(sql::DELETE_WEBHOOK, values![&id]).await?;
                to.apply(sql::DELETE_DELIVERIES, values![&id]).await?;
                trace.write(to, Some(&Noted::of(&before, false)), None).await?;
                Ok(Verdict::Keep(true))
            })
        });
        work.await
    }
}

/// A webhook as the log keeps it: without its secret, and a key may stand in the query of its address too.
#[derive(Serialize)]
struct Noted {
    #[serde(flatten)]
    settings: WebhookSettings,
    /// Whether its secret is a new one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    new_secret: bool,
}

impl Noted {
    fn of(settings: &WebhookSettings, new_secret: bool) -> Self {
        let url = settings.url.split_once(['?', '#']).map(|(url, _)| format!("{url}?…"));
        let url = url.unwrap_or_else(|| settings.url.clone());
        Self { settings: WebhookSettings { url, ..settings.clone() }, new_secret }
    }
}

/// What is set of a webhook, which stays so until the end of the transaction.
async fn kept(to: &mut Transaction, id: &str) -> Result<Option<WebhookSettings>, StoreError> {
    to.apply(sql::KEEP_WEBHOOK, values![id]).await?;
    let rows = to.query(sql::WEBHOOKS, values!["", Some(id), 1]).await?;
    rows.first().map(|row| webhook(row).map(|webhook| webhook.settings)).transpose()
}

fn fields(settings: &WebhookSettings) -> Vec<Value> {
    let WebhookSettings { url, format, events, app, platform, environment, active, secret } = settings;
    let states: Vec<&str> = events.iter().map(|state| state.word()).collect();
    let (states, active) = (states.join(" "), i64::from(*active));
    values![url, secret, format.word(), states, app, platform, environment, active].to_vec()
}

pub(super) fn format(row: &Record) -> Result<Format, StoreError> {
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
