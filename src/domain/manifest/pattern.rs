//! A version found by a pattern, for files that no format describes.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::ManifestError;

/// A regular expression over whole lines with one group `version`.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// The compiled form of a hostile pattern stays below this, in bytes.
const SIZE: usize = 1024 * 1024;

impl Pattern {
    /// Reads a pattern that begins with `^` and ends with `$`, which stand for the ends of a line and bind the
    /// whole of it; `None` unless it has one group, named `version`.
    pub fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('^')?.strip_suffix('$')?;
        let whole = format!("^(?:{inner})$");
        let regex = RegexBuilder::new(&whole).multi_line(true).crlf(true).size_limit(SIZE).build().ok()?;
        let groups: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
        (groups == [Some("version")]).then(|| Self { text: text.to_owned(), regex })
    }

    pub(super) fn find(&self, text: &str) -> Result<Range<usize>, ManifestError> {
        let mut found = self.regex.captures_iter(text).filter_map(|captures| captures.name("version"));
        let wrong = |count| ManifestError::Matches { pattern: self.text.clone(), count };
        let first = found.next().ok_or_else(|| wrong(0))?;
        match found.count() {
            0 => Ok(first.range()),
            more => Err(wrong(more + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_match_is_a_version() {
        let pattern = Pattern::parse(r#"^__version__ = "(?P<version>[^"]+)"$"#).unwrap();
        let text = "import x\r\n__version__ = \"1.0.0\"\r\n# __version__ = \"2\"\r\n";
        assert_eq!(&text[pattern.find(text).unwrap()], "1.0.0");
        for (text, count) in [("", 0), ("__version__ = \"1\"\n__version__ = \"2\"", 2)] {
            let error = pattern.find(text).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "the pattern `^__version__ = \"(?P<version>[^\"]+)\"$` matches {count} times, not once"
                )
            );
        }
    }

    #[test]
    fn a_pattern_is_anchored_and_has_its_group() {
        for text in
            ["v(?<version>.+)$", "^v(?<version>.+)", "^v$", "^(v)(?<version>.+)$", "^(?<version>.+\\$", "^($"]
        {
            assert!(Pattern::parse(text).is_none(), "{text}");
        }
        // Both ends bind each alternative.
        let either = Pattern::parse("^a(?<version>b)|c$").unwrap();
        assert!(either.find("xc\nabx").is_err());
    }
}
