//! Incidents: what one must say, and what may be changed later.

use super::holds::text;
use super::report::{Fault, NAME, TEXT};
use super::{Registry, RegistryError};
use crate::domain::audit::Act;
use crate::domain::chain::digest;
use crate::domain::incident::{Incident, IncidentChange, NewIncident};
use crate::store::{IncidentEntry, IncidentsWanted};

/// What became of an incident that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) incident: Incident,
    /// The same was told before; this is what it made.
    pub(crate) replayed: bool,
}

impl Registry {
    /// Notes an incident. With a `key`, a repeated request gives the first answer for ever.
    pub(crate) async fn open_incident(
        &self,
        new: &NewIncident,
        key: Option<&str>,
    ) -> Result<Told, RegistryError> {
        let now = self.world().now().as_millisecond();
        let mut faults = Vec::new();
        for (field, name) in
            [("app", &new.app), ("platform", &new.platform), ("environment", &new.environment)]
        {
            text(field, Some(name), 1..=NAME, &mut faults);
        }
        text("title", Some(&new.title), 1..=TEXT, &mut faults);
        text("actor", new.actor.as_deref(), 1..=TEXT, &mut faults);
        let opened_at = new.opened_at.unwrap_or(now);
        faults.extend(times(opened_at, new.resolved_at));
        self.check_cause(new.cause, &mut faults).await?;
        if !faults.is_empty() {
            return Err(RegistryError::FaultyIncident(faults));
        }
        self.must_cover(&new.app, &new.platform, &new.environment)?;
        let incident = Incident {
            id: self.world().new_id(),
            app: new.app.clone(),
            platform: new.platform.clone(),
            environment: new.environment.clone(),
            title: new.title.clone(),
            opened_at,
            resolved_at: new.resolved_at,
            cause: new.cause,
            actor: new.actor.clone(),
        };
        let request_hash = digest([serde_json::to_string(new).unwrap_or_default().as_str()]);
        let idempotency_key = key.map(str::to_owned);
        let entry = IncidentEntry { incident, idempotency_key, request_hash, created_at: now };
        let trace = self.trace(Act::IncidentOpened, &entry.incident.id);
        for _ in 0..super::TRIES {
            if let Some(key) = key
                && let Some(first) = self.store.incident_of_key(key).await?
            {
                let same = first.request_hash == entry.request_hash;
                let told = Told { incident: first.incident, replayed: true };
                return if same { Ok(told) } else { Err(RegistryError::KeyReused) };
            }
            if self.store.open_incident(&entry, &trace).await? {
                return Ok(Told { incident: entry.incident, replayed: false });
            }
        }
        Err(RegistryError::Contended)
    }

    /// Changes an incident, as when it is resolved.
    pub(crate) async fn change_incident(
        &self,
        id: &str,
        change: &IncidentChange,
    ) -> Result<Incident, RegistryError> {
        let known = self.incident(id).await?;
        let mut faults = Vec::new();
        text("title", change.title.as_deref(), 1..=TEXT, &mut faults);
        let opened_at = change.opened_at.unwrap_or(known.opened_at);
        faults.extend(times(opened_at, change.resolved_at.or(known.resolved_at)));
        self.check_cause(change.cause, &mut faults).await?;
        if !faults.is_empty() {
            return Err(RegistryError::FaultyIncident(faults));
        }
        self.store.change_incident(id, change, &self.trace(Act::IncidentChanged, id)).await?;
        self.incident(id).await
    }

    /// One incident.
    pub(crate) async fn incident(&self, id: &str) -> Result<Incident, RegistryError> {
        let known = self.store.incident(id).await?;
        known.map(|known| known.incident).ok_or(RegistryError::NoSuch("there is no such incident"))
    }

    /// Incidents, newest first.
    pub(crate) async fn incidents(&self, wanted: &IncidentsWanted) -> Result<Vec<Incident>, RegistryError> {
        Ok(self.store.incidents(wanted).await?)
    }

    async fn check_cause(&self, cause: Option<i64>, faults: &mut Vec<Fault>) -> Result<(), RegistryError> {
        if let Some(id) = cause
            && self.store.deployment(id).await?.is_none()
        {
            faults.push(Fault {
                pointer: "/cause".to_owned(),
                detail: "must be the id of a deployment".to_owned(),
            });
        }
        Ok(())
    }
}

/// What is wrong with the times, in milliseconds since 1970.
fn times(opened_at: i64, resolved_at: Option<i64>) -> Vec<Fault> {
    let fault = |field: &str, detail: &str| Fault { pointer: format!("/{field}"), detail: detail.to_owned() };
    let is_time = |at: i64| at >= 0 && jiff::Timestamp::from_millisecond(at).is_ok();
    let mut faults = Vec::new();
    if !is_time(opened_at) {
        faults.push(fault("opened_at", "must be in milliseconds since 1970"));
    }
    if resolved_at.is_some_and(|resolved| resolved < opened_at || !is_time(resolved)) {
        faults.push(fault("resolved_at", "must be in milliseconds since 1970, and not before `opened_at`"));
    }
    faults
}
