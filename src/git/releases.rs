//! Which commits each release brought: one walk, and every commit goes to the lowest version whose tag contains it.

use jiff::Timestamp;

use super::graph::{Graph, Raw};
use super::tags::Named;
use super::{GitError, Repo, parse_oid};
use crate::domain::plan::{Commit, Tag};
use crate::domain::version::TagFormat;

/// One release, or what follows the newest one.
pub struct Brought {
    /// The tag, and when its commit was made; `None`: not released yet.
    pub tag: Option<(Tag, Timestamp)>,
    /// Its commits, newest first; their messages are not understood yet, which saves the memory for it.
    raw: Vec<Raw>,
}

impl Repo {
    /// The stable releases that HEAD contains, highest version first, below what is not released.
    pub fn releases(&self, format: &TagFormat) -> Result<Vec<Brought>, GitError> {
        let head = parse_oid(&self.head()?.oid)?;
        let mut graph = Graph::of(self);
        let order = graph.window(head, &[])?;
        let mut ranks = vec![None; order.len()];
        for (rank, place) in order.into_iter().enumerate() {
            if let Some(slot) = ranks.get_mut(place) {
                *slot = Some(rank);
            }
        }
        let mut tags = Vec::new();
        for named in self.version_tags(format)?.iter().filter(|tag| tag.is_stable()) {
            tags.extend(self.met(&graph, named)?);
        }
        // From the lowest version up; of versions that differ in build metadata alone the first one counts.
        tags.reverse();
        tags.dedup_by(|(a, _), (b, _)| a.version.cmp_precedence(&b.version).is_eq());
        let mut releases = Vec::new();
        let tip = graph.met(head).map(|place| (None, place));
        for (tag, place) in tags.into_iter().map(|(tag, place)| (Some(tag), place)).chain(tip) {
            let time = Timestamp::from_second(graph.time(place)).unwrap_or_default();
            let raw = take(&mut graph, place, &mut ranks);
            releases.push(Brought { tag: tag.map(|tag| (tag, time)), raw });
        }
        releases.reverse();
        Ok(releases)
    }

    /// The commits of some releases, newest first.
    pub fn commits_of(&self, releases: Vec<Brought>) -> Result<Vec<Vec<Commit>>, GitError> {
        let counts: Vec<usize> = releases.iter().map(|release| release.raw.len()).collect();
        let raw = releases.into_iter().flat_map(|release| release.raw).collect();
        let mut commits = self.understand(raw)?.into_iter();
        Ok(counts.into_iter().map(|count| commits.by_ref().take(count).collect()).collect())
    }

    /// The tag with the place of its commit, if that was met.
    fn met(&self, graph: &Graph, named: &Named) -> Result<Option<(Tag, usize)>, GitError> {
        if let Some(place) = graph.met(named.guess()) {
            return Ok(Some((named.at(named.guess()), place)));
        }
        let Some(tag) = self.peel(named)? else { return Ok(None) };
        Ok(graph.met(parse_oid(&tag.commit)?).map(|place| (tag, place)))
    }
}

/// Everything that the commit at `from` contains and nobody took yet, newest first; `ranks` are its places in that
/// order, and forget what is taken.
fn take(graph: &mut Graph, from: usize, ranks: &mut [Option<usize>]) -> Vec<Raw> {
    let mut found = Vec::new();
    let mut open = vec![from];
    while let Some(place) = open.pop() {
        if let Some(rank) = ranks.get_mut(place).and_then(Option::take) {
            found.push((rank, place));
            open.extend(graph.parents_met(place));
        }
    }
    found.sort_unstable();
    found.into_iter().filter_map(|(_, place)| graph.take(place)).collect()
}
