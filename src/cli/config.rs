//! `shipmark config`: what the configuration is, and whether its commands may run.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use super::reporting::Place;
use crate::config::{Command, Config, Origin, Trial, schema, show};
use crate::deploy::trust::{self, Trust};
use crate::domain::dotenv::word;
use crate::domain::smoke::Smoke;
use crate::domain::text;
use crate::domain::way::Way;
use crate::error::{Error, Exit, Status};
use crate::git::Repo;
use crate::ui::Tone;

/// Look after the configuration
#[derive(Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Print every value that holds, and where it comes from
    Show,
    /// Print the JSON schema of `shipmark.toml`, for editors
    Schema,
    /// Allow the commands that this repository's `shipmark.toml` names; any change asks again
    Trust {
        /// Only show the commands and their hash, for `--trust-config HASH`
        #[arg(long)]
        show: bool,
    },
}

impl ConfigArgs {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        match self.action {
            Action::Show => show_all(context),
            Action::Schema => {
                context.ui.document(&schema::schema())?;
                Ok(Exit::Done.into())
            }
            Action::Trust { show } => allow(context, show),
        }
    }
}

/// Every value in a table, or with `--json` in a document.
fn show_all(context: &Context) -> Result<Status, Error> {
    let place = Place::anywhere(context)?;
    let shown = show::show(&context.sources(place.repo.as_ref()))?;
    if context.ui.json {
        let listed: Vec<_> = shown
            .iter()
            .map(|shown| json!({ "key": shown.key, "value": shown.value, "origin": origin(&shown.origin) }))
            .collect();
        context.ui.document(&json!({ "values": listed }))?;
        return Ok(Exit::Done.into());
    }
    let cells: Vec<(String, String, String)> = shown
        .iter()
        .map(|shown| {
            let value = text::line(&shown.value.to_string());
            (text::line(&shown.key), value, text::line(&shown.origin.to_string()))
        })
        .collect();
    let width = |of: fn(&(String, String, String)) -> &str| {
        cells.iter().map(|cell| of(cell).chars().count()).max().unwrap_or_default()
    };
    let (keys, values) = (width(|cell| &cell.0), width(|cell| &cell.1));
    let lines: Vec<String> = cells
        .iter()
        .map(|(key, value, origin)| {
            let origin = context.ui.out(Tone::Dim, origin);
            format!("{key:<keys$}  {value:<values$}  {origin}")
        })
        .collect();
    context.ui.answer(&lines.join("\n"))?;
    Ok(Exit::Done.into())
}

fn origin(origin: &Origin) -> Value {
    match origin {
        Origin::Default => json!({ "kind": "default" }),
        Origin::User { file, line } => json!({ "kind": "user", "file": file, "line": line }),
        Origin::Repository { file, line } => json!({ "kind": "repository", "file": file, "line": line }),
        Origin::Variable(name) => json!({ "kind": "variable", "name": name }),
        Origin::Flag(name) => json!({ "kind": "flag", "name": name }),
    }
}

fn allow(context: &Context, show: bool) -> Result<Status, Error> {
    let place = Place::anywhere(context)?;
    let repo = place.repo(context)?;
    let commands = trust::foreign(&place.config);
    let hash = trust::hash(&commands);
    if commands.is_empty() {
        context.ui.note("no key of this repository's configuration holds a command: nothing to allow");
    } else if !show {
        record(context)?.allow(repo.root()?, &hash)?;
    }
    if context.ui.json {
        let listed: Vec<_> =
            commands.iter().map(|command| json!({ "key": command.key, "words": command.words })).collect();
        context.ui.document(&json!({ "commands": listed, "hash": hash, "recorded": !show }))?;
    } else if !commands.is_empty() {
        let width = commands.iter().map(|command| command.key.chars().count()).max().unwrap_or(0);
        let mut lines: Vec<String> = commands
            .iter()
            .map(|command| format!("{:<width$}  {}", text::line(&command.key), shown(command)))
            .collect();
        lines.push(format!("{:<width$}  {hash}", if show { "hash" } else { "allowed" }));
        context.ui.answer(&lines.join("\n"))?;
    }
    Ok(Exit::Done.into())
}

/// A command as a person would type it.
pub(super) fn shown(command: &Command) -> String {
    command.words.iter().map(|part| word(part)).collect::<Vec<_>>().join(" ")
}

fn record(context: &Context) -> Result<Trust, Error> {
    let state = context.world.state_home().ok_or_else(|| {
        Error::new(Exit::Configuration, "there is no home to keep the user's trust in")
            .hint("set `HOME`, or pass `--trust-config HASH` to the command")
    })?;
    Ok(Trust::below(&state))
}

/// Whether the user has looked at the commands of this repository.
pub(super) fn is_trusted(context: &Context, repo: Option<&Repo>, config: &Config) -> bool {
    let root = repo.and_then(|repo| repo.root().ok());
    let trust = context.world.state_home().map(|state| Trust::below(&state));
    let hash = trust::hash(&trust::foreign(config));
    root.zip(trust).is_some_and(|(root, trust)| trust.allows(root, &hash))
}

/// The way to find out what runs on an environment. A deployment goes on without one that is not allowed.
pub(super) fn way(
    context: &Context,
    repo: &Repo,
    config: &Config,
    environment: &str,
    given: Option<&str>,
) -> Option<Way> {
    let found = config.environments.get(environment)?;
    for command in &found.reads {
        if let Err(error) = require(context, repo, config, command, given) {
            context.ui.warn(&format!("what runs there is not looked at: {}", error.message));
            return None;
        }
    }
    found.way.clone()
}

/// What is tried after a deployment, without what is not allowed.
pub(super) fn smokes(
    context: &Context,
    repo: &Repo,
    config: &Config,
    environment: &str,
    given: Option<&str>,
) -> Vec<Smoke> {
    let trials =
        config.environments.get(environment).map(|found| found.trials.as_slice()).unwrap_or_default();
    let allowed = |trial: &&Trial| {
        let refused = trial.command.as_ref().map(|command| require(context, repo, config, command, given));
        match refused {
            Some(Err(error)) => {
                context.ui.warn(&format!("a `verify` is not tried: {}", error.message));
                false
            }
            _ => true,
        }
    };
    trials.iter().filter(allowed).map(|trial| trial.smoke.clone()).collect()
}

/// Refuses a command of the repository's that the user has not looked at; `given` is `--trust-config`.
pub(super) fn require(
    context: &Context,
    repo: &Repo,
    config: &Config,
    command: &Command,
    given: Option<&str>,
) -> Result<(), Error> {
    if !command.from_repository {
        return Ok(());
    }
    let commands = trust::foreign(config);
    let hash = trust::hash(&commands);
    let allowed = match given {
        Some(given) => given == hash,
        None => record(context)?.allows(repo.root()?, &hash),
    };
    if allowed {
        return Ok(());
    }
    let keys: Vec<String> =
        commands.iter().map(|command| format!("`{}`", text::line(&command.key))).collect();
    let keys = keys.join(", ");
    Err(match given {
        None => Error::new(
            Exit::Configuration,
            format!("the commands of this repository are not allowed: {keys}"),
        )
        .hint(
            "look at them with `shipmark config trust --show`, then allow them with `shipmark config trust`",
        ),
        Some(_) => {
            let message =
                format!("`--trust-config` is not the hash of the commands of this repository: {keys}");
            Error::new(Exit::Configuration, message)
                .hint("look at them, and at their hash, with `shipmark config trust --show`")
        }
    })
}
