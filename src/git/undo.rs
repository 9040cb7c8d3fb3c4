//! Takes a release back that nobody else can have: tag, files, index, branch, in the order in which a run that dies
//! can be repeated.

use semver::Version;

use super::index::Entries;
use super::{GitError, Repo, failed, parse_oid};
use crate::domain::manifest;
use crate::domain::message::{Kind, Message, Special};
use crate::domain::version::TagFormat;
use crate::files;
use crate::git::read::VERSION_FILE;

/// The release commit that HEAD names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub version: Version,
    pub tag: String,
    pub commit: String,
    /// Its one parent.
    pub base: String,
    /// The full name of the branch that HEAD names.
    pub branch_ref: String,
    /// The version before, where VERSION.txt said one.
    pub previous: Option<Version>,
}

impl Release {
    /// The version before as text.
    pub fn previous_text(&self) -> String {
        self.previous.as_ref().map_or_else(|| "none".to_owned(), Version::to_string)
    }
}

impl Repo {
    /// The release at HEAD, known by the footer of its commit; `None` if HEAD is something else.
    pub fn release_at_head(&self, format: &TagFormat) -> Result<Option<Release>, GitError> {
        let head = self.head()?;
        let branch = head.branch.ok_or(GitError::Detached)?;
        let commit = self.commit(&head.oid)?;
        let message = Message::parse(&String::from_utf8_lossy(commit.message_raw_bytes()));
        if message.kind != Kind::Special(Special::OwnRelease) || commit.parent_count() != 1 {
            return Ok(None);
        }
        let base = commit.parent_id(0).map_err(failed("the parent of HEAD"))?.to_string();
        let version_at = |oid: &str| -> Result<Option<Version>, GitError> {
            Ok(self.file_at(oid, VERSION_FILE)?.and_then(|bytes| manifest::read_plain(&bytes).ok()))
        };
        let previous = version_at(&base)?;
        Ok(version_at(&head.oid)?.map(|version| Release {
            tag: format.tag_of(&version),
            version,
            commit: head.oid.clone(),
            base,
            branch_ref: format!("refs/heads/{branch}"),
            previous,
        }))
    }

    /// Takes it back. Refuses if a managed file was edited since, unless an undo that died did it.
    pub fn undo(&self, release: &Release) -> Result<(), GitError> {
        let changed = self.changed_between(&release.base, &release.commit)?;
        let root = self.root()?;
        for path in &changed {
            let present = files::read_managed(&files::inside(root, path)?)?;
            let known = [self.file_at(&release.commit, path)?, self.file_at(&release.base, path)?];
            if !known.contains(&present) {
                return Err(GitError::Dirty(path.clone()));
            }
        }
        let tag_ref = format!("refs/tags/{}", release.tag);
        if let Some(value) = self.value_of(&tag_ref)? {
            let tag = self.inner.find_reference(&tag_ref).map_err(failed(format!("the tag {value}")))?;
            let names_release =
                tag.peel_to_commit().is_ok_and(|commit| commit.id().to_string() == release.commit);
            if !names_release {
                return Err(GitError::RefMoved(tag_ref));
            }
            self.inner
                .find_reference(&tag_ref)
                .and_then(|mut tag| tag.delete())
                .map_err(failed("removing the tag"))?;
        }
        let mut entries = Entries::default();
        for path in &changed {
            match self.file_at(&release.base, path)? {
                Some(bytes) => {
                    files::replace(&files::inside(root, path)?, &bytes)?;
                    entries.from_worktree.push(path);
                }
                None => {
                    files::remove(&files::inside(root, path)?)?;
                    entries.removed.push(path);
                }
            }
        }
        self.set_entries(&entries)?;
        let log = format!("shipmark undo: {}", release.version);
        let (new, old) = (parse_oid(&release.base)?, parse_oid(&release.commit)?);
        let moved = self.inner.reference_matching(&release.branch_ref, new, true, old, &log);
        moved.map(|_| ()).map_err(failed(format!("moving {}", release.branch_ref)))
    }

    fn changed_between(&self, old: &str, new: &str) -> Result<Vec<String>, GitError> {
        let tree = |oid: &str| self.commit(oid)?.tree().map_err(failed("a tree"));
        let (old, new) = (tree(old)?, tree(new)?);
        let diff = self
            .inner
            .diff_tree_to_tree(Some(&old), Some(&new), None)
            .map_err(failed("the release commit"))?;
        let paths = diff.deltas().filter_map(|delta| delta.new_file().path().map(std::path::Path::to_owned));
        Ok(paths.map(|path| path.to_string_lossy().into_owned()).collect())
    }
}
