//! `shipmark ci run`: what `action.yml` calls. It maps the job's inputs onto the other commands, and their results
//! onto the job's outputs.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::release::{Outcome, Release};
use super::report::Report;
use super::{Context, lint};
use crate::ci::{self, Job, github};
use crate::config::Config;
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::Repo;
use crate::world::World;

/// Run as a step of a CI job
#[derive(Args)]
pub(super) struct Ci {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Release on a push to a release branch, lint on anything else; inputs come as `INPUT_…` variables
    Run,
}

/// The inputs of the step; a runner does not check them.
struct Inputs {
    command: Task,
    environment: Option<String>,
    status: String,
    dry_run: bool,
    require_release: bool,
    require_report: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Auto,
    Lint,
    Release,
    Report,
}

impl Inputs {
    fn read(world: &World) -> Result<Self, Error> {
        let command = match world.var("INPUT_COMMAND").unwrap_or("auto") {
            "auto" => Task::Auto,
            "lint" => Task::Lint,
            "release" => Task::Release,
            "report" => Task::Report,
            other => return Err(bad_input("command", other, "auto, lint, release or report")),
        };
        let environment = world.var("INPUT_ENVIRONMENT").map(str::to_owned);
        if command == Task::Report && environment.is_none() {
            return Err(bad_input("environment", "", "the environment to report on"));
        }
        Ok(Self {
            command,
            environment,
            status: world.var("INPUT_STATUS").unwrap_or("deployed").to_owned(),
            dry_run: flag(world, "INPUT_DRY_RUN", "dry-run")?,
            require_release: flag(world, "INPUT_REQUIRE_RELEASE", "require-release")?,
            require_report: flag(world, "INPUT_REQUIRE_REPORT", "require-report")?,
        })
    }
}

fn flag(world: &World, variable: &str, input: &str) -> Result<bool, Error> {
    match world.var(variable).unwrap_or("false") {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(bad_input(input, other, "true or false")),
    }
}

fn bad_input(input: &str, value: &str, wanted: &str) -> Error {
    Error::new(Exit::Usage, format!("the input `{input}` is `{}`", text::line(value)))
        .hint(format!("set it to {wanted}"))
}

impl Ci {
    pub(super) fn run(self, context: &mut Context) -> Result<Status, Error> {
        let Action::Run = self.action;
        if let Some(folder) = context.world.var("INPUT_WORKING_DIRECTORY") {
            context.global.repo.get_or_insert_with(|| context.world.cwd().join(folder));
        }
        let job = ci::detect(context.world);
        let done = step(context, job.as_ref());
        if let (Err(error), Some(_)) = (&done, &job) {
            context.ui.answer(&github::error_annotation("shipmark", &error.message))?;
        }
        done
    }
}

fn step(context: &Context, job: Option<&Job>) -> Result<Status, Error> {
    let inputs = Inputs::read(context.world)?;
    let repo = context.repo()?;
    let config = context.config(Some(&repo))?;
    let branch = job.and_then(|job| job.branch.clone());
    let task = match inputs.command {
        Task::Auto if releases(&repo, &config, job, branch.as_deref())? => Task::Release,
        Task::Auto => Task::Lint,
        task => task,
    };
    match task {
        Task::Report => report(context, inputs),
        Task::Release => release(context, &repo, &config, branch, inputs),
        Task::Lint | Task::Auto => lint_event(context, &repo, &config, job),
    }
}

/// A push to a release branch releases; so does a job that a person starts on one.
fn releases(repo: &Repo, config: &Config, job: Option<&Job>, branch: Option<&str>) -> Result<bool, Error> {
    let event = job.map_or("push", |job| job.event.as_str());
    let head = repo.head()?;
    let branch = branch.or(head.branch.as_deref());
    let on_release_branch = match branch {
        Some(branch) => repo.is_release_branch(branch, &config.remote)?,
        None => false,
    };
    Ok(matches!(event, "push" | "workflow_dispatch") && on_release_branch)
}

fn release(
    context: &Context,
    repo: &Repo,
    config: &Config,
    branch: Option<String>,
    inputs: Inputs,
) -> Result<Status, Error> {
    let outcome = Release::of_job(branch, inputs.dry_run).perform(context, repo, config)?;
    write_outputs(context.world, &outcome)?;
    super::release::show(context, &outcome, config)?;
    if inputs.require_release && !outcome.released {
        return Ok(Exit::CheckFailed.into());
    }
    if inputs.environment.is_some() && outcome.released && !inputs.dry_run {
        return report(context, inputs);
    }
    Ok(Exit::Done.into())
}

fn report(context: &Context, inputs: Inputs) -> Result<Status, Error> {
    let environment = inputs.environment.unwrap_or_default();
    Report::of(environment, inputs.status, inputs.require_report).run(context)
}

/// The runner's files; a variable that is not set belongs to another runner.
fn write_outputs(world: &World, outcome: &Outcome) -> Result<(), Error> {
    let decision = &outcome.decision;
    let made = outcome.released && !outcome.dry_run;
    let only_made = |text: &str| if made { text.to_owned() } else { String::new() };
    let previous = decision.base.as_ref().map_or_else(String::new, |base| base.version.to_string());
    let version = if made { &decision.next } else { &decision.current };
    let outputs = [
        ("released", made.to_string()),
        ("version", version.to_string()),
        ("previous-version", previous),
        ("tag", only_made(&decision.tag)),
        ("sha", outcome.commit.clone().unwrap_or_default()),
        ("reason", decision.reason.clone()),
    ];
    if let Some(file) = world.var("GITHUB_OUTPUT") {
        let text: String =
            outputs.iter().map(|(name, value)| github::output(name, value, &world.nonce())).collect();
        github::append(Path::new(file), &text)?;
    }
    if let Some(file) = world.var("GITHUB_STEP_SUMMARY").filter(|_| outcome.released) {
        github::append(Path::new(file), &outcome.notes)?;
    }
    Ok(())
}

/// Lints the commits that the event brought: those of the pull request, or of the push.
fn lint_event(context: &Context, repo: &Repo, config: &Config, job: Option<&Job>) -> Result<Status, Error> {
    let (to, without) = event_range(context.world)?;
    let to = to.filter(|oid| repo.has_commit(oid)).map_or_else(|| repo.head().map(|head| head.oid), Ok)?;
    let without: Vec<String> = match without.filter(|oid| repo.has_commit(oid)) {
        Some(oid) => vec![oid],
        None => repo.history(&config.tag_format)?.base.map(|base| base.commit).into_iter().collect(),
    };
    let findings = lint::judge_range(repo, config, &to, &without)?;
    // Messages are written by strangers, and the runner takes commands from any line.
    let token = context.world.nonce();
    if job.is_some() {
        context.ui.answer(&github::pause(&token))?;
    }
    let refused = lint::report(context, &findings);
    if job.is_some() {
        context.ui.answer(&github::resume(&token))?;
    }
    context.ui.note(&format!("{} checked", findings.len()));
    Ok(if refused { Exit::CheckFailed } else { Exit::Done }.into())
}

/// The newest commit of the event and the one before its first, as far as the event's file tells them.
fn event_range(world: &World) -> Result<(Option<String>, Option<String>), Error> {
    let Some(path) = world.var("GITHUB_EVENT_PATH").map(PathBuf::from) else { return Ok((None, None)) };
    let Some(bytes) = files::read(&path)? else { return Ok((None, None)) };
    let event: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| {
        Error::new(Exit::Io, format!("the event file `{}` is not JSON: {error}", path.display()))
    })?;
    let text = |pointer: &str| event.pointer(pointer).and_then(|value| value.as_str()).map(str::to_owned);
    let to = text("/pull_request/head/sha").or_else(|| text("/after"));
    Ok((to, text("/pull_request/base/sha").or_else(|| text("/before"))))
}
