//! Messages that git and the forges write themselves; they are recognised before the grammar.

use std::sync::LazyLock;

use regex::Regex;
use semver::Version;

use super::Footer;

/// A message with a meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Special {
    /// A merge, by its words; one without them is known by its parents.
    Merge,
    /// `Revert "…"` or `Reapply "…"`, with the header that it takes back.
    Revert { header: String },
    /// `fixup!`, `squash!` or `amend!`, which a rebase should have folded in.
    Autosquash,
    /// A release that shipmark made.
    OwnRelease,
    /// The header is nothing but a version, as some release tools write it.
    BareVersion,
}

const MERGES: [&str; 7] = [
    "Merge branch ",
    "Merge tag ",
    "Merge commit ",
    "Merge remote-tracking branch ",
    "Merge pull request #",
    "Merged in ",
    "Auto-merged ",
];

pub(super) fn recognise(header: &str) -> Option<Special> {
    if MERGES.iter().any(|start| header.starts_with(start))
        || (header.starts_with("Merge ") && header.contains(" into "))
    {
        return Some(Special::Merge);
    }
    if ["fixup! ", "squash! ", "amend! "].iter().any(|start| header.starts_with(start)) {
        return Some(Special::Autosquash);
    }
    if Version::parse(header.strip_prefix('v').unwrap_or(header)).is_ok() {
        return Some(Special::BareVersion);
    }
    reverted(header)
}

/// Whether a version stands somewhere in the header, as it does in the subject of every release.
pub(super) fn names_a_version(header: &str) -> bool {
    let words = header.split(|c: char| !(c.is_ascii_alphanumeric() || ".-+".contains(c)));
    words
        .map(|word| word.trim_start_matches(|c: char| !c.is_ascii_digit()))
        .any(|word| Version::parse(word).is_ok())
}

/// `Reapply "x"` takes back the revert of `x`, so the header it quotes is `Revert "x"`. A forge that squashes a
/// revert puts the number of its pull request behind it.
fn reverted(header: &str) -> Option<Special> {
    let (header, _) = trailing_pull_request(header);
    let quoted = |start: &str| header.strip_prefix(start)?.strip_suffix('"');
    let header = match (quoted("Revert \""), quoted("Reapply \"")) {
        (Some(inner), _) => inner.to_owned(),
        (None, Some(inner)) => format!("Revert \"{inner}\""),
        (None, None) => return None,
    };
    Some(Special::Revert { header })
}

/// Azure writes `Merged PR 12: title`; the title is what counts.
pub(super) fn azure_pull_request(header: &str) -> (Option<u64>, &str) {
    let parts = header.strip_prefix("Merged PR ").and_then(|rest| rest.split_once(": "));
    match parts.and_then(|(number, title)| Some((number.parse().ok()?, title))) {
        Some((number, title)) => (Some(number), title),
        None => (None, header),
    }
}

/// GitHub and others put `(#12)` at the end of a squashed title.
pub(super) fn trailing_pull_request(description: &str) -> (&str, Option<u64>) {
    let parts = description.strip_suffix(')').and_then(|rest| rest.rsplit_once("(#"));
    match parts.and_then(|(text, number)| Some((text.trim_end(), number.parse().ok()?))) {
        Some((text, number)) if !text.is_empty() => (text, Some(number)),
        _ => (description, None),
    }
}

/// `This reverts commit OID` as git writes it, and the `Refs:` footer of the specification's example.
pub(super) fn revert_targets(body: &str, footers: &[Footer]) -> Vec<String> {
    static REVERTS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[Tt]his reverts commit ([0-9a-f]{7,64})\b").ok());
    static OID: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b[0-9a-f]{7,64}\b").ok());
    let find = |pattern: &LazyLock<Option<Regex>>, text: &str| -> Vec<String> {
        let Some(pattern) = pattern.as_ref() else { return Vec::new() };
        let last = |found: regex::Captures| Some(found.iter().flatten().last()?.as_str().to_owned());
        pattern.captures_iter(text).filter_map(last).collect()
    };
    let values = footers.iter().filter(|footer| footer.is("refs"));
    let mut targets = find(&REVERTS, body);
    targets.extend(footers.iter().flat_map(|footer| find(&REVERTS, &footer.value)));
    targets.extend(values.flat_map(|footer| find(&OID, &footer.value)));
    targets
}

/// `(cherry picked from commit OID)` as `git cherry-pick -x` writes it.
pub(super) fn picked_from(body: &str, footers: &[Footer]) -> Vec<String> {
    static PICKED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\(cherry picked from commit ([0-9a-f]{7,64})\)").ok());
    let Some(pattern) = PICKED.as_ref() else { return Vec::new() };
    let texts = std::iter::once(body).chain(footers.iter().map(|footer| footer.value.as_str()));
    let oid = |found: regex::Captures| Some(found.get(1)?.as_str().to_owned());
    texts.flat_map(|text| pattern.captures_iter(text).filter_map(oid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_and_forges_write_is_recognised() {
        for header in [
            "Merge branch 'main' into topic",
            "Merge pull request #12 from a/b",
            "Merge remote-tracking branch 'origin/main'",
            "Merge abc into def",
            "Merged in topic (pull request #3)",
        ] {
            assert_eq!(recognise(header), Some(Special::Merge), "{header}");
        }
        assert_eq!(recognise("fixup! feat: x"), Some(Special::Autosquash));
        assert_eq!(recognise("v1.2.3"), Some(Special::BareVersion));
        assert_eq!(recognise("Merge the doors"), None);
        assert_eq!(recognise("feat: x"), None);
    }

    #[test]
    fn a_reapply_takes_back_the_revert() {
        let header = |text| match recognise(text) {
            Some(Special::Revert { header }) => header,
            other => panic!("{other:?}"),
        };
        assert_eq!(header("Revert \"feat: x\""), "feat: x");
        assert_eq!(header("Reapply \"feat: x\""), "Revert \"feat: x\"");
        assert_eq!(header("Revert \"Revert \"feat: x\"\""), "Revert \"feat: x\"");
        assert_eq!(header("Revert \"feat: x (#1)\" (#2)"), "feat: x (#1)");
    }

    #[test]
    fn pull_requests_leave_the_title() {
        assert_eq!(azure_pull_request("Merged PR 12: fix: x"), (Some(12), "fix: x"));
        assert_eq!(trailing_pull_request("add a door (#61)"), ("add a door", Some(61)));
        assert_eq!(trailing_pull_request("(#61)"), ("(#61)", None));
        assert_eq!(trailing_pull_request("see (#a)"), ("see (#a)", None));
    }

    #[test]
    fn revert_targets_come_from_the_sentence_and_from_refs() {
        let footers = [Footer { token: "Refs".to_owned(), value: "676104e, a215868".to_owned() }];
        assert_eq!(revert_targets("This reverts commit 0123456789ab.", &[]), ["0123456789ab"]);
        assert_eq!(revert_targets("", &footers), ["676104e", "a215868"]);
        assert!(revert_targets("This reverts commit 0123.", &[]).is_empty());
    }
}
