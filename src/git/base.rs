//! From which release the next one counts.

use std::collections::HashSet;

use git2::Oid;

use super::graph::Graph;
use super::tags::Named;
use super::{GitError, Repo, parse_oid};
use crate::domain::decide;
use crate::domain::plan::{Promise, Tag};
use crate::domain::version::{Bump, TagFormat};

/// So many tags are tried one by one before one walk marks all that HEAD contains.
const MISSES: usize = 64;

impl Repo {
    /// The semver-highest stable tag that HEAD contains; never the newest by date or by walk order, which are
    /// both wrong after a backport. The nearest one is a lower bound, found by a short walk, so only the
    /// higher ones have to be tried. `tags` are highest first.
    pub(super) fn base(
        &self,
        graph: &mut Graph,
        head: &str,
        tags: &[Named],
    ) -> Result<Option<Tag>, GitError> {
        let head = parse_oid(head)?;
        let stable: Vec<&Named> = tags.iter().filter(|tag| tag.is_stable()).collect();
        let near = graph.nearest(head, &stable.iter().map(|tag| tag.guess()).collect())?;
        let bound = stable.iter().position(|tag| Some(tag.guess()) == near);
        // The weak build takes the nearest, as `git describe` does.
        let first = if cfg!(feature = "weak") { bound.unwrap_or_default() } else { 0 };
        let candidates = stable.get(first..bound.map_or(stable.len(), |at| at + 1)).unwrap_or_default();
        self.highest(graph, head, candidates)
    }

    /// The first of these tags that HEAD contains.
    fn highest(&self, graph: &mut Graph, head: Oid, tags: &[&Named]) -> Result<Option<Tag>, GitError> {
        let mut reached: Option<HashSet<Oid>> = None;
        for (tried, named) in tags.iter().enumerate() {
            let Some(tag) = self.peel(named)? else { continue };
            let commit = parse_oid(&tag.commit)?;
            if tried == MISSES {
                reached = Some(graph.all(head)?);
            }
            let found = match &reached {
                Some(reached) => reached.contains(&commit),
                None => graph.contains(head, commit)?,
            };
            if found {
                return Ok(Some(tag));
            }
        }
        Ok(None)
    }

    /// The pre-release that settles the next version by itself, with the commits since: the nearest tag is a
    /// ranked pre-release, and no release whose next major version would pass it can matter. `None` where
    /// that does not hold; then the whole window has to be read.
    ///
    /// A project that tags its finals on other branches has its last stable tag thousands of commits back, and
    /// this saves reading them (angular-cli: 10,563).
    pub fn promise(&self, format: &TagFormat) -> Result<Option<Promise>, GitError> {
        if self.is_shallow() {
            return Ok(None);
        }
        let head = parse_oid(&self.head()?.oid)?;
        let tags = self.version_tags(format)?;
        let counts = |tag: &&Named| tag.is_stable() || decide::is_ranked(&tag.version);
        let counted: Vec<&Named> = tags.iter().filter(counts).collect();
        let mut graph = Graph::of(self);
        let near = graph.nearest(head, &counted.iter().map(|tag| tag.guess()).collect())?;
        let mut here = counted.iter().filter(|tag| Some(tag.guess()) == near);
        let Some(named) = here.next().filter(|tag| !tag.is_stable()) else { return Ok(None) };
        let passes =
            |tag: &&&Named| tag.is_stable() && Bump::Major.apply(&tag.version) > decide::core(&named.version);
        let higher = |tag: &&&Named| !tag.is_stable() && tag.version > named.version;
        let rivals: Vec<&Named> = counted.iter().filter(|tag| passes(tag) || higher(tag)).copied().collect();
        if here.next().is_some() || rivals.len() > MISSES {
            return Ok(None);
        }
        let Some(tag) = self.peel(named)? else { return Ok(None) };
        if self.highest(&mut graph, head, &rivals)?.is_some() {
            return Ok(None);
        }
        let since = self.commits(&head.to_string(), Some(&tag.commit))?;
        let stable = self.peel_all(counted.iter().filter(|tag| tag.is_stable()).copied())?;
        let stable: HashSet<&str> = stable.iter().map(|tag| tag.commit.as_str()).collect();
        if since.iter().any(|commit| stable.contains(commit.oid.as_str())) {
            return Ok(None);
        }
        let taken = tags.iter().any(|other| other.version == decide::core(&tag.version));
        Ok((!taken).then_some(Promise { tag, since }))
    }
}
