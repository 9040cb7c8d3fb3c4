//! Fetches what a remote has.

use std::time::Duration;

use super::{GitError, Repo};

/// The longest that a fetch may take.
const LIMIT: Duration = Duration::from_mins(5);

impl Repo {
    /// Fetches branches and tags of a remote.
    pub fn fetch(&self, remote: &str) -> Result<(), GitError> {
        self.fetch_with(&["--tags"], remote)
    }

    /// Fetches what a shallow clone lacks: commits, trees and tags. No decision reads old files, so their contents
    /// stay where they are.
    pub fn unshallow(&self, remote: &str) -> Result<(), GitError> {
        self.fetch_with(&["--unshallow", "--tags", "--filter=blob:none"], remote)
    }

    /// Never asks for a password: nobody may be there to answer.
    fn fetch_with(&self, options: &[&str], remote: &str) -> Result<(), GitError> {
        let fetch = self.git(&[&["fetch", "--quiet"], options, &["--end-of-options", remote]].concat());
        let done = fetch.env("GIT_TERMINAL_PROMPT", "0").capture(b"", LIMIT)?;
        if done.status.success() {
            return Ok(());
        }
        Err(GitError::Refused { what: "fetch", complaint: done.complaint() })
    }
}
