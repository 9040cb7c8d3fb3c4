//! Finishes, or forgets, what a run that died left behind.

use std::path::Path;
use std::time::Duration;

use super::apply::Left;
use super::journal::{Journal, JournalRemote, State};
use super::push::PushError;
use super::{GitError, Repo};
use crate::files;

/// What became of the release of a run that died.
#[derive(Debug)]
pub enum Recovery {
    /// There was none.
    Nothing,
    /// It is finished now, all but the journal: the caller drops it when nothing more is owed.
    Finished(Journal, Vec<Left>),
    /// Nothing of it was visible, and it cannot go on: why.
    Forgotten(Journal, String),
}

/// git writes into the lock of a reference at once, so one that stays empty this long belongs to nobody.
const PATIENCE: Duration = Duration::from_secs(2);

impl Repo {
    /// Settles the journal, if there is one. The lock of `Repo::lock` must be held.
    pub fn recover(&self) -> Result<Recovery, PushError> {
        let Some(mut journal) = self.journal()? else { return Ok(Recovery::Nothing) };
        self.remove_stale_locks(&journal)?;
        if let Some(root) = self.inner.workdir() {
            for file in &journal.files {
                let path = files::inside(root, &file.path).map_err(GitError::from)?;
                files::sweep(&path).map_err(GitError::from)?;
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
        Ok(Recovery::Finished(journal, left))
    }

    /// Finds out whether the remote has the release, and pushes it if it does not: the same objects again, so
    /// that it does not matter how often. Returns why it cannot be there, if so.
    fn settle_push(&self, journal: &Journal, remote: &JournalRemote) -> Result<Option<String>, PushError> {
        let tips = self.remote_tips(&remote.name, &journal.branch_ref, [journal.tag_ref.as_str()])?;
        match tips.tag(&journal.tag_ref) {
            Some(there) if there == journal.tag => return Ok(None),
            Some(_) => return Ok(Some(format!("`{}` has {} by now", remote.name, journal.tag_ref))),
            None => {}
        }
        if tips.branch != remote.tip {
            return Ok(Some(format!("{} on `{}` moved meanwhile", journal.branch_ref, remote.name)));
        }
        match self.push(&remote.name, journal, remote.tip.as_deref()) {
            Ok(()) => Ok(None),
            Err(PushError::Rejected { reason, .. }) => Ok(Some(reason)),
            Err(error) => Err(error),
        }
    }

    /// A process that is killed while it moves a reference leaves its lock, which blocks every git from then on.
    /// Such a lock holds what the reference was to become, so ours are known; a lock of anyone else's stays.
    fn remove_stale_locks(&self, journal: &Journal) -> Result<(), GitError> {
        self.release_own_index_lock()?;
        let common = self.inner.commondir();
        let head = if journal.detached {
            self.inner.path().join("HEAD.lock")
        } else {
            common.join(format!("{}.lock", journal.branch_ref))
        };
        let tag = common.join(format!("{}.lock", journal.tag_ref));
        for (lock, oid) in [(head, &journal.commit), (tag, &journal.tag)] {
            if holds(&lock, oid)? {
                files::remove(&lock)?;
            }
        }
        Ok(())
    }
}

/// Whether the lock is what moving a reference to `oid` writes; one that is still empty a while later was left by
/// a process that died before it wrote.
fn holds(lock: &Path, oid: &str) -> Result<bool, GitError> {
    let Some(found) = files::read(lock)? else { return Ok(false) };
    if found.is_empty() {
        std::thread::sleep(PATIENCE);
        return Ok(files::read(lock)?.is_some_and(|found| found.is_empty()));
    }
    Ok(String::from_utf8_lossy(&found).trim_end() == oid)
}
