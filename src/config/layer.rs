//! One layer of the configuration: the leaves of a TOML document, each with the place it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, keys};

/// Where a value came from; weaker origins come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    User {
        file: PathBuf,
        line: usize,
    },
    Repository {
        file: PathBuf,
        line: usize,
    },
    Variable(&'static str),
    Flag(&'static str),
}

impl Origin {
    /// Whether both are of one file.
    fn is_of_file(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::User { file, .. }, Self::User { file: other, .. })
            | (Self::Repository { file, .. }, Self::Repository { file: other, .. }) => file == other,
            _ => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::User { file, line } | Self::Repository { file, line } => {
                write!(f, "{}:{line}", file.display())
            }
            Self::Default => write!(f, "default"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "option {name}"),
        }
    }
}

/// A value and its origin.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub value: toml::Value,
    pub origin: Origin,
}

/// Leaves by their path.
pub(super) type Leaves = BTreeMap<Vec<String>, Leaf>;

/// Reads one file into `leaves`, over what weaker layers put there.
pub(super) fn read(
    text: &str,
    file: &Path,
    origin: impl Fn(PathBuf, usize) -> Origin,
    leaves: &mut Leaves,
) -> Result<(), ConfigError> {
    let line_of = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    let document = DeTable::parse(text).map_err(|error| ConfigError::Malformed {
        file: file.to_owned(),
        line: error.span().map_or(1, |span| line_of(span.start)),
        problem: error.message().to_owned(),
    })?;
    let place = |at: usize| origin(file.to_owned(), line_of(at));
    walk(&Source { text, place: &place }, document.get_ref(), &mut Vec::new(), leaves)
}

/// The text of a file, and what a place in it is called.
struct Source<'a> {
    text: &'a str,
    place: &'a dyn Fn(usize) -> Origin,
}

fn walk(
    source: &Source,
    table: &DeTable,
    path: &mut Vec<String>,
    leaves: &mut Leaves,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        path.push(name.get_ref().to_string());
        let origin = (source.place)(name.span().start);
        match value.get_ref() {
            DeValue::Array(items) if keys::is_list(path) => list(source, items, origin, path, leaves)?,
            _ if keys::is_list(path) => return Err(not_a_list(path, origin)),
            DeValue::Table(inner) if keys::is_table(path) => walk(source, inner, path, leaves)?,
            _ if keys::is_table(path) => {
                return Err(ConfigError::NotATable { key: path.join("."), header: header(path), origin });
            }
            _ if !keys::is_known(path) => {
                return Err(ConfigError::UnknownKey {
                    key: path.join("."),
                    origin,
                    nearest: keys::nearest(path),
                });
            }
            known => {
                let Some(known) = plain(known) else {
                    let written = source.text.get(value.span()).unwrap_or_default();
                    return Err(ConfigError::BadValue {
                        key: path.join("."),
                        origin,
                        value: shown(written),
                        wanted: "a text, a whole decimal number, true or false, or a list of texts",
                    });
                };
                insert(leaves, path, Leaf { value: known, origin })?;
            }
        }
        path.pop();
    }
    Ok(())
}

/// Reads the tables of a list, which replaces that of a weaker layer. Each is known by a leaf of its own, so that
/// one without a key is seen too.
fn list(
    source: &Source,
    items: &[Spanned<DeValue>],
    origin: Origin,
    path: &mut Vec<String>,
    leaves: &mut Leaves,
) -> Result<(), ConfigError> {
    let name = path.pop().unwrap_or_default();
    let depth = path.len();
    let is_weaker = |key: &[String]| key.get(depth).is_some_and(|own| own.starts_with(&format!("{name}[")));
    leaves.retain(|key, _| !(key.starts_with(path) && is_weaker(key)));
    for (at, item) in items.iter().enumerate() {
        let DeValue::Table(table) = item.get_ref() else {
            path.push(name);
            return Err(not_a_list(path, origin));
        };
        path.push(format!("{name}[{at}]"));
        let value = toml::Value::Table(toml::Table::new());
        leaves.insert(path.clone(), Leaf { value, origin: (source.place)(item.span().start) });
        walk(source, table, path, leaves)?;
        path.pop();
    }
    path.push(name);
    Ok(())
}

fn not_a_list(path: &[String], origin: Origin) -> ConfigError {
    ConfigError::NotAList { key: path.join("."), header: format!("[{}]", header(path)), origin }
}

/// The table's own line, with quotes where a name needs them.
fn header(path: &[String]) -> String {
    format!("[{}]", keys::written(path))
}

/// Puts a leaf over that of a weaker layer. The case of a commit type does not count, so that one file can name
/// a type twice without a complaint of TOML's.
fn insert(leaves: &mut Leaves, path: &[String], leaf: Leaf) -> Result<(), ConfigError> {
    let mut key = path.to_owned();
    if let [bump, types, name] = key.as_mut_slice()
        && (bump.as_str(), types.as_str()) == ("bump", "types")
    {
        name.make_ascii_lowercase();
    }
    if let Some(weaker) = leaves.get(&key).filter(|weaker| weaker.origin.is_of_file(&leaf.origin)) {
        return Err(ConfigError::Twice {
            key: key.join("."),
            origin: leaf.origin,
            other: weaker.origin.clone(),
        });
    }
    leaves.insert(key, leaf);
    Ok(())
}

/// The value without the places in its parts; `None` for the kinds that no key takes.
fn plain(value: &DeValue) -> Option<toml::Value> {
    match value {
        DeValue::String(text) => Some(toml::Value::String(text.to_string())),
        DeValue::Boolean(flag) => Some(toml::Value::Boolean(*flag)),
        DeValue::Integer(digits) if digits.radix() == 10 => {
            digits.as_str().replace('_', "").parse().ok().map(toml::Value::Integer)
        }
        DeValue::Array(items) => {
            let texts =
                items.iter().map(|item| Some(toml::Value::String(item.get_ref().as_str()?.to_owned())));
            texts.collect::<Option<Vec<_>>>().map(toml::Value::Array)
        }
        _ => None,
    }
}

/// The longest piece of a file that a message repeats, in characters.
const SHOWN: usize = 40;

/// A value as a message may repeat it: on one line, not long, and without what may be a password.
pub(super) fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = match (line.find("//"), line.rfind('@')) {
        (Some(slashes), Some(at)) if slashes < at => {
            let (front, back) = (line.get(..slashes + 2), line.get(at..));
            format!("{}…{}", front.unwrap_or_default(), back.unwrap_or_default())
        }
        _ => line,
    };
    let cut: String = line.chars().take(SHOWN).collect();
    if cut == line { line } else { cut + "…" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_short_and_without_a_password() {
        assert_eq!(shown("[1,\n 2]"), "[1, 2]");
        assert_eq!(shown(&"x".repeat(41)), format!("{}…", "x".repeat(40)));
        assert_eq!(shown("ftp://ada:secret@r.example"), "ftp://…@r.example");
        assert_eq!(shown("[\"https://a:b@c\", \"https://d:e@f\"]"), "[\"https://…@f\"]");
    }

    #[test]
    fn a_header_is_quoted_where_it_must_be() {
        assert_eq!(header(&["environments".to_owned(), "eu west".to_owned()]), "[environments.\"eu west\"]");
    }

    #[test]
    fn a_stronger_layer_may_write_a_type_in_another_case() {
        let mut leaves = Leaves::new();
        let user = |file, line| Origin::User { file, line };
        let repository = |file, line| Origin::Repository { file, line };
        read("bump.types.feat = \"minor\"", Path::new("config.toml"), user, &mut leaves).unwrap();
        read("bump.types.Feat = \"patch\"", Path::new("shipmark.toml"), repository, &mut leaves).unwrap();
        let only = leaves.into_values().collect::<Vec<_>>();
        assert_eq!((only.len(), only[0].value.as_str()), (1, Some("patch")));
    }
}
