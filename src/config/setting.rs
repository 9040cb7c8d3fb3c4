//! One key, and how its value is read.

use url::Url;

use super::layer::{self, Leaf, Leaves};
use super::{ConfigError, Origin, http_address, keys};
use crate::domain::glob::Glob;

/// One key with what the layers say of it.
pub(super) struct Setting<'a> {
    pub(super) key: String,
    pub(super) leaf: Option<&'a Leaf>,
}

impl<'a> Setting<'a> {
    pub(super) fn of(leaves: &'a Leaves, path: &str) -> Self {
        Self::at(leaves, &path.split('.').collect::<Vec<_>>())
    }

    /// A key by its segments, since a name of the user's may hold dots.
    pub(super) fn at(leaves: &'a Leaves, path: &[&str]) -> Self {
        let segments: Vec<String> = path.iter().map(|segment| (*segment).to_owned()).collect();
        Self { key: path.join("."), leaf: leaves.get(&segments) }
    }

    /// The last segments of the paths of the tables of a list, in their order.
    pub(super) fn tables(leaves: &Leaves, list: &[&str]) -> Vec<String> {
        let Some((list, before)) = list.split_last() else { return Vec::new() };
        let number = |path: &Vec<String>| {
            let (table, above) = path.split_last()?;
            (above == before).then(|| keys::index(table.strip_prefix(list)?))?
        };
        let mut numbers: Vec<usize> = leaves.keys().filter_map(number).collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|at| format!("{list}[{at}]")).collect()
    }

    /// The error that a table of a list has no such field.
    pub(super) fn lacking(leaves: &'a Leaves, table: &[&str], field: &str) -> ConfigError {
        let table = Self::at(leaves, table);
        let origin = table.leaf.map_or(Origin::Default, |leaf| leaf.origin.clone());
        ConfigError::Lacking { key: format!("{}.{field}", table.key), origin }
    }

    pub(super) fn parsed<T>(
        &self,
        wanted: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(leaf) = self.leaf else { return Ok(None) };
        let value = leaf.value.as_str().and_then(parse);
        value.map(Some).ok_or_else(|| self.refuse(leaf, wanted))
    }

    /// A list of texts, none of them with a NUL, which no command line can hold.
    pub(super) fn texts(&self, wanted: &'static str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(leaf) = self.leaf else { return Ok(None) };
        let texts = leaf.value.as_array().map(|items| {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect::<Vec<String>>()
        });
        let usable = |texts: &Vec<String>| {
            texts.first().is_some_and(|first| !first.is_empty())
                && !texts.iter().any(|text| text.contains('\0'))
        };
        texts.filter(usable).map(Some).ok_or_else(|| self.refuse(leaf, wanted))
    }

    /// The same as patterns; none where it is not set.
    pub(super) fn globs(&self, wanted: &'static str) -> Result<Vec<Glob>, ConfigError> {
        let texts = self.texts(wanted)?.unwrap_or_default();
        let globs: Option<Vec<Glob>> = texts.iter().map(|text| Glob::parse(text)).collect();
        match (globs, self.leaf) {
            (None, Some(leaf)) => Err(self.refuse(leaf, wanted)),
            (globs, _) => Ok(globs.unwrap_or_default()),
        }
    }

    /// An address, which may be a path below `base`.
    pub(super) fn address(&self, base: Option<&Url>) -> Result<Option<Url>, ConfigError> {
        let wanted = "an http or https address, or a path below the `url` of the environment";
        self.parsed(wanted, |text| match base {
            Some(base) if text.starts_with('/') && !text.starts_with("//") => base.join(text).ok(),
            _ => http_address(text),
        })
    }

    pub(super) fn flag(&self) -> Result<Option<bool>, ConfigError> {
        let Some(leaf) = self.leaf else { return Ok(None) };
        leaf.value.as_bool().map(Some).ok_or_else(|| self.refuse(leaf, "true or false"))
    }

    pub(super) fn refuse(&self, leaf: &Leaf, wanted: &'static str) -> ConfigError {
        let value = match &leaf.value {
            toml::Value::String(text) => layer::shown(text),
            other => layer::shown(&other.to_string()),
        };
        ConfigError::BadValue { key: self.key.clone(), origin: leaf.origin.clone(), value, wanted }
    }
}
