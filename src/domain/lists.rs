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

/// What the lists say together.
struct Known<'a> {
    commits: BTreeMap<&'a str, &'a Line>,
    /// Of each commit what certainly lacks it: the base of a whole list that has it.
    lacking: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Of each base what it certainly has although nobody told its parents: a parent that a whole list does not hold
    /// is a commit of its base.
    holds: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Known<'a> {
    fn of(lists: &'a [List]) -> Self {
        let mut known = Self { commits: BTreeMap::new(), lacking: BTreeMap::new(), holds: BTreeMap::new() };
        for List { head, told } in lists {
            let own: BTreeSet<&str> = told.commits.iter().map(|line| line.sha.as_str()).collect();
            known.commits.extend(told.commits.iter().map(|line| (line.sha.as_str(), line)));
            let Some(base) = told.commits_since.as_deref().filter(|_| !told.commits_truncated) else {
                continue;
            };
            for sha in &own {
                known.lacking.entry(sha).or_default().insert(base);
            }
            let parents = told.commits.iter().flat_map(|line| &line.parents).map(String::as_str);
            let below = known.holds.entry(base).or_default();
            below.extend(parents.filter(|parent| !own.contains(parent)));
            // Without a commit that the base lacks it has the deployed one itself.
            below.extend(own.is_empty().then_some(head.as_str()));
        }
        known
    }

    /// Everything that a commit certainly has, itself included.
    fn reach(&self, from: &'a str) -> BTreeSet<&'a str> {
        let (mut found, mut open) = (BTreeSet::from([from]), vec![from]);
        while let Some(sha) = open.pop() {
            let parents =
                self.commits.get(sha).into_iter().flat_map(|line| &line.parents).map(String::as_str);
            let below = self.holds.get(sha).into_iter().flatten().copied();
            open.extend(parents.chain(below).filter(|next| found.insert(next)));
        }
        found
    }

    /// The commits of which nobody told the parents.
    fn ends(&self, reach: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
        reach.iter().copied().filter(|sha| !self.commits.contains_key(sha)).collect()
    }

    /// What one certainly has and another lacks, newest first, and what keeps that from being certain.
    fn only(&self, one: &BTreeSet<&'a str>, other: &BTreeSet<&'a str>) -> (Vec<&'a Line>, BTreeSet<&'a str>) {
        let ends = self.ends(other);
        let mut missing: BTreeSet<&str> = self.ends(one).difference(other).copied().collect();
        let mut lines = Vec::new();
        let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for sha in one.difference(other) {
            let Some(line) = self.commits.get(sha) else { continue };
            lines.push(*line);
            // It could still come before an end of the other's; not if a base lacks it that has all of these.
            let lacks = |base: &&'a str| {
                let has = reached.entry(base).or_insert_with(|| self.reach(base));
                ends.is_subset(has)
            };
            let certain = ends.is_empty() || self.lacking.get(sha).into_iter().flatten().any(lacks);
            if !certain {
                missing.extend(&ends);
            }
        }
        lines.sort_by(|a, b| (b.at, &b.sha).cmp(&(a.at, &a.sha)));
        (lines, missing)
    }
}

/// How commit `b` stands to commit `a`, both by their whole ids.
pub fn compare<'a>(lists: &'a [List], a: &'a str, b: &'a str) -> Difference<'a> {
    let none = |standing| Difference { standing, ahead: Vec::new(), behind: Vec::new(), missing: Vec::new() };
    if a == b {
        return none(Standing::Same);
    }
    let known = Known::of(lists);
    let (of_a, of_b) = (known.reach(a), known.reach(b));
    let (ahead, lacking_a) = known.only(&of_b, &of_a);
    let (behind, lacking_b) = known.only(&of_a, &of_b);
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
