//! `shipmark hook NAME -- ARGS`: what the scripts in `hooks/` call. A hook never releases and never reports:
//! git has fixed the references of a push before its hook runs, and knows no hook after it.

mod message;
mod push;
mod sync;

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Context;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::process::Invocation;

/// Run one git hook; the scripts that `hooks install` writes call this
#[derive(Args)]
pub(super) struct Hook {
    name: Name,
    /// The folder of the calling script; a hook that was there before stands beside it as NAME.legacy
    #[arg(long, value_name = "DIR")]
    hook_dir: Option<PathBuf>,
    /// What git passed
    #[arg(last = true)]
    args: Vec<String>,
}

/// The hooks that shipmark serves.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Name {
    CommitMsg,
    PrepareCommitMsg,
    PrePush,
    PostMerge,
    PostRewrite,
    PostCheckout,
}

impl Name {
    /// Every hook with the script that calls it.
    pub(super) const SCRIPTS: [(Self, &'static str); 6] = [
        (Self::CommitMsg, include_str!("../../../hooks/commit-msg")),
        (Self::PrepareCommitMsg, include_str!("../../../hooks/prepare-commit-msg")),
        (Self::PrePush, include_str!("../../../hooks/pre-push")),
        (Self::PostMerge, include_str!("../../../hooks/post-merge")),
        (Self::PostRewrite, include_str!("../../../hooks/post-rewrite")),
        (Self::PostCheckout, include_str!("../../../hooks/post-checkout")),
    ];

    /// The name that git knows it by.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::CommitMsg => "commit-msg",
            Self::PrepareCommitMsg => "prepare-commit-msg",
            Self::PrePush => "pre-push",
            Self::PostMerge => "post-merge",
            Self::PostRewrite => "post-rewrite",
            Self::PostCheckout => "post-checkout",
        }
    }
}

/// A legacy hook may run a test suite.
const LEGACY: Duration = Duration::from_hours(1);

impl Hook {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let mut input = Vec::new();
        if matches!(self.name, Name::PrePush | Name::PostRewrite) {
            std::io::stdin().lock().read_to_end(&mut input)?;
        }
        if let Some(status) = self.legacy(context, &input)? {
            return Ok(status);
        }
        if self.skipped(context) {
            return Ok(Exit::Done.into());
        }
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        match self.name {
            Name::CommitMsg => message::commit_msg(context, &repo, &config, &self.args),
            Name::PrepareCommitMsg => message::prepare(context, &repo, &config, &self.args),
            Name::PrePush => {
                push::pre_push(context, &repo, &config, &self.args, &String::from_utf8_lossy(&input))
            }
            Name::PostCheckout if self.args.get(2).map(String::as_str) == Some("0") => Ok(Exit::Done.into()),
            Name::PostMerge | Name::PostRewrite | Name::PostCheckout => {
                // git has done its work and ignores how this ends: nothing may look like a failure of it.
                if let Err(error) = sync::sync(context, &repo, &config) {
                    context.ui.warn(&error.message);
                }
                Ok(Exit::Done.into())
            }
        }
    }

    /// Runs the hook that was there before us, first and with everything that git gave us; its failure is ours.
    fn legacy(&self, context: &Context, input: &[u8]) -> Result<Option<Status>, Error> {
        let Some(script) =
            self.hook_dir.as_ref().map(|dir| dir.join(format!("{}.legacy", self.name.as_str())))
        else {
            return Ok(None);
        };
        let script = if script.is_absolute() { script } else { context.world.cwd().join(script) };
        if context.world.var("SHIPMARK_IN_LEGACY").is_some() || !files::is_executable(&script) {
            return Ok(None);
        }
        let status = Invocation::in_hook(&script, &self.args, context.world.cwd())
            .env("SHIPMARK_IN_LEGACY", "1")
            .relay(input, LEGACY)?;
        let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        Ok((code != 0).then_some(Status::Child(code)))
    }

    fn skipped(&self, context: &Context) -> bool {
        let var = |name| context.world.var(name).unwrap_or_default();
        let named =
            var("SHIPMARK_SKIP").split(',').any(|name| name.trim() == self.name.as_str() || name == "1");
        named || var("SHIPMARK") == "0" || !var("SHIPMARK_HOOK_ACTIVE").is_empty()
    }
}
