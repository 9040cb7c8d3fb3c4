//! A release that HEAD does not contain although it has all its changes: its branch was rebased or squashed away
//! after the tag was set, or the release was tagged on a side branch that nobody merged back.

use std::collections::{BTreeSet, HashMap};

use super::{Rules, amount};
use crate::domain::message::Message;
use crate::domain::plan::{Commit, History};

/// What a copy of a commit keeps: author, the author's time and the message (git-rebase(1), git-cherry-pick(1)).
type Fingerprint<'a> = (&'a str, i64, &'a Message);

fn fingerprint(commit: &Commit) -> Fingerprint<'_> {
    (&commit.author, commit.authored, &commit.message)
}

/// Whether a release beside HEAD is one of HEAD's own line. `side` are the commits that it has and HEAD lacks.
/// If nothing among them asks for a release but copies of what HEAD has too, the next release counts from it; the
/// result are the commits of the window that it contains as copies. `None` if it brought something of its own.
pub fn same_line(history: &History, side: &[Commit], rules: &Rules) -> Option<BTreeSet<String>> {
    let here: HashMap<_, &Commit> =
        history.window.iter().map(|commit| (fingerprint(commit), commit)).collect();
    let (mut copies, mut own) = (BTreeSet::new(), Vec::new());
    for commit in side {
        match here.get(&fingerprint(commit)) {
            Some(copy) => {
                copies.insert(copy.oid.clone());
            }
            None => own.push(commit.clone()),
        }
    }
    let base = history.base.as_ref().map(|base| &base.version);
    amount(&own, base, rules).bump.is_none().then_some(copies)
}
