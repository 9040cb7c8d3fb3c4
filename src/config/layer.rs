//! One layer of the configuration: the leaves of a TOML document, each with the place it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::{ConfigError, keys};

/// Where a value came from; weaker origins come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    User { file: PathBuf, line: usize },
    Repository { file: PathBuf, line: usize },
    Variable(&'static str),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::User { file, line } | Self::Repository { file, line } => {
                write!(f, "{}:{line}", file.display())
            }
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
    walk(document.get_ref(), &mut Vec::new(), &place, leaves)
}

fn walk(
    table: &DeTable,
    path: &mut Vec<String>,
    place: &impl Fn(usize) -> Origin,
    leaves: &mut Leaves,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        path.push(name.get_ref().to_string());
        let origin = place(name.span().start);
        match value.get_ref() {
            DeValue::Table(inner) if keys::is_table(path) => walk(inner, path, place, leaves)?,
            _ if !keys::is_known(path) => {
                return Err(ConfigError::UnknownKey {
                    key: path.join("."),
                    origin,
                    nearest: keys::nearest(path),
                });
            }
            value => {
                leaves.insert(path.clone(), Leaf { value: plain(value, path, &origin)?, origin });
            }
        }
        path.pop();
    }
    Ok(())
}

/// The value without the places in its parts.
fn plain(value: &DeValue, path: &[String], origin: &Origin) -> Result<toml::Value, ConfigError> {
    let number = |text: &str| text.replace('_', "").parse().ok().map(toml::Value::Integer);
    match value {
        DeValue::String(text) => Some(toml::Value::String(text.to_string())),
        DeValue::Boolean(flag) => Some(toml::Value::Boolean(*flag)),
        DeValue::Integer(digits) if digits.radix() == 10 => number(digits.as_str()),
        DeValue::Array(items) => {
            let texts =
                items.iter().map(|item| Some(toml::Value::String(item.get_ref().as_str()?.to_owned())));
            texts.collect::<Option<Vec<_>>>().map(toml::Value::Array)
        }
        _ => None,
    }
    .ok_or_else(|| ConfigError::BadValue {
        key: path.join("."),
        origin: origin.clone(),
        value: "a value of this kind".to_owned(),
        wanted: "a text, a decimal number, true or false, or a list of texts",
    })
}
