//! The rules of Conventional Commits for one message: every violation at once, each with its mend.

use serde::Serialize;

use super::message::{Kind, Message, Mistake};

/// The types that are known beside those of the configuration: the usual eleven of the Angular convention,
/// which the specification refers to.
const USUAL: [&str; 11] =
    ["build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test"];

/// A header above this length is cut in most lists of commits.
const HEADER_LENGTH: usize = 100;

/// Whether a violation stops the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub rule: &'static str,
    pub severity: Severity,
    pub problem: String,
    /// A mended header, where one can be made.
    pub example: Option<String>,
}

/// Judges a message. `types` are those that the configuration adds. Merges, reverts, autosquash commits and
/// releases are git's or our own and pass.
pub fn lint<'a>(message: &Message, types: impl Iterator<Item = &'a str> + Clone) -> Vec<Violation> {
    let mut found = Vec::new();
    match &message.kind {
        Kind::Special(_) => return found,
        Kind::Free(mistake) => found.push(unparsed(message, mistake)),
        Kind::Conventional(change) => {
            found.extend(message.lapse.iter().map(|lapse| unparsed(message, lapse)));
            let known =
                USUAL.contains(&change.r#type.as_str()) || types.clone().any(|name| name == change.r#type);
            if !known {
                found.push(unknown_type(message, &change.r#type, types));
            }
            if change.description.ends_with('.') {
                let mended = message.header.trim_end_matches('.').to_owned();
                found.push(warning("full-stop", "the description ends in a full stop", Some(mended)));
            }
        }
    }
    found.extend(misspelt_breaking(message));
    let length = message.header.chars().count();
    if length > HEADER_LENGTH {
        let problem = format!("the first line has {length} characters, more than {HEADER_LENGTH}");
        found.push(warning("header-length", &problem, None));
    }
    found
}

/// Every known type in alphabetical order: the usual ones and those of the configuration.
pub fn known<'a>(types: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known: Vec<&str> = USUAL.into_iter().chain(types).collect();
    known.sort_unstable();
    known.dedup();
    known
}

/// Whether the message must be refused.
pub fn refuses(violations: &[Violation]) -> bool {
    violations.iter().any(|violation| violation.severity == Severity::Error)
}

fn error(rule: &'static str, problem: String, example: Option<String>) -> Violation {
    Violation { rule, severity: Severity::Error, problem, example }
}

fn warning(rule: &'static str, problem: &str, example: Option<String>) -> Violation {
    Violation { rule, severity: Severity::Warning, problem: problem.to_owned(), example }
}

fn unparsed(message: &Message, mistake: &Mistake) -> Violation {
    let problem = format!("column {}: {}", mistake.column, mistake.problem);
    error("header", problem, Some(mended(&message.header)))
}

/// A guess at what was meant: the text behind a separator that is nearly right, under the type that the
/// first word suggests.
fn mended(header: &str) -> String {
    if let Some((start, rest)) = header.split_once(':') {
        if start.trim().eq_ignore_ascii_case("BREAKING CHANGE") {
            return format!("feat!: {}", rest.trim());
        }
        let start = start.replace(char::is_whitespace, "");
        let whole = format!("{start}: {}", rest.trim());
        if matches!(Message::parse(&whole).kind, Kind::Conventional(_)) {
            return whole;
        }
    }
    let mut words = header.split_whitespace();
    let first = words.next().unwrap_or("describe the change").to_lowercase();
    let kind = match first.trim_end_matches(|c: char| !c.is_alphanumeric()) {
        "add" | "adds" | "added" | "allow" | "implement" | "implements" | "introduce" | "support" => "feat",
        "document" | "documents" | "readme" | "docs" => "docs",
        "test" | "tests" => "test",
        "bump" | "update" | "upgrade" => "chore",
        "refactor" | "rename" | "move" | "clean" => "refactor",
        _ => "fix",
    };
    let rest: Vec<&str> = words.collect();
    format!("{kind}: {first} {}", rest.join(" ")).trim_end().to_owned()
}

fn unknown_type<'a>(message: &Message, written: &str, types: impl Iterator<Item = &'a str>) -> Violation {
    let known = known(types);
    let near = known
        .iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(name, written), *name))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name);
    let rest = message.header.get(written.len()..).unwrap_or_default();
    let problem = format!("`{written}` is no known type; known are {}", known.join(", "));
    error("type", problem, near.map(|name| format!("{name}{rest}")))
}

/// What looks like the token of a breaking change and is none (specification, items 12 and 15): another case, a
/// plural, an indented line, no blank after the colon, or Markdown around it.
fn misspelt_breaking(message: &Message) -> Option<Violation> {
    let footers = message.footers.iter().filter(|footer| !footer.is_breaking_token());
    let footers = footers.map(|footer| format!("{}: {}", footer.token, footer.value));
    let lines = footers.chain(message.body.lines().map(str::to_owned));
    let near = |line: String| {
        let (token, rest) = line.split_once(':')?;
        let word = token.to_ascii_lowercase().replace(['-', '*', '_', '`'], " ");
        let word = word.split_whitespace().collect::<Vec<_>>().join(" ");
        matches!(word.as_str(), "breaking change" | "breaking changes" | "breaking").then(|| {
            let exact = matches!(token.trim(), "BREAKING CHANGE" | "BREAKING-CHANGE");
            match exact {
                true if token != token.trim() => "the line must not be indented".to_owned(),
                true if !rest.starts_with(' ') => "a blank is missing after the colon".to_owned(),
                _ => format!("`{}:` is not the token", token.trim()),
            }
        })
    };
    let why = lines.into_iter().find_map(near)?;
    let problem = format!("{why}; write `BREAKING CHANGE: text` at the start of a line");
    Some(error("breaking-token", problem, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<&'static str> {
        let found = lint(&Message::parse(text), ["security"].into_iter());
        found.into_iter().map(|violation| violation.rule).collect()
    }

    fn example(text: &str) -> Option<String> {
        lint(&Message::parse(text), [].into_iter()).into_iter().next()?.example
    }

    #[test]
    fn good_messages_and_those_of_git_pass() {
        for text in
            ["feat: x", "security(api)!: x", "Merge branch 'a'", "Revert \"feat: x\"", "fixup! feat: x"]
        {
            assert!(rules(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn each_rule_is_named() {
        assert_eq!(rules("add a door"), ["header"]);
        assert_eq!(rules("feta: x"), ["type"]);
        assert_eq!(rules("feat: x."), ["full-stop"]);
        assert_eq!(rules(&format!("feat: {}", "x".repeat(95))), ["header-length"]);
        assert_eq!(rules("feat: x\n\nBREAKING CHANGES: y"), ["breaking-token"]);
        for near in
            ["Breaking-Change: y", "BREAKING CHANGE:y", "  BREAKING CHANGE: y", "**BREAKING CHANGE**: y"]
        {
            assert_eq!(rules(&format!("feat: x\n\n{near}")), ["breaking-token"], "{near}");
        }
        assert!(!refuses(&lint(&Message::parse("feat: x."), [].into_iter())));
    }

    #[test]
    fn the_example_is_a_header_that_passes() {
        for (text, mended) in [
            ("Add a door", "feat: add a door"),
            ("feat:x", "feat: x"),
            ("feat (api) : x", "feat(api): x"),
            ("the door squeaks", "fix: the door squeaks"),
            ("feta(api): x", "feat(api): x"),
            ("BREAKING CHANGE: x", "feat!: x"),
        ] {
            assert_eq!(example(text).as_deref(), Some(mended));
            assert!(rules(mended).is_empty());
        }
    }
}
