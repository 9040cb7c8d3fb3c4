//! How two states of one history stand to each other, and what lies between them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;

use super::decide::{self, Rules};
use super::message::{Kind, Special};
use super::plan::{Commit, Reason};
use super::reading::Reading;
use super::text;
use super::version::Bump;

/// How B stands to A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Same,
    Ahead,
    Behind,
    Diverged,
}

impl Verdict {
    /// By how many commits each has that the other lacks.
    pub fn of(ahead: usize, behind: usize) -> Self {
        match (ahead, behind) {
            (0, 0) => Self::Same,
            (_, 0) => Self::Ahead,
            (0, _) => Self::Behind,
            _ => Self::Diverged,
        }
    }

    /// By versions alone, where no commit is known; build metadata has no order. `None` if they differ and
    /// one of them is no semantic version.
    pub fn of_versions(a: &str, b: &str) -> Option<Self> {
        if a == b {
            return Some(Self::Same);
        }
        let (a, b) = (Version::parse(a).ok()?, Version::parse(b).ok()?);
        Some(match b.cmp_precedence(&a) {
            Ordering::Equal => Self::Same,
            Ordering::Greater => Self::Ahead,
            Ordering::Less => Self::Behind,
        })
    }
}

/// Under what a commit is listed, in the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    Breaking,
    Features,
    Fixes,
    Performance,
    Reverts,
    /// What a user of the software does not notice.
    Other,
}

impl Heading {
    /// The heading in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Breaking => "Breaking",
            Self::Features => "Features",
            Self::Fixes => "Fixes",
            Self::Performance => "Performance",
            Self::Reverts => "Reverts",
            Self::Other => "Other",
        }
    }
}

/// One commit that one side has and the other lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    pub sha: String,
    pub heading: Heading,
    /// The type of a conventional commit, else `merge`, `revert`, `taken back` or `untyped`.
    pub r#type: String,
    /// What it does, with the scope before it and the pull request behind it.
    pub subject: String,
    pub breaking: bool,
    /// When it was committed, in milliseconds since 1970 UTC.
    pub at: i64,
}

/// What one side has and the other lacks, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    pub count: usize,
    /// Whether the walk hit the boundary of a shallow clone, so that there may be more.
    pub at_least: bool,
    /// What the commits amount to on top of the other side.
    pub bump: Option<Bump>,
    pub commits: Vec<Waiting>,
}

impl Side {
    /// The commits with the time of each in milliseconds since 1970. `base` is the version of the other side, and
    /// `reading` says how commits count; the list has them as they are.
    pub fn new(
        commits: Vec<(Commit, i64)>,
        at_least: bool,
        base: Option<&Version>,
        rules: &Rules,
        reading: &Reading,
    ) -> Self {
        let (commits, times): (Vec<Commit>, Vec<i64>) = commits.into_iter().unzip();
        let mut amount = decide::amount(&commits, base, rules);
        if let Some(head) = commits.first().filter(|_| !reading.is_plain()) {
            amount.bump = decide::amount(&reading.apply(commits.clone(), &head.oid), base, rules).bump;
        }
        let commits: Vec<Waiting> = commits
            .iter()
            .zip(times)
            .enumerate()
            .map(|(index, (commit, at))| waiting(commit, at, &amount.cancelled, index))
            .collect();
        Self { count: commits.len(), at_least, bump: amount.bump, commits }
    }

    /// `17`, or `at least 17` where the clone ends.
    pub fn number(&self) -> String {
        if self.at_least { format!("at least {}", self.count) } else { self.count.to_string() }
    }

    /// The commits by heading, each newest first; headings without any are left out.
    pub fn groups(&self) -> BTreeMap<Heading, Vec<&Waiting>> {
        let mut groups: BTreeMap<Heading, Vec<&Waiting>> = BTreeMap::new();
        for commit in &self.commits {
            groups.entry(commit.heading).or_default().push(commit);
        }
        groups
    }

    /// The commit that waits longest: of those that a user would notice, if there are any.
    pub fn oldest(&self) -> Option<&Waiting> {
        // Of equal times the commit that comes first in the history is older, and the list is newest first.
        let noticed = self.commits.iter().rev().filter(|commit| commit.heading != Heading::Other);
        let any = self.commits.iter().rev();
        noticed.min_by_key(|commit| commit.at).or_else(|| any.min_by_key(|commit| commit.at))
    }
}

fn waiting(commit: &Commit, at: i64, cancelled: &BTreeMap<usize, Reason>, index: usize) -> Waiting {
    let message = &commit.message;
    let breaking = !message.breaking.is_empty();
    let (r#type, heading) = match &message.kind {
        _ if cancelled.contains_key(&index) => ("taken back", Heading::Other),
        _ if commit.is_merge() => ("merge", Heading::Other),
        Kind::Special(Special::Merge) => ("merge", Heading::Other),
        Kind::Special(Special::OwnRelease) => ("release", Heading::Other),
        Kind::Special(Special::Revert { .. }) => ("revert", Heading::Reverts),
        Kind::Conventional(change) => (change.r#type.as_str(), of_type(&change.r#type)),
        Kind::Special(_) | Kind::Free(_) => ("untyped", Heading::Other),
    };
    let loud = breaking && r#type != "taken back";
    Waiting {
        sha: commit.oid.clone(),
        heading: if loud { Heading::Breaking } else { heading },
        r#type: r#type.to_owned(),
        subject: subject(commit),
        breaking,
        at,
    }
}

fn of_type(r#type: &str) -> Heading {
    match r#type {
        "feat" => Heading::Features,
        "fix" | "hotfix" => Heading::Fixes,
        "perf" => Heading::Performance,
        "revert" => Heading::Reverts,
        _ => Heading::Other,
    }
}

/// `kpi: tickets per hour (#61)`; the type stands in the heading.
fn subject(commit: &Commit) -> String {
    let Some(change) = commit.message.change() else { return text::line(&commit.message.header) };
    let scope = change.scope.as_ref().map(|scope| format!("{scope}: ")).unwrap_or_default();
    let number = change.pull_request.map(|number| format!(" (#{number})")).unwrap_or_default();
    text::line(&format!("{scope}{}{number}", change.description))
}

/// `4 chore, 2 docs, 1 test`, the most first.
pub fn tally(commits: &[&Waiting]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for commit in commits {
        *counts.entry(commit.r#type.as_str()).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    counts.iter().map(|(name, count)| format!("{count} {}", text::line(name))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::version::{TagFormat, Zero};

    fn rules() -> Rules {
        let types = [("feat", Some(Bump::Minor)), ("fix", Some(Bump::Patch))];
        Rules {
            tag_format: TagFormat::default(),
            initial: Version::new(0, 1, 0),
            zero: Zero::Semver,
            types: types.map(|(name, bump)| (name.to_owned(), bump)).into(),
            unlisted: None,
            own: Vec::new(),
        }
    }

    /// Newest first, each an hour older than the one before.
    fn side(messages: &[&str], base: &str) -> Side {
        let commit = |(index, text): (usize, &&str)| {
            let commit = Commit {
                parents: if text.starts_with("Merge") { vec![String::new(); 2] } else { Vec::new() },
                ..Commit::of(&format!("{index}00000000"), text)
            };
            (commit, 1_000_000 - 3_600 * i64::try_from(index).unwrap())
        };
        let commits = messages.iter().enumerate().map(commit).collect();
        Side::new(commits, false, Version::parse(base).ok().as_ref(), &rules(), &Reading::default())
    }

    #[test]
    fn a_verdict_needs_both_counts() {
        use Verdict::{Ahead, Behind, Diverged, Same};
        for (ahead, behind, verdict) in [(0, 0, Same), (3, 0, Ahead), (0, 2, Behind), (3, 2, Diverged)] {
            assert_eq!(Verdict::of(ahead, behind), verdict);
        }
        for (a, b, verdict) in [
            ("1.0.0", "1.0.0", Some(Same)),
            ("1.0.0", "1.0.0+7", Some(Same)),
            ("1.0.0", "1.1.0-rc.1", Some(Ahead)),
            ("1.0.0", "1.0.0-rc.1", Some(Behind)),
            ("build-7", "build-7", Some(Same)),
            ("build-7", "build-8", None),
        ] {
            assert_eq!(Verdict::of_versions(a, b), verdict, "{a} {b}");
        }
    }

    #[test]
    fn commits_stand_under_their_headings_and_amount_to_the_highest() {
        let side = side(
            &[
                "feat(kpi): tickets per hour (#61)",
                "chore: tidy",
                "Merge branch 'x'",
                "fix: a door",
                "docs: a",
                "chore: b",
                "no type",
            ],
            "1.0.0",
        );
        assert_eq!((side.bump, side.number().as_str()), (Some(Bump::Minor), "7"));
        let groups = side.groups();
        let titles: Vec<_> = groups.iter().map(|(heading, list)| (heading.title(), list.len())).collect();
        assert_eq!(titles, [("Features", 1), ("Fixes", 1), ("Other", 5)]);
        assert_eq!(groups[&Heading::Features][0].subject, "kpi: tickets per hour (#61)");
        assert_eq!(tally(&groups[&Heading::Other]), "2 chore, 1 docs, 1 merge, 1 untyped");
        assert_eq!(side.oldest().unwrap().subject, "a door");
    }

    #[test]
    fn what_was_taken_back_waits_for_nothing() {
        let side = side(&["Revert \"feat: a\"", "feat: a", "docs: b"], "1.0.0");
        assert_eq!(side.bump, None);
        assert_eq!(tally(&side.groups()[&Heading::Other]), "2 taken back, 1 docs");
        assert_eq!(side.oldest().unwrap().subject, "b");
    }

    #[test]
    fn a_breaking_change_is_named_first_and_below_one_it_is_minor() {
        let side = side(&["feat!: drop it", "fix: a"], "0.3.0");
        assert_eq!(side.bump, Some(Bump::Minor));
        assert_eq!(side.groups().keys().next(), Some(&Heading::Breaking));
    }
}
