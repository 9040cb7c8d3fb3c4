//! A change of one attempt, as the rules decided it.

use jiff::Timestamp;

use super::read::Known;
use super::settle::Cell;
use crate::domain::deployment::{State, Why};
use crate::domain::event::Event;
use crate::domain::lists::Told;

/// What one event says beside the change of state.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// Unique for ever.
    pub(crate) event_key: String,
    /// Who told us: `v1`, `v2` or `timer`.
    pub(crate) source: &'static str,
    /// The digest of the request, by which a repeated one is known.
    pub(crate) request_hash: String,
    pub(crate) actor: Option<String>,
    pub(crate) note: Option<String>,
    /// The client's key for the request, kept for ever.
    pub(crate) idempotency_key: Option<String>,
    /// A v1 change that the rules of v2 do not allow.
    pub(crate) forced: bool,
    /// A real end after a time-out.
    pub(crate) late: bool,
    /// The client's clock was ahead of ours, so `at` is the time of receipt.
    pub(crate) clock_skew: bool,
    /// Milliseconds since 1970 UTC.
    pub(crate) at: i64,
    /// Milliseconds since 1970 UTC.
    pub(crate) received_at: i64,
}

/// A new attempt.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) app: String,
    pub(crate) workload: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
    pub(crate) version: String,
    pub(crate) changelog_url: String,
    pub(crate) raw: String,
    /// The v1 word.
    pub(crate) status: String,
    /// When it began, for v1.
    pub(crate) date: Timestamp,
    pub(crate) run_key: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) state: State,
    pub(crate) seq: i64,
    pub(crate) sha: Option<String>,
    pub(crate) r#ref: Option<String>,
    pub(crate) dirty: Option<bool>,
    pub(crate) run_url: Option<String>,
    /// Milliseconds.
    pub(crate) duration: Option<i64>,
    /// Milliseconds since 1970 UTC.
    pub(crate) started_at: i64,
    /// Milliseconds since 1970 UTC.
    pub(crate) finished_at: Option<i64>,
    pub(crate) why: Why,
    /// What it brings, if that was told.
    pub(crate) told: Option<Told>,
    pub(crate) moment: Moment,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It stands under this id.
    New(i64),
    /// Its run key or idempotency key belongs to an attempt already; nothing was written.
    KeyTaken,
}

/// A change of an attempt from what the caller saw to what it shall be.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) id: i64,
    pub(crate) app: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
    pub(crate) from: State,
    pub(crate) from_seq: i64,
    /// Milliseconds since 1970 UTC.
    pub(crate) from_started_at: i64,
    pub(crate) to: State,
    /// The client's step; none for v1, which has no steps and so leaves the count to v2.
    pub(crate) seq: Option<i64>,
    /// The v1 word; none for what the registry infers, since v1 must answer as the original would.
    pub(crate) status: Option<String>,
    pub(crate) started_at: i64,
    pub(crate) finished_at: Option<i64>,
    pub(crate) duration: Option<i64>,
    pub(crate) sha: Option<String>,
    pub(crate) run_url: Option<String>,
    pub(crate) moment: Moment,
}

impl Step {
    /// A step that changes the state of what the caller saw, and nothing else.
    pub(crate) fn of(known: &Known, to: State, moment: Moment) -> Self {
        Self {
            id: known.id,
            app: known.app.clone(),
            platform: known.platform.clone(),
            environment: known.environment.clone(),
            from: known.state,
            from_seq: known.seq,
            from_started_at: known.started_at,
            to,
            seq: None,
            status: None,
            started_at: known.started_at,
            finished_at: known.finished_at,
            duration: None,
            sha: None,
            run_url: None,
            moment,
        }
    }
}

/// A change that can be written together with others.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Enter(Box<Entry>),
    /// A row of v1 that another program wrote becomes the attempt that it is.
    Adopt(i64, Box<Entry>),
    Advance(Box<Step>),
}

impl Change {
    pub(super) fn cell(&self) -> Cell<'_> {
        match self {
            Self::Enter(entry) | Self::Adopt(_, entry) => (&entry.app, &entry.platform, &entry.environment),
            Self::Advance(step) => (&step.app, &step.platform, &step.environment),
        }
    }

    pub(super) fn moment(&self) -> &Moment {
        match self {
            Self::Enter(entry) | Self::Adopt(_, entry) => &entry.moment,
            Self::Advance(step) => &step.moment,
        }
    }
}

impl Step {
    /// Whether it adds to what its place has and takes nothing away: then what is live follows from the step and
    /// what was live, and no older attempt has to be looked for.
    pub(super) fn only_adds(&self) -> bool {
        use State::{Decommissioned, RolledBack, Succeeded, Superseded};
        let was_live = matches!(self.from, Succeeded | Superseded | RolledBack | Decommissioned);
        let is_past = matches!(self.to, Superseded | RolledBack | Decommissioned);
        !was_live && !is_past && self.started_at >= self.from_started_at
    }
}

impl Moment {
    /// One that says nothing more, at a time in milliseconds since 1970 UTC that is that of its receipt too.
    pub(crate) fn plain(source: &'static str, event_key: String, request_hash: String, at: i64) -> Self {
        Self {
            event_key,
            source,
            request_hash,
            actor: None,
            note: None,
            idempotency_key: None,
            forced: false,
            late: false,
            clock_skew: false,
            at,
            received_at: at,
        }
    }

    /// The event that it is for one attempt.
    pub(super) fn event(&self, id: i64, seq: Option<i64>, from: Option<State>, to: State) -> Event {
        Event {
            id: self.event_key.clone(),
            deployment: id,
            seq,
            from,
            to,
            actor: self.actor.clone(),
            source: self.source.to_owned(),
            note: self.note.clone(),
            forced: self.forced,
            clock_skew: self.clock_skew,
            late: self.late,
            at: self.at,
            received_at: self.received_at,
            request_hash: Some(self.request_hash.clone()),
        }
    }

    /// What the registry does to another attempt because of it.
    pub(super) fn consequence(&self, id: i64, from: State, to: State) -> Event {
        Event {
            id: format!("{}:{id}", self.event_key),
            deployment: id,
            seq: None,
            from: Some(from),
            to,
            actor: None,
            source: "registry".to_owned(),
            note: None,
            forced: false,
            clock_skew: false,
            late: false,
            at: self.at,
            received_at: self.received_at,
            request_hash: None,
        }
    }
}
