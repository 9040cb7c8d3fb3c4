//! Webhooks: who says so, and the telling. What is to be told is noted in the transaction of the change; several replicas
//! share the telling, since each one is taken by one conditional change in the database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::holds::text;
use super::report::{Fault, NAME, TEXT};
use super::{Registry, RegistryError};
use crate::domain::deployment::State;
use crate::domain::reach::{Reach, literal};
use crate::domain::text::hex;
use crate::domain::webhook::{Message, PATIENCE, Webhook, WebhookSettings, message, pause};
use crate::http::guarded::{self, Post};
use crate::store::{DueDelivery, Outcome};

/// How often it is looked for what is to be told.
const PAUSE: Duration = Duration::from_secs(1);
/// How many are told at a time.
const TOGETHER: usize = 50;
/// How long one belongs to the process that took it, in milliseconds; longer than telling it takes.
const LEASE: i64 = 30_000;
/// The most characters of a problem that is kept.
const PROBLEM: usize = 300;
const SECRET: std::ops::RangeInclusive<usize> = 16..=128;

/// How many tries failed since the start.
#[derive(Debug, Default)]
pub(super) struct Failed(AtomicU64);

impl Registry {
    /// The webhooks after an id.
    pub(crate) async fn webhooks(&self, after: &str, limit: i64) -> Result<Vec<Webhook>, RegistryError> {
        Ok(self.store.webhooks(after, limit).await?)
    }

    /// One webhook.
    pub(crate) async fn webhook(&self, id: &str) -> Result<Webhook, RegistryError> {
        self.store.webhook(id).await?.ok_or(RegistryError::NoSuch("there is no such webhook"))
    }

    /// Makes a webhook, and gives the secret of its signatures, which is made here unless somebody brings one.
    pub(crate) async fn make_webhook(
        &self,
        new: &WebhookSettings,
    ) -> Result<(Webhook, String), RegistryError> {
        self.check(new)?;
        let random = |source: std::io::Error| RegistryError::NoRandomness(source);
        let secret = match &new.secret {
            Some(secret) => secret.clone(),
            None => hex(&self.world().random::<32>().map_err(random)?),
        };
        let settings = WebhookSettings { secret: Some(secret.clone()), ..new.clone() };
        let id = self.world().new_id();
        self.store.enter_webhook(&id, &settings, self.world().now().as_millisecond()).await?;
        Ok((self.webhook(&id).await?, secret))
    }

    /// Changes a webhook by a function of what was set. What waits is tried again at once.
    pub(crate) async fn change_webhook<E: From<RegistryError>>(
        &self,
        id: &str,
        change: impl FnOnce(&WebhookSettings) -> Result<WebhookSettings, E>,
    ) -> Result<Webhook, E> {
        let to = change(&self.webhook(id).await?.settings)?;
        self.check(&to)?;
        let now = self.world().now().as_millisecond();
        self.store.set_webhook(id, &to, now).await.map_err(RegistryError::from)?;
        Ok(self.webhook(id).await?)
    }

    /// Takes a webhook away, with what it was still to be told.
    pub(crate) async fn delete_webhook(&self, id: &str) -> Result<(), RegistryError> {
        let there = self.store.delete_webhook(id).await?;
        there.then_some(()).ok_or(RegistryError::NoSuch("there is no such webhook"))
    }

    /// How many tries failed since the start.
    pub(crate) fn webhook_failures(&self) -> u64 {
        self.webhook_failures.0.load(Ordering::Relaxed)
    }

    fn check(&self, settings: &WebhookSettings) -> Result<(), RegistryError> {
        let faults = faults(settings, &self.reach);
        if faults.is_empty() { Ok(()) } else { Err(RegistryError::FaultyWebhook(faults)) }
    }

    /// Tells what is due until it is dropped, which breaks off what is under way.
    pub(crate) async fn tell_webhooks(self) {
        let mut pause = tokio::time::interval(PAUSE);
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pause.tick().await;
            while self.tell_due().await >= TOGETHER {}
        }
    }

    /// Tells once what is due, and says how much that was.
    pub async fn tell_due(&self) -> usize {
        let now = self.world().now().as_millisecond();
        let limit = i64::try_from(TOGETHER).unwrap_or(i64::MAX);
        // A database that fails says so to every request; the next turn tries again.
        let due = self.store.due_deliveries(now, limit).await.unwrap_or_default();
        let count = due.len();
        let mut telling = JoinSet::new();
        for due in due {
            let registry = self.clone();
            telling.spawn(async move { registry.deliver(&due).await });
        }
        while telling.join_next().await.is_some() {}
        count
    }

    async fn deliver(&self, due: &DueDelivery) -> Result<(), RegistryError> {
        let started = self.world().now().as_millisecond();
        if !self.store.claim_delivery(due, started + LEASE).await? {
            return Ok(());
        }
        let told = self.store.happenings(std::slice::from_ref(&due.event_key)).await?.pop();
        let told = told.and_then(|happening| message(&happening, due.format));
        let outcome = match told {
            None => Outcome::Void,
            Some(message) => match self.post(due, message).await {
                Ok(()) => Outcome::Told { at: self.world().now().as_millisecond() },
                Err(problem) => {
                    self.webhook_failures.0.fetch_add(1, Ordering::Relaxed);
                    let problem = problem.chars().take(PROBLEM).collect();
                    let at = self.world().now().as_millisecond();
                    let retry_at = at + pause(due.failures + 1);
                    Outcome::Failed { problem, at: started, retry_at, too_old: at - PATIENCE }
                }
            },
        };
        Ok(self.store.delivered(due, outcome).await?)
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
        let status = answer.map_err(|error| error.to_string())?.status;
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

fn faults(settings: &WebhookSettings, reach: &Reach) -> Vec<Fault> {
    let fault = |field: &str, detail: &str| Fault { pointer: format!("/{field}"), detail: detail.to_owned() };
    let mut faults = Vec::new();
    text("url", Some(&settings.url), 1..=TEXT, &mut faults);
    match settings.address() {
        Err(detail) => faults.push(fault("url", detail)),
        Ok(url) if literal(&url).is_some_and(|address| !reach.allows(address)) => {
            faults.push(fault("url", "must lead to a public address, or to one that `--probe-allow` opens"));
        }
        Ok(_) => {}
    }
    for (field, name) in
        [("app", &settings.app), ("platform", &settings.platform), ("environment", &settings.environment)]
    {
        text(field, name.as_deref(), 1..=NAME, &mut faults);
    }
    text("secret", settings.secret.as_deref(), SECRET, &mut faults);
    if settings.events.contains(&State::Unknown) {
        faults.push(fault("events", "must be states of API v2"));
    }
    faults
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
