//! What lies between two commits.

use std::collections::HashSet;

use super::graph::Raw;
use super::{GitError, Repo};
use crate::domain::plan::Commit;
use crate::files;

/// The commits that one commit has and another lacks.
#[derive(Debug)]
pub struct Between {
    /// Newest first, each with the time at which it was committed, in milliseconds since 1970 UTC.
    pub commits: Vec<(Commit, i64)>,
    /// Whether the walk came to a commit whose parents a shallow clone has not got.
    pub cut: bool,
}

impl Repo {
    /// The commits that `to` has and `from` lacks; all of them without `from`.
    pub fn between(&self, to: &str, from: Option<&str>) -> Result<Between, GitError> {
        let cuts = self.cuts()?;
        let mut between = Between { commits: Vec::new(), cut: false };
        for commit in self.commits(to, from)? {
            between.cut |= cuts.contains(&commit.oid);
            let at = self.commit(&commit.oid)?.committer().when().seconds().saturating_mul(1000);
            between.commits.push((commit, at));
        }
        Ok(between)
    }

    /// One commit.
    pub fn one(&self, oid: &str) -> Result<Commit, GitError> {
        let raw = Raw::of(&self.commit(oid)?);
        Ok(self.understand(vec![raw])?.remove(0))
    }

    /// Whether the clone lacks a part of the history.
    pub fn is_shallow(&self) -> bool {
        self.inner.is_shallow()
    }

    /// The commits at which a shallow clone ends.
    fn cuts(&self) -> Result<HashSet<String>, GitError> {
        if !self.inner.is_shallow() {
            return Ok(HashSet::new());
        }
        let text = files::read(&self.inner.commondir().join("shallow"))?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
    }
}
