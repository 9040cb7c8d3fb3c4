//! How two commits of an app stand to each other, from the lists that clients told with their deployments: the server
//! has no clone. It says what follows from the lists, and otherwise which part is missing; it never guesses.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most commits of one list.
pub const MOST: usize = 500;

/// One commit, as a client tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The whole id.
    pub sha: String,
    /// The whole ids of its parents.
    pub parents: Vec<String>,
    /// When it was committed, in milliseconds since 1970 UTC.
    pub at: i64,
    /// The first line of its message.
    pub subject: String,
    #[serde(default)]
    pub breaking: bool,
}

/// What a deployment brings: the commits that its own has and `commits_since` lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Newest first; the first is the deployment's own.
    pub commits: Vec<Line>,
    /// The whole id of the commit that ran there before; absent where the list goes back to the first of all.
    #[serde(default)]
    pub commits_since: Option<String>,
    /// Whether there are more than fit, or than the client's clone has.
    #[serde(default)]
    pub commits_truncated: bool,
}

/// A list that was told, and the commit that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    pub head: String,
    pub told: Told,
}

/// How the second of two commits stands to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Same,
    Ahead,
    Behind,
    Diverged,
    /// The lists do not tell.
    Unknown,
}

/// What came out.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference<'a> {
    pub standing: Standing,
    /// What the second has and the first lacks, newest first.
    pub ahead: Vec<&'a Line>,
    /// What the first has and the second lacks, newest first.
    pub behind: Vec<&'a Line>,
    /// The commits of which no list tells what comes before them, where that matters.
    pub missing: Vec<String>,
}

/// How many commits without a known past one side may have for the answer to be sought still; beyond it is unknown. A
/// history that was told in order has one at most.
const ENDS: usize = 64;

/// What the lists say together. Commits have numbers, so that a long history takes little memory.
#[derive(Default)]
struct Known<'a> {
    numbers: BTreeMap<&'a str, usize>,
    commits: Vec<Commit<'a>>,
}

/// What is known of one commit.
struct Commit<'a> {
    sha: &'a str,
    line: Option<&'a Line>,
    parents: Vec<usize>,
    /// What it certainly has although nobody told its parents, as the base of a list: a parent that a whole list does not
    /// hold is a commit of its base.
    holds: Vec<usize>,
    /// What certainly lacks it: the base of a whole list that has it.
    lacking: Vec<usize>,
}

impl<'a> Known<'a> {
    fn number(&mut self, sha: &'a str) -> usize {
        let next = self.commits.len();
        let number = *self.numbers.entry(sha).or_insert(next);
        if number == next {
            let (parents, holds, lacking) = (Vec::new(), Vec::new(), Vec::new());
            self.commits.push(Commit { sha, line: None, parents, holds, lacking });
        }
        number
    }

    fn numbers(&mut self, names: impl Iterator<Item = &'a String>) -> Vec<usize> {
        names.map(|sha| self.number(sha)).collect()
    }

    fn change(&mut self, number: usize, change: impl FnOnce(&mut Commit<'a>)) {
        if let Some(commit) = self.commits.get_mut(number) {
            change(commit);
        }
    }

    fn learn(&mut self, List { head, told }: &'a List) {
        let mut own = BTreeSet::new();
        for line in &told.commits {
            let number = self.number(&line.sha);
            let parents = self.numbers(line.parents.iter());
            self.change(number, |commit| (commit.line, commit.parents) = (Some(line), parents));
            own.insert(number);
        }
        let Some(base) = told.commits_since.as_deref().filter(|_| !told.commits_truncated) else { return };
        let base = self.number(base);
        let mut below = self.numbers(told.commits.iter().flat_map(|line| &line.parents));
        below.retain(|parent| !own.contains(parent));
        // Without a commit that the base lacks it has the deployed one itself.
        below.extend(own.is_empty().then(|| self.number(head)));
        self.change(base, |commit| commit.holds.append(&mut below));
        for number in own {
            self.change(number, |commit| commit.lacking.push(base));
        }
    }

    /// Everything that comes from a commit by these steps, itself included; for each number whether it does.
    fn walk(&self, from: usize, next: &[Vec<usize>]) -> Vec<bool> {
        let (mut found, mut open) = (vec![false; self.commits.len()], vec![from]);
        while let Some(number) = open.pop() {
            if let Some(seen) = found.get_mut(number).filter(|seen| !**seen) {
                *seen = true;
                open.extend(next.get(number).into_iter().flatten());
            }
        }
        found
    }

    /// What each commit certainly has, one step down.
    fn down(&self) -> Vec<Vec<usize>> {
        self.commits.iter().map(|commit| [commit.parents.as_slice(), &commit.holds].concat()).collect()
    }

    /// The commits of these whose parents nobody told.
    fn ends(&self, of: &[bool]) -> Vec<usize> {
        let ends = self.commits.iter().zip(of).enumerate();
        ends.filter(|(_, (commit, has))| **has && commit.line.is_none()).map(|(number, _)| number).collect()
    }

    /// The commits that certainly have all of these.
    fn above(&self, all: &[usize], up: &[Vec<usize>]) -> Vec<bool> {
        let mut have = vec![all.len() <= ENDS; self.commits.len()];
        for one in all.iter().take(ENDS) {
            let above = self.walk(*one, up);
            have.iter_mut().zip(above).for_each(|(have, is_above)| *have &= is_above);
        }
        have
    }

    /// What one certainly has and another lacks, newest first, and what keeps that from being certain.
    fn only(&self, one: &[bool], other: &[bool], up: &[Vec<usize>]) -> (Vec<&'a Line>, BTreeSet<&'a str>) {
        let ends = self.ends(other);
        let above = self.above(&ends, up);
        let sha = |number: usize| self.commits.get(number).map(|commit| commit.sha);
        let mut missing: BTreeSet<&str> = BTreeSet::new();
        let mut lines = Vec::new();
        for (commit, _) in self.commits.iter().zip(one.iter().zip(other)).filter(|(_, has)| *has.0 && !*has.1)
        {
            let Some(line) = commit.line else {
                missing.insert(commit.sha);
                continue;
            };
            lines.push(line);
            // It could still come before an end of the other's; not if a base lacks it that has all of these.
            let lacks = |base: &usize| above.get(*base).is_some_and(|has_all| *has_all);
            if !ends.is_empty() && !commit.lacking.iter().any(lacks) {
                missing.extend(ends.iter().filter_map(|end| sha(*end)));
            }
        }
        lines.sort_by(|a, b| (b.at, &b.sha).cmp(&(a.at, &a.sha)));
        (lines, missing)
    }
}

/// The same steps the other way.
fn turned(steps: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut turned = vec![Vec::new(); steps.len()];
    for (from, to) in steps.iter().enumerate().flat_map(|(from, all)| all.iter().map(move |to| (from, to))) {
        turned.get_mut(*to).into_iter().for_each(|back: &mut Vec<usize>| back.push(from));
    }
    turned
}

/// How commit `b` stands to commit `a`, both by their whole ids. It takes a time that grows with the number of commits that
/// the lists hold, and is no work for a thread that others wait for.
pub fn compare<'a>(lists: &'a [List], a: &'a str, b: &'a str) -> Difference<'a> {
    let none = |standing| Difference { standing, ahead: Vec::new(), behind: Vec::new(), missing: Vec::new() };
    if a == b {
        return none(Standing::Same);
    }
    let mut known = Known::default();
    let (a, b) = (known.number(a), known.number(b));
    for list in lists {
        known.learn(list);
    }
    let down = known.down();
    let up = turned(&down);
    let (of_a, of_b) = (known.walk(a, &down), known.walk(b, &down));
    let (ahead, lacking_a) = known.only(&of_b, &of_a, &up);
    let (behind, lacking_b) = known.only(&of_a, &of_b, &up);
    let missing: BTreeSet<&str> = lacking_a.union(&lacking_b).copied().collect();
    if !missing.is_empty() {
        let missing = missing.into_iter().map(str::to_owned).collect();
        return Difference { missing, ..none(Standing::Unknown) };
    }
    let standing = match (ahead.is_empty(), behind.is_empty()) {
        (false, true) => Standing::Ahead,
        (true, false) => Standing::Behind,
        _ => Standing::Diverged,
    };
    Difference { standing, ahead, behind, missing: Vec::new() }
}

#[cfg(test)]
mod tests;
