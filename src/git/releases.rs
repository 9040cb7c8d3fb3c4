//! Which commits each release brought: one walk, and every commit goes to the lowest version whose tag contains it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::graph::Graph;
use super::{GitError, Repo, parse_oid};
use crate::domain::plan::{Commit, Tag};
use crate::domain::version::TagFormat;

/// One release, or what follows the newest one.
#[derive(Debug, Clone)]
pub struct Brought {
    /// `None`: not released yet.
    pub tag: Option<Tag>,
    /// Its commits, newest first.
    pub commits: Vec<Commit>,
}

impl Repo {
    /// The stable releases that HEAD contains, highest version first, below what is not released.
    pub fn releases(&self, format: &TagFormat) -> Result<Vec<Brought>, GitError> {
        let head = parse_oid(&self.head()?.oid)?;
        let mut graph = Graph::with_messages(self);
        let order = graph.window(head, &[])?;
        let ranks: HashMap<usize, usize> =
            order.iter().enumerate().map(|(rank, place)| (*place, rank)).collect();
        let named = self.version_tags(format)?;
        let mut releases = Vec::new();
        let mut taken = HashSet::new();
        // From the lowest version up; of versions that differ in build metadata alone the first one counts.
        let mut tags = self.peel_all(named.iter().filter(|tag| tag.is_stable()))?;
        tags.retain(|tag| parse_oid(&tag.commit).is_ok_and(|oid| graph.met(oid).is_some()));
        tags.reverse();
        tags.dedup_by(|a, b| a.version.cmp_precedence(&b.version).is_eq());
        for tag in tags {
            let Some(place) = graph.met(parse_oid(&tag.commit)?) else { continue };
            let commits = take(&mut graph, place, &ranks, &mut taken);
            releases.push(Brought { tag: Some(tag), commits: self.corrected(commits)? });
        }
        let tip = graph.met(head).map(|place| take(&mut graph, place, &ranks, &mut taken));
        releases.push(Brought { tag: None, commits: self.corrected(tip.unwrap_or_default())? });
        releases.reverse();
        Ok(releases)
    }

    /// When a commit was made.
    pub fn time_of(&self, oid: &str) -> Result<Timestamp, GitError> {
        let seconds = self.commit(oid)?.time().seconds();
        Ok(Timestamp::from_second(seconds).unwrap_or_default())
    }
}

/// Everything that the commit at `from` contains and nobody took yet, newest first.
fn take(
    graph: &mut Graph,
    from: usize,
    ranks: &HashMap<usize, usize>,
    taken: &mut HashSet<usize>,
) -> Vec<Commit> {
    let mut found = Vec::new();
    let mut open = vec![from];
    while let Some(place) = open.pop() {
        if !taken.insert(place) {
            continue;
        }
        found.push((ranks.get(&place).copied(), place));
        open.extend(graph.parents_met(place));
    }
    found.sort_unstable();
    found.into_iter().filter_map(|(_, place)| graph.take(place)).collect()
}
