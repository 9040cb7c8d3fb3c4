//! `shipmark env`: the variables that `deploy` passes on, for builds and for programs that start without it.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::Context;
use crate::ci::{self, github};
use crate::deploy::subject::{Source, check_name};
use crate::deploy::variables;
use crate::domain::dotenv::{self, Dialect};
use crate::error::{Error, Exit, Status};

/// Print version, commit, branch, environment and times as variables
///
/// They are those that `shipmark deploy` gives to its command. A program should read them once, when it starts,
/// and show what it read then.
#[derive(Args)]
pub(super) struct Env {
    /// The environment; without one it is empty and there is no time of deployment
    #[arg(value_name = "ENV")]
    environment: Option<String>,
    /// Who reads the lines
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `NAME=value`, for env files
    Dotenv,
    /// One document, as `--json`
    Json,
    /// `export NAME=value`, for `eval "$(shipmark env --format shell)"`
    Shell,
    /// `--build-arg NAME=value`, for `docker build`
    Docker,
    /// Lines for the file `$GITHUB_ENV`
    Github,
}

impl Env {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let format = match (self.format, context.ui.json) {
            (None | Some(Format::Json), true) => Format::Json,
            (Some(_), true) => {
                return Err(Error::new(Exit::Usage, "`--json` and another `--format` are asked for at once")
                    .hint("leave one of them out"));
            }
            (format, false) => format.unwrap_or(Format::Dotenv),
        };
        let environment = self.environment.as_deref().unwrap_or_default();
        if self.environment.is_some() {
            check_name("environment", environment)?;
        }
        let source = Source::of_head(&context.repo()?)?.in_job(ci::detect(context.world).as_ref());
        let time = context.world.release_time()?;
        let deployed = self.environment.is_some().then_some(time);
        let variables = variables::plain(environment, &source, time, deployed);
        if format == Format::Json {
            let fields = variables.into_iter().map(|(name, value)| (name.to_owned(), json!(value)));
            context.ui.document(&fields.collect::<serde_json::Map<_, _>>())?;
            return Ok(Exit::Done.into());
        }
        let line = |(name, value): &(&str, String)| match format {
            Format::Shell => dotenv::line(Dialect::Shell, name, value),
            Format::Docker => dotenv::line(Dialect::Docker, name, value),
            Format::Github => github::output(name, value, &context.world.nonce()).trim_end().to_owned(),
            Format::Dotenv | Format::Json => dotenv::line(Dialect::Dotenv, name, value),
        };
        let lines: Vec<String> = variables.iter().map(line).collect();
        context.ui.answer(&lines.join("\n"))?;
        Ok(Exit::Done.into())
    }
}
