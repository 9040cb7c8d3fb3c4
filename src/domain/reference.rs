//! The issues that a commit refers to, with their pages.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use super::links::{Forge, Links};
use super::message::{Footer, Message};
use super::text;

/// One reference that has a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// As the commit wrote it, in Markdown: `#61`, `acme/api#7`, `GH-3`, `!5`, `HD-12`.
    pub text: String,
    pub link: String,
}

/// Where the issues of another tracker are: `links.issues`.
#[derive(Debug, Clone)]
pub struct Tracker {
    pub pattern: Regex,
    /// Holds `{issue}`.
    pub url: String,
}

impl Tracker {
    /// Reads a pattern such as `HD-[0-9]+` and the address of a page.
    pub fn parse_pattern(text: &str) -> Option<Regex> {
        // Anything may stand around a reference but the letters and digits of a longer word.
        let pattern =
            regex::RegexBuilder::new(&format!(r"\b(?:{text})\b")).size_limit(1024 * 1024).build().ok()?;
        let takes_nothing = Regex::new(&format!("^(?:{text})$")).is_ok_and(|whole| whole.is_match(""));
        (!takes_nothing).then_some(pattern)
    }
}

/// The footers in which issues are named (closing words of the forges, and the customary ones).
const TOKENS: [&str; 17] = [
    "close",
    "closes",
    "closed",
    "fix",
    "fixes",
    "fixed",
    "resolve",
    "resolves",
    "resolved",
    "ref",
    "refs",
    "reference",
    "references",
    "see",
    "issue",
    "issues",
    "related",
];

/// What a message refers to in its subject and in the footers that are for it, each once, in their order. Prose of
/// the body is left out, since it tells of other issues too; so is the pull request that the entry names anyway, and
/// what has no page.
pub fn references(message: &Message, links: Option<&Links>, trackers: &[Tracker]) -> Vec<Reference> {
    let change = message.change();
    let mut texts: Vec<String> = change.map(|change| change.description.clone()).into_iter().collect();
    for footer in message.footers.iter().filter(|footer| is_for_issues(footer)) {
        // `Closes #61` is a footer of the token `Closes` and the value `61`.
        let bare = footer.value.starts_with(|c: char| c.is_ascii_digit());
        texts.push(if bare { format!("#{}", footer.value) } else { footer.value.clone() });
    }
    let pull_request = change.and_then(|change| change.pull_request).map(|number| format!("#{number}"));
    let mut found: Vec<Reference> = Vec::new();
    for text in &texts {
        let own = links.map(|links| on_forge(text, links)).unwrap_or_default();
        for reference in own.into_iter().chain(trackers.iter().flat_map(|tracker| on_tracker(text, tracker)))
        {
            if Some(&reference.text) != pull_request.as_ref() && !found.contains(&reference) {
                found.push(reference);
            }
        }
    }
    found
}

fn is_for_issues(footer: &Footer) -> bool {
    TOKENS.iter().any(|token| footer.is(token))
}

/// References in the forms of the forges; a `#` inside a word or an address is none.
fn on_forge(text: &str, links: &Links) -> Vec<Reference> {
    static FORMS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s(,;])(([\w.-]+/[\w.-]+)?#([0-9]{1,18})|GH-([0-9]{1,18})|!([0-9]{1,18}))\b").ok()
    });
    let Some(forms) = FORMS.as_ref() else { return Vec::new() };
    let mut found = Vec::new();
    for captures in forms.captures_iter(text) {
        let number = |at| captures.get(at).and_then(|found| found.as_str().parse::<u64>().ok());
        let link = match (captures.get(2), number(3), number(4), number(5)) {
            (Some(other), Some(issue), ..) => links.beside(other.as_str()).map(|other| other.issue(issue)),
            (None, Some(issue), ..) => Some(links.issue(issue)),
            (_, _, Some(issue), _) if links.forge() == Forge::GitHub => Some(links.issue(issue)),
            (_, _, _, Some(request)) if links.forge() == Forge::GitLab => Some(links.pull_request(request)),
            _ => None,
        };
        if let (Some(link), Some(text)) = (link, captures.get(1)) {
            found.push(Reference { text: shown(text.as_str()), link });
        }
    }
    found
}

/// The text of a link, in which a `#` refers to nothing by itself.
fn shown(text: &str) -> String {
    text::markdown(text).replace("&#35;", "#")
}

fn on_tracker(text: &str, tracker: &Tracker) -> Vec<Reference> {
    let page = |issue: &str| {
        let encoded: String = url::form_urlencoded::byte_serialize(issue.as_bytes()).collect();
        tracker.url.replace("{issue}", &encoded)
    };
    let found = tracker.pattern.find_iter(text).map(|found| found.as_str());
    found.map(|issue| Reference { text: shown(issue), link: page(issue) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, remote: &str) -> Vec<(String, String)> {
        let links = Links::of_remote(remote);
        let tracker = Tracker {
            pattern: Tracker::parse_pattern("HD-[0-9]+").unwrap(),
            url: "https://t.example/{issue}".to_owned(),
        };
        let references = references(&Message::parse(text), links.as_ref(), &[tracker]);
        references.into_iter().map(|found| (found.text, found.link)).collect()
    }

    #[test]
    fn subject_and_footers_refer_to_issues() {
        let text = "fix: a, see #3 (#7)\n\nprose on #9\n\nCloses #12\nRefs: acme/api#4, GH-5, HD-1, #3\nSigned-off-by: #8";
        let pages: Vec<String> =
            found(text, "https://github.com/a/b").into_iter().map(|(_, link)| link).collect();
        assert_eq!(
            pages,
            [
                "https://github.com/a/b/issues/3",
                "https://github.com/a/b/issues/12",
                "https://github.com/acme/api/issues/4",
                "https://github.com/a/b/issues/5",
                "https://t.example/HD-1",
            ]
        );
    }

    #[test]
    fn what_only_looks_like_a_reference_is_none() {
        for text in
            ["fix: a#1", "fix: https://x.example/y#3", "fix: #1a", "fix: XHD-1", "fix: HD-1x", "fix: !1"]
        {
            assert_eq!(found(text, "https://github.com/a/b"), [], "{text}");
        }
        assert_eq!(found("fix: #1", "/srv/x.git"), []);
        assert_eq!(
            found("fix: !1", "https://gitlab.com/a/b")[0].1,
            "https://gitlab.com/a/b/-/merge_requests/1"
        );
        assert!(Tracker::parse_pattern("x*").is_none());
    }
}
