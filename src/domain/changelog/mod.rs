//! Puts one version's section into an existing changelog and keeps every other byte.

mod fence;
mod section;

use self::section::Section;

/// What a new changelog begins with.
pub const PREAMBLE: &str =
    "# Changelog\n\nWritten from the commits by `shipmark release`, newest version first.\n";

/// The changelog could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangelogError {
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Counted from 1.
    #[error("line {0}: nothing closes this fence of code, so no one can say which headings are in it")]
    OpenFence(usize),
}

/// The text with `section`, which begins with its own heading, in the place of the section of the same
/// version, else above all versions and below `Unreleased`. What a person wrote in that section stays, and what
/// a person wrote below `Unreleased` moves into a release. The same input gives the same bytes, so a second
/// run changes nothing. Line ends are those of the file.
pub fn splice(old: Option<&[u8]>, version: &str, section: &str) -> Result<Vec<u8>, ChangelogError> {
    let old = std::str::from_utf8(old.unwrap_or_default()).map_err(|_| ChangelogError::NotUtf8)?;
    let mut new = spliced_once(old, version, section)?;
    // What one pass leaves may read otherwise to the next one, such as a link definition below which an empty heading
    // is gone. So passes go on until nothing changes.
    for _ in 1..PASSES {
        let again = spliced_once(&new, version, section)?;
        if again == new {
            break;
        }
        new = again;
    }
    Ok(new.into_bytes())
}

/// More than any file has needed.
const PASSES: usize = 8;

fn spliced_once(old: &str, version: &str, section: &str) -> Result<String, ChangelogError> {
    if old.trim_start_matches('\u{FEFF}').trim().is_empty() {
        return Ok(format!("{PREAMBLE}\n{}\n", section.trim_end()));
    }
    if let (_, Some(at)) = fence::fenced(&old.lines().collect::<Vec<_>>()) {
        return Err(ChangelogError::OpenFence(at + 1));
    }
    // A carriage return at the end would become one of a CRLF by what is added.
    let line_end = if old.contains("\r\n") || old.ends_with('\r') { "\r\n" } else { "\n" };
    let mut new = Section::parse(section);
    let old = if version.eq_ignore_ascii_case("unreleased") {
        old.to_owned()
    } else {
        release_unreleased(old, line_end, &mut new)
    };
    let headings = headings(&old);
    let (from, to) = if let Some(at) = headings.iter().position(|heading| heading.names(version)) {
        (start(&headings, at, &old), end(&headings, at, &old))
    } else {
        let wanted = semver::Version::parse(version).ok();
        let below = |heading: &Heading| match (semver::Version::parse(&heading.word).ok(), &wanted) {
            (Some(there), Some(wanted)) => there < *wanted,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let place = headings.iter().position(below);
        let at = place.map_or_else(|| before_definitions(&old), |at| start(&headings, at, &old));
        (at, at)
    };
    new.keep(Section::parse(&lf(old.get(from..to).unwrap_or_default())));
    let text = new.render().replace('\n', line_end);
    let (before, after) = (old.get(..from).unwrap_or_default(), old.get(to..).unwrap_or_default());
    let gap_before = if before.is_empty() { "" } else { missing_blank(before, line_end) };
    let replaced = old.get(from..to).unwrap_or_default();
    let gap_after = match after.is_empty() {
        true if replaced.is_empty() || replaced.ends_with('\n') => line_end.to_owned(),
        true => String::new(),
        false => line_end.repeat(2),
    };
    Ok(format!("{before}{gap_before}{text}{gap_after}{after}"))
}

/// Moves what a person wrote below `Unreleased` into the release and leaves the heading. Text that is nobody's
/// but the file's stays byte for byte.
fn release_unreleased(old: &str, line_end: &str, new: &mut Section) -> String {
    let headings = headings(old);
    let Some(at) = headings.iter().position(|heading| heading.names("unreleased")) else {
        return old.to_owned();
    };
    let (from, to) = (start(&headings, at, old), end(&headings, at, old));
    let text = lf(old.get(from..to).unwrap_or_default());
    let left = Section::emptied(&text).replace('\n', line_end);
    if lf(&left) == text.trim_end() {
        return old.to_owned();
    }
    let mut unreleased = Section::parse(&text);
    unreleased.leave_definitions();
    new.keep(unreleased);
    let (before, after) = (old.get(..from).unwrap_or_default(), old.get(to..).unwrap_or_default());
    let gap = if after.is_empty() { line_end.to_owned() } else { line_end.repeat(2) };
    format!("{before}{left}{gap}{after}")
}

/// The place above the link definitions at the end of the file, or its end.
fn before_definitions(text: &str) -> usize {
    let mut at = text.len();
    let mut end = text.len();
    for line in text.split_inclusive('\n').rev() {
        end -= line.len();
        let plain = line.trim();
        if plain.starts_with('[') && plain.contains("]: ") {
            at = end;
        } else if !plain.is_empty() {
            break;
        }
    }
    at
}

fn lf(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The versions that have a section, from the top.
pub fn versions(text: &str) -> Vec<semver::Version> {
    headings(text).iter().filter_map(|heading| semver::Version::parse(&heading.word).ok()).collect()
}

/// What lacks at the end of `before` for a blank line.
fn missing_blank<'a>(before: &str, line_end: &'a str) -> &'a str {
    let Some(line) = before.strip_suffix('\n') else {
        return if line_end == "\n" { "\n\n" } else { "\r\n\r\n" };
    };
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.ends_with('\n') { "" } else { line_end }
}

/// A heading that bounds a section.
struct Heading {
    start: usize,
    /// Its first word in lower case without brackets.
    word: String,
    /// Whether that word is a version or `Unreleased`.
    version: bool,
}

impl Heading {
    fn names(&self, version: &str) -> bool {
        self.version && self.word == version.to_lowercase()
    }
}

/// Where a section ends: at the next one, or above the link definitions at the end of the file, which are the file's.
fn end(headings: &[Heading], at: usize, text: &str) -> usize {
    match headings.get(at + 1) {
        Some(next) => next.start,
        None => before_definitions(text).max(start(headings, at, text)),
    }
}

fn start(headings: &[Heading], at: usize, text: &str) -> usize {
    headings.get(at).map_or(text.len(), |heading| heading.start)
}

/// The headings of the second level, and those of the first and third that name a version, as other tools
/// write them; none inside a fence of code.
fn headings(text: &str) -> Vec<Heading> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (inside, _) = fence::fenced(&lines);
    let (mut found, mut start) = (Vec::new(), 0);
    for (line, inside) in lines.iter().zip(inside) {
        if !inside {
            found.extend(bounding(start, line));
        }
        start += line.len();
    }
    found
}

/// The heading in a line, if it bounds a section.
fn bounding(start: usize, line: &str) -> Option<Heading> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let heading = heading(start, line.get(level..)?.strip_prefix(' ')?);
    (level == 2 || (matches!(level, 1 | 3) && heading.version)).then_some(heading)
}

fn heading(start: usize, title: &str) -> Heading {
    let word = title.split_whitespace().next().unwrap_or_default();
    let word = word.trim_start_matches('[').split([']', '(']).next().unwrap_or_default();
    let word = word.strip_prefix('v').unwrap_or(word).to_lowercase();
    let version = word == "unreleased" || semver::Version::parse(&word).is_ok();
    Heading { start, word, version }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(old: &str, version: &str, section: &str) -> String {
        let once = splice(Some(old.as_bytes()), version, section).unwrap();
        let twice = splice(Some(&once), version, section).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let once = text(once);
        assert_eq!(text(twice), once, "a second run changes nothing");
        once
    }

    const NEW: &str = "## 1.1.0 - 2026-01-31\n\n- b\n";

    #[test]
    fn a_new_file_has_a_preamble() {
        assert_eq!(spliced("", "1.1.0", NEW), format!("{PREAMBLE}\n{NEW}"));
    }

    #[test]
    fn a_section_goes_below_unreleased_and_above_the_versions() {
        let old = "# Log\n\n## [Unreleased]\n\n## [1.0.0] - 2025-01-01\n\n- a\n";
        assert_eq!(
            spliced(old, "1.1.0", NEW),
            "# Log\n\n## [Unreleased]\n\n## 1.1.0 - 2026-01-31\n\n- b\n\n## [1.0.0] - 2025-01-01\n\n- a\n"
        );
        assert_eq!(spliced("# Log", "1.1.0", NEW), "# Log\n\n## 1.1.0 - 2026-01-31\n\n- b\n");
    }

    #[test]
    fn headings_of_other_tools_are_versions_too() {
        let old = "# [1.0.0](https://x) (2025-01-01)\n\n### Features\n\n- a\n\n### 0.9.1\n";
        assert_eq!(spliced(old, "1.1.0", NEW), format!("{NEW}\n{old}"));
    }

    #[test]
    fn a_section_stands_above_the_lower_versions() {
        let old = "# Log\n\n## 2.0.0\n\n- b\n\n## 1.0.0\n\n- a\n";
        assert_eq!(
            spliced(old, "1.1.0", NEW),
            "# Log\n\n## 2.0.0\n\n- b\n\n## 1.1.0 - 2026-01-31\n\n- b\n\n## 1.0.0\n\n- a\n"
        );
    }

    #[test]
    fn the_section_of_the_same_version_is_replaced() {
        let old = "intro\n\n## v1.1.0\n\n- old (0123abc)\n\n## 1.0.0\n\n- a";
        assert_eq!(spliced(old, "1.1.0", NEW), "intro\n\n## 1.1.0 - 2026-01-31\n\n- b\n\n## 1.0.0\n\n- a");
    }

    #[test]
    fn what_a_person_wrote_below_unreleased_moves_into_the_release() {
        let old = "# Log\n\n## [Unreleased]\n\n### Added\n\n- by hand\n- made (0123abc)\n\n## 1.0.0\n\n- a\n\n[1.0.0]: https://x\n";
        let new = "## 1.1.0 - 2026-01-31\n\n### Added\n\n- made (0123abc)\n";
        assert_eq!(
            spliced(old, "1.1.0", new),
            "# Log\n\n## [Unreleased]\n\n## 1.1.0 - 2026-01-31\n\n### Added\n\n- made (0123abc)\n- by hand\n\n## 1.0.0\n\n- a\n\n[1.0.0]: https://x\n"
        );
        let kept = spliced(
            "# Log\n\n## Unreleased\n\nMine.\n\n- made (0123abc)\n",
            "unreleased",
            "## Unreleased\n\n### Fixed\n\n- b (4567def)\n",
        );
        assert_eq!(kept, "# Log\n\n## Unreleased\n\nMine.\n\n### Fixed\n\n- b (4567def)\n");
    }

    #[test]
    fn a_fence_that_nothing_closes_is_named_and_hides_no_heading() {
        let old = "# Log\n\n```\n## 1.0.0\n";
        assert_eq!(splice(Some(old.as_bytes()), "1.1.0", NEW), Err(ChangelogError::OpenFence(3)));
        assert_eq!(versions(old), [semver::Version::new(1, 0, 0)]);
    }

    #[test]
    fn the_end_of_the_file_stays_as_it_is() {
        let carriage_return = spliced("# Log\r", "1.1.0", NEW);
        assert!(carriage_return.starts_with("# Log\r\r\n\r\n## 1.1.0"), "{carriage_return:?}");
        for end in ["[x]: https://x", "[x]: https://x\n\n[x]: https://x\n", "[x]: https://x\n\n\n"] {
            assert_eq!(spliced(end, "1.1.0", NEW), format!("{NEW}\n{end}"));
        }
    }

    #[test]
    fn link_definitions_stay_at_the_end() {
        let old = "# Log\n\n[x]: https://x\n";
        assert_eq!(spliced(old, "1.1.0", NEW), "# Log\n\n## 1.1.0 - 2026-01-31\n\n- b\n\n[x]: https://x\n");
    }

    #[test]
    fn bytes_of_others_stay() {
        let old = "\u{FEFF}# Log\r\n\r\n```\r\n## 9.9.9\r\n```\r\n\r\n## 1.0.0\r\n\r\n- a";
        let new = spliced(old, "1.1.0", NEW);
        assert_eq!(
            new,
            "\u{FEFF}# Log\r\n\r\n```\r\n## 9.9.9\r\n```\r\n\r\n## 1.1.0 - 2026-01-31\r\n\r\n- b\r\n\r\n## 1.0.0\r\n\r\n- a"
        );
        assert_eq!(splice(Some(b"\xff"), "1.1.0", NEW), Err(ChangelogError::NotUtf8));
    }

    /// Lines of which a changelog is made, ours and those of other tools.
    const LINES: [&str; 16] = [
        "",
        "",
        "# Log",
        "## 1.0.0",
        "## [0.9.0] - 2020-01-01",
        "# [0.8.0](https://x)",
        "### 0.7.0",
        "### Added",
        "### Contributors",
        "- a (0123abc)",
        "- by hand",
        "  more of it",
        "prose",
        "```",
        "[x]: https://x",
        "By Ada.",
    ];

    proptest::proptest! {
        #![proptest_config(crate::domain::properties())]

        #[test]
        fn a_splice_loses_no_line_and_a_second_one_changes_nothing(
            at in proptest::collection::vec(0..LINES.len(), 0..24),
            crlf: bool,
            ends: bool,
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let mut lines: Vec<&str> = at.into_iter().map(|at| LINES[at]).collect();
            if fence::fenced(&lines).1.is_some() {
                lines.push("```");
            }
            let old = lines.join(end) + if ends { end } else { "" };
            let new = spliced(&old, "1.1.0", NEW);
            let mut rest = new.lines();
            for line in &lines {
                assert!(line.is_empty() || rest.any(|there| there == *line), "{line:?} of {old:?} is lost in {new:?}");
            }
        }
    }
}
