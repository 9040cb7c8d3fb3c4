//! Deployments as a laptop or a CI job sees them. A registry that is down, slow or wrong never stops one: every
//! report is on disk before it is sent, and what cannot be sent waits there.

pub mod answers;
pub mod board;
pub mod client;
pub mod courier;
pub mod intended;
pub mod lineage;
pub mod observe;
pub mod operand;
pub mod outbox;
pub mod parcel;
pub mod run;
pub mod secret;
pub mod sending;
pub mod subject;
pub mod trust;
mod v1;
pub mod variables;
pub mod verify;
pub mod whereabouts;

use std::path::Path;
use std::time::Duration;

use self::client::Client;
use self::courier::{Patience, Round};
use self::outbox::{Outbox, OutboxError};
use self::parcel::{Parcel, same_target};
use self::run::{Run, Runs};
use self::subject::{Source, Target};
use crate::ci::Job;
use crate::domain::delivery::{Accepted, Delivery};
use crate::domain::deployment::{Kind, Report, State};
use crate::domain::fact::Fact;
use crate::world::World;

/// How long a deployment waits for its registry, each time.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// What became of a report that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Delivered(Accepted),
    /// Another process was sending and took it along; nothing of its answer is known here.
    Taken,
    Refused(String),
    /// It waits in the outbox.
    Kept(String),
    /// The outbox could not take it, and the registry did not either.
    Lost(String),
}

impl Fate {
    /// Whether the registry has it.
    pub fn is_delivered(&self) -> bool {
        matches!(self, Self::Delivered(_) | Self::Taken)
    }
}

/// Records deployments with one registry.
#[derive(Debug)]
pub struct Recorder<'a> {
    pub world: &'a World,
    pub client: Client<'a>,
    pub outbox: Outbox,
    runs: Runs,
    /// What tells this repository from others in keys.
    repository: String,
    /// The CI job that we are part of.
    job: Option<Job>,
    /// Who deploys.
    actor: Option<String>,
}

/// The longest actor or address that is reported, in bytes; a registry refuses more than 2,048.
const TEXT: usize = 2_000;

/// Whether a registry takes this text as an actor or an address.
pub fn is_reportable(text: &str) -> bool {
    text.len() <= TEXT && !text.contains(char::is_control)
}

impl<'a> Recorder<'a> {
    /// A recorder that keeps its state below `private`.
    pub fn new(world: &'a World, client: Client<'a>, private: &Path, repository: String) -> Self {
        let (outbox, runs) = (Outbox::below(private), Runs::below(private));
        Self { world, client, outbox, runs, repository, job: None, actor: None }
    }

    /// Reports on behalf of a CI job, and of a person. A text that no registry takes is left out, since a
    /// deployment must not go unrecorded for it.
    #[must_use]
    pub fn on_behalf_of(mut self, job: Option<Job>, actor: Option<String>) -> Self {
        self.actor = actor.filter(|actor| is_reportable(actor));
        self.job = job.map(|job| Job { run_url: job.run_url.filter(|url| is_reportable(url)), ..job });
        self
    }

    /// A new run of a deployment. In CI it is the one that every job of the CI run derives.
    pub fn begin(&self, target: &Target, source: &Source) -> Run {
        match self.run_id() {
            Some(id) => self.in_job(target, source, id, State::Running),
            None => self.derive(target, source, &self.world.nonce()),
        }
    }

    /// The run that a report belongs to: the newest one known here if it can go on like that, else a new one.
    pub fn resume(&self, target: &Target, source: &Source, state: State) -> Run {
        if let Some(id) = self.run_id() {
            return self.in_job(target, source, id, state);
        }
        let newest = self.runs.newest(self.client.name(), target);
        newest
            .filter(|run| run.goes_on_with(&source.version, state))
            .unwrap_or_else(|| self.derive(target, source, &self.world.nonce()))
    }

    /// Whether this CI run has already reported this state from here, as a step that is tried again does.
    pub fn repeats(&self, target: &Target, source: &Source, state: State) -> bool {
        let newest = self.run_id().and_then(|id| self.newest_of_job(target, source, id));
        newest.is_some_and(|newest| newest.state == state)
    }

    fn run_id(&self) -> Option<&str> {
        self.job.as_ref()?.run_id.as_deref()
    }

    fn derive(&self, target: &Target, source: &Source, word: &str) -> Run {
        Run::begin(self.client.name(), &self.repository, target, source, word)
    }

    /// What cannot follow on the deployment that this CI run made last is a further one.
    fn in_job(&self, target: &Target, source: &Source, id: &str, state: State) -> Run {
        match self.newest_of_job(target, source, id) {
            Some(newest) if newest.state.may_become(state) => newest,
            Some(newest) => self.turn(target, source, id, newest.turn + 1),
            None => self.turn(target, source, id, 0),
        }
    }

    fn newest_of_job(&self, target: &Target, source: &Source, id: &str) -> Option<Run> {
        let newest = self.runs.newest(self.client.name(), target)?;
        (newest.key == self.turn(target, source, id, newest.turn).key).then_some(newest)
    }

    fn turn(&self, target: &Target, source: &Source, id: &str, turn: u32) -> Run {
        let word = if turn == 0 { id.to_owned() } else { format!("{id}#{turn}") };
        Run { shared: true, turn, ..self.derive(target, source, &word) }
    }

    /// The report of the next step of a run.
    pub fn report(&self, run: &Run, target: &Target, source: &Source, status: &str) -> Report {
        Report {
            app: target.app.clone(),
            workload: target.workload.clone(),
            platform: target.platform.clone(),
            environment: target.environment.clone(),
            version: run.version.clone(),
            status: status.to_owned(),
            run_key: run.key.clone(),
            seq: run.seq,
            at: self.world.now().as_millisecond(),
            sha: run.sha.clone().or_else(|| source.sha.clone()),
            r#ref: source.branch.clone(),
            dirty: source.dirty,
            actor: self.actor.clone(),
            run_url: self.job.as_ref().and_then(|job| job.run_url.clone()),
            changelog_url: None,
            duration: None,
            kind: source.branch.as_deref().and_then(Kind::of_branch),
            reason: None,
            rollback_of: None,
            group_id: None,
            digest: None,
            log_tail: Vec::new(),
            commits: Vec::new(),
            commits_since: None,
            commits_truncated: false,
        }
    }

    /// Puts a report on disk, then tries to deliver it with all that waits before it, for at most `limit`.
    pub fn record(&self, run: &Run, target: &Target, report: &Report, limit: Duration) -> Fate {
        self.runs.remember(self.client.name(), target, run);
        let id = match self
            .outbox
            .put(&Parcel::new(self.client.name(), Fact::Deployment(Box::new(report.clone()))))
        {
            Ok(id) => id,
            Err(error) => return self.record_unspooled(report, limit, &error),
        };
        match self.send(Patience::Asked, limit) {
            Ok(round) => self.fate_of(&id, round),
            Err(error) => Fate::Kept(chain(&error)),
        }
    }

    /// Delivers what waits.
    pub fn send(&self, patience: Patience, limit: Duration) -> Result<Round, OutboxError> {
        self.client.deliver_from(&self.outbox, patience, limit)
    }

    fn fate_of(&self, id: &str, round: Round) -> Fate {
        if let Some((_, accepted)) = round.delivered.into_iter().find(|(letter, _)| letter.id == id) {
            return Fate::Delivered(accepted);
        }
        if let Some((_, reason)) = round.refused.into_iter().find(|(letter, _)| letter.id == id) {
            return Fate::Refused(reason);
        }
        match self.outbox.waiting() {
            Ok(waiting) if waiting.iter().any(|letter| letter.id == id) => {
                let own = waiting.iter().find(|letter| letter.id == id);
                let why = |(letter, _): &&(_, String)| own.is_some_and(|own| same_target(own, letter));
                let told =
                    round.kept.iter().find(why).or(round.kept.first()).map(|(_, reason)| reason.clone());
                let busy = if round.busy { "another shipmark is sending" } else { "the time was up" };
                Fate::Kept(told.unwrap_or_else(|| busy.to_owned()))
            }
            Ok(_) => match self.outbox.dead().unwrap_or_default().into_iter().find(|dead| dead.id == id) {
                Some(dead) => Fate::Refused(dead.reason),
                None => Fate::Taken,
            },
            Err(error) => Fate::Kept(chain(&error)),
        }
    }

    /// A full disk is no reason to keep the registry in the dark.
    fn record_unspooled(&self, report: &Report, limit: Duration, error: &OutboxError) -> Fate {
        match self.client.report(report, limit) {
            Delivery::Done(accepted) => Fate::Delivered(accepted),
            Delivery::Refused { reason, .. } => Fate::Refused(reason),
            Delivery::Retry { reason, .. } => Fate::Lost(format!("{}; {reason}", chain(error))),
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
