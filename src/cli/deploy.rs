//! `shipmark deploy`: runs a command and records what became of it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::attempt::Attempt;
use super::gate::{self, Gate};
use super::reporting::{Place, Reach};
use super::{Context, asking, config, confirm};
use crate::ci;
use crate::deploy::client::ClientError;
use crate::deploy::subject::{Source, Target};
use crate::deploy::variables;
use crate::domain::deployment::LOG_LINES;
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::git::Repo;

/// Run a command and record the deployment that it makes
#[derive(Args)]
pub(super) struct Deploy {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Deploy this tag, commit or branch from a clean worktree, instead of HEAD
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Write the record to this file, as JSON
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    /// Record the last N lines that the command writes, without the secrets of the environment; it then writes to
    /// a pipe instead of the terminal
    #[arg(long, value_name = "N", value_parser = lines)]
    log_tail: Option<usize>,
    /// Print what would be run and recorded, and do neither
    #[arg(long)]
    dry_run: bool,
    /// Exit with 6 if the command succeeded and its report is not delivered
    #[arg(long)]
    require_report: bool,
    /// Deploy also what may not be deployed
    #[arg(long, requires = "reason")]
    force: bool,
    /// Why; it is recorded
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Refuse to deploy where the registry cannot say what is held
    #[arg(long)]
    require_gate: bool,
    /// Allow the configured commands if this is their hash, as `shipmark config trust --show` gives it
    #[arg(long, value_name = "HASH")]
    trust_config: Option<String>,
    #[command(flatten)]
    reach: Reach,
    /// The command and its arguments, instead of the configured one
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

fn lines(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=LOG_LINES).contains(count));
    count.ok_or_else(|| format!("it is a number of lines from 1 to {LOG_LINES}"))
}

impl Deploy {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        let repo = place.repo(context)?;
        let target = Target::of(&place.config, Some(repo), self.app.as_deref(), &self.environment)?;
        let (command, folder) = self.command(context, &place, repo)?;
        let source = match &self.rev {
            Some(rev) => Source::of_rev(rev, repo)?,
            None => Source::of_head(repo)?.in_job(ci::detect(context.world).as_ref()),
        };
        let recorder = place.recorder(context, &self.reach)?;
        let built = context.world.release_time()?;
        let gate = Gate::ask(context, &place, &recorder.client, &target, &source, !self.dry_run)?;
        let reason = self.reason.as_deref().map(confirm::plain);
        if self.force && reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
            return Err(Error::new(Exit::Usage, "a reason is needed").hint("give it with `--reason TEXT`"));
        }
        let mut attempt = Attempt {
            context,
            recorder,
            target,
            source,
            way: None,
            smokes: Vec::new(),
            folder,
            kind: None,
            rollback_of: None,
            reason,
            result: self.result.as_ref().map(|file| context.world.cwd().join(file)),
            log_tail: self.log_tail.unwrap_or(0),
        };
        let now = Some(context.world.now());
        let mut plain = variables::plain(&attempt.target.environment, &attempt.source, built, now);
        if place.config.environments.get(&self.environment).is_some_and(|found| found.bare) {
            plain.clear();
        }
        if self.dry_run {
            plain.extend(variables::own(&attempt.target, None, None));
            return attempt.print(&gate, &plain, &command);
        }
        self.pass(context, &attempt, gate)?;
        let given = self.trust_config.as_deref();
        attempt.way = config::way(context, repo, &place.config, &self.environment, given);
        attempt.smokes = config::smokes(context, repo, &place.config, &self.environment, given);
        // It is removed when it goes out of scope, which is after the command.
        let worktree = match (&self.rev, &attempt.source.sha) {
            (Some(_), Some(sha)) => Some(repo.worktree(sha)?),
            _ => None,
        };
        if let Some(worktree) = &worktree {
            worktree.path().clone_into(&mut attempt.folder);
        }
        attempt.carry_out(plain, &command, self.require_report)
    }

    /// Goes on where nothing speaks against it, or where the user wants it all the same.
    fn pass(&self, context: &Context, attempt: &Attempt, gate: Gate) -> Result<(), Error> {
        if let Some(error) = gate.failure {
            if self.require_gate {
                return Err(error.into());
            }
            // A server without holds has none to say.
            if !matches!(error, ClientError::Refused { status: 404, .. }) {
                context.ui.warn(&format!("nothing is known of holds: {}", text::line(&error.to_string())));
            }
        }
        if gate.reasons.is_empty() {
            return Ok(());
        }
        if let Some(line) = asking::stale_line(gate.stale) {
            context.ui.urge(&line);
        }
        for line in gate::lines(&gate.reasons) {
            context.ui.urge(&line);
        }
        if self.force {
            context.ui.warn("it is deployed all the same, by `--force`");
            return Ok(());
        }
        let only_dirty = gate.reasons.iter().all(|reason| reason.code == "dirty");
        let exit = if only_dirty { Exit::Repository } else { Exit::CheckFailed };
        let (app, version) = (&attempt.target.app, &attempt.source.version);
        let message = format!("{app} {version} may not be deployed on {}", attempt.target.environment);
        Err(Error::new(exit, text::line(&message))
            .hint("deploy it all the same with `--force --reason TEXT`"))
    }

    /// The command that was typed, where it was typed; else the configured one, at the root.
    fn command(
        &self,
        context: &Context,
        place: &Place,
        repo: &Repo,
    ) -> Result<(Vec<OsString>, PathBuf), Error> {
        if !self.command.is_empty() {
            return Ok((self.command.clone(), context.world.cwd().to_owned()));
        }
        let environment = place.config.environments.get(&self.environment);
        let Some(command) = environment.and_then(|found| found.deploy.as_ref()) else {
            return Err(no_command(&self.environment));
        };
        // Showing a command is not running it.
        if !self.dry_run {
            config::require(context, repo, &place.config, command, self.trust_config.as_deref())?;
        }
        Ok((command.words.iter().map(OsString::from).collect(), repo.root()?.to_owned()))
    }
}

/// Neither typed nor configured.
pub(super) fn no_command(environment: &str) -> Error {
    let environment = text::line(environment);
    Error::new(Exit::Usage, format!("no command is given, and none is configured for `{environment}`"))
        .hint("write it after `--`, or as `deploy = [\"PROGRAM\", \"ARGUMENT\"]` under the environment")
}
