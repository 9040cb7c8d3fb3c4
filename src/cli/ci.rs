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
    let repo = if job.is_some() && repo.is_shallow() { deepened(context, &repo, &config)? } else { repo };
    let event = Event::read(context.world)?;
    let task = match (inputs.command, job) {
        (Task::Auto, None) => {
            return Err(Error::new(Exit::Usage, "no CI job is known here, so there is no event to act on")
                .hint("say what to do: `INPUT_COMMAND=release`, `lint` or `report`"));
        }
        (Task::Auto, Some(job)) if releases(&repo, &config, job, &event)? => Task::Release,
        (Task::Auto, Some(_)) => Task::Lint,
        (task, _) => task,
    };
    if !matches!(task, Task::Report) && repo.remote_url(&config.remote).is_some() {
        repo.fetch_notes(&config.remote)?;
    }
    match task {
        Task::Report => report(context, inputs),
        Task::Release => release(context, &repo, &config, job, &event, inputs),
        Task::Lint | Task::Auto => lint_event(context, &repo, &config, job, &event),
    }
}

/// A runner clones one commit unless it is told otherwise, and has the credentials to fetch the rest.
fn deepened(context: &Context, repo: &Repo, config: &Config) -> Result<Repo, Error> {
    context
        .ui
        .note(&format!("the clone is shallow: fetching the rest of its history from {}", config.remote));
    repo.unshallow(&config.remote).map_err(|error| {
        Error::from(error).hint("check out the whole history: `fetch-depth: 0` with actions/checkout")
    })?;
    context.repo()
}

/// A push to a release branch releases; so does a job that a person starts on one. A tag is no branch.
fn releases(repo: &Repo, config: &Config, job: &Job, event: &Event) -> Result<bool, Error> {
    let Some(branch) = &job.branch else { return Ok(false) };
    let on_release_branch = is_release_branch(repo, config, event, branch)?;
    Ok(matches!(job.event.as_str(), "push" | "workflow_dispatch") && on_release_branch)
}

/// A runner's clone seldom knows the remote's default branch; the event does. What nobody knows is no release
/// branch, since a release from the wrong branch cannot be taken back.
fn is_release_branch(repo: &Repo, config: &Config, event: &Event, branch: &str) -> Result<bool, Error> {
    if event.default_branch.as_deref() == Some(branch) {
        return Ok(true);
    }
    Ok(repo.is_release_branch(branch, &config.remote)?.unwrap_or(false))
}

fn release(
    context: &Context,
    repo: &Repo,
    config: &Config,
    job: Option<&Job>,
    event: &Event,
    inputs: Inputs,
) -> Result<Status, Error> {
    let head = repo.head()?;
    let branch =
        job.and_then(|job| job.branch.clone()).or(head.branch).ok_or(crate::git::GitError::Detached)?;
    if !is_release_branch(repo, config, event, &branch)? {
        let message =
            format!("`{}` is not known to be a branch that releases are made from", text::line(&branch));
        return Err(Error::new(Exit::Repository, message)
            .hint("run the job for `main`, `master` or the default branch of the repository"));
    }
    // What could fail after the release is looked at before it: a release cannot be taken back.
    let report_after = inputs.environment.is_some() && !inputs.dry_run;
    if report_after {
        Report::check(context, &inputs.status)?;
    }
    write_outputs(context.world, None)?;
    let outcome = Release::of_job(Some(branch), inputs.dry_run).perform(context, repo, config)?;
    write_outputs(context.world, Some(&outcome))?;
    // The disk of a runner is gone after the job, and what waits on it too.
    if !inputs.dry_run {
        super::release::announce(context, repo, config);
    }
    super::release::show(context, &outcome, config)?;
    if inputs.require_release && !outcome.released {
        return Ok(Exit::CheckFailed.into());
    }
    if report_after && outcome.released {
        return report(context, inputs);
    }
    // A run before this one may have released and not delivered.
    if report_after { super::outbox::deliver(context, inputs.require_report) } else { Ok(Exit::Done.into()) }
}

fn report(context: &Context, inputs: Inputs) -> Result<Status, Error> {
    let environment = inputs.environment.unwrap_or_default();
    Report::of(environment, inputs.status, inputs.require_report).run(context)
}

/// Writes the runner's files; a variable that is not set belongs to another runner. Without an outcome they are
/// only opened, so that one that cannot be written is found before anything happens.
fn write_outputs(world: &World, outcome: Option<&Outcome>) -> Result<(), Error> {
    let append = |variable: &str, text: &str| match world.var(variable) {
        Some(file) => github::append(Path::new(file), text),
        None => Ok(()),
    };
    let Some(outcome) = outcome else {
        append("GITHUB_OUTPUT", "")?;
        return Ok(append("GITHUB_STEP_SUMMARY", "")?);
    };
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
    let text: String =
        outputs.iter().map(|(name, value)| github::output(name, value, &world.nonce())).collect();
    append("GITHUB_OUTPUT", &text)?;
    Ok(append("GITHUB_STEP_SUMMARY", &outcome.notes)?)
}

/// Lints the commits that the event brought: those of the pull request, or of the push.
fn lint_event(
    context: &Context,
    repo: &Repo,
    config: &Config,
    job: Option<&Job>,
    event: &Event,
) -> Result<Status, Error> {
    let to = event
        .to
        .clone()
        .filter(|oid| repo.has_commit(oid))
        .map_or_else(|| repo.head().map(|head| head.oid), Ok)?;
    let without: Vec<String> = match event.before.clone().filter(|oid| repo.has_commit(oid)) {
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

/// What the event's file tells.
#[derive(Default)]
struct Event {
    /// The newest commit that it brought.
    to: Option<String>,
    /// The commit before its first.
    before: Option<String>,
    default_branch: Option<String>,
}

impl Event {
    fn read(world: &World) -> Result<Self, Error> {
        let Some(path) = world.var("GITHUB_EVENT_PATH").map(PathBuf::from) else {
            return Ok(Self::default());
        };
        let unusable = |why: String| {
            Error::new(Exit::Io, format!("the event file `{}` {why}", path.display()))
                .hint("run it as a step of a job, or unset `GITHUB_EVENT_PATH`")
        };
        let bytes = files::read(&path)?.ok_or_else(|| unusable("is not there".to_owned()))?;
        let event: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| unusable(format!("is not JSON: {error}")))?;
        let text = |pointer: &str| event.pointer(pointer).and_then(|value| value.as_str()).map(str::to_owned);
        Ok(Self {
            to: text("/pull_request/head/sha").or_else(|| text("/after")),
            before: text("/pull_request/base/sha").or_else(|| text("/before")),
            default_branch: text("/repository/default_branch"),
        })
    }
}
