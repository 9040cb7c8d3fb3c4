//! The release notes of one version: commits in groups, with their links, ready for a template.

use jiff::Timestamp;
use semver::Version;
use serde::Serialize;

use super::links::Links;
use super::message::{Kind, Special};
use super::plan::{Commit, Decision};
use super::text;

/// What the template `changelog` is filled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notes {
    /// The version, or `Unreleased`.
    pub title: String,
    /// The day of the release in UTC, `YYYY-MM-DD`; empty for what is not released.
    pub date: String,
    /// The comparison with the version before; empty where there is no forge or no version before.
    pub compare: String,
    pub groups: Vec<Group>,
}

/// The entries under one heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    pub title: &'static str,
    pub entries: Vec<Entry>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Empty if the commit has none.
    pub scope: String,
    pub text: String,
    /// The first seven digits of the commit.
    pub short: String,
    /// The commit's page, or empty.
    pub link: String,
    /// The pull request's number as text, or empty.
    pub pull_request: String,
    /// The pull request's page, or empty.
    pub pull_request_link: String,
}

/// The headings of Keep a Changelog 1.1.0, with breaking changes above them.
const BREAKING: &str = "Breaking changes";
const TITLES: [&str; 4] = [BREAKING, "Added", "Changed", "Fixed"];

/// What the notes are about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// `None` for what is not released yet.
    pub version: Option<(&'a Version, Timestamp)>,
    /// The tag of this version and of the one before.
    pub tag: Option<&'a str>,
    pub previous_tag: Option<&'a str>,
    pub links: Option<&'a Links>,
}

/// Groups the commits, newest first as they come. `shown` says whether a commit is part of the notes at all.
pub fn notes(subject: &Subject, commits: &[Commit], shown: impl Fn(&Commit) -> bool) -> Notes {
    let mut groups: Vec<Group> = TITLES.map(|title| Group { title, entries: Vec::new() }).into();
    for commit in commits.iter().filter(|commit| shown(commit)) {
        for (title, text) in lines(commit) {
            if let Some(group) = groups.iter_mut().find(|group| group.title == title) {
                group.entries.push(entry(commit, text, subject.links));
            }
        }
    }
    groups.retain(|group| !group.entries.is_empty());
    let compare = match (subject.links, subject.previous_tag) {
        (Some(links), Some(from)) => links.compare(from, subject.tag.unwrap_or("HEAD")),
        _ => String::new(),
    };
    Notes {
        title: subject.version.map_or_else(|| "Unreleased".to_owned(), |(version, _)| version.to_string()),
        date: subject.version.map_or_else(String::new, |(_, time)| time.strftime("%Y-%m-%d").to_string()),
        compare,
        groups,
    }
}

/// The commits that a decision did not ignore for being taken back.
pub fn shown(decision: &Decision) -> impl Fn(&Commit) -> bool {
    let hidden: std::collections::HashSet<String> = decision
        .ignored
        .iter()
        .filter(|ignored| !ignored.reason.keeps_note())
        .map(|ignored| ignored.oid.clone())
        .collect();
    move |commit| !hidden.contains(&commit.oid)
}

/// Under which headings a commit stands, with what text. A breaking change stands under its own heading with
/// its note and under that of its type with its description, unless both would say the same.
fn lines(commit: &Commit) -> Vec<(&'static str, String)> {
    let message = &commit.message;
    let mut lines: Vec<(&'static str, String)> =
        message.breaking.iter().map(|note| (BREAKING, note.clone())).collect();
    let own = match &message.kind {
        Kind::Conventional(change) => {
            let title = match change.r#type.as_str() {
                "feat" => Some("Added"),
                "fix" | "hotfix" => Some("Fixed"),
                "perf" => Some("Changed"),
                "revert" => return with_revert(lines, &change.description),
                _ => None,
            };
            title.map(|title| (title, change.description.clone()))
        }
        Kind::Special(Special::Revert { header }) => return with_revert(lines, header),
        _ => None,
    };
    if let Some(own) = own
        && !lines.iter().any(|(_, text)| *text == own.1)
    {
        lines.push(own);
    }
    lines
}

fn with_revert(mut lines: Vec<(&'static str, String)>, header: &str) -> Vec<(&'static str, String)> {
    lines.push(("Changed", format!("revert \"{header}\"")));
    lines
}

fn entry(commit: &Commit, text: String, links: Option<&Links>) -> Entry {
    let change = commit.message.change();
    let pull_request = change.and_then(|change| change.pull_request);
    Entry {
        scope: change.and_then(|change| change.scope.clone()).unwrap_or_default(),
        text,
        short: text::short(&commit.oid).to_owned(),
        link: links.map_or_else(String::new, |links| links.commit(&commit.oid)),
        pull_request: pull_request.map_or_else(String::new, |number| number.to_string()),
        pull_request_link: match (links, pull_request) {
            (Some(links), Some(number)) => links.pull_request(number),
            _ => String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::Message;

    fn commit(text: &str) -> Commit {
        Commit {
            oid: "0123456789".to_owned(),
            message: Message::parse(text),
            author: String::new(),
            parents: Vec::new(),
            authored: 0,
            revert_target_exists: false,
        }
    }

    fn texts(commits: &[&str]) -> Vec<(&'static str, Vec<String>)> {
        let commits: Vec<Commit> = commits.iter().map(|text| commit(text)).collect();
        let subject = Subject { version: None, tag: None, previous_tag: None, links: None };
        let text_of =
            |group: Group| (group.title, group.entries.into_iter().map(|entry| entry.text).collect());
        notes(&subject, &commits, |_| true).groups.into_iter().map(text_of).collect()
    }

    #[test]
    fn commits_stand_under_their_headings() {
        let own = |text: &str| vec![text.to_owned()];
        assert_eq!(
            texts(&["fix: a", "docs: b", "feat(x)!: c", "perf: d", "Revert \"feat: e\"", "no type"]),
            [
                (BREAKING, own("c")),
                ("Changed", vec!["d".to_owned(), "revert \"feat: e\"".to_owned()]),
                ("Fixed", own("a")),
            ]
        );
        assert_eq!(
            texts(&["feat: c\n\nBREAKING CHANGE: the door is gone"]),
            [(BREAKING, own("the door is gone")), ("Added", own("c"))]
        );
    }

    #[test]
    fn links_and_date_come_from_the_subject() {
        let links = Links::of_remote("https://github.com/a/b").unwrap();
        let version = Version::new(1, 1, 0);
        let subject = Subject {
            version: Some((&version, "2026-01-31T23:59:59Z".parse().unwrap())),
            tag: Some("v1.1.0"),
            previous_tag: Some("v1.0.0"),
            links: Some(&links),
        };
        let notes = notes(&subject, &[commit("feat(api): c (#7)")], |_| true);
        assert_eq!((notes.title.as_str(), notes.date.as_str()), ("1.1.0", "2026-01-31"));
        assert_eq!(notes.compare, "https://github.com/a/b/compare/v1.0.0...v1.1.0");
        let entry = &notes.groups[0].entries[0];
        assert_eq!((entry.scope.as_str(), entry.text.as_str()), ("api", "c"));
        assert_eq!(entry.link, "https://github.com/a/b/commit/0123456789");
        assert_eq!(entry.pull_request_link, "https://github.com/a/b/pull/7");
    }
}
