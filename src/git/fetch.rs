//! Fetches what a remote has.

use std::time::Duration;

use super::corrections::NOTES;
use super::{GitError, Repo};

/// The longest that a fetch may take.
const LIMIT: Duration = Duration::from_mins(5);

impl Repo {
    /// Fetches branches and tags of a remote.
    pub fn fetch(&self, remote: &str) -> Result<(), GitError> {
        self.run_fetch(&["fetch", "--quiet", "--tags", "--end-of-options", remote])
    }

    /// Fetches what a shallow clone lacks: commits, trees and tags. No decision reads old files, so their contents
    /// stay where they are.
    pub fn unshallow(&self, remote: &str) -> Result<(), GitError> {
        let all =
            ["fetch", "--quiet", "--unshallow", "--tags", "--filter=blob:none", "--end-of-options", remote];
        self.run_fetch(&all)
    }

    /// Fetches the corrections of messages, which no clone has by itself; a remote may have none. It replaces those
    /// that are here, so it is for the clone of a CI job.
    pub fn fetch_notes(&self, remote: &str) -> Result<(), GitError> {
        // A pattern may match nothing; a name would have to exist.
        let notes = format!("+{NOTES}*:{NOTES}*");
        self.run_fetch(&["fetch", "--quiet", "--no-tags", "--end-of-options", remote, &notes])
    }

    /// Never asks for a password: nobody may be there to answer.
    fn run_fetch(&self, args: &[&str]) -> Result<(), GitError> {
        let fetch = self.git(args);
        let done = fetch.env("GIT_TERMINAL_PROMPT", "0").capture(b"", LIMIT)?;
        if done.status.success() {
            return Ok(());
        }
        Err(GitError::Refused { what: "fetch", complaint: done.complaint() })
    }
}
