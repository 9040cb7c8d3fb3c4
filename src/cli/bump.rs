//! `shipmark bump`: moves VERSION.txt and the other version files by hand; no commit, no tag.

use std::path::PathBuf;

use clap::Args;
use semver::Version;
use serde_json::json;

use super::{Context, next};
use crate::config::{Config, VersionFile};
use crate::domain::assemble::AssembleError;
use crate::domain::manifest;
use crate::domain::plan::Wish;
use crate::domain::version::Bump;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::read::VERSION_FILE;
use crate::git::{GitError, Repo};

/// Rewrite VERSION.txt and the configured version files, without a commit
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
        let config = context.config(Some(&repo))?;
        let new = match (&self.set, self.level()) {
            (Some(version), _) => version.clone(),
            (None, Some(level)) => level.by_hand(&old),
            (None, None) => {
                let history = super::history(&repo, &config)?;
                next::decide(context, &repo, &config, history, &Wish::default())?.1.next
            }
        };
        let mut edits = vec![(path, manifest::write_plain(Some(&bytes), &new).map_err(unusable)?)];
        edits.extend(others(&repo, &config, &old, &new)?);
        for (path, bytes) in edits {
            files::replace(&path, &bytes)?;
        }
        let written: Vec<&str> = std::iter::once(VERSION_FILE)
            .chain(config.version_files.iter().map(|file| file.path.as_str()))
            .collect();
        if context.ui.json {
            context.ui.document(&json!({ "previous": old, "version": new, "files": written }))?;
        } else {
            if written.len() > 1 {
                context.ui.note(&format!("files   {}", written.join(", ")));
            }
            context.ui.answer(&format!("{old} -> {new}"))?;
        }
        Ok(Exit::Done.into())
    }

    fn level(&self) -> Option<Bump> {
        let levels = [(self.major, Bump::Major), (self.minor, Bump::Minor), (self.patch, Bump::Patch)];
        levels.into_iter().find(|(wanted, _)| *wanted).map(|(_, level)| level)
    }
}

/// The other version files with their new bytes; nothing is written as long as one of them is wrong.
fn others(
    repo: &Repo,
    config: &Config,
    old: &Version,
    new: &Version,
) -> Result<Vec<(PathBuf, Vec<u8>)>, Error> {
    let paths: Vec<&str> = config.version_files.iter().map(|file| file.path.as_str()).collect();
    repo.refuse_unwritable(&paths)?;
    let edit = |file: &VersionFile| {
        let path = files::inside(repo.root()?, &file.path)?;
        let bytes = files::read_managed(&path)?.ok_or_else(|| AssembleError::Absent(file.path.clone()))?;
        let set = manifest::set(&bytes, &file.places, old, new);
        let new = set.map_err(|source| GitError::Manifest { path: file.path.clone(), source })?;
        Ok((path, new))
    };
    config.version_files.iter().map(edit).collect()
}
