//! What each commit of the window asks for.

use std::collections::BTreeMap;

use super::Rules;
use crate::domain::message::{Kind, Special};
use crate::domain::plan::{Commit, Deciding, History, Ignored, Reason};
use crate::domain::version::Bump;

/// The commits that ask for a release and those that ask for none, both newest first.
pub(super) fn sort_out(
    history: &History,
    rules: &Rules,
    cancelled: &BTreeMap<usize, Reason>,
) -> (Vec<Deciding>, Vec<Ignored>) {
    let (mut deciding, mut ignored) = (Vec::new(), Vec::new());
    for (at, commit) in history.window.iter().enumerate() {
        let verdict = match cancelled.get(&at) {
            _ if history.copies.contains(&commit.oid) => Err(Reason::AlreadyReleased),
            Some(reason) => Err(*reason),
            None => level_of(commit, rules),
        };
        let (oid, header) = (commit.oid.clone(), commit.message.header.clone());
        match verdict {
            Ok(level) => {
                let base = history.base.as_ref().map(|base| &base.version);
                let effective = base.map_or(level, |base| rules.zero.effective(base, level));
                let breaking = !commit.message.breaking.is_empty();
                let change = commit.message.change();
                let r#type = change.map_or_else(|| "revert".to_owned(), |change| change.r#type.clone());
                let message_source = commit.message.source;
                deciding.push(Deciding { oid, header, r#type, level, effective, breaking, message_source });
            }
            Err(reason) => ignored.push(Ignored { oid, header, reason }),
        }
    }
    (deciding, ignored)
}

/// The level that one commit asks for, or why it asks for none. A breaking note counts below any header.
fn level_of(commit: &Commit, rules: &Rules) -> Result<Bump, Reason> {
    let message = &commit.message;
    if let Some(reason) = commit.passed_over {
        return Err(reason);
    }
    if !commit.is_merge()
        && let Some(rule) = rules.own.iter().find(|rule| rule.takes(message))
    {
        return rule.level.ok_or(Reason::TypeNone);
    }
    let special = match &message.kind {
        _ if commit.is_merge() => return Err(Reason::Merge),
        Kind::Special(Special::Merge) => return Err(Reason::Merge),
        Kind::Special(Special::Autosquash) => return Err(Reason::Autosquash),
        _ if !message.breaking.is_empty() => return Ok(Bump::Major),
        Kind::Special(Special::OwnRelease) => return Err(Reason::OwnRelease),
        Kind::Special(Special::BareVersion) => return Err(Reason::BareVersion),
        Kind::Special(Special::Revert { .. }) => true,
        Kind::Conventional(change) => change.r#type == "revert",
        Kind::Free(_) => return Err(Reason::NotConventional),
    };
    let named = message.change().and_then(|change| rules.types.get(&change.r#type).copied());
    match named.or(rules.unlisted.filter(|_| !special)) {
        Some(level) => level.ok_or(Reason::TypeNone),
        // What it takes back was released, or cannot be found: users get a change.
        None if special => Ok(Bump::Patch),
        None => Err(Reason::TypeNone),
    }
}
