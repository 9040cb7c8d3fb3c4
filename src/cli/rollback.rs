//! `shipmark rollback`: puts the last known good version back, after showing what that means.

use std::ffi::OsString;

use clap::Args;

use super::attempt::Attempt;
use super::deploy::no_command;
use super::reporting::{Place, Reach};
use super::rollback_plan::Plan;
use super::{Context, asking, config, confirm};
use crate::deploy::PATIENCE;
use crate::deploy::board;
use crate::deploy::client::{Bad, Client, ClientError};
use crate::deploy::subject::Target;
use crate::deploy::variables;
use crate::domain::deployment::{self, Kind};
use crate::domain::gate::operand;
use crate::domain::hold::{HoldKind, NewHold};
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::git::Repo;

/// Put an earlier version back, after showing the plan
///
/// The version must have succeeded there before. The command runs in a clean worktree of its commit, never in
/// yours; the program is asked, and the deployment is recorded as a rollback.
#[derive(Args)]
pub(super) struct Rollback {
    /// The environment; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "ENV")]
    environment: String,
    /// This version, instead of the last known good one
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Show the plan and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking; needs `--reason`
    #[arg(long)]
    yes: bool,
    /// Why; it is recorded
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Freeze the environment too, so that no newer version goes there either
    #[arg(long)]
    freeze_env: bool,
    /// List every commit that is taken back
    #[arg(long)]
    list: bool,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Allow the configured commands if this is their hash, as `shipmark config trust --show` gives it
    #[arg(long, value_name = "HASH")]
    trust_config: Option<String>,
    #[command(flatten)]
    reach: Reach,
    /// The command and its arguments, instead of the configured one
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

fn never(app: &str, environment: &str) -> Error {
    let message = format!("{app} was never deployed on {environment}");
    Error::new(Exit::CheckFailed, text::line(&message)).hint("deploy it with `shipmark deploy`")
}

impl Rollback {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        let repo = place.repo(context)?;
        let name = self.environment.split('/').next().unwrap_or_default();
        let target = Target::of(&place.config, Some(repo), self.app.as_deref(), name)?;
        let recorder = place.recorder(context, &self.reach)?;
        let items = recorder.client.current(Some(&target.app), asking::LIMIT)?;
        let Some(item) = board::find(&items, &target.app, &self.environment)? else {
            return Err(never(&target.app, &self.environment));
        };
        let target = Target { platform: item.platform.clone(), workload: item.workload.clone(), ..target };
        let known = recorder.client.history(item, asking::LIMIT)?;
        let command = self.command(&place)?;
        let Some(plan) = Plan::make(item, &known.rows, self.to.as_deref(), &place.config, repo)? else {
            let version = item.recorded.as_ref().map_or("", |there| there.version.as_str());
            let line = format!("{}  {version} is what is recorded there, nothing to do", self.environment);
            context.ui.answer(&text::line(&line))?;
            return Ok(Exit::Done.into());
        };
        let environment = place.config.environments.get(name);
        let asks_program = environment.is_some_and(|found| found.way.is_some());
        if self.dry_run {
            plan.print(context, &command, asks_program, self.list)?;
            return Ok(Exit::Done.into());
        }
        self.allow(context, &place, repo)?;
        for line in plan.lines(context, &command, asks_program, self.list) {
            context.ui.note(&line);
        }
        let reason = confirm::reason(context, name, self.yes, self.reason.as_deref())?;
        let worktree = repo.worktree(&plan.commit)?;
        let bad = plan.bad().map(|bad| bad_of(&target, bad, &reason, place.actor(context)));
        let attempt = Attempt {
            context,
            recorder,
            target,
            source: plan.source(),
            smokes: config::smokes(context, repo, &place.config, name, self.trust_config.as_deref()),
            way: config::way(context, repo, &place.config, name, self.trust_config.as_deref()),
            folder: worktree.path().to_owned(),
            kind: Some(Kind::Rollback),
            result: None,
            log_tail: 0,
            rollback_of: plan.bad().map(|bad| bad.id),
            reason: Some(reason),
        };
        let (built, now) = (context.world.release_time()?, Some(context.world.now()));
        let mut variables = variables::plain(name, &attempt.source, built, now);
        if environment.is_some_and(|found| found.bare) {
            variables.clear();
        }
        let ended = attempt.carry_out(variables, &command, false)?;
        if let Some(bad) = bad {
            mark(context, &attempt.recorder.client, &attempt.target, &bad);
            if self.freeze_env {
                freeze(context, &attempt.recorder.client, &attempt.target, &bad);
            }
        }
        Ok(ended)
    }

    /// The command that was typed, else the configured one of `rollback`, else that of `deploy`.
    fn command(&self, place: &Place) -> Result<Vec<OsString>, Error> {
        if !self.command.is_empty() {
            return Ok(self.command.clone());
        }
        let configured = self.configured(place).ok_or_else(|| no_command(&self.environment))?;
        Ok(configured.words.iter().map(OsString::from).collect())
    }

    fn configured<'a>(&self, place: &'a Place) -> Option<&'a crate::config::Command> {
        let name = self.environment.split('/').next().unwrap_or_default();
        let environment = place.config.environments.get(name)?;
        environment.rollback.as_ref().or(environment.deploy.as_ref())
    }

    /// What was typed needs no trust.
    fn allow(&self, context: &Context, place: &Place, repo: &Repo) -> Result<(), Error> {
        match self.configured(place).filter(|_| self.command.is_empty()) {
            Some(command) => {
                config::require(context, repo, &place.config, command, self.trust_config.as_deref())
            }
            None => Ok(()),
        }
    }
}

/// What keeps the version that went wrong from coming back: automation would deploy it again (kargo#3016).
fn bad_of(target: &Target, bad: &deployment::Attempt, reason: &str, actor: Option<String>) -> Bad {
    Bad {
        app: target.app.clone(),
        version: bad.version.clone(),
        sha: bad.sha.clone(),
        reason: reason.to_owned(),
        actor,
    }
}

/// Marks it whatever came of the rollback, since it is as bad as before. A registry that is down keeps nobody
/// from going back, so it is told what to do.
fn mark(context: &Context, client: &Client, target: &Target, bad: &Bad) {
    let version = text::line(&bad.version);
    let environment = operand(&target.environment, &target.platform);
    match client.mark(bad, PATIENCE) {
        Ok(_) => context.ui.note(&format!(
            "{version} is marked bad (lift: shipmark hold lift {environment} {version} --reason TEXT)"
        )),
        Err(error) => context.ui.warn(&format!(
            "{version} is not marked bad: {}; do it with `shipmark hold set {environment} {version} --reason TEXT`",
            text::line(&error.to_string())
        )),
    }
}

/// Freezes the environment for what is newer too, until somebody has looked.
fn freeze(context: &Context, client: &Client, target: &Target, bad: &Bad) {
    let environment = operand(&target.environment, &target.platform);
    let new = NewHold {
        kind: HoldKind::Freeze,
        app: Some(target.app.clone()),
        platform: Some(target.platform.clone()),
        environment: Some(target.environment.clone()),
        version: None,
        sha: None,
        r#ref: None,
        reason: bad.reason.clone(),
        actor: bad.actor.clone(),
        until: None,
        weekly: None,
    };
    match client.hold(&new, PATIENCE) {
        Ok(_) | Err(ClientError::Refused { status: 409, .. }) => context.ui.note(&format!(
            "{environment} is frozen (lift: shipmark hold lift {environment} --kind freeze --reason TEXT)"
        )),
        Err(error) => context.ui.warn(&format!(
            "{environment} is not frozen: {}; do it with `shipmark hold set {environment} --kind freeze --reason TEXT`",
            text::line(&error.to_string())
        )),
    }
}
