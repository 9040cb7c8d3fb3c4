//! The commits that one commit has and others lack, in order.
//!
//! That is a set difference, and where a commit was dated wrongly a walk by date ends too early: what the others
//! contain may be hidden behind it. `git log A..B` then shows commits of A. Here a date that cannot be right, since
//! a parent is younger, lets the walk go on to the end of the history. Only wrong dates of several commits in a
//! row can still hide something; git looks five commits further, and no further.

use std::collections::BinaryHeap;

use git2::Oid;

use super::{ANCESTOR, DESCENDANT, Graph, Queue, Raw};
use crate::git::GitError;

/// How far clocks of machines that work together may be apart, in seconds.
const HOUR: i64 = 3600;
/// 2005-04-07, git's first commit, in seconds since 1970: an older date tells of a clock that was not set, or
/// of a history that was imported.
const FIRST: i64 = 1_112_832_000;

impl Graph<'_> {
    /// Where the commits stand that `head` has and none of `without` has: newest first, no parent before its
    /// child.
    pub(in crate::git) fn window(&mut self, head: Oid, without: &[Oid]) -> Result<Vec<usize>, GitError> {
        let mut queue = Queue::default();
        self.paint(&mut queue, without, ANCESTOR)?;
        self.paint(&mut queue, &[head], DESCENDANT)?;
        let mut inside = Vec::new();
        let (mut oldest, mut doubtful) = (i64::MAX, false);
        loop {
            let passed = queue.newest().is_none_or(|newest| newest < oldest.saturating_sub(HOUR));
            if queue.open() == 0 && passed && !doubtful {
                doubtful = !cfg!(feature = "weak") && self.any_doubtful(&queue.waiting())?;
                if !doubtful {
                    break;
                }
            }
            let Some((place, colour)) = queue.next() else { break };
            if colour == DESCENDANT {
                inside.push(place);
                oldest = oldest.min(self.surely_since(place)?);
            }
            let parents = self.parents(place);
            self.paint(&mut queue, &parents, colour)?;
        }
        inside.retain(|place| queue.colour(*place) == DESCENDANT);
        Ok(self.sorted(&inside))
    }

    /// A time before which a commit cannot have been made, even if its own date lies in the future: that of its
    /// newest parent. Nothing is known of a root.
    fn surely_since(&mut self, place: usize) -> Result<i64, GitError> {
        let mut newest = None;
        for parent in self.parents(place) {
            let parent = self.place(parent)?;
            newest = newest.max(Some(self.time(parent)));
        }
        Ok(newest.map_or(i64::MIN, |newest| newest.min(self.time(place))))
    }

    /// Whether one of these is dated before git, or long before a parent of its own.
    fn any_doubtful(&mut self, places: &[usize]) -> Result<bool, GitError> {
        for place in places {
            let time = self.time(*place);
            if time < FIRST {
                return Ok(true);
            }
            for parent in self.parents(*place) {
                let parent = self.place(parent)?;
                if self.time(parent) > time.saturating_add(HOUR) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Newest first, no parent before its child; of equal dates the one that was met first.
    fn sorted(&self, places: &[usize]) -> Vec<usize> {
        let mut children: Vec<Option<usize>> = vec![None; self.nodes.len()];
        for place in places {
            if let Some(count) = children.get_mut(*place) {
                *count = Some(0);
            }
        }
        for parent in places.iter().flat_map(|place| self.parents_met(*place)) {
            if let Some(Some(count)) = children.get_mut(parent) {
                *count += 1;
            }
        }
        let entry = |place: usize| (self.time(place), std::cmp::Reverse(place));
        let free = places.iter().filter(|place| children.get(**place) == Some(&Some(0)));
        let mut ready: BinaryHeap<_> = free.map(|place| entry(*place)).collect();
        let mut order = Vec::with_capacity(places.len());
        while let Some((_, std::cmp::Reverse(place))) = ready.pop() {
            order.push(place);
            for parent in self.parents_met(place) {
                let Some(Some(count)) = children.get_mut(parent) else { continue };
                *count -= 1;
                if *count == 0 {
                    ready.push(entry(parent));
                }
            }
        }
        order
    }

    /// Takes the commit out of its place, and its parents with it; `None` if it was taken before.
    pub(in crate::git) fn take(&mut self, place: usize) -> Option<Raw> {
        let node = self.nodes.get_mut(place)?;
        let body = node.body.take()?;
        Some(Raw::new(node.oid, std::mem::take(&mut node.parents), *body))
    }

    /// Where a commit stands, if it was met.
    pub(in crate::git) fn met(&self, oid: Oid) -> Option<usize> {
        self.places.get(&oid).copied()
    }

    /// Where those parents of a commit stand that were met.
    pub(in crate::git) fn parents_met(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        let oids = self.nodes.get(place).map(|node| node.parents.as_slice()).unwrap_or_default();
        oids.iter().filter_map(|oid| self.places.get(oid).copied())
    }
}
