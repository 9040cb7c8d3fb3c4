//! `shipmark bump`: moves VERSION.txt by hand; no commit, no tag.

use clap::Args;
use semver::Version;
use serde_json::json;

use super::{Context, next};
use crate::domain::manifest;
use crate::domain::plan::Wish;
use crate::domain::version::Bump;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::GitError;
use crate::git::read::VERSION_FILE;

/// Rewrite VERSION.txt, without a commit
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct BumpArgs {
    /// The next major version
    #[arg(long)]
    major: bool,
    /// The next minor version
    #[arg(long)]
    minor: bool,
    /// The next patch version; of a pre-release, its final
    #[arg(long)]
    patch: bool,
    /// What the commits since the last release ask for
    #[arg(long)]
    auto: bool,
    /// Exactly this version
    #[arg(long, value_name = "VERSION")]
    set: Option<Version>,
}

impl BumpArgs {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let path = repo.root()?.join(VERSION_FILE);
        let bytes = files::read_managed(&path)?.ok_or_else(|| {
            Error::new(Exit::Repository, format!("`{VERSION_FILE}` is not there")).hint("run `shipmark init`")
        })?;
        let unusable = |source| GitError::Manifest { path: VERSION_FILE.to_owned(), source };
        let old = manifest::read_plain(&bytes).map_err(unusable)?;
        let new = match (&self.set, self.level()) {
            (Some(version), _) => version.clone(),
            (None, Some(level)) => level.by_hand(&old),
            (None, None) => {
                let config = context.config(Some(&repo))?;
                let history = repo.history(&config.tag_format)?;
                next::decide(context, &config, &history, &Wish::default())?.next
            }
        };
        files::replace(&path, &manifest::write_plain(Some(&bytes), &new).map_err(unusable)?)?;
        if context.ui.json {
            context.ui.document(&json!({ "previous": old, "version": new }))?;
        } else {
            context.ui.answer(&format!("{old} -> {new}"))?;
        }
        Ok(Exit::Done.into())
    }

    fn level(&self) -> Option<Bump> {
        let levels = [(self.major, Bump::Major), (self.minor, Bump::Minor), (self.patch, Bump::Patch)];
        levels.into_iter().find(|(wanted, _)| *wanted).map(|(_, level)| level)
    }
}
