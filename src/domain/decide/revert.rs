//! Reverts and what they take back.

use std::collections::BTreeMap;

use crate::domain::plan::{Commit, Reason};

/// Which commits of the window (by index, newest first) take each other back. A live revert removes itself
/// and its target; a removed revert removes nothing, so that a revert of a revert restores the commit.
pub(super) fn cancel(window: &[Commit]) -> BTreeMap<usize, Reason> {
    let mut cancelled = BTreeMap::new();
    for (at, commit) in window.iter().enumerate() {
        let Some(quoted) = commit.message.reverted_header() else { continue };
        if cancelled.contains_key(&at) {
            continue;
        }
        let targets = commit.message.revert_targets();
        let older =
            || window.iter().enumerate().skip(at + 1).filter(|(index, _)| !cancelled.contains_key(index));
        let mut found: Vec<usize> = older()
            .filter(|(_, other)| targets.iter().any(|target| other.oid.starts_with(target.as_str())))
            .map(|(index, _)| index)
            .collect();
        if found.is_empty() && !commit.revert_target_exists {
            let same: Vec<usize> =
                older().filter(|(_, other)| other.message.header == quoted).map(|(index, _)| index).collect();
            if same.len() == 1 {
                found = same;
            }
        }
        if !found.is_empty() {
            cancelled.insert(at, Reason::Revert);
            cancelled.extend(found.into_iter().map(|index| (index, Reason::Reverted)));
        }
    }
    cancelled
}
