//! What the registry asks by itself: who says so, and the asking. Several replicas may ask at the same time: each
//! look is taken by one conditional change in the database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::holds::text;
use super::report::{Fault, NAME, TEXT};
use super::{Registry, RegistryError};
use crate::domain::audit::Act;
use crate::domain::health::Observed;
use crate::domain::observation::NewObservation;
use crate::domain::probing::{INTERVALS, NewProbe, Probing, Spot};
use crate::domain::reach::{Reach, literal};
use crate::http::guarded;
use crate::store::{Due, StoreError};

/// How often it is looked for what is due.
const PAUSE: Duration = Duration::from_secs(1);
/// How many programs are asked at a time.
const TOGETHER: i64 = 50;
/// How many looks saw nothing since the start.
#[derive(Debug, Default)]
pub(super) struct Failures(AtomicU64);

impl Registry {
    /// What is asked at a place.
    pub(crate) async fn probe(&self, spot: &Spot) -> Result<Probing, RegistryError> {
        self.store.probe(spot).await?.ok_or(RegistryError::NoSuch("nothing is asked there"))
    }

    /// Asks a program from now on.
    pub(crate) async fn set_probe(&self, spot: &Spot, new: &NewProbe) -> Result<Probing, RegistryError> {
        let faults = faults(spot, new, &self.reach);
        if !faults.is_empty() {
            return Err(RegistryError::FaultyProbe(faults));
        }
        let now = self.world().now().as_millisecond();
        match self.store.set_probe(spot, Some((new, now)), &self.trace(Act::ProbeSet, named(spot))).await {
            // Another set one between our two statements.
            Err(StoreError::Taken) => return Err(RegistryError::Contended),
            done => done?,
        };
        self.probe(spot).await
    }

    /// Asks it no more.
    pub(crate) async fn remove_probe(&self, spot: &Spot) -> Result<(), RegistryError> {
        let there = self.store.set_probe(spot, None, &self.trace(Act::ProbeRemoved, named(spot))).await?;
        there.then_some(()).ok_or(RegistryError::NoSuch("nothing is asked there"))
    }

    /// How many looks saw nothing since the start.
    pub(crate) fn probe_failures(&self) -> u64 {
        self.probe_failures.0.load(Ordering::Relaxed)
    }

    /// Asks what is due until it is dropped, which breaks off the looks under way.
    pub(crate) async fn ask_all(self) {
        let mut pause = tokio::time::interval(PAUSE);
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pause.tick().await;
            self.ask_due().await;
        }
    }

    /// Asks once what is due.
    pub async fn ask_due(&self) {
        let now = self.world().now().as_millisecond();
        // A database that fails says so to every request; the next turn tries again.
        let due = self.store.due_probes(now, TOGETHER).await.unwrap_or_default();
        let mut looks = JoinSet::new();
        for due in due {
            let registry = self.clone();
            looks.spawn(async move { registry.look(&due).await });
        }
        while looks.join_next().await.is_some() {}
    }

    async fn look(&self, Due { spot, probing }: &Due) -> Result<(), RegistryError> {
        let now = self.world().now().as_millisecond();
        let next_at = now + i64::from(probing.set.interval) * 1_000;
        if !self.store.claim_probe(spot, probing.due_at, next_at).await? {
            return Ok(());
        }
        let seen = match ask(&probing.set, spot, &self.reach).await {
            Ok(observed) => self.observe(&observation(spot, observed)).await.map_err(why),
            Err(problem) => Err(problem),
        };
        let problem = seen.err();
        if problem.is_some() {
            self.probe_failures.0.fetch_add(1, Ordering::Relaxed);
            self.saw_nothing(spot).await?;
        }
        let now = self.world().now().as_millisecond();
        Ok(self.store.probe_done(spot, now, problem.as_deref()).await?)
    }
}

/// A place for the log of changes.
fn named(Spot { app, platform, environment }: &Spot) -> String {
    [app.as_str(), platform, environment].join(" / ")
}

/// What a program says; an error is a fragment that says why it says nothing of use.
async fn ask(probe: &NewProbe, spot: &Spot, reach: &Reach) -> Result<Observed, String> {
    let url = probe.address()?;
    let answer = guarded::ask(&url, reach, guarded::lookup).await.map_err(|error| error.to_string())?;
    probe.read(url, &spot.environment, answer.status, &answer.body)
}

fn observation(spot: &Spot, observed: Observed) -> NewObservation {
    NewObservation {
        app: spot.app.clone(),
        platform: spot.platform.clone(),
        environment: spot.environment.clone(),
        version: observed.version,
        sha: observed.commit,
        digest: None,
        started_at: None,
        seen_at: None,
    }
}

/// The same for what it says and nobody can keep.
fn why(error: RegistryError) -> String {
    match error {
        RegistryError::FaultyObservation(faults) => {
            let of =
                |fault: &Fault| format!("its {} {}", fault.pointer.trim_start_matches('/'), fault.detail);
            faults.iter().map(of).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

fn faults(spot: &Spot, new: &NewProbe, reach: &Reach) -> Vec<Fault> {
    let fault = |field: &str, detail: &str| Fault { pointer: format!("/{field}"), detail: detail.to_owned() };
    let mut faults = Vec::new();
    for (field, name) in
        [("app", &spot.app), ("platform", &spot.platform), ("environment", &spot.environment)]
    {
        text(field, Some(name), 1..=NAME, &mut faults);
    }
    text("url", Some(&new.url), 1..=TEXT, &mut faults);
    match new.address() {
        Err(detail) => faults.push(fault("url", detail)),
        Ok(url) if literal(&url).is_some_and(|address| !reach.allows(address)) => {
            faults.push(fault("url", "must lead to a public address, or to one that `--probe-allow` opens"));
        }
        Ok(_) => {}
    }
    let pointers = [("version", &new.version), ("commit", &new.commit), ("environment", &new.environment)];
    for (field, pointer) in pointers {
        text(field, pointer.as_deref(), 0..=TEXT, &mut faults);
        if pointer.as_ref().is_some_and(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
            faults.push(fault(field, "must be a JSON pointer, such as `/version`"));
        }
    }
    if new.version.is_none() && new.commit.is_none() {
        faults.push(fault("version", "must be there, or `commit`, since nothing else tells what runs"));
    }
    if !INTERVALS.contains(&new.interval) {
        let detail = format!("must be from {} to {} seconds", INTERVALS.start(), INTERVALS.end());
        faults.push(fault("interval", &detail));
    }
    faults
}
