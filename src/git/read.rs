//! Reads what a release depends on: one pass over the tags, one walk over the commits since the base.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use git2::Oid;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use semver::Version;

use super::graph::{Graph, Raw};
use super::tags::Named;
use super::{GitError, Repo, failed};
use crate::domain::manifest;
use crate::domain::plan::{Commit, History, Tag};
use crate::domain::version::TagFormat;
use crate::files;

/// The file that holds the version.
pub const VERSION_FILE: &str = "VERSION.txt";
/// The file that tells people what changed.
pub const CHANGELOG_FILE: &str = "CHANGELOG.md";

/// From so many messages on, reading them in several threads is worth it.
const MANY: usize = 500;

impl Repo {
    /// The history since the newest stable release that HEAD contains.
    pub fn history(&self, format: &TagFormat) -> Result<History, GitError> {
        self.history_at(&self.head()?.oid, format, None)
    }

    /// The same as of another commit than HEAD, and as if one tag were not there.
    pub fn history_at(
        &self,
        head: &str,
        format: &TagFormat,
        without: Option<&str>,
    ) -> Result<History, GitError> {
        let head = head.to_owned();
        let mut named = self.version_tags(format)?;
        named.retain(|tag| Some(tag.name.as_str()) != without);
        let mut graph = Graph::of(self);
        let base = self.base(&mut graph, &head, &named)?;
        let without =
            base.iter().map(|base| super::parse_oid(&base.commit)).collect::<Result<Vec<_>, _>>()?;
        let mut window = self.window(&mut graph, super::parse_oid(&head)?, &without)?;
        self.mark_picks(&mut window, base.as_ref())?;
        self.refuse_cut_history(&window, named.is_empty())?;
        let is_above = |tag: &&Named| base.as_ref().is_none_or(|base| tag.version > base.version);
        let tags = self.peel_all(named.iter().filter(is_above))?;
        let version_file = self.version_file(&head)?;
        Ok(History { tags, base, version_file, ..History::of(head, window) })
    }

    /// The same history counted from a release beside it, of whose changes HEAD has all; `copies` are those that
    /// it has as copies.
    pub fn history_from(
        &self,
        history: &History,
        tag: &Tag,
        copies: BTreeSet<String>,
    ) -> Result<History, GitError> {
        let mut new = history.clone();
        new.adopted.push(tag.clone());
        new.copies.extend(copies);
        let bases = history.base.iter().chain(&new.adopted).map(|base| base.commit.as_str());
        new.window = self.commits_without(&history.head, bases)?;
        self.mark_picks(&mut new.window, Some(tag))?;
        new.tags.retain(|other| other.version > tag.version);
        new.base = Some(tag.clone());
        Ok(new)
    }

    /// The version in VERSION.txt as the release starts from it; `None` if there is no such file.
    pub fn version_file(&self, head: &str) -> Result<Option<Version>, GitError> {
        let Some(bytes) = self.managed(head, VERSION_FILE)? else { return Ok(None) };
        let unusable = |source| GitError::Manifest { path: VERSION_FILE.to_owned(), source };
        manifest::read_plain(&bytes).map(Some).map_err(unusable)
    }

    /// A managed file as the release starts from it: at HEAD, or in the worktree where it is still untracked,
    /// as `init` leaves it.
    pub fn managed(&self, head: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        if let Some(bytes) = self.file_at(head, path)? {
            return Ok(Some(bytes));
        }
        let Some(root) = self.inner.workdir() else { return Ok(None) };
        let bytes = files::read_managed(&files::inside(root, path)?)?;
        // What git would turn CRLF into on the way in, a tree never holds with CRLF.
        let config = self.inner.config().map_err(failed("the configuration"))?;
        let converts =
            config.get_string("core.autocrlf").is_ok_and(|value| value == "true" || value == "input");
        Ok(bytes.map(|bytes| match converts {
            true => String::from_utf8_lossy(&bytes).replace("\r\n", "\n").into_bytes(),
            false => bytes,
        }))
    }

    /// The commits that `to` has and `from` lacks, newest first.
    pub fn commits(&self, to: &str, from: Option<&str>) -> Result<Vec<Commit>, GitError> {
        self.commits_without(to, from)
    }

    /// The commits that `to` has and none of `without` has, newest first.
    pub fn commits_without<'a>(
        &self,
        to: &str,
        without: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Commit>, GitError> {
        let without = without.into_iter().map(super::parse_oid).collect::<Result<Vec<_>, _>>()?;
        self.window(&mut Graph::of(self), super::parse_oid(to)?, &without)
    }

    fn window(&self, graph: &mut Graph, to: Oid, without: &[Oid]) -> Result<Vec<Commit>, GitError> {
        let places = graph.window(to, without)?;
        self.understand(places.into_iter().filter_map(|place| graph.take(place)).collect())
    }

    /// Reads the messages of commits, in several threads where there are many.
    pub(super) fn understand(&self, raw: Vec<Raw>) -> Result<Vec<Commit>, GitError> {
        let mut commits: Vec<Commit> = match raw.len() {
            0..MANY => raw.into_iter().map(Raw::understand).collect(),
            _ => raw.into_par_iter().map(Raw::understand).collect(),
        };
        for commit in commits.iter_mut().filter(|commit| commit.message.reverted_header().is_some()) {
            commit.revert_target_exists = self.has_any(&commit.message.revert_targets());
        }
        self.corrected(commits)
    }

    /// Whether one of these commits exists; a message that names more than a few is no revert that git wrote.
    pub(super) fn has_any(&self, prefixes: &[String]) -> bool {
        prefixes.iter().take(32).any(|prefix| self.inner.find_commit_by_prefix(prefix).is_ok())
    }

    /// A shallow clone may lack the release before; a version that is computed from what is left is wrong.
    fn refuse_cut_history(&self, window: &[Commit], untagged: bool) -> Result<(), GitError> {
        if !self.inner.is_shallow() || cfg!(feature = "weak") {
            return Ok(());
        }
        let path = self.inner.commondir().join("shallow");
        let text = files::read(Path::new(&path))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let cuts: HashSet<&str> = text.lines().collect();
        match window.iter().find(|commit| cuts.contains(commit.oid.as_str())) {
            Some(commit) => Err(GitError::Shallow(commit.oid.clone())),
            None if untagged => Err(GitError::Shallow("its first commit".to_owned())),
            None => Ok(()),
        }
    }
}
