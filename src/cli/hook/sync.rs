//! What follows when history moved: after a merge, a rebase or a checkout.

use crate::cli::{Context, next};
use crate::config::Config;
use crate::domain::plan::Wish;
use crate::error::Error;
use crate::files;
use crate::git::Repo;

/// Says what the commits amount to, once for each place that HEAD moves to: git calls up to three hooks for one
/// pull. Nothing in the worktree is written, since git's autostash may still have to come back.
pub(super) fn sync(context: &Context, repo: &Repo, config: &Config) -> Result<(), Error> {
    let head = repo.head()?;
    let seen = repo.worktree_dir().join("shipmark").join("state");
    if files::read(&seen)?.as_deref() == Some(head.oid.as_bytes()) {
        return Ok(());
    }
    files::replace(&seen, head.oid.as_bytes())?;
    preview(context, repo, config)
}

/// One line on what the commits amount to.
pub(super) fn preview(context: &Context, repo: &Repo, config: &Config) -> Result<(), Error> {
    let history = crate::cli::history(repo, config)?;
    let (_, decision) = next::decide(context, repo, config, history, &Wish::default())?;
    if decision.released {
        context.ui.note(&format!("next: {} ({})", decision.next, decision.reason));
    }
    Ok(())
}
