//! A path through a document to one value: `package.version`, `plugins[0].version`, `packages."".version`; in XML
//! `project/version` or `widget/@version`.

/// The path as it was written, and its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    /// Counted from 0.
    Index(usize),
}

impl Key {
    /// Reads names between dots and numbers in brackets. A name that holds a dot, a bracket or nothing stands
    /// between quotes, single or double, without escapes.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut steps, mut rest) = (Vec::new(), text);
        loop {
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
            let name;
            (name, rest) = match quote {
                Some(quote) => rest.get(1..)?.split_once(quote)?,
                None => rest.split_at(rest.find(['.', '[', ']', '"', '\'']).unwrap_or(rest.len())),
            };
            if quote.is_some() || !name.is_empty() {
                steps.push(Step::Name(name.to_owned()));
            } else if !(steps.is_empty() && rest.starts_with('[')) {
                return None;
            }
            while let Some(inner) = rest.strip_prefix('[') {
                let (number, after) = inner.split_once(']')?;
                steps.push(Step::Index(number.parse().ok()?));
                rest = after;
            }
            if rest.is_empty() {
                return Some(Self { text: text.to_owned(), steps });
            }
            rest = rest.strip_prefix('.')?;
        }
    }

    /// Reads the names of elements between slashes; the last may be an attribute, `@name`.
    pub fn parse_xml(text: &str) -> Option<Self> {
        let names: Vec<&str> = text.split('/').collect();
        let last = names.len() - 1;
        let element =
            |name: &str| !name.is_empty() && !name.contains(|c: char| c == '@' || c.is_whitespace());
        let sound = |(at, name): (usize, &&str)| match name.strip_prefix('@') {
            Some(attribute) => at == last && at > 0 && element(attribute),
            None => element(name),
        };
        names.iter().enumerate().all(sound).then(|| Self {
            text: text.to_owned(),
            steps: names.iter().map(|name| Step::Name((*name).to_owned())).collect(),
        })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The names alone, as XML has them.
    pub(super) fn names(&self) -> Vec<&str> {
        self.steps
            .iter()
            .filter_map(|step| match step {
                Step::Name(name) => Some(name.as_str()),
                Step::Index(_) => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Option<Vec<String>> {
        let shown = |step| match step {
            Step::Name(name) => name,
            Step::Index(at) => format!("#{at}"),
        };
        Key::parse(text).map(|key| key.steps.into_iter().map(shown).collect())
    }

    #[test]
    fn names_indexes_and_quotes() {
        for (text, wanted) in [
            ("version", vec!["version"]),
            ("package.version", vec!["package", "version"]),
            ("a[0][12].b", vec!["a", "#0", "#12", "b"]),
            ("[1].b", vec!["#1", "b"]),
            ("packages.\"\".version", vec!["packages", "", "version"]),
            ("'a.b'.größe", vec!["a.b", "größe"]),
            ("\"a\"[3]", vec!["a", "#3"]),
        ] {
            assert_eq!(steps(text), Some(wanted.into_iter().map(str::to_owned).collect()), "{text}");
        }
        for text in ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a]b", "\"a", "a\"b\"", "a[0]b", "a.[0]"] {
            assert_eq!(steps(text), None, "{text}");
        }
    }

    #[test]
    fn xml_has_slashes_and_one_attribute_at_the_end() {
        assert_eq!(Key::parse_xml("widget/@version").unwrap().names(), ["widget", "@version"]);
        for text in ["", "/a", "a//b", "a/", "@version", "a/@b/c", "a b"] {
            assert_eq!(Key::parse_xml(text), None, "{text}");
        }
    }
}
