//! The use cases of the registry, callable without a socket. Rules are pure functions; the database makes a
//! change only where it still finds what the rule looked at, and a lost race is decided anew.

mod audit;
mod commits;
mod holds;
mod incidents;
mod live;
mod observations;
mod oidc;
mod probes;
mod progress;
mod read;
mod releases;
mod report;
mod seen;
mod settings;
mod takeover;
mod telling;
mod timer;
mod tokens;
mod v1;
mod webhooks;

pub(crate) use commits::Compared;
pub(crate) use observations::Cell;
pub use oidc::Issuer;
pub(crate) use progress::ChainState;
pub(crate) use read::Page;
pub(crate) use report::{Fault, KEY, NAME, TEXT, faults};
pub(crate) use v1::NewVersion;

use std::sync::Arc;

use self::live::Live;
use self::probes::Failures;
use self::seen::Seen;
use self::telling::Failed;
use crate::domain::audit::Who;
use crate::domain::deployment::{Report, State};
use crate::domain::hold::Hold;
use crate::domain::limits::Limits;
use crate::domain::reach::Reach;
use crate::domain::released::Released;
use crate::domain::token::Token;
use crate::store::{Entered, Known, Store, StoreError};
use crate::world::World;

/// A race is lost only to a writer that won, so a few tries are plenty.
const TRIES: usize = 5;

/// The registry: a store and its surroundings.
#[derive(Debug, Clone)]
pub struct Registry {
    store: Store,
    world: Arc<World>,
    seen: Arc<Seen>,
    /// What it may ask by itself.
    reach: Arc<Reach>,
    probe_failures: Arc<Failures>,
    /// What who asks may see and touch; nothing: everything.
    limits: Option<Arc<Limits>>,
    who: Arc<Who>,
    /// Whose id tokens are taken.
    issuer: Option<Arc<Issuer>>,
    live: Arc<Live>,
    webhook_failures: Arc<Failed>,
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
    /// What was asked for is not there.
    #[error("{0}")]
    NoSuch(&'static str),
    /// A side of a comparison is nothing that is known.
    #[error("there is no such environment, version or commit")]
    NoSide(String),
    #[error("the token cannot be made")]
    FaultyToken(Vec<Fault>),
    #[error("the trust cannot be made")]
    FaultyTrust(Vec<Fault>),
    #[error("the id token opens nothing: {0}")]
    Untrusted(&'static str),
    #[error("the issuer of id tokens cannot be asked: {0}")]
    Issuer(String),
    #[error("the system gives no random numbers")]
    NoRandomness(#[source] std::io::Error),
    #[error("the hold cannot be taken")]
    FaultyHold(Vec<Fault>),
    #[error("it is held already")]
    HeldAlready(Box<Hold>),
    #[error("the incident cannot be taken")]
    FaultyIncident(Vec<Fault>),
    #[error("the observation cannot be taken")]
    FaultyObservation(Vec<Fault>),
    #[error("the probe cannot be taken")]
    FaultyProbe(Vec<Fault>),
    #[error("the app cannot be taken")]
    FaultyApp(Vec<Fault>),
    #[error("the environment cannot be taken")]
    FaultyEnvironment(Vec<Fault>),
    #[error("the webhook cannot be taken")]
    FaultyWebhook(Vec<Fault>),
    #[error("it is not what it was")]
    Changed,
    /// The platforms on which the name is.
    #[error("the name is on several platforms")]
    Ambiguous(Vec<String>),
    #[error("the release cannot be taken")]
    FaultyRelease(Vec<Fault>),
    #[error("the version is another commit")]
    OtherRelease(Box<Released>),
    /// It is seen by who asks, and reaches beyond what he may touch.
    #[error("{0}")]
    Beyond(&'static str),
    #[error("other writers were faster each time")]
    Contended,
}

impl Registry {
    /// A registry over an open store.
    pub fn new(store: Store, world: World) -> Self {
        let (seen, reach) = (Arc::default(), Arc::default());
        let (probe_failures, live, webhook_failures) = (Arc::default(), Arc::default(), Arc::default());
        let (world, who) = (Arc::new(world), Arc::new(Who::command()));
        Self {
            store,
            world,
            seen,
            reach,
            probe_failures,
            live,
            webhook_failures,
            limits: None,
            who,
            issuer: None,
        }
    }

    /// The same for the owner of a token, or for someone without one: what is outside of the limits of the token is not
    /// there for him, and what he changes is noted under his name.
    #[must_use]
    pub(crate) fn asked_by(&self, token: Option<&Token>, request_id: Option<&str>) -> Self {
        let limits = token.and_then(|token| token.limits.as_ref());
        let who = Who {
            token: token.map(|token| token.id.clone()),
            name: token.map_or("anonymous", |token| &token.name).to_owned(),
            request_id: request_id.map(str::to_owned),
        };
        let store = limits.map_or_else(|| self.store.clone(), |limits| self.store.within(limits));
        let limits = limits.map(|limits| Arc::new(limits.clone()));
        Self { store, limits, who: Arc::new(who), ..self.clone() }
    }

    /// What who asks may see and touch.
    pub(crate) fn limits(&self) -> Option<&Arc<Limits>> {
        self.limits.as_ref()
    }

    /// Refuses a place that is outside. Whether something is there makes no difference.
    pub(crate) fn must_cover(
        &self,
        app: &str,
        platform: &str,
        environment: &str,
    ) -> Result<(), RegistryError> {
        let inside = self.limits.as_ref().is_none_or(|limits| limits.covers(app, platform, environment));
        inside.then_some(()).ok_or(RegistryError::NoSuch("there is no such place for this token"))
    }

    /// The same, which may ask programs within this reach.
    #[must_use]
    pub fn reaching(self, reach: Reach) -> Self {
        Self { reach: Arc::new(reach), ..self }
    }

    /// The same, which takes the id tokens of an issuer.
    #[must_use]
    pub fn believing(self, issuer: Issuer) -> Self {
        Self { issuer: Some(Arc::new(issuer)), ..self }
    }

    /// The surroundings, for pages that show ages.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Records a v1 deployment. With a `key`, a repeated request gives the first answer.
    pub(crate) async fn create(&self, new: &NewVersion, key: Option<&str>) -> Result<Created, RegistryError> {
        let (now, id) = (self.world.now(), self.world.new_id());
        let told = new.entry(key, now, id.clone());
        self.must_cover(&told.app, &told.platform, &told.environment)?;
        if let Entered::New(id) = self.store.enter(&told).await? {
            return Ok(Created::New(id));
        }
        if let Some(run_key) = &told.run_key {
            let known = self.store.by_run_key(run_key).await?;
            if let Some(known) = known.filter(|known| known.request_hash == told.moment.request_hash) {
                return Ok(Created::Replayed(known.id));
            }
        }
        let entry = new.plain_entry(key, now, id);
        if self.must_cover(&entry.app, &entry.platform, &entry.environment).is_err() {
            return Err(RegistryError::KeyReused);
        }
        if told.run_key.is_some()
            && let Entered::New(id) = self.store.enter(&entry).await?
        {
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
                let is_hidden = self.limits.is_some() && self.store.row(id).await?.is_none();
                let mark = self.world.new_id();
                return Ok(!is_hidden && self.store.set_status(id, status, &mark).await?);
            };
            let step = v1::forced(&known, status, self.world.now(), self.world.new_id());
            if self.store.advance(&step).await? {
                return Ok(true);
            }
        }
        Err(RegistryError::Contended)
    }

    /// Records a report: a new attempt, or by its run key the next step of one. With a `key`, a repeated
    /// request gives the first answer for ever.
    pub(crate) async fn report(&self, report: &Report, key: Option<&str>) -> Result<Reported, RegistryError> {
        let now = self.world.now();
        let (state, faults) = faults(report, now.as_millisecond());
        let state = match state {
            Some(state) if faults.is_empty() => state,
            _ => return Err(RegistryError::Faulty(faults)),
        };
        self.must_cover(&report.app, &report.platform, &report.environment)?;
        for _ in 0..TRIES {
            if let Some(first) = self.replay(key, &report::hash(report)).await? {
                return Ok(first);
            }
            if let Some(known) = self.store.by_run_key(&report.run_key).await? {
                if self.must_cover(&known.app, &known.platform, &known.environment).is_err() {
                    return Err(RegistryError::KeyReused);
                }
                let change = report::Change::of(report, state, key);
                if let Some(reported) = self.step(&known, &change, report::stranger(&known, report)).await? {
                    return Ok(reported);
                }
                continue;
            }
            let entry = report::entry(report, state, key, now, self.world.new_id());
            if let Entered::New(id) = self.store.enter(&entry).await? {
                return Ok(Reported { kind: Kind::New, id, state, version: report.version.clone() });
            }
        }
        Err(RegistryError::Contended)
    }

    /// What an earlier request with this key became; an error if it was another request.
    async fn replay(&self, key: Option<&str>, hash: &str) -> Result<Option<Reported>, RegistryError> {
        let Some(key) = key else { return Ok(None) };
        let Some(first) = self.store.by_event_key(key).await? else { return Ok(None) };
        if first.request_hash.as_deref() != Some(hash) {
            return Err(RegistryError::KeyReused);
        }
        let (id, state, version) = (first.id, first.state, first.version);
        Ok(Some(Reported { kind: Kind::Replayed, id, state, version }))
    }

    /// Whether a client made this step by v1 before, which has no numbers for steps: it lost the answer, and heard of v2
    /// since.
    async fn was_told_by_v1(&self, known: &Known, change: &report::Change) -> Result<bool, RegistryError> {
        let events = self.store.events(known.id).await?;
        let told = events.iter().rev().map(|(event, _)| event).find(|event| event.source != "registry");
        Ok(told.is_some_and(|event| event.source == "v1" && event.to == change.state))
    }

    /// The next step of an attempt that is known; nothing if another writer moved it meanwhile.
    async fn step(
        &self,
        known: &Known,
        change: &report::Change,
        stranger: Option<String>,
    ) -> Result<Option<Reported>, RegistryError> {
        let answer =
            |kind, state| Some(Reported { kind, id: known.id, state, version: known.version.clone() });
        let earlier = self.store.earlier(known.id, change.seq).await?;
        if let Some(earlier) = earlier.filter(|earlier| earlier.request_hash.as_deref() == Some(&change.hash))
        {
            return Ok(answer(Kind::Replayed, earlier.state));
        }
        if let Some(reason) = stranger {
            return Err(RegistryError::Conflict { state: known.state, id: known.id, reason });
        }
        if let Some(reason) = report::objection(known, change) {
            if self.was_told_by_v1(known, change).await? {
                return Ok(answer(Kind::Replayed, change.state));
            }
            return Err(RegistryError::Conflict { state: known.state, id: known.id, reason });
        }
        let step = report::step(known, change, self.world.now(), self.world.new_id());
        Ok(if self.store.advance(&step).await? { answer(Kind::Event, change.state) } else { None })
    }
}
