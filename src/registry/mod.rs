//! The use cases of the registry, callable without a socket. Rules are pure functions; the database makes a
//! change only where it still finds what the rule looked at, and a lost race is decided anew.

mod holds;
mod incidents;
mod read;
mod releases;
mod report;
mod v1;

pub(crate) use read::Page;
pub(crate) use report::{Fault, faults};
pub(crate) use v1::NewVersion;

use sha2::{Digest, Sha256};

use crate::domain::deployment::{Report, State};
use crate::domain::hold::Hold;
use crate::domain::released::Released;
use crate::domain::text::hex;
use crate::store::{Entered, Known, Store, StoreError};
use crate::world::World;

/// A race is lost only to a writer that won, so a few tries are plenty.
const TRIES: usize = 5;

/// The registry: a store and its surroundings.
#[derive(Debug, Clone)]
pub struct Registry {
    store: Store,
    world: World,
}

/// What became of a v1 create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Created {
    New(i64),
    /// The same request with the same key came before; this is what it made.
    Replayed(i64),
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) kind: Kind,
    pub(crate) id: i64,
    /// The state that this report brought about.
    pub(crate) state: State,
    pub(crate) version: String,
}

/// How a report was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It began an attempt.
    New,
    /// It moved an attempt on.
    Event,
    /// It was here before.
    Replayed,
}

/// Why a use case did not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the key belongs to another request")]
    KeyReused,
    #[error("the report cannot be taken")]
    Faulty(Vec<Fault>),
    #[error("{reason}")]
    Conflict { state: State, id: i64, reason: String },
    #[error("the hold cannot be taken")]
    FaultyHold(Vec<Fault>),
    #[error("it is held already")]
    HeldAlready(Box<Hold>),
    #[error("there is no such hold")]
    NoSuchHold,
    #[error("the incident cannot be taken")]
    FaultyIncident(Vec<Fault>),
    #[error("there is no such incident")]
    NoSuchIncident,
    #[error("there is no such deployment")]
    NoSuchDeployment,
    #[error("the release cannot be taken")]
    FaultyRelease(Vec<Fault>),
    #[error("the version is another commit")]
    OtherRelease(Box<Released>),
    #[error("there is no such release")]
    NoSuchRelease,
    #[error("other writers were faster each time")]
    Contended,
}

impl Registry {
    /// A registry over an open store.
    pub fn new(store: Store, world: World) -> Self {
        Self { store, world }
    }

    /// The surroundings, for pages that show ages.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Records a v1 deployment. With a `key`, a repeated request gives the first answer.
    pub(crate) async fn create(&self, new: &NewVersion, key: Option<&str>) -> Result<Created, RegistryError> {
        let entry = new.entry(key, self.world.now(), self.world.new_id());
        if let Entered::New(id) = self.store.enter(&entry).await? {
            return Ok(Created::New(id));
        }
        let first = match key {
            Some(key) => self.store.by_idempotency_key(key).await?,
            None => None,
        };
        let first = first.ok_or(RegistryError::Contended)?;
        if first.request_hash == entry.moment.request_hash {
            Ok(Created::Replayed(first.id))
        } else {
            Err(RegistryError::KeyReused)
        }
    }

    /// Sets the v1 status of a row; any word may follow any. Says whether there is such a row.
    pub(crate) async fn update_status(&self, id: i64, status: &str) -> Result<bool, RegistryError> {
        for _ in 0..TRIES {
            let Some(known) = self.store.by_id(id).await? else {
                return Ok(self.store.set_status(id, status).await?);
            };
            let step = v1::forced(&known, status, self.world.now(), self.world.new_id());
            if self.store.advance(&step).await? {
                return Ok(true);
            }
        }
        Err(RegistryError::Contended)
    }

    /// Records a report: a new attempt, or by its run key the next step of one.
    pub(crate) async fn report(&self, report: &Report) -> Result<Reported, RegistryError> {
        let now = self.world.now();
        let (state, faults) = faults(report, now.as_millisecond());
        let state = match state {
            Some(state) if faults.is_empty() => state,
            _ => return Err(RegistryError::Faulty(faults)),
        };
        for _ in 0..TRIES {
            if let Some(known) = self.store.by_run_key(&report.run_key).await? {
                if let Some(reported) = self.next_step(&known, report, state).await? {
                    return Ok(reported);
                }
                continue;
            }
            let entry = report::entry(report, state, now, self.world.new_id());
            if let Entered::New(id) = self.store.enter(&entry).await? {
                return Ok(Reported { kind: Kind::New, id, state, version: report.version.clone() });
            }
        }
        Err(RegistryError::Contended)
    }

    /// The report on an attempt that is known; nothing if another writer moved it meanwhile.
    async fn next_step(
        &self,
        known: &Known,
        report: &Report,
        state: State,
    ) -> Result<Option<Reported>, RegistryError> {
        let answer =
            |kind, state| Some(Reported { kind, id: known.id, state, version: known.version.clone() });
        let earlier = self.store.earlier(known.id, report.seq).await?;
        let hash = report::hash(report);
        if let Some(earlier) = earlier.filter(|earlier| earlier.request_hash.as_deref() == Some(&hash)) {
            return Ok(answer(Kind::Replayed, earlier.state));
        }
        if let Some(reason) = report::objection(known, report, state) {
            return Err(RegistryError::Conflict { state: known.state, id: known.id, reason });
        }
        let step = report::step(known, report, state, self.world.now(), self.world.new_id());
        Ok(if self.store.advance(&step).await? { answer(Kind::Event, state) } else { None })
    }
}

/// A digest of texts that no other list of texts shares: each goes in with its length.
fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hex(&hash.finalize())
}
