//! Where a message's footers begin, and what they say.
//!
//! The parser crate would take an indented `key: value`, a `key: value` in the middle of a paragraph and
//! `BREAKING CHANGE #12` as footers, walks a long body at 50 times the cost of a header, and its separator
//! panics on text that its own grammar lets through. So lines are read here.

use std::sync::LazyLock;

use regex::Regex;

/// One `Token: value` or `Token #value`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Footer {
    pub token: String,
    pub value: String,
}

impl Footer {
    /// Whether this is the footer of that name; tokens compare without case.
    pub fn is(&self, token: &str) -> bool {
        self.token.eq_ignore_ascii_case(token)
    }

    /// Whether it announces a breaking change: the one token that must be in upper case. The plural is not in the
    /// specification and lint refuses it, but everyone who wrote it meant it (each of some 70 commits of public
    /// projects), and a missed breaking change is the dearest error.
    pub fn is_breaking(&self) -> bool {
        self.is_breaking_token() || matches!(self.token.as_str(), "BREAKING CHANGES" | "BREAKING-CHANGES")
    }

    /// Whether it is the token of the specification.
    pub fn is_breaking_token(&self) -> bool {
        matches!(self.token.as_str(), "BREAKING CHANGE" | "BREAKING-CHANGE")
    }

    /// The text of a breaking note on one line; it ends where a list of changes begins, as a squash leaves it.
    pub(super) fn note(&self) -> String {
        let lines = self.value.lines().take_while(|line| !is_change_bullet(line));
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }
}

/// Splits what follows the header into body and footers.
///
/// The footers run to the end of the message. They begin at the first line `BREAKING CHANGE:`, wherever it
/// stands (a missed breaking change is the dearest error), or at an earlier paragraph from which on every
/// paragraph up to there begins like a footer.
pub(super) fn split(rest: &str) -> (String, Vec<Footer>) {
    let lines: Vec<&str> = rest.lines().collect();
    let breaking =
        lines.iter().position(|line| token_of(line).is_some_and(|(token, _)| token.starts_with("BREAKING")));
    let end = breaking.unwrap_or(lines.len());
    let start = block_before(lines.get(..end).unwrap_or_default());
    let (body, block) = lines.split_at(start.min(lines.len()));
    (body.join("\n"), read(block))
}

/// The line at which the last unbroken run of footer paragraphs in `lines` begins, or their number if the
/// last paragraph is none.
fn block_before(lines: &[&str]) -> usize {
    let mut start = lines.len();
    let mut at = 0;
    for paragraph in lines.split(|line| line.trim().is_empty()) {
        match paragraph.first() {
            Some(first) if token_of(first).is_some() => start = start.min(at),
            Some(_) => start = lines.len(),
            None => {}
        }
        at += paragraph.len() + 1;
    }
    start
}

fn read(block: &[&str]) -> Vec<Footer> {
    let mut footers: Vec<Footer> = Vec::new();
    for line in block {
        match (token_of(line), footers.last_mut()) {
            (Some((token, value)), _) => {
                footers.push(Footer { token: token.to_owned(), value: value.to_owned() });
            }
            (None, Some(last)) => {
                last.value.push('\n');
                last.value.push_str(line);
            }
            (None, None) => {}
        }
    }
    for footer in &mut footers {
        footer.value = footer.value.trim().to_owned();
    }
    footers
}

/// The token and the value of a line that looks like a footer: in column 0 a word or `BREAKING CHANGE`, then
/// `: `, a colon at the end of the line, or ` #`.
fn token_of(line: &str) -> Option<(&str, &str)> {
    static FOOTER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(?:(BREAKING[ -]CHANGES?)(?:: |:$)|([A-Za-z0-9-]+)(?:: |:$| #))(.*)$").ok()
    });
    // Most lines of a body are no footers; the pattern costs ten times this look.
    let begins = line.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !begins || !(line.contains(": ") || line.ends_with(':') || line.contains(" #")) {
        return None;
    }
    let found = FOOTER.as_ref()?.captures(line)?;
    let token = found.get(1).or_else(|| found.get(2))?;
    Some((token.as_str(), found.get(3)?.as_str()))
}

/// A line such as `* fix: a door`, which a forge's squash makes of each commit.
fn is_change_bullet(line: &str) -> bool {
    let rest = line.trim_start().strip_prefix("* ");
    rest.is_some_and(|rest| conventional_commit_parser::parse_summary(rest).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(rest: &str) -> Vec<String> {
        split(rest).1.into_iter().map(|footer| footer.token).collect()
    }

    #[test]
    fn the_last_paragraphs_that_look_like_footers_are_footers() {
        assert_eq!(
            tokens("\nbody: of one line\nand more\n\nmore\n\nRefs: #1\nCloses #2"),
            ["Refs", "Closes"]
        );
        assert_eq!(tokens("\nNote: this\n\nis followed by prose"), [] as [&str; 0]);
        assert_eq!(tokens("\n  indented: value"), [] as [&str; 0]);
        assert_eq!(tokens("Refs: #1"), ["Refs"]);
    }

    #[test]
    fn a_breaking_footer_is_found_wherever_it_stands() {
        assert_eq!(tokens("\nprose\nBREAKING CHANGE: x\n\nprose after it"), ["BREAKING CHANGE"]);
        let (body, footers) = split("\nprose\n\nBREAKING-CHANGE: x\ny\n\nSigned-off-by: z");
        assert_eq!(body.trim(), "prose");
        assert_eq!(footers[0].value, "x\ny");
        assert_eq!(footers[1].token, "Signed-off-by");
    }

    #[test]
    fn prose_about_breaking_changes_is_no_footer() {
        for prose in [
            "\nBREAKING CHANGES of x",
            "\nBREAKING CHANGE of y",
            "\nBREAKING CHANGE #12",
            "\nbreaking changes",
        ] {
            assert!(!split(prose).1.iter().any(Footer::is_breaking), "{prose}");
        }
    }

    #[test]
    fn a_breaking_note_ends_before_the_list_of_a_squash() {
        let footer = Footer { token: "BREAKING CHANGE".to_owned(), value: "gone\n* fix: b\n* c".to_owned() };
        assert_eq!(footer.note(), "gone");
    }
}
