//! Before a release: one shipmark at a time, and no unfinished work that it would mix with.

use std::fs::{File, OpenOptions, TryLockError};
use std::time::Duration;

use git2::RepositoryState;

use super::{GitError, Repo};
use crate::files::FileError;

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
}
