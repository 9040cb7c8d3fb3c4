//! Makes a release visible in the local repository: tag, branch, files, index. This is the only writer of
//! references, of the index and of managed files. Each step is skipped if it is already true, so that the
//! work of a run that died can be finished.

use std::path::Path;

use git2::{ErrorCode, ObjectType, Oid};

use super::index::Entries;
use super::journal::{Journal, JournalFile};
use super::{GitError, Repo, failed, parse_oid};
use crate::files;

/// What could not be done without touching someone else's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// The branch moved meanwhile; the release is on the remote and in the tag, and waits to be merged.
    Branch,
    /// A person edited the file meanwhile; it stays as it is.
    File(String),
}

impl Repo {
    /// Finishes a release whose objects are written and which the remote, where there is one, has accepted.
    /// Returns what was left alone.
    pub fn finish(&self, journal: &Journal) -> Result<Vec<Left>, GitError> {
        let branch = journal.moving_ref();
        let at = self.value_of(branch)?;
        let in_place = match &at {
            Some(at) => *at == journal.commit || self.contains(at, &journal.commit)?,
            None => false,
        };
        let passed = in_place && at.as_deref() != Some(&journal.commit);
        let may_move = at.as_deref() == Some(&journal.base);
        if !in_place && !may_move && journal.remote.is_none() && self.value_of(&journal.tag_ref)?.is_none() {
            return Err(GitError::RefMoved(branch.to_owned()));
        }
        let log = format!("shipmark release: {}", journal.version);
        self.make_tag(journal, &log)?;
        if !in_place && !may_move {
            return Ok(vec![Left::Branch]);
        }
        if !in_place {
            let (new, old) = (parse_oid(&journal.commit)?, parse_oid(&journal.base)?);
            self.inner.reference_matching(branch, new, true, old, &log).map_err(moved(branch))?;
        }
        // A person who committed on top of it has settled the files too.
        if passed { Ok(Vec::new()) } else { self.finish_files(journal) }
    }

    fn make_tag(&self, journal: &Journal, log: &str) -> Result<(), GitError> {
        let name = &journal.tag_ref;
        match self.value_of(name)? {
            Some(there) if there == journal.tag => Ok(()),
            Some(_) => Err(GitError::RefMoved(name.clone())),
            None => {
                let made = self.inner.reference(name, parse_oid(&journal.tag)?, false, log);
                made.map(|_| ()).map_err(moved(name))
            }
        }
    }

    /// What a reference names directly; `None` if it does not exist.
    pub(super) fn value_of(&self, name: &str) -> Result<Option<String>, GitError> {
        match self.inner.refname_to_id(name) {
            Ok(oid) => Ok(Some(oid.to_string())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(failed(format!("the reference {name}"))(error)),
        }
    }

    fn finish_files(&self, journal: &Journal) -> Result<Vec<Left>, GitError> {
        let Some(root) = self.inner.workdir() else { return Ok(Vec::new()) };
        let mut left = Vec::new();
        let mut entries = Entries::default();
        for file in &journal.files {
            let new = self.file_at(&journal.commit, &file.path)?.unwrap_or_default();
            if finish_file(root, file, &new)? {
                entries.from_worktree.push(&file.path);
            } else {
                let (mode, oid) = self.entry_at(&journal.commit, &file.path)?;
                entries.from_tree.push((mode, oid, &file.path));
                left.push(Left::File(file.path.clone()));
            }
        }
        if !journal.files.is_empty() {
            self.set_entries(&entries)?;
        }
        Ok(left)
    }

    /// Mode in octal and object id of a file in the tree of a commit.
    fn entry_at(&self, oid: &str, path: &str) -> Result<(String, String), GitError> {
        let tree = self.commit(oid)?.tree().map_err(failed("the tree of the release"))?;
        let entry = tree.get_path(path.as_ref()).map_err(failed(format!("`{path}` in the release")))?;
        Ok((format!("{:o}", entry.filemode()), entry.id().to_string()))
    }
}

/// Writes one file, unless a person changed it since the release began; returns whether it holds `new`.
fn finish_file(root: &Path, file: &JournalFile, new: &[u8]) -> Result<bool, GitError> {
    let path = files::inside(root, &file.path)?;
    let present = files::read_managed(&path)?;
    let is = |bytes: &[u8], blob: &str| {
        Oid::hash_object(ObjectType::Blob, bytes).is_ok_and(|oid| oid.to_string() == blob)
    };
    let target = match (&present, &file.old) {
        (None, None) => new.to_vec(),
        (Some(bytes), _) if bytes == new || *bytes == with_crlf(new) => return Ok(true),
        (Some(bytes), Some(old)) if is(bytes, old) => new.to_vec(),
        // git checked the file out with CRLF, so it gets them again.
        (Some(bytes), Some(old)) if is(&with_lf(bytes), old) => with_crlf(new),
        _ => return Ok(false),
    };
    files::replace(&path, &target)?;
    Ok(true)
}

fn moved(name: &str) -> impl FnOnce(git2::Error) -> GitError + use<> {
    let name = name.to_owned();
    move |error| match error.code() {
        ErrorCode::Exists | ErrorCode::Modified | ErrorCode::NotFound => GitError::RefMoved(name),
        ErrorCode::Locked => GitError::RefLocked(name),
        _ => failed(format!("moving {name}"))(error),
    }
}

fn with_lf(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n").into_bytes()
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(&with_lf(bytes)).replace('\n', "\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_go_back_and_forth() {
        assert_eq!(with_crlf(b"1\n2\n"), b"1\r\n2\r\n");
        assert_eq!(with_crlf(b"1\r\n2\n"), b"1\r\n2\r\n");
        assert_eq!(with_lf(b"1\r\n2\r\n"), b"1\n2\n");
    }
}
