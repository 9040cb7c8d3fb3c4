//! `shipmark hooks`: puts the scripts of `hooks/` where git looks for them, says what git would run, takes them away.

mod install;
mod status;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Context;
use crate::error::{Error, Exit, Status};

pub(super) use install::{Installed, install};

/// Install, inspect or remove the git hooks
#[derive(Args)]
pub(super) struct Hooks {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write the hooks to where git looks for them; a hook of someone else's is kept and still runs
    Install {
        /// Say what would be written, and write nothing
        #[arg(long)]
        dry_run: bool,
        /// Install even where `CI` is set
        #[arg(long)]
        force: bool,
    },
    /// Say what git would really run for each event; exits with 1 on any defect
    Status,
    /// Remove our hooks and put back those that were there before
    Uninstall,
}

/// The line by which a script of ours is known.
const MARK: &str = "# shipmark-hook ";

impl Hooks {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let done = match self.action {
            Action::Install { force, .. } if context.world.var("CI").is_some() && !force => {
                context.ui.note("CI is set: no hook is needed here (`--force` installs them all the same)");
                Installed::not("CI is set")
            }
            Action::Install { dry_run, .. } => install(context, &repo, dry_run)?,
            Action::Uninstall => {
                install::uninstall(context, &repo)?;
                return Ok(Exit::Done.into());
            }
            Action::Status => return status::status(context, &repo),
        };
        if context.ui.json {
            context.ui.document(&done)?;
        }
        Ok(Exit::Done.into())
    }
}

/// The name under which a hook of someone else's is kept.
fn legacy(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".legacy");
    name.into()
}

/// Whether a script is one of ours, of whatever version.
fn is_ours(script: &[u8]) -> bool {
    String::from_utf8_lossy(script).contains(MARK)
}
