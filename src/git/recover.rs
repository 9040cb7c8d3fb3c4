//! Finishes, or forgets, what a run that died left behind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::apply::Left;
use super::journal::{Journal, JournalRemote, State};
use super::push::{PushError, RemoteTips};
use super::{GitError, Repo};
use crate::files;

/// What became of the release of a run that died.
#[derive(Debug)]
pub enum Recovery {
    /// There was none.
    Nothing,
    /// It is finished now.
    Finished(Journal, Vec<Left>),
    /// Nothing of it was visible, and it cannot go on: why.
    Forgotten(Journal, String),
}

/// How long another git may hold the index before its lock counts as left behind.
const PATIENCE: Duration = Duration::from_secs(2);

impl Repo {
    /// Settles the journal, if there is one. The lock of `Repo::lock` must be held.
    pub fn recover(&self) -> Result<Recovery, PushError> {
        let Some(mut journal) = self.journal()? else { return Ok(Recovery::Nothing) };
        self.remove_stale_locks(&journal)?;
        if let Some(root) = self.inner.workdir() {
            for file in &journal.files {
                files::sweep(&root.join(&file.path)).map_err(GitError::from)?;
            }
        }
        if let (State::Prepared, Some(remote)) = (journal.state, journal.remote.clone()) {
            if let Some(why) = self.settle_push(&journal, &remote)? {
                self.drop_journal()?;
                return Ok(Recovery::Forgotten(journal, why));
            }
            journal.state = State::Pushed;
            self.keep_journal(&journal)?;
        }
        let left = match self.finish(&journal) {
            Ok(left) => left,
            Err(GitError::RefMoved(name)) if journal.remote.is_none() => {
                self.drop_journal()?;
                return Ok(Recovery::Forgotten(journal, format!("{name} moved meanwhile")));
            }
            Err(error) => return Err(error.into()),
        };
        self.drop_journal()?;
        Ok(Recovery::Finished(journal, left))
    }

    /// Finds out whether the remote has the release, and pushes it if it does not: the same objects again, so
    /// that it does not matter how often. Returns why it cannot be there, if so.
    fn settle_push(&self, journal: &Journal, remote: &JournalRemote) -> Result<Option<String>, PushError> {
        let tips = self.remote_tips(&remote.name, &journal.branch_ref, &journal.tag_ref)?;
        match &tips.tag {
            Some(there) if *there == journal.tag => return Ok(None),
            Some(_) => return Ok(Some(format!("`{}` has {} by now", remote.name, journal.tag_ref))),
            None => {}
        }
        if tips.branch != remote.tip {
            return Ok(Some(format!("{} on `{}` moved meanwhile", journal.branch_ref, remote.name)));
        }
        let seen = RemoteTips { branch: remote.tip.clone(), tag: None };
        match self.push(&remote.name, journal, &seen) {
            Ok(()) => Ok(None),
            Err(PushError::Rejected { reason, .. }) => Ok(Some(reason)),
            Err(error) => Err(error),
        }
    }

    /// A process that is killed while it moves a reference leaves its lock, which blocks every git from then on.
    /// Only locks of what the journal names are removed, and only if they are no older than it.
    fn remove_stale_locks(&self, journal: &Journal) -> Result<(), GitError> {
        let common = self.inner.commondir();
        let own = self.inner.path();
        let mut locks = vec![own.join("HEAD.lock"), own.join("index.lock"), common.join("packed-refs.lock")];
        locks.extend([&journal.tag_ref, &journal.branch_ref].map(|name| common.join(format!("{name}.lock"))));
        let found: Vec<PathBuf> = locks.into_iter().filter(|lock| is_after(lock, journal.started)).collect();
        if found.is_empty() {
            return Ok(());
        }
        // Another git that is at work just now lets go of its lock; a dead one does not.
        std::thread::sleep(PATIENCE);
        for lock in found.iter().filter(|lock| is_after(lock, journal.started)) {
            files::remove(lock)?;
        }
        Ok(())
    }
}

/// Whether the file is there and was made no earlier than `started`, in seconds since 1970.
fn is_after(path: &Path, started: i64) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::symlink_metadata(path).is_ok_and(|found| found.mtime() >= started)
}
