//! `shipmark undo`: takes back the newest release, if nobody else can have it.

use clap::Args;

use super::Context;
use crate::config::Config;
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::git::Repo;
use crate::git::undo::Release;

/// Take back the newest release, if it was not pushed
#[derive(Args)]
pub(super) struct Undo {}

impl Undo {
    #[expect(clippy::unused_self, reason = "every command runs in the same way")]
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        let _lock = repo.lock()?;
        super::release::recover(context, &repo, &config)?;
        let release = repo.release_at_head(&config.tag_format)?.ok_or_else(|| {
            Error::new(Exit::Repository, "HEAD is not a release that shipmark made")
                .hint("only the newest release can be taken back, while nothing stands on it")
        })?;
        refuse_pushed(&repo, &config, &release)?;
        repo.undo(&release)?;
        context.ui.note(&format!("{} and its commit {} are gone", release.tag, text::short(&release.commit)));
        if context.ui.json {
            context.ui.document(&serde_json::json!({
                "undone": release.version, "version": release.previous, "tag": release.tag, "commit": release.commit,
            }))?;
        } else {
            context.ui.answer(&format!("{} -> {}", release.version, release.previous_text()))?;
        }
        Ok(Exit::Done.into())
    }
}

/// What the remote has, someone may have fetched.
fn refuse_pushed(repo: &Repo, config: &Config, release: &Release) -> Result<(), Error> {
    if repo.remote_url(&config.remote).is_none() {
        return Ok(());
    }
    let tag_ref = format!("refs/tags/{}", release.tag);
    let tips = repo.remote_tips(&config.remote, &release.branch_ref, [tag_ref.as_str()])?;
    let in_branch = match &tips.branch {
        Some(tip) if repo.has_commit(tip) => repo.contains(tip, &release.commit)?,
        _ => false,
    };
    if tips.tags.is_empty() && !in_branch {
        return Ok(());
    }
    let message = format!("{} is on the remote `{}` already", release.tag, config.remote);
    Err(Error::new(Exit::Repository, message)
        .hint("mend it forward: commit the fix and run `shipmark release --push`"))
}
