//! JSON with byte positions; comments and trailing commas pass, as configuration files of editors have them.

use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::document::{Node, Value, look_up};
use super::key::Key;
use super::{ManifestError, line_of};

const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn find(text: &str, key: &Key) -> Result<Range<usize>, ManifestError> {
    let malformed = |line, problem| ManifestError::Malformed { format: "JSON", line, problem };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &OPTIONS).map_err(|error| {
        malformed(line_of(text, error.range().start), error.kind().to_string().to_lowercase())
    })?;
    let root = parsed.value.ok_or_else(|| malformed(1, "it is empty".to_owned()))?;
    look_up(text, &node(&root), key)
}

fn node(value: &ast::Value) -> Node {
    let range = value.range();
    let inner = match value {
        ast::Value::Object(object) => {
            let entry =
                |property: &ast::ObjectProp| (property.name.as_str().to_owned(), node(&property.value));
            Value::Table(object.properties.iter().map(entry).collect())
        }
        ast::Value::Array(array) => Value::List(array.elements.iter().map(node).collect()),
        ast::Value::StringLit(_) => Value::Text(range.start + 1..range.end - 1),
        _ => Value::Other,
    };
    Node { at: range.start, value: inner }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(text: &'a str, key: &str) -> Result<&'a str, String> {
        let range = find(text, &Key::parse(key).unwrap()).map_err(|error| error.to_string())?;
        Ok(&text[range])
    }

    #[test]
    fn a_value_is_found_by_its_path_alone() {
        let text = "{\"a\": {\"version\": \"9\"}, // version\n \"größe\": 1, \"version\" : \"1.0.0\",}";
        assert_eq!(found(text, "version"), Ok("1.0.0"));
        assert_eq!(found("{\"a\": [{\"v\": \"x\"}, {\"v\": \"y\"}]}", "a[1].v"), Ok("y"));
    }

    #[test]
    fn what_cannot_be_edited_is_refused() {
        for (text, problem) in [
            ("{\"version\": \"1\",\n \"version\": \"2\"}", "line 2: `version` is there more than once"),
            ("{\n\"version\": 1}", "line 2: `version` is no plain text"),
            ("{}", "there is no `version` in it"),
            ("[]", "there is no `version` in it"),
            ("", "line 1: it is no JSON: it is empty"),
        ] {
            assert_eq!(found(text, "version"), Err(problem.to_owned()), "{text}");
        }
        assert_eq!(
            found("{\"a\": 1\n\"b\": 2}", "version").unwrap_err(),
            "line 1: it is no JSON: expected comma"
        );
        assert!(found(&"[".repeat(100_000), "version").unwrap_err().contains("nesting depth"));
    }
}
