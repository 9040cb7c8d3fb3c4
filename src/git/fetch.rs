//! Fetches what a remote has.

use std::time::Duration;

use super::{GitError, Repo};

/// The longest that a fetch may take.
const LIMIT: Duration = Duration::from_mins(5);

impl Repo {
    /// Fetches branches and tags of a remote, and never asks for a password: nobody may be there to answer.
    pub fn fetch(&self, remote: &str) -> Result<(), GitError> {
        let fetch = self.git(&["fetch", "--quiet", "--tags", "--end-of-options", remote]);
        let done = fetch.env("GIT_TERMINAL_PROMPT", "0").capture(b"", LIMIT)?;
        if done.status.success() {
            return Ok(());
        }
        Err(GitError::Refused { what: "fetch", complaint: done.complaint() })
    }
}
