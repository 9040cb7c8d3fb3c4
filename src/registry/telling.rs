//! Telling webhooks. What is to be told is noted in the transaction of the change; several replicas share the telling,
//! since each one is taken by one conditional change in the database. Each webhook has a task of its own, so that one that
//! is slow or cannot be told holds up no other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::{Registry, RegistryError};
use crate::domain::text::hex;
use crate::domain::webhook::{Message, PATIENCE, message, pause};
use crate::http::guarded::{self, Post};
use crate::store::{DueDelivery, Outcome};

/// How often it is looked for what is to be told.
const PAUSE: Duration = Duration::from_secs(1);
/// How long nothing is tried after the database failed.
const REST: Duration = Duration::from_secs(10);
/// How many one webhook is told at a time.
const TOGETHER: i64 = 20;
/// How long one belongs to the process that took it, in milliseconds; longer than telling it takes.
const LEASE: i64 = 30_000;
/// The most characters of a problem that is kept.
const PROBLEM: usize = 300;

/// How many tries failed since the start.
#[derive(Debug, Default)]
pub(super) struct Failed(AtomicU64);

impl Registry {
    /// How many tries failed since the start.
    pub(crate) fn webhook_failures(&self) -> u64 {
        self.webhook_failures.0.load(Ordering::Relaxed)
    }

    /// Tells what is due until it is dropped, which breaks off what is under way. `trouble` hears why nothing could be
    /// read or noted; what a webhook answers is noted with it.
    pub(crate) async fn tell_webhooks(self, trouble: fn(&RegistryError)) {
        let mut pause = tokio::time::interval(PAUSE);
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut telling, mut busy) = (JoinSet::new(), HashMap::new());
        loop {
            pause.tick().await;
            while let Some(ended) = telling.try_join_next_with_id() {
                busy.remove(&ended.map_or_else(|broken| broken.id(), |(id, ())| id));
            }
            let waiting = match self.waiting().await {
                Ok(waiting) => waiting,
                Err(error) => {
                    trouble(&error);
                    tokio::time::sleep(REST).await;
                    continue;
                }
            };
            for webhook in waiting {
                if !busy.values().any(|told| *told == webhook) {
                    let (registry, told) = (self.clone(), webhook.clone());
                    let task = telling.spawn(async move {
                        if let Err(error) = registry.tell_one(&told).await {
                            trouble(&error);
                            // It stays busy for so long.
                            tokio::time::sleep(REST).await;
                        }
                    });
                    busy.insert(task.id(), webhook);
                }
            }
        }
    }

    /// Tells once what is due, and gives in words why something could not be read or noted.
    pub async fn tell_due(&self) -> Vec<String> {
        let told = match self.waiting().await {
            Ok(waiting) => join_all(waiting.iter().map(|webhook| self.tell_one(webhook))).await,
            Err(error) => vec![Err(error)],
        };
        told.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect()
    }

    async fn waiting(&self) -> Result<Vec<String>, RegistryError> {
        Ok(self.store.waiting_webhooks(self.world().now().as_millisecond()).await?)
    }

    /// Tells one webhook what is due, until nothing is, or nothing that no other process has.
    async fn tell_one(&self, webhook: &str) -> Result<(), RegistryError> {
        loop {
            let now = self.world().now().as_millisecond();
            let mut due = self.store.due_deliveries(webhook, now, TOGETHER).await?;
            if due.first().is_some_and(|due| due.failures > 0) {
                // One shows whether it answers again.
                due.truncate(1);
            }
            let taken = join_all(due.iter().map(|due| self.deliver(due))).await;
            if !taken.into_iter().collect::<Result<Vec<_>, _>>()?.contains(&true) {
                return Ok(());
            }
        }
    }

    /// Tells one change, unless another process does; says whether it was this one.
    async fn deliver(&self, due: &DueDelivery) -> Result<bool, RegistryError> {
        let started = self.world().now().as_millisecond();
        if !self.store.claim_delivery(due, started + LEASE).await? {
            return Ok(false);
        }
        let told = self.store.happenings(std::slice::from_ref(&due.event_key)).await?.pop();
        let told = told.and_then(|happening| message(&happening, due.format));
        let outcome = match told {
            None => Outcome::Void,
            Some(message) => {
                let posted = self.post(due, message).await;
                let at = self.world().now().as_millisecond();
                match posted {
                    Ok(()) => Outcome::Told { at },
                    Err(problem) => {
                        self.webhook_failures.0.fetch_add(1, Ordering::Relaxed);
                        let problem = problem.chars().take(PROBLEM).collect();
                        let retry_at = at + pause(due.failures + 1);
                        Outcome::Failed { problem, at, retry_at, too_old: at - PATIENCE }
                    }
                }
            }
        };
        self.store.delivered(due, outcome).await?;
        Ok(true)
    }

    /// Posts one message; an error is a fragment that says what went wrong.
    async fn post(&self, due: &DueDelivery, message: Message) -> Result<(), String> {
        let url = url::Url::parse(&due.url).map_err(|error| error.to_string())?;
        let time = self.world().now().as_second().to_string();
        let Message { mut headers, body } = message;
        headers.push(("shipmark-signature", format!("v1={}", signature(&due.secret, &time, &body))));
        headers.push(("shipmark-timestamp", time));
        let post = Post { body: body.into_bytes(), headers };
        let answer = guarded::post(&url, post, &self.reach, guarded::lookup).await;
        let status = answer.map_err(|error| error.to_string())?;
        if (200..300).contains(&status) { Ok(()) } else { Err(format!("it answered {status}")) }
    }
}

/// HMAC-SHA256 (RFC 2104) over the seconds since 1970, a point, and the body.
fn signature(secret: &str, time: &str, body: &str) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{time}.{body}").as_bytes());
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `printf '1769860800.{"a":1}' | openssl dgst -sha256 -hmac 'key of the webhook'`.
    #[test]
    fn the_signature_is_that_of_time_and_body() {
        let wanted = "d8a1f00b1503c4ce58b76bd209aa849c9e74c2874854b40ef1393465aa9a9682";
        assert_eq!(signature("key of the webhook", "1769860800", r#"{"a":1}"#), wanted);
    }
}
