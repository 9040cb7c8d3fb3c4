//! Commits that were picked from others: the same change must not count twice.

use std::collections::{BTreeMap, HashSet};

use crate::domain::plan::{Commit, Reason};

/// Passes over each live pick whose origin, or another pick of it, is live in the window. The oldest one stays.
pub(super) fn pass_over(window: &[Commit], cancelled: &mut BTreeMap<usize, Reason>) {
    let picks: Vec<(usize, Vec<String>)> = window
        .iter()
        .enumerate()
        .map(|(at, commit)| (at, commit.message.picked_from()))
        .filter(|(_, origins)| !origins.is_empty())
        .collect();
    let mut seen: HashSet<&str> = HashSet::new();
    // Oldest first. What a squash lists has the object id of the commit, and comes and goes with it.
    for (at, origins) in picks.iter().rev() {
        if cancelled.contains_key(at) {
            continue;
        }
        let is_live = |origin: &String| {
            window.iter().enumerate().any(|(other, commit)| {
                other != *at && commit.oid.starts_with(origin) && !cancelled.contains_key(&other)
            })
        };
        let known = origins.iter().any(|origin| seen.contains(origin.as_str()) || is_live(origin));
        seen.extend(origins.iter().map(String::as_str));
        if known {
            cancelled.insert(*at, Reason::DuplicatePick);
        }
    }
}
