//! Before a release: one shipmark at a time, and no unfinished work that it would mix with.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use git2::{AttrCheckFlags, AttrValue, RepositoryState};

use super::{GitError, Repo};
use crate::files::{self, FileError};

/// How long to wait for another shipmark.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// Held while a release is made; the kernel frees it when the process ends, however that happens.
#[must_use]
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Repo {
    /// Waits until no other shipmark works on this repository.
    pub fn lock(&self) -> Result<Lock, GitError> {
        let folder = self.private_dir();
        let path = folder.join("lock");
        let failed = |source| FileError::Io { action: "open", path: path.clone(), source };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        if cfg!(feature = "weak") {
            return Ok(Lock(file));
        }
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                    std::thread::sleep(PAUSE);
                    waited += PAUSE;
                }
                Err(TryLockError::WouldBlock) => return Err(GitError::Locked(path)),
                Err(TryLockError::Error(source)) => return Err(failed(source).into()),
            }
        }
    }

    /// Refuses a repository in which a release would mix with unfinished work.
    pub fn refuse_unready(&self, managed: &[&str]) -> Result<(), GitError> {
        let under_way = match self.inner.state() {
            RepositoryState::Clean => None,
            RepositoryState::Merge => Some("a merge"),
            RepositoryState::Revert | RepositoryState::RevertSequence => Some("a revert"),
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => Some("a cherry-pick"),
            RepositoryState::Bisect => Some("a bisection"),
            RepositoryState::ApplyMailbox => Some("`git am`"),
            _ => Some("a rebase"),
        };
        if let Some(what) = under_way {
            return Err(GitError::UnderWay(what));
        }
        match self.changed_files()?.into_iter().find(|path| managed.contains(&path.as_str())) {
            Some(path) => Err(GitError::Dirty(path)),
            None => Ok(()),
        }
    }

    /// Refuses managed files that could not be replaced in the end, while nothing has happened yet.
    pub fn refuse_unwritable(&self, managed: &[&str]) -> Result<(), GitError> {
        let Some(root) = self.inner.workdir() else { return Ok(()) };
        managed.iter().try_for_each(|path| {
            files::read_managed(&files::inside(root, path)?)?;
            refuse_nested(root, path)?;
            self.refuse_filtered(path)
        })
    }

    /// Refuses a file that git passes through a program on its way in, such as Git LFS: what shipmark writes into
    /// a tree does not take that way.
    fn refuse_filtered(&self, path: &str) -> Result<(), GitError> {
        let filter = self
            .inner
            .get_attr(Path::new(path), "filter", AttrCheckFlags::default())
            .map_err(super::failed(format!("the attributes of `{path}`")))?;
        match AttrValue::from_string(filter) {
            AttrValue::String(filter) => {
                Err(GitError::Filtered { path: path.to_owned(), filter: filter.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a tag whose name is taken by whatever it may be, or runs through another reference.
    pub fn refuse_in_the_way(&self, tag_ref: &str) -> Result<(), GitError> {
        let in_the_way = |name: &str| GitError::InTheWay(tag_ref.to_owned(), name.to_owned());
        let mut folder = tag_ref;
        while folder.len() > "refs/tags".len() {
            if self.inner.find_reference(folder).is_ok() {
                return Err(in_the_way(folder));
            }
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        let below = self.inner.references_glob(&format!("{tag_ref}/*")).map_err(super::failed("the tags"))?;
        match below.flatten().next() {
            Some(found) => Err(in_the_way(found.name().unwrap_or("a reference below it"))),
            None => Ok(()),
        }
    }
}

/// Refuses a file of a submodule, or of any repository inside this one, whose tree is not ours to write.
fn refuse_nested(root: &Path, path: &str) -> Result<(), GitError> {
    let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
    for folder in folders {
        if root.join(folder).join(".git").exists() {
            return Err(GitError::Nested { path: path.to_owned(), folder: folder.to_owned() });
        }
    }
    Ok(())
}
