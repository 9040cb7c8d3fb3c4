//! Webhooks: who says so. What they are told, and how, is in `telling`.

use std::sync::Arc;

use super::holds::text;
use super::report::{Fault, NAME, TEXT};
use super::{Registry, RegistryError};
use crate::domain::audit::Act;
use crate::domain::deployment::State;
use crate::domain::reach::{Reach, literal};
use crate::domain::text::hex;
use crate::domain::webhook::{Webhook, WebhookSettings};

const SECRET: std::ops::RangeInclusive<usize> = 16..=128;
const MISSING: RegistryError = RegistryError::NoSuch("there is no such webhook");

impl Registry {
    /// The webhooks after an id.
    pub(crate) async fn webhooks(&self, after: &str, limit: i64) -> Result<Vec<Webhook>, RegistryError> {
        Ok(self.store.webhooks(after, limit).await?)
    }

    /// One webhook.
    pub(crate) async fn webhook(&self, id: &str) -> Result<Webhook, RegistryError> {
        self.store.webhook(id).await?.ok_or(MISSING)
    }

    /// Makes a webhook, and gives the secret of its signatures, which is made here unless somebody brings one.
    pub(crate) async fn make_webhook(
        &self,
        new: &WebhookSettings,
    ) -> Result<(Webhook, String), RegistryError> {
        check(new, &self.reach)?;
        let random = |source: std::io::Error| RegistryError::NoRandomness(source);
        let secret = match &new.secret {
            Some(secret) => secret.clone(),
            None => hex(&self.world().random::<32>().map_err(random)?),
        };
        let settings = WebhookSettings { secret: Some(secret.clone()), ..new.clone() };
        let id = self.world().new_id();
        self.store.enter_webhook(&id, &settings, &self.trace(Act::WebhookMade, &id)).await?;
        Ok((self.webhook(&id).await?, secret))
    }

    /// Changes a webhook by a function of what was set, which nobody else changes meanwhile. What waits is tried again
    /// at once.
    pub(crate) async fn change_webhook<E: From<RegistryError> + Send + 'static>(
        &self,
        id: &str,
        change: impl FnOnce(&WebhookSettings) -> Result<WebhookSettings, E> + Send + 'static,
    ) -> Result<Webhook, E> {
        let reach = Arc::clone(&self.reach);
        let checked = move |there: &WebhookSettings| {
            let to = change(there)?;
            check(&to, &reach)?;
            Ok::<_, E>(to)
        };
        let done = self.store.change_webhook(id, checked, &self.trace(Act::WebhookChanged, id)).await;
        done.map_err(RegistryError::from)?.ok_or(MISSING)??;
        Ok(self.webhook(id).await?)
    }

    /// Takes a webhook away, with what it was still to be told.
    pub(crate) async fn delete_webhook(&self, id: &str) -> Result<(), RegistryError> {
        let there = self.store.delete_webhook(id, &self.trace(Act::WebhookRemoved, id)).await?;
        there.then_some(()).ok_or(MISSING)
    }
}

fn check(settings: &WebhookSettings, reach: &Reach) -> Result<(), RegistryError> {
    let faults = faults(settings, reach);
    if faults.is_empty() { Ok(()) } else { Err(RegistryError::FaultyWebhook(faults)) }
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
