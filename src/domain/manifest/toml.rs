//! TOML with byte positions.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::document::{Node, Value, look_up};
use super::key::Key;
use super::{ManifestError, line_of};

pub(super) fn find(text: &str, key: &Key) -> Result<Range<usize>, ManifestError> {
    let document = parse(text)?;
    look_up(text, &Node { at: 0, value: table(text, document.get_ref()) }, key)
}

/// Reads a document; the parser itself refuses a key that is there twice.
pub(super) fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, ManifestError> {
    DeTable::parse(text).map_err(|error| ManifestError::Malformed {
        format: "TOML",
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        problem: error.message().to_owned(),
    })
}

fn table(text: &str, table: &DeTable) -> Value {
    let entry = |(name, value): (&Spanned<_>, &Spanned<DeValue>)| {
        let name: &std::borrow::Cow<str> = name.get_ref();
        (name.to_string(), node(text, value))
    };
    Value::Table(table.iter().map(entry).collect())
}

fn node(text: &str, value: &Spanned<DeValue>) -> Node {
    let inner = match value.get_ref() {
        DeValue::Table(inner) => table(text, inner),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(text, item)).collect()),
        DeValue::String(_) => Value::Text(unquoted(text, value.span())),
        _ => Value::Other,
    };
    Node { at: value.span().start, value: inner }
}

/// The inside of a string of any of the four kinds.
pub(super) fn unquoted(text: &str, span: Range<usize>) -> Range<usize> {
    let raw = text.get(span.clone()).unwrap_or_default();
    let quotes = if raw.len() >= 6 && (raw.starts_with("\"\"\"") || raw.starts_with("'''")) { 3 } else { 1 };
    let start = (span.start + quotes).min(span.end);
    start..span.end.saturating_sub(quotes).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(text: &'a str, key: &str) -> Result<&'a str, String> {
        let range = find(text, &Key::parse(key).unwrap()).map_err(|error| error.to_string())?;
        Ok(&text[range])
    }

    #[test]
    fn a_value_is_found_in_every_way_to_write_it() {
        for text in [
            "[package]\nname = \"x\" # version = \"9\"\nversion = \"1.0.0\"",
            "package.version = '1.0.0'",
            "package = { version = \"\"\"1.0.0\"\"\" }",
            "[package]\nversion = '''1.0.0'''",
        ] {
            assert_eq!(found(text, "package.version"), Ok("1.0.0"), "{text}");
        }
        assert_eq!(found("[[a]]\nv = 'x'\n[[a]]\nv = 'y'", "a[1].v"), Ok("y"));
    }

    #[test]
    fn what_cannot_be_edited_is_refused() {
        for (text, problem) in [
            ("[package]\nversion.workspace = true", "line 2: `package.version` is no plain text"),
            ("[package]\nversion = 1.0", "line 2: `package.version` is no plain text"),
            ("[package]", "there is no `package.version` in it"),
            ("package = 1", "there is no `package.version` in it"),
            ("a = 1\na = 2", "line 2: it is no TOML: duplicate key"),
        ] {
            assert_eq!(found(text, "package.version"), Err(problem.to_owned()), "{text}");
        }
    }
}
