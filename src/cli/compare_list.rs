//! The commits between two states as a list: by type, newest first, with ages, the one marked that waits longest.

use crate::domain::compare::{Heading, Side, Waiting, tally};
use crate::domain::{span, text};

/// How many commits of a group are listed; one more than this is listed too, since a line that says
/// "1 more" would take the same room.
const LISTED: usize = 4;
/// The longest subject that is shown whole, in characters.
const SUBJECT: usize = 60;

/// The lines of one side; with `all` every commit is listed.
pub(super) fn lines(side: &Side, now: i64, all: bool) -> Vec<String> {
    let groups = side.groups();
    let oldest = side.oldest().map(|commit| commit.sha.as_str());
    let title = |heading: Heading, commits: &[&Waiting]| format!("{} ({})", heading.title(), commits.len());
    let width = groups.iter().map(|(heading, commits)| title(*heading, commits).len()).max().unwrap_or(0);
    let listed = groups.iter().flat_map(|(heading, commits)| choose(*heading, commits, oldest, all));
    let subject_width = listed.map(|commit| cut(commit).chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (heading, commits) in &groups {
        let mut title = title(*heading, commits);
        let mut push = |words: &str| {
            lines.push(format!("{title:<width$}  {words}"));
            title.clear();
        };
        let shown = choose(*heading, commits, oldest, all);
        if shown.is_empty() {
            let marked = commits.iter().find(|commit| Some(commit.sha.as_str()) == oldest);
            let age = marked.map(|commit| format!(", oldest waiting {}", span::age(now - commit.at)));
            push(&format!("{}{}", tally(commits), age.unwrap_or_default()));
            continue;
        }
        for commit in &shown {
            push(&line(commit, subject_width, now, oldest));
        }
        if shown.len() < commits.len() {
            push(&format!("... {} more, --all", commits.len() - shown.len()));
        }
    }
    lines
}

/// Which commits of a group are listed: the newest, and the one that waits longest.
fn choose<'a>(
    heading: Heading,
    commits: &[&'a Waiting],
    oldest: Option<&str>,
    all: bool,
) -> Vec<&'a Waiting> {
    if all || (commits.len() <= LISTED + 1 && heading != Heading::Other) {
        return commits.to_vec();
    }
    if heading == Heading::Other {
        return Vec::new();
    }
    let listed = commits.iter().enumerate();
    let wanted = listed.filter(|(at, commit)| *at < LISTED || Some(commit.sha.as_str()) == oldest);
    wanted.map(|(_, commit)| *commit).collect()
}

fn line(commit: &Waiting, width: usize, now: i64, oldest: Option<&str>) -> String {
    let mark = if Some(commit.sha.as_str()) == oldest { "   oldest waiting" } else { "" };
    let age = span::age(now - commit.at);
    format!("{}  {:<width$}  {age:>6}{mark}", text::short(&commit.sha), cut(commit))
}

/// The subject; the types under "Other" and "Breaking" differ, so they stand before it.
fn cut(commit: &Waiting) -> String {
    let kind = matches!(commit.heading, Heading::Other | Heading::Breaking);
    let subject =
        if kind { format!("{}: {}", commit.r#type, commit.subject) } else { commit.subject.clone() };
    if subject.chars().count() <= SUBJECT {
        return subject;
    }
    let kept: String = subject.chars().take(SUBJECT - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn commit(number: i64, heading: Heading, r#type: &str, subject: &str, hours: i64) -> Waiting {
        Waiting {
            sha: format!("{number:07}00"),
            heading,
            r#type: r#type.to_owned(),
            subject: subject.to_owned(),
            breaking: false,
            at: 100 * HOUR - hours * HOUR,
        }
    }

    fn side(commits: Vec<Waiting>) -> Side {
        Side { count: commits.len(), at_least: false, bump: None, commits }
    }

    #[test]
    fn long_groups_are_cut_but_for_the_one_that_waits_longest() {
        let mut commits = vec![commit(0, Heading::Features, "feat", "kpi: tickets (#61)", 1)];
        commits.extend((1..=7).map(|n| commit(n, Heading::Fixes, "fix", "a door", 10 * n)));
        commits.push(commit(8, Heading::Other, "chore", "tidy", 80));
        commits.push(commit(9, Heading::Other, "docs", "say", 90));
        assert_eq!(
            lines(&side(commits.clone()), 100 * HOUR, false),
            [
                "Features (1)  0000000  kpi: tickets (#61)     1 h",
                "Fixes (7)     0000001  a door                10 h",
                "              0000002  a door                20 h",
                "              0000003  a door                 1 d",
                "              0000004  a door                 1 d",
                "              0000007  a door                 2 d   oldest waiting",
                "              ... 2 more, --all",
                "Other (2)     1 chore, 1 docs",
            ]
        );
        let all = lines(&side(commits), 100 * HOUR, true);
        assert_eq!(all.len(), 10);
        assert_eq!(all[9], "              0000009  docs: say              3 d");
    }

    #[test]
    fn where_nobody_would_notice_the_age_stands_beside_the_counts() {
        let commits = vec![commit(8, Heading::Other, "chore", "tidy", 5)];
        assert_eq!(lines(&side(commits), 100 * HOUR, false), ["Other (1)  1 chore, oldest waiting 5 h"]);
        assert!(lines(&side(Vec::new()), 0, false).is_empty());
    }

    #[test]
    fn a_long_subject_is_cut() {
        let long = commit(1, Heading::Fixes, "fix", &"word ".repeat(20), 1);
        assert_eq!(cut(&long).chars().count(), 60);
        assert!(cut(&long).ends_with("word…"));
    }
}
