//! Sets entries of the index and no others, so that what is staged stays staged.
//!
//! git guards its index by `index.lock`, whose owner nobody can tell once its process is dead. So the new index is
//! made complete in a file of our own and the lock is a hard link to it: a lock that is left behind is ours if,
//! and only if, it is that very file.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{GitError, Repo};
use crate::files::{self, FileError};

/// How long another git may hold the index before we give up.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
/// Longer than git takes for an index of any size.
const LIMIT: Duration = Duration::from_mins(1);

/// What is to be set.
#[derive(Debug, Default)]
pub(super) struct Entries<'a> {
    /// As the files in the worktree are.
    pub(super) from_worktree: Vec<&'a str>,
    /// As a tree says: mode in octal, object id, path.
    pub(super) from_tree: Vec<(String, String, &'a str)>,
    pub(super) removed: Vec<&'a str>,
}

impl Repo {
    /// Sets the entries. The program `git` writes the file, since it knows every form that an index can have.
    pub(super) fn set_entries(&self, entries: &Entries) -> Result<(), GitError> {
        let (index, own) = (self.inner.path().join("index"), self.own_index());
        let lock = lock_of(&index);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| GitError::File(FileError::Io { action: "write", path, source })
        };
        fs::create_dir_all(own.parent().unwrap_or(&own)).map_err(failed(&own))?;
        let mut waited = Duration::ZERO;
        loop {
            let seen = stamp(&index);
            self.build_index(&index, &own, entries)?;
            match fs::hard_link(&own, &lock) {
                Ok(()) if stamp(&index) == seen => break,
                // Another git finished in between: its index is the one to start from.
                Ok(()) => files::remove(&lock)?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists && waited < PATIENCE => {
                    std::thread::sleep(PAUSE);
                    waited += PAUSE;
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(locked(entries)),
                Err(error) => return Err(failed(&lock)(error)),
            }
        }
        files::rename(&lock, &index)?;
        Ok(files::remove(&own)?)
    }

    /// Removes a lock of ours that a dead run left; anyone else's stays.
    pub(super) fn release_own_index_lock(&self) -> Result<(), GitError> {
        let (own, lock) = (self.own_index(), lock_of(&self.inner.path().join("index")));
        let id = |path: &Path| fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()));
        if id(&own).is_some() && id(&own) == id(&lock) {
            files::remove(&lock)?;
        }
        files::remove(&lock_of(&own))?;
        Ok(files::remove(&own)?)
    }

    fn build_index(&self, index: &Path, own: &Path, entries: &Entries) -> Result<(), GitError> {
        files::remove(&lock_of(own))?;
        files::remove(own)?;
        if index.exists() {
            copy_with_time(index, own).map_err(|source| FileError::Io {
                action: "copy",
                path: index.to_owned(),
                source,
            })?;
        }
        let mut calls: Vec<Vec<String>> = Vec::new();
        let call = |option: &str, paths: &[&str]| {
            let words = ["update-index", option, "--"].into_iter().chain(paths.iter().copied());
            words.map(str::to_owned).collect::<Vec<_>>()
        };
        if !entries.from_worktree.is_empty() {
            calls.push(call("--add", &entries.from_worktree));
        }
        if !entries.removed.is_empty() {
            calls.push(call("--force-remove", &entries.removed));
        }
        for (mode, oid, path) in &entries.from_tree {
            let info = format!("{mode},{oid},{path}");
            calls.push(["update-index", "--add", "--cacheinfo", &info].map(str::to_owned).into());
        }
        for words in calls {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let done = self.git(&words).env("GIT_INDEX_FILE", OsString::from(own)).capture(b"", LIMIT)?;
            if !done.status.success() {
                return Err(GitError::Refused { what: "update-index", complaint: done.complaint() });
            }
        }
        Ok(files::sync_file(own)?)
    }

    fn own_index(&self) -> PathBuf {
        self.inner.path().join("shipmark").join("index")
    }
}

/// The copy keeps the time of the index, by which git knows the files that were changed in the moment in which they
/// were staged (gitformat-index(5), "racy git"): with a younger time such a change would be hidden from then on.
fn copy_with_time(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::copy(from, to)?;
    let time = fs::symlink_metadata(from)?.modified()?;
    fs::File::options().write(true).open(to)?.set_modified(time)
}

fn locked(entries: &Entries) -> GitError {
    let cached = entries.from_tree.iter().map(|(_, _, path)| *path);
    let paths = entries.from_worktree.iter().copied().chain(cached).chain(entries.removed.iter().copied());
    GitError::IndexLocked(paths.collect::<Vec<_>>().join(" "))
}

fn lock_of(path: &Path) -> PathBuf {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    lock.into()
}

/// What changes whenever git replaces the file.
fn stamp(path: &Path) -> Option<(u64, u64, i64, i64)> {
    let of = |found: Metadata| (found.ino(), found.len(), found.mtime(), found.mtime_nsec());
    fs::symlink_metadata(path).ok().map(of)
}
