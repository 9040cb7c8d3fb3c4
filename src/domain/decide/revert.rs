//! Reverts and what they take back.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::plan::{Commit, Reason};

/// Digits by which commits are looked up; a target has at least as many.
const DIGITS: usize = 7;

/// The commits of a window, found by their ids and by their headers.
struct Index<'a> {
    window: &'a [Commit],
    by_prefix: HashMap<&'a str, Vec<usize>>,
    by_header: HashMap<&'a str, Vec<usize>>,
}

/// Which commits of the window (by index, newest first) take each other back. A live revert removes itself
/// and its target; a removed revert removes nothing, so that a revert of a revert restores the commit.
pub(super) fn cancel(window: &[Commit]) -> BTreeMap<usize, Reason> {
    let mut cancelled = BTreeMap::new();
    if !window.iter().any(|commit| commit.message.reverted_header().is_some()) {
        return cancelled;
    }
    let index = Index::of(window);
    for (at, commit) in window.iter().enumerate() {
        let Some(quoted) = commit.message.reverted_header() else { continue };
        if cancelled.contains_key(&at) {
            continue;
        }
        let live = |found: &usize| *found > at && !cancelled.contains_key(found);
        let mut found: Vec<usize> = index.targets(&commit.message.revert_targets()).filter(live).collect();
        if found.is_empty() && !commit.revert_target_exists {
            let mut same = index.by_header.get(quoted).into_iter().flatten().copied().filter(live);
            found = match (same.next(), same.next()) {
                (Some(only), None) => vec![only],
                _ => Vec::new(),
            };
        }
        if !found.is_empty() {
            let branches: Vec<usize> = found.iter().flat_map(|merge| index.branch_of(*merge)).collect();
            cancelled.insert(at, Reason::Revert);
            cancelled.extend(found.into_iter().chain(branches).map(|index| (index, Reason::Reverted)));
        }
    }
    cancelled
}

impl<'a> Index<'a> {
    fn of(window: &'a [Commit]) -> Self {
        let mut index = Self { window, by_prefix: HashMap::new(), by_header: HashMap::new() };
        for (at, commit) in window.iter().enumerate() {
            let prefix = commit.oid.get(..DIGITS).unwrap_or(&commit.oid);
            index.by_prefix.entry(prefix).or_default().push(at);
            index.by_header.entry(&commit.message.header).or_default().push(at);
        }
        index
    }

    fn targets<'b>(&'b self, targets: &'b [String]) -> impl Iterator<Item = usize> + 'b {
        targets.iter().flat_map(move |target| {
            let near = target.get(..DIGITS).and_then(|prefix| self.by_prefix.get(prefix));
            let is_target =
                move |at: &usize| self.window.get(*at).is_some_and(|commit| commit.oid.starts_with(target));
            near.into_iter().flatten().copied().filter(is_target)
        })
    }

    /// What a merge brought: everything that its further parents have and its first one lacks. Reverting the
    /// merge takes all of that back. Empty for a plain commit.
    fn branch_of(&self, merge: usize) -> Vec<usize> {
        let Some((first, others)) = self.window.get(merge).and_then(|commit| commit.parents.split_first())
        else {
            return Vec::new();
        };
        if others.is_empty() {
            return Vec::new();
        }
        let kept = self.reach(std::slice::from_ref(first));
        self.reach(others).into_iter().filter(|at| !kept.contains(at)).collect()
    }

    /// The commits of the window that these commits contain.
    fn reach(&self, from: &[String]) -> HashSet<usize> {
        let mut seen = HashSet::new();
        let mut open: Vec<&String> = from.iter().collect();
        while let Some(oid) = open.pop() {
            let Some(at) = self.targets(std::slice::from_ref(oid)).next() else { continue };
            if seen.insert(at) {
                open.extend(self.window.get(at).into_iter().flat_map(|commit| &commit.parents));
            }
        }
        seen
    }
}
