//! YAML with byte positions.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::document::{Node, Value, look_up};
use super::key::Key;
use super::{ManifestError, line_of};

/// Deeper nesting is no file that a person keeps a version in, and could exhaust the stack.
const DEPTH: usize = 128;

pub(super) fn find(text: &str, key: &Key) -> Result<Range<usize>, ManifestError> {
    let mut builder = Builder { text, offsets: Offsets::of(text), open: Vec::new(), root: None };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| malformed(error.marker().line(), error.info()))?;
        builder.take(&event, span)?;
    }
    let root = builder.root.take().ok_or_else(|| malformed(1, "it is empty"))?;
    look_up(text, &root, key)
}

/// The parser counts characters, and text is cut at bytes.
struct Offsets(Option<Vec<usize>>);

impl Offsets {
    fn of(text: &str) -> Self {
        Self((!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()))
    }

    fn byte(&self, character: usize) -> usize {
        match &self.0 {
            None => character,
            Some(offsets) => offsets.get(character).or(offsets.last()).copied().unwrap_or_default(),
        }
    }
}

fn malformed(line: usize, problem: &str) -> ManifestError {
    ManifestError::Malformed { format: "YAML", line, problem: problem.to_owned() }
}

/// A table or list that is not closed yet.
enum Open {
    /// The entries, and a key that waits for its value.
    Table(usize, Vec<(String, Node)>, Option<String>),
    List(usize, Vec<Node>),
}

struct Builder<'a> {
    text: &'a str,
    offsets: Offsets,
    open: Vec<Open>,
    root: Option<Node>,
}

impl Builder<'_> {
    fn take(&mut self, event: &Event, span: Span) -> Result<(), ManifestError> {
        let at = self.offsets.byte(span.start.index());
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                return Err(ManifestError::SecondDocument(line_of(self.text, at)));
            }
            Event::MappingStart(..) | Event::SequenceStart(..) if self.open.len() == DEPTH => {
                return Err(malformed(line_of(self.text, at), "it is nested too deeply"));
            }
            Event::MappingStart(..) => self.open.push(Open::Table(at, Vec::new(), None)),
            Event::SequenceStart(..) => self.open.push(Open::List(at, Vec::new())),
            Event::MappingEnd | Event::SequenceEnd => match self.open.pop() {
                Some(Open::Table(at, entries, _)) => self.put(at, Value::Table(entries), None),
                Some(Open::List(at, items)) => self.put(at, Value::List(items), None),
                None => {}
            },
            Event::Alias(_) => self.put(at, Value::Alias, None),
            Event::Scalar(value, style, ..) => {
                let range = at..self.offsets.byte(span.end.index()).max(at);
                self.put(at, self.scalar(range, value, *style), Some(value));
            }
            _ => {}
        }
        Ok(())
    }

    /// Where a scalar stands that is written as it is read; the parser's range begins before an anchor or a tag
    /// and may end behind a comment. The text of a block stands nowhere as it is.
    fn scalar(&self, range: Range<usize>, value: &str, style: ScalarStyle) -> Value {
        let quote = match style {
            ScalarStyle::Plain => "",
            ScalarStyle::SingleQuoted => "'",
            ScalarStyle::DoubleQuoted => "\"",
            ScalarStyle::Literal | ScalarStyle::Folded => return Value::Other,
        };
        let whole = self.text.get(range.clone()).unwrap_or_default();
        let mut raw = whole;
        while raw.starts_with(['&', '!']) {
            let property = raw.split(char::is_whitespace).next().unwrap_or_default();
            raw = raw.get(property.len()..).unwrap_or_default().trim_start();
        }
        let start = range.start + whole.len() - raw.len() + quote.len();
        match raw.strip_prefix(quote).and_then(|raw| raw.strip_prefix(value)) {
            Some(rest) if rest.starts_with(quote) => Value::Text(start..start + value.len()),
            _ => Value::Other,
        }
    }

    /// Hangs a finished value where it belongs; `name` is its text, if it is a scalar and so may be a key.
    fn put(&mut self, at: usize, value: Value, name: Option<&str>) {
        let node = Node { at, value };
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Table(_, entries, waiting)) => match waiting.take() {
                Some(key) => entries.push((key, node)),
                // A key that is no scalar is no step of a path; its value must still find one.
                None => *waiting = Some(name.unwrap_or_default().to_owned()),
            },
        }
    }
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
            "name: größe\nversion: 1.0.0 # the version\n",
            "version: \"1.0.0\"",
            "{name: x, version: '1.0.0' }",
            "version:   \"1.0.0\"   # 1.0.0\nname: x\n",
            "version: !!str &1.0.0 '1.0.0' # x\n",
            "---\nversion: &v 1.0.0\r\nother: *v\r\n",
            "? [a, b]\n: c\n? version\n: 1.0.0\n",
        ] {
            assert_eq!(found(text, "version"), Ok("1.0.0"), "{text}");
        }
        assert_eq!(found("a:\n  - v: x\n  - v: y\n", "a[1].v"), Ok("y"));
    }

    #[test]
    fn what_cannot_be_edited_is_refused() {
        for (text, problem) in [
            ("version: 1.0.0\nversion: 1.0.0\n", "line 2: `version` is there more than once"),
            ("v: &v 1.0.0\nversion: *v\n", "line 2: `version` is an alias, whose version stands elsewhere"),
            ("version: 1.0.0\n---\nversion: 1.0.0\n", "line 2: a second document begins there"),
            ("version: |\n  1.0.0\n", "line 2: `version` is no plain text"),
            ("version: \"1.0.\\x30\"\n", "line 1: `version` is no plain text"),
            ("version: [1]\n", "line 1: `version` is no plain text"),
            ("- 1\n", "there is no `version` in it"),
            ("", "line 1: it is no YAML: it is empty"),
        ] {
            assert_eq!(found(text, "version"), Err(problem.to_owned()), "{text}");
        }
        assert!(found("version: [", "version").unwrap_err().contains("it is no YAML: "));
        let deep = "- ".repeat(200) + "x";
        assert_eq!(found(&deep, "version").unwrap_err(), "line 1: it is no YAML: it is nested too deeply");
    }
}
