//! XML with byte positions. Names are compared without their namespace, and a document type is refused, since
//! its entities could put the version elsewhere.

use std::ops::Range;

use roxmltree::{Document, Node};

use super::key::Key;
use super::{ManifestError, line_of};

pub(super) fn find(text: &str, key: &Key) -> Result<Range<usize>, ManifestError> {
    let document = Document::parse(text).map_err(|error| ManifestError::Malformed {
        format: "XML",
        line: usize::try_from(error.pos().row).unwrap_or(1),
        problem: error.to_string(),
    })?;
    let mut names = key.names();
    let attribute = names.last().and_then(|name| name.strip_prefix('@'));
    if attribute.is_some() {
        names.pop();
    }
    let mut nodes = vec![document.root()];
    for name in names {
        let children = nodes.iter().flat_map(Node::children);
        nodes = children.filter(|node| node.is_element() && node.tag_name().name() == name).collect();
    }
    let mut found = Vec::new();
    for node in nodes {
        match attribute {
            None => found.push((node.range().start, inside(text, node))),
            Some(name) => {
                let own = node.attributes().filter(|own| own.name() == name);
                found.extend(own.map(|own| (own.range().start, Some(own.range_value()))));
            }
        }
    }
    match found.as_slice() {
        [] => Err(ManifestError::Absent(key.text().to_owned())),
        [(_, Some(range))] => Ok(range.clone()),
        [(at, None)] => Err(ManifestError::NotText { key: key.text().to_owned(), line: line_of(text, *at) }),
        [_, (again, _), ..] => {
            Err(ManifestError::Repeated { key: key.text().to_owned(), line: line_of(text, *again) })
        }
    }
}

/// The text of an element that holds nothing else, without the blanks around it.
fn inside(text: &str, node: Node) -> Option<Range<usize>> {
    let mut children = node.children();
    let only = children.next().filter(|only| only.is_text() && children.next().is_none())?;
    let raw = text.get(only.range())?;
    let start = only.range().start + (raw.len() - raw.trim_start().len());
    Some(start..start + raw.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(text: &'a str, key: &str) -> Result<&'a str, String> {
        let range = find(text, &Key::parse_xml(key).unwrap()).map_err(|error| error.to_string())?;
        Ok(&text[range])
    }

    #[test]
    fn an_element_or_an_attribute_is_found_by_its_path() {
        let pom = "<?xml version=\"1.0\"?>\n<project xmlns=\"http://x\">\n<!-- <version>9</version> -->\n\
                   <parent><version>8</version></parent>\n<version> 1.0.0\n</version></project>";
        assert_eq!(found(pom, "project/version"), Ok("1.0.0"));
        assert_eq!(found("<w größe='1' version='1.0.0'/>", "w/@version"), Ok("1.0.0"));
        assert_eq!(found("<P><G/><G><Version>1.0.0</Version></G></P>", "P/G/Version"), Ok("1.0.0"));
    }

    #[test]
    fn what_cannot_be_edited_is_refused() {
        for (text, problem) in [
            ("<p>\n<v>1</v>\n<v>2</v></p>", "line 3: `p/v` is there more than once"),
            ("<p>\n<v/></p>", "line 2: `p/v` is no plain text"),
            ("<p>\n<v><b>1</b></v></p>", "line 2: `p/v` is no plain text"),
            ("<p/>", "there is no `p/v` in it"),
        ] {
            assert_eq!(found(text, "p/v"), Err(problem.to_owned()), "{text}");
        }
        assert!(found("<!DOCTYPE p [<!ENTITY e 'x'>]><p/>", "p/v").unwrap_err().contains("it is no XML: "));
    }
}
