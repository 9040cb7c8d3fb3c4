//! What the configuration makes of the commits before anything is decided by them: `commits.…`.

use regex::Regex;

use super::message::Message;
use super::plan::{Commit, Reason};

/// The settings below `commits`.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Whether the bullets of a squash's body count as commits.
    pub squash_bodies: bool,
    /// Whether a merge counts, and its branch does not.
    pub first_parent: bool,
    pub exclude: Vec<Filter>,
}

/// Commits that ask for nothing.
#[derive(Debug, Clone)]
pub struct Filter {
    pub field: Field,
    pub pattern: Regex,
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    AuthorName,
    AuthorEmail,
    Header,
}

impl Field {
    /// Every field by its name.
    pub const ALL: [(&'static str, Self); 3] =
        [("author.name", Self::AuthorName), ("author.email", Self::AuthorEmail), ("header", Self::Header)];
}

impl Filter {
    /// Reads a pattern, which may match anywhere in the field.
    pub fn parse_pattern(text: &str) -> Option<Regex> {
        regex::RegexBuilder::new(text).size_limit(1024 * 1024).build().ok()
    }

    fn takes(&self, commit: &Commit) -> bool {
        self.pattern.is_match(match self.field {
            Field::AuthorName => &commit.author,
            Field::AuthorEmail => &commit.email,
            Field::Header => &commit.message.header,
        })
    }
}

impl Reading {
    /// Whether commits count as they are.
    pub fn is_plain(&self) -> bool {
        !self.squash_bodies && !self.first_parent && self.exclude.is_empty()
    }

    /// The commits of a window as they count, newest first. `head` is the commit that the window hangs from.
    pub fn apply(&self, window: Vec<Commit>, head: &str) -> Vec<Commit> {
        if self.is_plain() {
            return window;
        }
        let mut commits = if self.first_parent { along_first_parents(window, head) } else { window };
        for commit in &mut commits {
            if commit.passed_over.is_none() && self.exclude.iter().any(|filter| filter.takes(commit)) {
                commit.passed_over = Some(Reason::Filtered);
            }
        }
        if self.squash_bodies {
            commits = commits.into_iter().flat_map(with_listed).collect();
        }
        commits
    }
}

/// Only the commits that one comes by from `head` along first parents. A merge speaks for its branch by its own
/// title, if that is conventional, or by the first such line of its body.
fn along_first_parents(window: Vec<Commit>, head: &str) -> Vec<Commit> {
    let mut next = Some(head.to_owned());
    let mut chain = Vec::new();
    for mut commit in window {
        if Some(&commit.oid) != next.as_ref() {
            continue;
        }
        next = commit.parents.first().cloned();
        if commit.is_merge()
            && let Some(message) = spoken(&commit.message)
        {
            commit.message = message;
            commit.parents.truncate(1);
        }
        chain.push(commit);
    }
    chain
}

fn spoken(message: &Message) -> Option<Message> {
    if message.change().is_some() {
        return Some(message.clone());
    }
    // A title in the body looks like a footer, `feat: …`, and may have been read as one.
    let footers = message.footers.iter().map(|footer| format!("{}: {}", footer.token, footer.value));
    let below = format!("{}\n\n{}", message.body, footers.collect::<Vec<_>>().join("\n"));
    let mut lines = below.lines();
    let title = lines.find(|line| Message::parse(line).change().is_some())?;
    let rest = lines.collect::<Vec<_>>().join("\n");
    Some(Message { source: message.source, ..Message::parse(&format!("{title}\n\n{rest}")) })
}

/// A commit, and after it what its body lists.
fn with_listed(commit: Commit) -> Vec<Commit> {
    let listed =
        if commit.is_merge() || commit.message.is_release() { Vec::new() } else { commit.message.listed() };
    let more = listed.into_iter().map(|message| Commit { message, ..commit.clone() }).collect::<Vec<_>>();
    std::iter::once(commit).chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(oid: &str, text: &str, parents: [&str; 2]) -> Commit {
        Commit { parents: parents.map(str::to_owned).into(), ..Commit::of(oid, text) }
    }

    fn headers(commits: &[Commit]) -> Vec<&str> {
        commits.iter().map(|commit| commit.message.header.as_str()).collect()
    }

    #[test]
    fn first_parents_speak_for_their_branches() {
        let plain = |oid: &str, text: &str, parent: &str| Commit {
            parents: vec![parent.to_owned()],
            ..Commit::of(oid, text)
        };
        let window = || {
            vec![
                merge("e", "Merge pull request #3 from x\n\nfeat: a door (#3)\n\nRefs: #9", ["d", "c"]),
                merge("d", "Merge branch 'y'", ["a", "b"]),
                plain("c", "fix: on the branch", "a"),
                plain("b", "fix: on another", "a"),
                plain("a", "chore: begin", "0"),
            ]
        };
        let reading = Reading { first_parent: true, ..Reading::default() };
        let read = reading.apply(window(), "e");
        assert_eq!(headers(&read), ["feat: a door (#3)", "Merge branch 'y'", "chore: begin"]);
        assert!(!read[0].is_merge() && read[1].is_merge());
        assert_eq!(read[0].message.footers[0].value, "#9");
        assert_eq!(Reading::default().apply(window(), "e").len(), 5);
    }

    #[test]
    fn a_squash_counts_as_its_list_and_a_filter_passes_over_it() {
        let reading = Reading {
            squash_bodies: true,
            exclude: vec![Filter { field: Field::AuthorEmail, pattern: Regex::new("^bot@").unwrap() }],
            ..Reading::default()
        };
        let bot = Commit { email: "bot@x".to_owned(), ..Commit::of("a", "feat: x\n\n* fix: y") };
        let read = reading.apply(vec![bot, Commit::of("b", "chore: z\n\n* fix: y\n* feat!: w")], "a");
        assert_eq!(headers(&read), ["feat: x", "fix: y", "chore: z", "fix: y", "feat!: w"]);
        let passed: Vec<bool> = read.iter().map(|commit| commit.passed_over.is_some()).collect();
        assert_eq!(passed, [true, true, false, false, false]);
    }
}
