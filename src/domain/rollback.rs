//! Which version an environment can go back to: one that succeeded there, and was not taken back itself.

use super::health::same_commit;
use super::past::Past;

/// A release that succeeded on an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its newest success there.
    pub row: &'a Past,
    /// Whether an older version followed on it, so that it was not good after all.
    pub taken_back: bool,
}

/// Every release that succeeded, by its newest success, newest first.
pub fn candidates(rows: &[Past]) -> Vec<Candidate<'_>> {
    let mut successes: Vec<&Past> = rows.iter().filter(|row| row.succeeded()).collect();
    successes.sort_by_key(|row| (row.at(), row.id));
    let mut found: Vec<Candidate> = Vec::new();
    for (at, row) in successes.iter().enumerate().rev() {
        if found.iter().any(|candidate| same_release(candidate.row, row)) {
            continue;
        }
        let before = successes.get(..at).unwrap_or_default();
        let taken_back = successes
            .get(at + 1)
            .is_some_and(|next| !same_release(next, row) && before.iter().any(|old| same_release(old, next)));
        found.push(Candidate { row, taken_back });
    }
    found
}

/// Whether two deployments put the same there: the same commit, or without one the same version.
pub fn same_release(a: &Past, b: &Past) -> bool {
    let commits = a.sha.as_deref().zip(b.sha.as_deref());
    commits.and_then(|(a, b)| same_commit(a, b)).unwrap_or(a.version == b.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::State;

    fn versions(history: &[(&str, State)]) -> Vec<(String, bool)> {
        let numbered = history.iter().enumerate();
        let rows: Vec<Past> = numbered
            .map(|(id, (version, state))| Past::of(i64::try_from(id).unwrap(), version, *state))
            .collect();
        candidates(&rows).iter().map(|c| (c.row.version.clone(), c.taken_back)).collect()
    }

    #[test]
    fn what_succeeded_is_offered_newest_first() {
        use State::{Failed, Succeeded, Superseded};
        let found =
            versions(&[("1.0", Superseded), ("1.1", Superseded), ("1.2", Failed), ("1.3", Succeeded)]);
        let wanted = [("1.3", false), ("1.1", false), ("1.0", false)];
        assert_eq!(found, wanted.map(|(version, back)| (version.to_owned(), back)));
    }

    #[test]
    fn what_was_taken_back_once_is_no_good_target_until_it_is_back() {
        use State::{Succeeded, Superseded};
        let taken = versions(&[("1.0", Superseded), ("1.1", Superseded), ("1.0", Succeeded)]);
        assert_eq!(taken, [("1.0".to_owned(), false), ("1.1".to_owned(), true)]);
        let returned =
            versions(&[("1.0", Superseded), ("1.1", Superseded), ("1.0", Superseded), ("1.1", Succeeded)]);
        assert_eq!(returned[0], ("1.1".to_owned(), false));
    }
}
