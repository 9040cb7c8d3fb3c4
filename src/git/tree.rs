//! Files as a commit has them. A partial clone lacks some until they are asked for, and only the `git` program knows
//! how to fetch them.

use std::path::Path;
use std::time::Duration;

use git2::{ErrorClass, ErrorCode};

use super::{GitError, Repo, failed};

/// The longest that fetching one file may take.
const LIMIT: Duration = Duration::from_mins(1);

impl Repo {
    /// The bytes of a file in the tree of a commit; `None` if the tree has no such file.
    pub fn file_at(&self, oid: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        match self.file_here(oid, path) {
            Err(GitError::Git { source, .. }) if is_lacking(&source) && self.is_partial()? => {
                self.file_there(oid, path)
            }
            other => other,
        }
    }

    fn file_here(&self, oid: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let tree = self.commit(oid)?.tree().map_err(failed(format!("the tree of {oid}")))?;
        let entry = match tree.get_path(Path::new(path)) {
            Ok(entry) => entry,
            Err(error) if error.code() == ErrorCode::NotFound && !is_lacking(&error) => return Ok(None),
            Err(error) => return Err(failed(format!("`{path}` in {oid}"))(error)),
        };
        if !matches!(entry.filemode(), 0o100_644 | 0o100_755 | 0o100_664) {
            return Err(GitError::NotAFile(path.to_owned()));
        }
        let object = entry.to_object(&self.inner).map_err(failed(format!("`{path}` in {oid}")))?;
        Ok(object.as_blob().map(|blob| blob.content().to_owned()))
    }

    /// The same by the `git` program, which fetches what is not here.
    fn file_there(&self, oid: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let ask = |what, args: &[&str]| {
            let done = self.git(args).env("GIT_TERMINAL_PROMPT", "0").capture(b"", LIMIT)?;
            match done.status.success() {
                true => Ok(done),
                false => Err(GitError::Refused { what, complaint: done.complaint() }),
            }
        };
        let listed = ask("ls-tree", &["ls-tree", "--full-tree", "-z", oid, "--", path])?.text();
        let Some((entry, _)) = listed.split_once('\t') else { return Ok(None) };
        match entry.split(' ').collect::<Vec<_>>().as_slice() {
            [mode, "blob", blob] if mode.starts_with("100") => {
                Ok(Some(ask("cat-file", &["cat-file", "blob", blob])?.stdout))
            }
            _ => Err(GitError::NotAFile(path.to_owned())),
        }
    }

    /// Whether a remote promised to have what is not here.
    fn is_partial(&self) -> Result<bool, GitError> {
        let config = self.inner.config().map_err(failed("the configuration"))?;
        let mut promises =
            config.entries(Some(r"^remote\..*\.promisor$")).map_err(failed("the configuration"))?;
        Ok(promises.next().is_some())
    }
}

/// Whether an object is not here, as opposed to a name that a tree does not have.
fn is_lacking(error: &git2::Error) -> bool {
    error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Odb
}
