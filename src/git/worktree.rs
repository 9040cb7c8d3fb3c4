//! A clean worktree of one commit, apart from the one that the user works in, and what differs between commits.

use std::path::{Path, PathBuf};

use super::{GitError, Repo};
use crate::files::FileError;

/// A worktree that is removed when this goes out of scope.
pub struct Worktree<'a> {
    repo: &'a Repo,
    path: PathBuf,
    /// Kept, because its end removes the folder.
    _folder: tempfile::TempDir,
}

impl Repo {
    /// Checks a commit out into a folder of its own. No hook of the repository runs.
    pub fn worktree(&self, oid: &str) -> Result<Worktree<'_>, GitError> {
        let place = tempfile::env::temp_dir();
        let failed = |source| FileError::Io { action: "create a folder in", path: place.clone(), source };
        let folder = tempfile::Builder::new().prefix("shipmark-").tempdir().map_err(failed)?;
        let path = folder.path().join("worktree");
        let name = path.to_string_lossy().into_owned();
        let add = ["-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach", &name, oid];
        let done = self.ask(&add)?;
        if !done.status.success() {
            return Err(GitError::Refused { what: "worktree add", complaint: done.complaint() });
        }
        Ok(Worktree { repo: self, path, _folder: folder })
    }

    /// What `b` adds to `a`, without the lines around it.
    pub fn patch(&self, a: &str, b: &str) -> Result<String, GitError> {
        let args = [
            "diff",
            "--unified=0",
            "--no-prefix",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--end-of-options",
            a,
            b,
        ];
        let done = self.ask(&args)?;
        if !done.status.success() {
            return Err(GitError::Refused { what: "diff", complaint: done.complaint() });
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// The files that differ between two commits and match one of the patterns, which are globs from the root.
    pub fn differing(&self, a: &str, b: &str, patterns: &[String]) -> Result<Vec<String>, GitError> {
        if patterns.is_empty() {
            return Ok(Vec::new());
        }
        let patterns: Vec<String> = patterns.iter().map(|pattern| format!(":(top,glob){pattern}")).collect();
        let mut args = vec!["diff", "--name-only", "-z", "--no-renames", "--end-of-options", a, b, "--"];
        args.extend(patterns.iter().map(String::as_str));
        let done = self.ask(&args)?;
        if !done.status.success() {
            return Err(GitError::Refused { what: "diff", complaint: done.complaint() });
        }
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        Ok(text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }
}

impl Worktree<'_> {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Worktree<'_> {
    /// What is left of it in the repository goes with the next `git worktree prune` at the latest.
    fn drop(&mut self) {
        let name = self.path.to_string_lossy().into_owned();
        let _ = self.repo.ask(&["worktree", "remove", "--force", &name]);
    }
}
