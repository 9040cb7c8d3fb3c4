//! One commit message, read once; lint, bump, notes and comparison all use this one result.
//!
//! The grammar is Conventional Commits 1.0.0. The crate `conventional_commit_parser` decides what a header is;
//! the footers are found by line (see `footer`).

mod footer;
mod plain;
mod special;

use std::borrow::Cow;

use conventional_commit_parser::error::ParseErrorKind;
use pest::error::LineColLocation;
use semver::Version;
use serde::Serialize;

pub use self::footer::Footer;
pub use self::special::Special;

/// A commit message as facts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    /// The first line, without blanks around it.
    pub header: String,
    pub kind: Kind,
    /// What stands between header and footers.
    pub body: String,
    pub footers: Vec<Footer>,
    /// The texts of the breaking notes; with a mere `!` the description is the note.
    pub breaking: Vec<String>,
    /// What the grammar does not allow in a header whose meaning is plain all the same: blanks in the scope.
    pub lapse: Option<Mistake>,
    pub source: Source,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Commit,
    /// In a note, which corrects what the commit says.
    Note,
}

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    Conventional(Change),
    Special(Special),
    /// It is neither; kept with the reason, since a commit is never dropped.
    Free(Mistake),
}

/// The parts of a conventional header.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Change {
    /// In lower case, as the specification compares types without case.
    pub r#type: String,
    pub scope: Option<String>,
    /// Without a trailing `(#n)`.
    pub description: String,
    /// The pull request that a forge put at the end of the header.
    pub pull_request: Option<u64>,
}

/// Why a header does not parse.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mistake {
    pub problem: &'static str,
    /// Counted in characters from 1.
    pub column: usize,
}

impl Message {
    /// Reads a message; it has lost its comments before, and never fails: what does not parse is kept as such.
    pub fn parse(text: &str) -> Self {
        let text = normalise(text);
        let (header, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let header = header.trim();
        let (body, footers) = footer::split(rest);
        let ((kind, bang), lapse) = classify_leniently(header);
        let mut breaking: Vec<String> =
            footers.iter().filter(|footer| footer.is_breaking()).map(Footer::note).collect();
        if bang && breaking.is_empty() {
            breaking.extend(kind.description().map(str::to_owned));
        }
        // A squash of a branch that holds a release has its footer too, below a title of its own.
        let is_release =
            footers.iter().any(|footer| footer.is("release-id")) && special::names_a_version(header);
        let kind = if is_release { Kind::Special(Special::OwnRelease) } else { kind };
        Self {
            header: header.to_owned(),
            kind,
            body: body.trim().to_owned(),
            footers,
            breaking,
            lapse,
            source: Source::Commit,
        }
    }

    /// The same message as a note has it.
    pub fn parse_note(text: &str) -> Self {
        Self { source: Source::Note, ..Self::parse(text) }
    }

    /// The changes that a squash listed in its body: each line `* type: …` or `- type: …` as a message of its own, with
    /// the footers below it. One that repeats the title is left out.
    pub fn listed(&self) -> Vec<Self> {
        let mut texts: Vec<String> = Vec::new();
        for line in self.body.lines() {
            let bullet = line.strip_prefix("* ").or_else(|| line.strip_prefix("- "));
            match (bullet, texts.last_mut()) {
                (Some(title), _) => texts.push(title.trim().to_owned()),
                (None, Some(last)) => {
                    last.push('\n');
                    last.push_str(line.trim());
                }
                (None, None) => {}
            }
        }
        let own = self.change().map(|change| (&change.r#type, &change.description));
        let parsed = texts.iter().map(|text| Self { source: self.source, ..Self::parse(text) });
        parsed
            .filter(|message| {
                let change = message.change().map(|change| (&change.r#type, &change.description));
                change.is_some() && change != own
            })
            .collect()
    }

    /// The commits that this one was picked from, as `git cherry-pick -x` notes them.
    pub fn picked_from(&self) -> Vec<String> {
        special::picked_from(&self.body, &self.footers)
    }

    /// The conventional parts, of an Azure pull request's title too.
    pub fn change(&self) -> Option<&Change> {
        match &self.kind {
            Kind::Conventional(change) => Some(change),
            _ => None,
        }
    }

    /// Whether shipmark made it, with a release.
    pub fn is_release(&self) -> bool {
        self.kind == Kind::Special(Special::OwnRelease)
    }

    /// The version that a `Release-As:` footer asks for, the last one of several; `Err` holds a text that is
    /// no version. Prose below it does not hide it: a line in the body that can mean nothing else counts too.
    pub fn release_as(&self) -> Option<Result<Version, String>> {
        if let Some(footer) = self.footers.iter().rfind(|footer| footer.is("release-as")) {
            return Some(version(&footer.value).ok_or_else(|| footer.value.clone()));
        }
        let asked = |line: &str| {
            let (token, value) = line.split_once(": ")?;
            token.eq_ignore_ascii_case("release-as").then(|| version(value))?
        };
        self.body.lines().rev().find_map(asked).map(Ok)
    }

    /// Whether a header that does not parse carries the mark of a breaking change.
    pub fn hints_at_breaking(&self) -> bool {
        matches!(self.kind, Kind::Free(_)) && self.breaking.is_empty() && self.header.contains("!: ")
    }

    /// The commits that this one takes back, as far as it names them: object ids of at least 7 digits.
    pub fn revert_targets(&self) -> Vec<String> {
        special::revert_targets(&self.body, &self.footers)
    }

    /// The header that a revert quotes; `None` if this is no revert.
    pub fn reverted_header(&self) -> Option<&str> {
        match &self.kind {
            Kind::Special(Special::Revert { header }) => Some(header),
            Kind::Conventional(change) if change.r#type == "revert" => Some(&change.description),
            _ => None,
        }
    }
}

impl Kind {
    fn description(&self) -> Option<&str> {
        match self {
            Self::Conventional(change) => Some(&change.description),
            _ => None,
        }
    }
}

/// A version as people write it, with or without the `v` of a tag.
fn version(text: &str) -> Option<Version> {
    let text = text.trim();
    Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()
}

/// Line ends become LF; blank lines and those that `git log --show-signature` adds go from the start, blank
/// lines from the end.
fn normalise(text: &str) -> String {
    let text = match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
        false => Cow::Borrowed(text),
    };
    let start =
        text.split_inclusive('\n').take_while(|line| line.trim().is_empty() || line.starts_with("gpg: "));
    let skipped: usize = start.map(str::len).sum();
    text.get(skipped..).unwrap_or_default().trim_end().to_owned()
}

/// A header such as `feat(a, b)!: x` breaks a rule, but that it is a breaking feature is plain; to count it for
/// nothing would be the greater error.
fn classify_leniently(header: &str) -> ((Kind, bool), Option<Mistake>) {
    let read = classify(header);
    let (Kind::Free(mistake), Some((r#type, scope, rest))) = (&read.0, in_parentheses(header)) else {
        return (read, None);
    };
    let joined = format!("{}({}){rest}", r#type, scope.replace(char::is_whitespace, ""));
    match classify(&joined) {
        (Kind::Conventional(change), bang) => {
            let change = Change { scope: Some(scope.to_owned()), ..change };
            ((Kind::Conventional(change), bang), Some(mistake.clone()))
        }
        _ => (read, None),
    }
}

/// What stands before, in and behind the first parentheses.
fn in_parentheses(header: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = header.split_once('(')?;
    let (inside, behind) = rest.split_once(')')?;
    Some((before, inside, behind))
}

/// What a header is, and whether it carries the breaking mark.
fn classify(header: &str) -> (Kind, bool) {
    if let Some(special) = special::recognise(header) {
        return (Kind::Special(special), false);
    }
    let (azure, header) = special::azure_pull_request(header);
    let conventional = |r#type: &str, scope: Option<String>, summary: &str| {
        let (description, trailing) = special::trailing_pull_request(summary.trim());
        Kind::Conventional(Change {
            r#type: r#type.to_ascii_lowercase(),
            scope,
            description: description.to_owned(),
            pull_request: azure.or(trailing),
        })
    };
    if let Some(plain) = plain::read(header) {
        return (conventional(plain.r#type, plain.scope.map(str::to_owned), plain.summary), plain.breaking);
    }
    match conventional_commit_parser::parse_summary(header) {
        Ok(parsed) => (
            conventional(parsed.commit_type.as_ref(), parsed.scope, &parsed.summary),
            parsed.is_breaking_change,
        ),
        Err(error) => {
            let column = match error.inner.line_col {
                LineColLocation::Pos((_, column)) | LineColLocation::Span((_, column), _) => column,
            };
            (Kind::Free(Mistake { problem: problem(&error.kind), column }), false)
        }
    }
}

fn problem(kind: &ParseErrorKind) -> &'static str {
    match kind {
        ParseErrorKind::MissingSeparator => "a type and a colon are missing at the start",
        ParseErrorKind::MissingWhiteSpace => "a blank is missing after the colon",
        ParseErrorKind::UnexpectedParenthesis => "a scope holds no parenthesis",
        ParseErrorKind::UnexpectedWhitespaceOrNewLine => "a scope holds no blank",
        ParseErrorKind::MalformedScope => "the scope is empty or not closed",
        ParseErrorKind::MalformedOrUnexpectedFooterSeparator | ParseErrorKind::Other => {
            "it is not `type(scope): description`"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str) -> Change {
        Message::parse(text).change().cloned().unwrap_or_else(|| panic!("{text:?}"))
    }

    #[test]
    fn a_header_has_type_scope_and_description() {
        let parsed = change("FEAT(api)!:   add a door (#61)\n\nbody");
        assert_eq!(
            parsed,
            Change {
                r#type: "feat".to_owned(),
                scope: Some("api".to_owned()),
                description: "add a door".to_owned(),
                pull_request: Some(61),
            }
        );
    }

    #[test]
    fn the_breaking_mark_takes_the_description_and_a_footer_its_own_text() {
        assert_eq!(Message::parse("chore!: drop Node 18").breaking, ["drop Node 18"]);
        let text = "feat!: x\n\nbody\n\nBREAKING CHANGE: the door\nopens inwards\nRefs: #3";
        assert_eq!(Message::parse(text).breaking, ["the door opens inwards"]);
        assert!(Message::parse("feat: x\n\nbreaking change: no").breaking.is_empty());
    }

    #[test]
    fn crlf_and_leading_blanks_do_not_matter() {
        let message = Message::parse("\r\n\r\nfix: a\r\n\r\nbody\r\n\r\nBREAKING CHANGE: b\r\n");
        assert_eq!(message.header, "fix: a");
        assert_eq!(message.body, "body");
        assert_eq!(message.breaking, ["b"]);
    }

    #[test]
    fn what_does_not_parse_is_kept_with_its_place() {
        for (header, problem, column) in [
            ("add a door", "a type and a colon are missing at the start", 4),
            ("feat:add", "a blank is missing after the colon", 6),
            ("i18n: x", "a type and a colon are missing at the start", 2),
        ] {
            let Kind::Free(mistake) = Message::parse(header).kind else { panic!("{header}") };
            assert_eq!((mistake.problem, mistake.column), (problem, column), "{header}");
        }
        assert!(matches!(Message::parse("").kind, Kind::Free(_)));
    }

    #[test]
    fn blanks_in_a_scope_are_a_lapse_and_no_riddle() {
        let message = Message::parse("feat(a, b)!: x (#3)");
        let lapse = message.lapse.clone().unwrap();
        assert_eq!((lapse.problem, lapse.column), ("a scope holds no blank", 8));
        let change = message.change().unwrap();
        assert_eq!((change.scope.as_deref(), change.description.as_str()), (Some("a, b"), "x"));
        assert_eq!(message.breaking, ["x"]);
        assert_eq!(Message::parse("feat(a): x").lapse, None);
        assert!(Message::parse("see (a b): x").change().is_none());
    }

    #[test]
    fn the_plural_of_the_breaking_token_counts() {
        assert_eq!(Message::parse("fix: a\n\nBREAKING CHANGES: gone\n\nprose").breaking, ["gone prose"]);
    }

    #[test]
    fn a_breaking_footer_counts_below_any_header() {
        assert_eq!(Message::parse("whatever\n\nBREAKING CHANGE: gone").breaking, ["gone"]);
    }

    #[test]
    fn release_as_is_a_version_or_named_as_none() {
        let read = |text: &str| Message::parse(text).release_as();
        assert_eq!(read("chore: x\n\nRelease-As: 2.0.0"), Some(Ok(Version::new(2, 0, 0))));
        assert_eq!(read("chore: x\n\nRelease-As: two"), Some(Err("two".to_owned())));
        assert_eq!(read("chore: x\n\nno footer"), None);
        assert_eq!(read("chore: x\n\nRelease-As: v2.0.0"), Some(Ok(Version::new(2, 0, 0))));
        assert_eq!(read("chore: x\n\nRelease-As: 2.0.0\n\nand prose"), Some(Ok(Version::new(2, 0, 0))));
        assert_eq!(read("chore: x\n\nRelease-As: soon\n\nand prose"), None);
    }

    #[test]
    fn a_mark_in_a_header_that_does_not_parse_is_a_hint() {
        let hints = |text: &str| Message::parse(text).hints_at_breaking();
        assert!(hints("i18n!: x"));
        assert!(!hints("feat!: x"));
        assert!(!hints("i18n: x!"));
    }

    #[test]
    fn a_squash_lists_its_changes() {
        let text = "feat: a door (#3)\n\n* feat: a door\n* fix(api)!: a lock\n  with a key\n\n  Refs: #7\n- not a change\n\n* docs: words";
        let listed = Message::parse(text).listed();
        let headers: Vec<&str> = listed.iter().map(|message| message.header.as_str()).collect();
        assert_eq!(headers, ["fix(api)!: a lock", "docs: words"]);
        assert_eq!(listed[0].breaking, ["a lock"]);
        assert!(listed[0].footers[0].is("refs"));
    }

    #[test]
    fn a_pick_names_its_origin() {
        let oid = "0123456789abcdef0123456789abcdef01234567";
        for text in [
            format!("fix: a\n\n(cherry picked from commit {oid})"),
            format!("fix: a\n\nbody\n\nRefs: #1\n(cherry picked from commit {oid})"),
        ] {
            assert_eq!(Message::parse(&text).picked_from(), [oid], "{text}");
        }
        assert!(Message::parse("fix: a\n\ncherry picked from commit of his").picked_from().is_empty());
    }

    #[test]
    fn own_releases_are_known_by_their_footer() {
        let message = Message::parse("chore(release): 1.0.0\n\nRelease-Id: 0f");
        assert_eq!(message.kind, Kind::Special(Special::OwnRelease));
        assert!(Message::parse("feat: a door (#7)\n\nRelease-Id: 0f").change().is_some());
    }
}
