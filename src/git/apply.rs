//! Carries out a plan on the local repository. This is the only writer of references, of the index and of
//! managed files; nothing here runs before the remote, where there is one, has accepted.

use std::fs::{File, OpenOptions, TryLockError};
use std::time::Duration;

use git2::{ErrorCode, RepositoryState};

use super::object::Objects;
use super::{GitError, Repo, failed, parse_oid};
use crate::domain::plan::Plan;
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

    /// Makes the release visible here: tag, branch, files, index. Each reference moves only from the value
    /// that the plan saw.
    pub fn finish(&self, plan: &Plan, objects: &Objects, detached: bool) -> Result<(), GitError> {
        let moved = |name: &str| {
            let name = name.to_owned();
            move |error: git2::Error| match error.code() {
                ErrorCode::Exists | ErrorCode::Modified | ErrorCode::NotFound => GitError::RefMoved(name),
                _ => failed(format!("moving {name}"))(error),
            }
        };
        let log = format!("shipmark release: {}", plan.version);
        self.inner
            .reference(&plan.tag_ref, parse_oid(&objects.tag)?, false, &log)
            .map_err(moved(&plan.tag_ref))?;
        let branch = if detached { "HEAD" } else { &plan.branch_ref };
        if objects.commit != plan.base {
            self.inner
                .reference_matching(branch, parse_oid(&objects.commit)?, true, parse_oid(&plan.base)?, &log)
                .map_err(moved(branch))?;
        }
        self.write_files(plan)
    }

    fn write_files(&self, plan: &Plan) -> Result<(), GitError> {
        let Some(root) = self.inner.workdir() else { return Ok(()) };
        for file in &plan.files {
            let path = root.join(&file.path);
            let present = files::read_managed(&path)?;
            files::replace(&path, &like(present.as_deref(), file.old.as_deref(), &file.new))?;
        }
        let writing = || failed("the index");
        let mut index = self.inner.index().map_err(writing())?;
        index.read(true).map_err(writing())?;
        for file in &plan.files {
            index.add_path(file.path.as_ref()).map_err(writing())?;
        }
        index.write().map_err(|error| match error.code() {
            ErrorCode::Locked => GitError::IndexLocked(
                plan.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>().join(" "),
            ),
            _ => writing()(error),
        })
    }
}

/// The new bytes with the line ends that the checked-out file has: git may have turned LF into CRLF.
fn like(present: Option<&[u8]>, old: Option<&[u8]>, new: &[u8]) -> Vec<u8> {
    let with_crlf = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\n', "\r\n").into_bytes();
    match (present, old) {
        (Some(present), Some(old)) if present != old && present == with_crlf(old) => with_crlf(new),
        _ => new.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_file_that_git_checked_out_with_crlf_keeps_them() {
        assert_eq!(like(Some(b"1\r\n"), Some(b"1\n"), b"2\n"), b"2\r\n");
        assert_eq!(like(Some(b"1\n"), Some(b"1\n"), b"2\n"), b"2\n");
        assert_eq!(like(None, None, b"2\n"), b"2\n");
    }
}
