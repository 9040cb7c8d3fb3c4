//! A document of any format with nested values, as far as a version is looked for in it.

use std::ops::Range;

use super::ManifestError;
use super::key::{Key, Step};
use super::line_of;

/// A value and the byte at which it begins.
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) value: Value,
}

pub(super) enum Value {
    /// In order, repeated names included.
    Table(Vec<(String, Node)>),
    List(Vec<Node>),
    /// Where the text stands, without quotes.
    Text(Range<usize>),
    Alias,
    Other,
}

/// Where the one value that `key` names stands in `text`.
pub(super) fn look_up(text: &str, root: &Node, key: &Key) -> Result<Range<usize>, ManifestError> {
    let absent = || ManifestError::Absent(key.text().to_owned());
    let named = || key.text().to_owned();
    let mut node = root;
    for step in key.steps() {
        node = match (step, &node.value) {
            (Step::Name(name), Value::Table(entries)) => {
                let mut same = entries.iter().filter(|(there, _)| there == name).map(|(_, node)| node);
                let found = same.next().ok_or_else(absent)?;
                if let Some(again) = same.next() {
                    return Err(ManifestError::Repeated { key: named(), line: line_of(text, again.at) });
                }
                found
            }
            (Step::Index(at), Value::List(items)) => items.get(*at).ok_or_else(absent)?,
            (_, Value::Alias) => {
                return Err(ManifestError::Alias { key: named(), line: line_of(text, node.at) });
            }
            _ => return Err(absent()),
        };
    }
    match &node.value {
        Value::Text(range) => Ok(range.clone()),
        Value::Alias => Err(ManifestError::Alias { key: named(), line: line_of(text, node.at) }),
        _ => Err(ManifestError::NotText { key: named(), line: line_of(text, node.at) }),
    }
}
