//! What happens to a deployment after its first report, by its id: steps, corrections, and the log of both.

use super::report::{self, Fault};
use super::{Registry, RegistryError, Reported, TRIES};
use crate::domain::audit::Act;
use crate::domain::chain::broken;
use crate::domain::deployment::{Correction, Progress, State};
use crate::domain::event::Event;
use crate::domain::past::Past;
use schemars::JsonSchema;

/// What a look at the chain of one place found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, JsonSchema)]
pub(crate) struct ChainState {
    /// The number of events.
    pub(crate) length: i64,
    /// The digest of the last; whoever keeps it can tell later whether anything before it was changed.
    pub(crate) hash: String,
    pub(crate) whole: bool,
    /// The number of the first event that is missing or not what it was.
    pub(crate) broken_at: Option<i64>,
}

impl Registry {
    /// One deployment.
    pub(crate) async fn deployment(&self, id: i64) -> Result<Past, RegistryError> {
        self.store.deployment(id).await?.ok_or(RegistryError::NoSuch("there is no such deployment"))
    }

    /// What happened to a deployment, oldest first, each with its digest.
    pub(crate) async fn events(&self, id: i64) -> Result<Vec<(Event, Option<String>)>, RegistryError> {
        self.deployment(id).await?;
        Ok(self.store.events(id).await?)
    }

    /// Takes a step of a deployment. With a `key`, a repeated request gives the first answer for ever.
    pub(crate) async fn progress(
        &self,
        id: i64,
        progress: &Progress,
        key: Option<&str>,
    ) -> Result<Reported, RegistryError> {
        let now = self.world.now().as_millisecond();
        let (state, faults) = faults(progress, now);
        let state = match state {
            Some(state) if faults.is_empty() => state,
            _ => return Err(RegistryError::Faulty(faults)),
        };
        if self.limits.is_some() {
            // A key must not tell of a deployment that is not seen.
            self.deployment(id).await?;
        }
        for _ in 0..TRIES {
            if let Some(first) = self.replay(key, &report::progress_hash(id, progress)).await? {
                return Ok(first);
            }
            let known =
                self.store.by_id(id).await?.ok_or(RegistryError::NoSuch("there is no such deployment"))?;
            let mut change = report::Change::of_progress(&known, progress, state, now);
            change.key = key.map(str::to_owned);
            if let Some(reported) = self.step(&known, &change, None).await? {
                return Ok(reported);
            }
        }
        Err(RegistryError::Contended)
    }

    /// Corrects what a person may correct, and gives the deployment as it is then.
    pub(crate) async fn correct(&self, id: i64, to: &Correction) -> Result<Past, RegistryError> {
        let mut faults = Vec::new();
        for (field, text) in
            [("reason", &to.reason), ("run_url", &to.run_url), ("changelog_url", &to.changelog_url)]
        {
            if let Some(Some(text)) = text {
                report::text(field, text, &mut faults);
            }
        }
        if !faults.is_empty() {
            return Err(RegistryError::Faulty(faults));
        }
        self.deployment(id).await?;
        self.store.correct(id, to, &self.trace(Act::DeploymentCorrected, id.to_string())).await?;
        self.deployment(id).await
    }

    /// Looks at every event of a place, and whether each is what it was.
    pub(crate) async fn chain(
        &self,
        app: &str,
        platform: &str,
        environment: &str,
    ) -> Result<ChainState, RegistryError> {
        let chain = self.store.chain(app, platform, environment).await?;
        let (links, head) = chain.ok_or(RegistryError::NoSuch("nothing was deployed there"))?;
        let broken_at = broken(&links, &head);
        Ok(ChainState { length: head.length, hash: head.hash, whole: broken_at.is_none(), broken_at })
    }
}

/// The state that a step means, and everything that is wrong with it; `now` in milliseconds since 1970.
fn faults(progress: &Progress, now: i64) -> (Option<State>, Vec<Fault>) {
    let mut faults = Vec::new();
    for (field, text) in [("note", &progress.note), ("actor", &progress.actor)] {
        if let Some(text) = text {
            report::text(field, text, &mut faults);
        }
    }
    let state = report::meant(&progress.status, &mut faults);
    report::times(progress.seq.unwrap_or(0), progress.at.unwrap_or(now), progress.duration, now, &mut faults);
    (state, faults)
}
