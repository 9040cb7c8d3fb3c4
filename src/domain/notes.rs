//! The release notes of one version: commits in groups, with their links, ready for a template.

use jiff::Timestamp;
use semver::Version;
use serde::Serialize;

use super::grouping::{self, Grouping};
use super::links::Links;
use super::message::{Kind, Special};
use super::plan::{Commit, Decision};
use super::reference::{self, Reference, Tracker};
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
    /// Who made the commits, by name; empty where they are not wanted.
    pub contributors: Vec<String>,
}

/// The entries under one heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    pub title: String,
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
    /// The issues that it refers to, as far as they have a page.
    pub references: Vec<Reference>,
}

/// Breaking changes stand above everything else.
const BREAKING: &str = "Breaking changes";

/// How notes are made, whatever they are about.
#[derive(Debug)]
pub struct Style {
    pub links: Option<Links>,
    pub trackers: Vec<Tracker>,
    /// From the top.
    pub groupings: Vec<Grouping>,
}

/// What the notes are about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// `None` for what is not released yet.
    pub version: Option<(&'a Version, Timestamp)>,
    /// The tag of this version and of the one before.
    pub tag: Option<&'a str>,
    pub previous_tag: Option<&'a str>,
}

/// Groups the commits, newest first as they come. `shown` says whether a commit is part of the notes at all.
pub fn notes(subject: &Subject, style: &Style, commits: &[Commit], shown: impl Fn(&Commit) -> bool) -> Notes {
    let titles = std::iter::once(BREAKING).chain(style.groupings.iter().map(|own| own.title.as_str()));
    let mut groups: Vec<Group> = Vec::new();
    for title in titles {
        if !groups.iter().any(|group| group.title == title) {
            groups.push(Group { title: title.to_owned(), entries: Vec::new() });
        }
    }
    for commit in commits.iter().filter(|commit| shown(commit)) {
        for (title, text) in lines(commit, &style.groupings) {
            if let Some(group) = groups.iter_mut().find(|group| group.title == title) {
                group.entries.push(entry(commit, text, style));
            }
        }
    }
    groups.retain(|group| !group.entries.is_empty());
    let compare = match (&style.links, subject.previous_tag) {
        (Some(links), Some(from)) => links.compare(from, subject.tag.unwrap_or("HEAD")),
        _ => String::new(),
    };
    Notes {
        title: subject.version.map_or_else(|| "Unreleased".to_owned(), |(version, _)| version.to_string()),
        date: subject.version.map_or_else(String::new, |(_, time)| time.strftime("%Y-%m-%d").to_string()),
        compare,
        groups,
        contributors: Vec::new(),
    }
}

/// The commits that a decision did not ignore for being taken back.
pub fn shown(decision: &Decision) -> impl Fn(&Commit) -> bool {
    let hidden: std::collections::HashSet<(String, String)> = decision
        .ignored
        .iter()
        .filter(|ignored| !ignored.reason.keeps_note())
        .map(|ignored| (ignored.oid.clone(), ignored.header.clone()))
        .collect();
    move |commit| !hidden.contains(&(commit.oid.clone(), commit.message.header.clone()))
}

/// Under which headings a commit stands, with what text. A breaking change stands under its own heading with
/// its note and under that of its type with its description, unless both would say the same.
fn lines<'a>(commit: &Commit, groupings: &'a [Grouping]) -> Vec<(&'a str, String)> {
    let message = &commit.message;
    let mut lines: Vec<(&str, String)> =
        message.breaking.iter().map(|note| (BREAKING, note.clone())).collect();
    let (r#type, scope, text) = match &message.kind {
        Kind::Conventional(change) if change.r#type == "revert" => {
            ("revert", change.scope.as_deref(), revert(&change.description))
        }
        Kind::Conventional(change) => {
            (change.r#type.as_str(), change.scope.as_deref(), change.description.clone())
        }
        Kind::Special(Special::Revert { header }) => ("revert", None, revert(header)),
        _ => return lines,
    };
    if let Some(title) = grouping::of(groupings, r#type, scope)
        && !lines.iter().any(|(_, note)| *note == text)
    {
        lines.push((title, text));
    }
    lines
}

fn revert(header: &str) -> String {
    format!("revert \"{header}\"")
}

fn entry(commit: &Commit, text: String, style: &Style) -> Entry {
    let change = commit.message.change();
    let (links, pull_request) = (style.links.as_ref(), change.and_then(|change| change.pull_request));
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
        references: reference::references(&commit.message, links, &style.trackers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(text: &str) -> Commit {
        Commit::of("0123456789", text)
    }

    fn style(links: Option<Links>) -> Style {
        Style { links, trackers: Vec::new(), groupings: grouping::groupings(&[]) }
    }

    fn texts(commits: &[&str]) -> Vec<(String, Vec<String>)> {
        let commits: Vec<Commit> = commits.iter().map(|text| commit(text)).collect();
        let subject = Subject { version: None, tag: None, previous_tag: None };
        let text_of =
            |group: Group| (group.title, group.entries.into_iter().map(|entry| entry.text).collect());
        notes(&subject, &style(None), &commits, |_| true).groups.into_iter().map(text_of).collect()
    }

    #[test]
    fn commits_stand_under_their_headings() {
        let own = |text: &str| vec![text.to_owned()];
        assert_eq!(
            texts(&["fix: a", "docs: b", "feat(x)!: c", "perf: d", "Revert \"feat: e\"", "no type"]),
            [
                (BREAKING.to_owned(), own("c")),
                ("Changed".to_owned(), vec!["d".to_owned(), "revert \"feat: e\"".to_owned()]),
                ("Fixed".to_owned(), own("a")),
            ]
        );
        assert_eq!(
            texts(&["feat: c\n\nBREAKING CHANGE: the door is gone"]),
            [(BREAKING.to_owned(), own("the door is gone")), ("Added".to_owned(), own("c"))]
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
        };
        let notes = notes(&subject, &style(Some(links)), &[commit("feat(api): c (#7)")], |_| true);
        assert_eq!((notes.title.as_str(), notes.date.as_str()), ("1.1.0", "2026-01-31"));
        assert_eq!(notes.compare, "https://github.com/a/b/compare/v1.0.0...v1.1.0");
        let entry = &notes.groups[0].entries[0];
        assert_eq!((entry.scope.as_str(), entry.text.as_str()), ("api", "c"));
        assert_eq!(entry.link, "https://github.com/a/b/commit/0123456789");
        assert_eq!(entry.pull_request_link, "https://github.com/a/b/pull/7");
    }
}
