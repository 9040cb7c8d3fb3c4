//! What is seen running, and what it means beside what is recorded.

use schemars::JsonSchema;
use serde::Serialize;

use super::holds::text;
use super::report::{Fault, NAME, TEXT, believed};
use super::{Registry, RegistryError};
use crate::domain::deployment::Current;
use crate::domain::hold::Hold;
use crate::domain::observation::{NewObservation, Sighted, Sighting, Stranger};
use crate::domain::probing::Spot;
use crate::domain::settings::Settings;
use crate::domain::verdict::{Moment, Verdict, verdict};
use crate::store::{HoldsWanted, SightingEntry, SightingsWanted};

/// More holds than stand at a time anywhere.
const HELD: i64 = 10_000;

/// How long a place is remembered where something was seen and nothing recorded, in milliseconds: 30 days.
const REMEMBERED: i64 = 30 * 24 * 60 * 60 * 1_000;

/// One cell of the matrix, as `GET /api/v2/current` gives it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Cell {
    #[serde(flatten)]
    pub(crate) current: Current,
    /// What was seen running there last.
    pub(crate) observed: Option<Sighting>,
    pub(crate) verdict: Verdict,
}

/// Everything that the registry knows of the present.
#[derive(Debug, Clone)]
pub(crate) struct Present {
    pub(crate) cells: Vec<Cell>,
    /// What was seen where nothing was ever recorded.
    pub(crate) strangers: Vec<Stranger>,
    /// What holds now.
    pub(crate) holds: Vec<Hold>,
    /// What was said of apps and environments.
    pub(crate) settings: Settings,
}

impl Registry {
    /// Keeps what a machine says that it runs. It never becomes what is recorded by itself: who put it there
    /// is not known.
    pub(crate) async fn observe(&self, new: &NewObservation) -> Result<Stranger, RegistryError> {
        let now = self.world().now().as_millisecond();
        let faults = faults(new);
        if !faults.is_empty() {
            return Err(RegistryError::FaultyObservation(faults));
        }
        self.must_cover(&new.app, &new.platform, &new.environment)?;
        let (seen_at, _) = believed(new.seen_at.unwrap_or(now), now);
        let observed = Sighting {
            version: new.version.clone(),
            sha: new.sha.as_deref().map(str::to_ascii_lowercase),
            digest: new.digest.clone(),
            started_at: new.started_at,
            first_at: seen_at,
            seen_at,
            known: false,
        };
        let mut seen = Stranger {
            app: new.app.clone(),
            platform: new.platform.clone(),
            environment: new.environment.clone(),
            observed,
        };
        seen.observed.known = self.is_recorded(&seen).await?;
        let entry = SightingEntry { id: self.world().new_id(), seen: seen.clone(), received_at: now };
        let observed = self.store.observe(&entry).await?;
        Ok(Stranger { observed, ..seen })
    }

    /// Keeps that a place was asked and said nothing of use.
    pub(super) async fn saw_nothing(&self, spot: &Spot) -> Result<(), RegistryError> {
        let now = self.world().now().as_millisecond();
        let observed = Sighting::nothing(now);
        let Spot { app, platform, environment } = spot.clone();
        let seen = Stranger { app, platform, environment, observed };
        self.store.observe(&SightingEntry { id: self.world().new_id(), seen, received_at: now }).await?;
        Ok(())
    }

    /// What was seen at a place, newest first.
    pub(crate) async fn sightings(&self, wanted: &SightingsWanted) -> Result<Vec<Sighted>, RegistryError> {
        Ok(self.store.sightings(wanted).await?)
    }

    /// Whether the place has a record of it; what the newest look found is not looked for again.
    async fn is_recorded(&self, seen: &Stranger) -> Result<bool, RegistryError> {
        let newest = self.store.newest_sighting(seen).await?;
        let same = newest.is_some_and(|newest| newest.known && newest.says_the_same(&seen.observed));
        Ok(same || self.store.has_record(seen).await?)
    }

    /// What is where and what is seen there, of every app or of one.
    pub(crate) async fn present(&self, app: Option<&str>) -> Result<Present, RegistryError> {
        let now = self.world().now().as_millisecond();
        let wanted = HoldsWanted { active_at: Some(now), limit: HELD, ..HoldsWanted::default() };
        let holds = self.store.holds(&wanted).await?;
        let moment = Moment { now, holds: &holds };
        let cell = |(current, observed): (Current, Option<Sighting>)| {
            let facts = observed.as_ref().and_then(|seen| seen.observed(&current, now));
            let known = observed.as_ref().map(|seen| seen.known);
            let verdict = verdict(&current, facts.as_ref(), known, &moment);
            Cell { current, observed, verdict }
        };
        let cells = self.store.matrix(app).await?.into_iter().map(cell).collect();
        let strangers = self.store.strangers(app, now - REMEMBERED).await?;
        Ok(Present { cells, strangers, holds, settings: self.store.settings().await? })
    }
}

fn faults(new: &NewObservation) -> Vec<Fault> {
    let fault = |field: &str, detail: &str| Fault { pointer: format!("/{field}"), detail: detail.to_owned() };
    let mut faults = Vec::new();
    for (field, name) in [("app", &new.app), ("platform", &new.platform), ("environment", &new.environment)] {
        text(field, Some(name), 1..=NAME, &mut faults);
    }
    text("version", new.version.as_deref(), 1..=NAME, &mut faults);
    text("digest", new.digest.as_deref(), 1..=TEXT, &mut faults);
    let is_id =
        |sha: &String| (7..=64).contains(&sha.len()) && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !new.sha.as_ref().is_none_or(is_id) {
        faults.push(fault("sha", "must be a commit: 7 to 64 hexadecimal digits"));
    }
    if new.version.is_none() && new.sha.is_none() {
        faults.push(fault("version", "must be there, or `sha`, since nothing else tells what runs"));
    }
    let is_time = |at: i64| at >= 0 && jiff::Timestamp::from_millisecond(at).is_ok();
    for (field, at) in [("started_at", new.started_at), ("seen_at", new.seen_at)] {
        if !at.is_none_or(is_time) {
            faults.push(fault(field, "must be in milliseconds since 1970"));
        }
    }
    faults
}
