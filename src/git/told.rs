//! What a registry is to be told of a release, read from its annotated tag.

use std::collections::HashSet;

use git2::ObjectType;

use super::journal::JournalTag;
use super::{GitError, Repo, failed, parse_oid};
use crate::domain::released::{self, Released};
use crate::domain::version::TagFormat;

impl Repo {
    /// The release that a tag object makes; `None` for a tag that another program made, or an older shipmark.
    pub fn released(&self, tag: &JournalTag, format: &TagFormat) -> Result<Option<Released>, GitError> {
        let name = tag.tag_ref.trim_start_matches("refs/tags/");
        let reading = || failed(format!("the tag `{name}`"));
        let object = self.inner.find_object(parse_oid(&tag.tag)?, None).map_err(reading())?;
        if object.kind() != Some(ObjectType::Tag) {
            return Ok(None);
        }
        let found = object.peel_to_tag().map_err(reading())?;
        let message = String::from_utf8_lossy(found.message_bytes().unwrap_or_default()).into_owned();
        let (Some(said), Some(version)) = (released::of_message(&message), format.version_of(name)) else {
            return Ok(None);
        };
        let commit = object.peel_to_commit().map_err(reading())?;
        let seconds =
            found.tagger().map_or_else(|| commit.time().seconds(), |tagger| tagger.when().seconds());
        Ok(Some(Released {
            app: said.app,
            version: version.to_string(),
            sha: commit.id().to_string(),
            tag: name.to_owned(),
            released_at: seconds.saturating_mul(1_000),
            bump: said.bump,
        }))
    }

    /// The newest `count` releases of shipmark's, oldest first, without those that only this clone has.
    pub fn told(&self, remote: &str, format: &TagFormat, count: usize) -> Result<Vec<Released>, GitError> {
        let own: HashSet<String> = match self.head() {
            Ok(head) => {
                self.unpushed(remote, &head.oid, format)?.into_iter().map(|tag| tag.tag_ref).collect()
            }
            Err(GitError::Unborn) => HashSet::new(),
            Err(error) => return Err(error),
        };
        let mut releases = Vec::new();
        for named in self.version_tags(format)? {
            if releases.len() == count {
                break;
            }
            let tag_ref = format!("refs/tags/{}", named.name);
            if own.contains(&tag_ref) {
                continue;
            }
            if let Some(tag) = self.reference(&tag_ref)? {
                releases.extend(self.released(&JournalTag { tag_ref, tag }, format)?);
            }
        }
        releases.reverse();
        Ok(releases)
    }
}
