//! What the commands share that speak to a registry: which one, by which means, and what is said of a report.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::ci;
use crate::config::{Config, Registry};
use crate::deploy::client::{Client, Means};
use crate::deploy::{Fate, Recorder, is_reportable};
use crate::domain::text;
use crate::error::{Error, Exit};
use crate::git::{GitError, Repo};

/// Options of every command that speaks to a registry.
#[derive(Args, Default)]
pub(super) struct Reach {
    /// Speak plain http also to a registry on another machine
    #[arg(long)]
    pub(super) allow_http: bool,
    /// Trust the certificates (PEM) of this file beside those of the system
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
}

impl Reach {
    /// The means that the options allow.
    pub(super) fn means(&self) -> Means {
        Means { allow_http: self.allow_http, ca_file: self.ca_file.clone() }
    }
}

/// Where a command runs, and with which settings.
pub(super) struct Place {
    pub(super) repo: Option<Repo>,
    pub(super) config: Config,
    /// The private state: of the repository, or of the user outside of one.
    pub(super) private: PathBuf,
}

impl Place {
    /// The place of a command that works outside of a repository too.
    pub(super) fn anywhere(context: &Context) -> Result<Self, Error> {
        let repo = match context.open() {
            Ok(repo) => Some(repo),
            Err(GitError::NotFound(_)) if context.global.repo.is_none() => None,
            Err(error) => return Err(error.into()),
        };
        let config = context.config(repo.as_ref())?;
        let private = match &repo {
            Some(repo) => repo.private_dir(),
            None => context
                .world
                .state_home()
                .ok_or_else(|| {
                    Error::new(Exit::Configuration, "there is no repository and no home to keep reports in")
                        .hint("run it inside a repository, or set `HOME`")
                })?
                .join("shipmark"),
        };
        Ok(Self { repo, config, private })
    }

    /// The repository, for a command that needs one.
    pub(super) fn repo(&self, context: &Context) -> Result<&Repo, Error> {
        let why = || context.repo().err().unwrap_or_else(|| GitError::NotFound(self.private.clone()).into());
        self.repo.as_ref().ok_or_else(why)
    }

    /// The configured registry.
    pub(super) fn registry(&self) -> Result<&Registry, Error> {
        self.config.registry.as_ref().ok_or_else(|| {
            Error::new(Exit::Configuration, "no registry is configured")
                .hint("set `SHIPMARK_REGISTRY_URL`, or write `url` under `[registry]` in `shipmark.toml`")
        })
    }

    /// Records with the configured registry.
    pub(super) fn recorder<'a>(&self, context: &Context<'a>, reach: &Reach) -> Result<Recorder<'a>, Error> {
        let client = self.client(context, reach)?;
        let repository = self.repo.as_ref().map(|repo| {
            let address = repo.remote_url(&self.config.remote);
            address.unwrap_or_else(|| self.private.to_string_lossy().into_owned())
        });
        let job = ci::detect(context.world);
        let actor = self.actor(context);
        let recorder = Recorder::new(context.world, client, &self.private, repository.unwrap_or_default());
        Ok(recorder.on_behalf_of(job, actor))
    }

    /// Who is at work. The address tells people apart who share an account, so it comes before the account's
    /// name; what no registry takes is left out.
    pub(super) fn actor(&self, context: &Context) -> Option<String> {
        let actor = ci::detect(context.world).and_then(|job| job.actor);
        let actor = actor.or_else(|| self.repo.as_ref()?.user_email());
        let actor = actor.or_else(|| context.world.var("USER").map(str::to_owned));
        actor.filter(|actor| is_reportable(actor))
    }

    /// Asks the configured registry.
    pub(super) fn client<'a>(&self, context: &Context<'a>, reach: &Reach) -> Result<Client<'a>, Error> {
        let client = Client::new(self.registry()?, &reach.means(), context.world)?;
        if client.token_withheld() {
            context.ui.warn(concat!(
                "`SHIPMARK_TOKEN` is not sent, since only the repository names this registry; ",
                "set `SHIPMARK_REGISTRY_URL` to trust it"
            ));
        }
        Ok(client)
    }
}

/// Warns of a report that the registry has not got; says nothing of one that it has.
pub(super) fn warn_of(context: &Context, recorder: &Recorder, what: &str, fate: &Fate) {
    let folder = recorder.outbox.folder().display();
    match fate {
        Fate::Delivered(_) | Fate::Taken => {}
        Fate::Kept(reason) => context.ui.warn(&format!(
            "`{what}` is not delivered: {}; it is kept in `{folder}`, send it with `shipmark outbox flush`",
            text::line(reason)
        )),
        Fate::Refused(reason) => context.ui.warn(&format!(
            "the registry refused `{what}`: {}; see `shipmark outbox list`",
            text::line(reason)
        )),
        Fate::Lost(reason) => {
            context
                .ui
                .warn(&format!("`{what}` is lost: {}; repeat it with `shipmark report`", text::line(reason)));
        }
    }
}
