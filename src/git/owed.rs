//! Releases that were made here and not pushed yet.

use std::collections::HashSet;

use git2::ObjectType;

use super::journal::JournalTag;
use super::tags::Named;
use super::{GitError, Repo, failed, parse_oid};
use crate::domain::version::TagFormat;

/// The trailer by which a release of shipmark's is known.
const TRAILER: &str = "\nRelease-Id: ";

impl Repo {
    /// The releases of shipmark's that HEAD contains and that the remote's branches did not contain when they
    /// were last fetched, lowest version first. Other tags are their maker's own business.
    pub fn unpushed(
        &self,
        remote: &str,
        head: &str,
        format: &TagFormat,
    ) -> Result<Vec<JournalTag>, GitError> {
        let known = self.tracked(remote)?;
        let window = self.commits_without(head, known.iter().map(String::as_str))?;
        let window: HashSet<&str> = window.iter().map(|commit| commit.oid.as_str()).collect();
        let mut owed = Vec::new();
        for named in self.version_tags(format)?.iter().rev() {
            if self.peel(named)?.is_some_and(|tag| window.contains(tag.commit.as_str())) {
                owed.extend(self.own(named)?);
            }
        }
        Ok(owed)
    }

    /// The tag object, if it is one that shipmark made.
    fn own(&self, named: &Named) -> Result<Option<JournalTag>, GitError> {
        let tag_ref = format!("refs/tags/{}", named.name);
        let Some(oid) = self.reference(&tag_ref)? else { return Ok(None) };
        let reading = || failed(format!("the tag `{}`", named.name));
        let object = self.inner.find_object(parse_oid(&oid)?, None).map_err(reading())?;
        if object.kind() != Some(ObjectType::Tag) {
            return Ok(None);
        }
        let tag = object.peel_to_tag().map_err(reading())?;
        let is_own = tag.message_bytes().is_some_and(|text| String::from_utf8_lossy(text).contains(TRAILER));
        Ok(is_own.then_some(JournalTag { tag_ref, tag: oid }))
    }
}
