//! The tags whose names are versions. A repository has thousands of them and a decision depends on a few, so
//! what a tag names is looked at only where it matters.

use git2::{ErrorCode, ObjectType, Oid, ReferenceType};
use semver::Version;

use super::{GitError, Repo, failed};
use crate::domain::plan::Tag;
use crate::domain::version::TagFormat;

/// A tag by its name.
#[derive(Debug, Clone)]
pub struct Named {
    pub name: String,
    pub version: Version,
    target: Oid,
    /// Whether a packed reference said already which object the tag names in the end.
    peeled: bool,
}

impl Named {
    /// The commit, where it is known without a look at an object; that it is one is not proven.
    pub(super) fn guess(&self) -> Oid {
        self.target
    }

    /// The tag, if it names this commit.
    pub(super) fn at(&self, commit: Oid) -> Tag {
        Tag { name: self.name.clone(), version: self.version.clone(), commit: commit.to_string() }
    }

    pub(super) fn is_stable(&self) -> bool {
        self.version.pre.is_empty()
    }
}

impl Repo {
    /// Every tag that names a version, highest first.
    pub fn version_tags(&self, format: &TagFormat) -> Result<Vec<Named>, GitError> {
        let reading = || failed("the tags");
        let mut tags = Vec::new();
        for reference in self.inner.references_glob("refs/tags/*").map_err(reading())? {
            let reference = reference.map_err(reading())?;
            // An alias of a tag is no release of its own, and may dangle.
            if reference.kind() != Some(ReferenceType::Direct) {
                continue;
            }
            let Ok(full) = reference.name() else { continue };
            let Some(name) = full.strip_prefix("refs/tags/") else { continue };
            let Some(version) = format.version_of(name) else { continue };
            let peeled = reference.target_peel();
            let Some(target) = peeled.or_else(|| reference.target()) else { continue };
            tags.push(Named { name: name.to_owned(), version, target, peeled: peeled.is_some() });
        }
        tags.sort_by(|a, b| b.version.cmp(&a.version));
        Ok(tags)
    }

    /// What a tag names, through any number of tag objects; `None` if that is no commit, so that the tag is no
    /// release.
    pub fn peel(&self, tag: &Named) -> Result<Option<Tag>, GitError> {
        let reading = || failed(format!("the tag `{}`", tag.name));
        let found = self.inner.find_object(tag.target, None).map_err(reading())?;
        let commit = match found.peel(ObjectType::Commit) {
            Ok(commit) => commit.id().to_string(),
            Err(error) if matches!(error.code(), ErrorCode::InvalidSpec | ErrorCode::Peel) => {
                return Ok(None);
            }
            Err(error) => return Err(reading()(error)),
        };
        Ok(Some(Tag { name: tag.name.clone(), version: tag.version.clone(), commit }))
    }

    /// The same for many; a packed reference is believed, which saves reading thousands of objects.
    pub(super) fn peel_all<'a>(
        &self,
        tags: impl IntoIterator<Item = &'a Named>,
    ) -> Result<Vec<Tag>, GitError> {
        let peel = |tag: &Named| if tag.peeled { Ok(Some(tag.at(tag.target))) } else { self.peel(tag) };
        tags.into_iter().filter_map(|tag| peel(tag).transpose()).collect()
    }
}
