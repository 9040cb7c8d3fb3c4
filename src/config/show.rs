//! Every value that holds, with where it comes from.

use super::keys::KEYS;
use super::layer::{Leaf, Leaves};
use super::{Config, ConfigError, Origin, Sources, TYPES, keys};
use crate::domain::version::Bump;

/// One value.
#[derive(Debug, Clone)]
pub struct Shown {
    pub key: String,
    pub value: toml::Value,
    pub origin: Origin,
}

/// Reads all layers and lists what holds, in the order of the keys' table. A key without a value, and without one
/// by default, is left out.
pub fn show(sources: &Sources) -> Result<Vec<Shown>, ConfigError> {
    let mut leaves = super::read_layers(sources)?;
    Config::from_leaves(&leaves)?;
    add_defaults(&mut leaves);
    let mut shown = Vec::new();
    for key in KEYS {
        let mut found: Vec<(&Vec<String>, &Leaf)> =
            leaves.iter().filter(|(path, _)| keys::matches(key.path, path)).collect();
        found.sort_by_key(|(path, _)| keys::order(path));
        shown.extend(found.into_iter().map(|(path, leaf)| Shown {
            key: keys::written(path),
            value: leaf.value.clone(),
            origin: leaf.origin.clone(),
        }));
    }
    Ok(shown)
}

fn add_defaults(leaves: &mut Leaves) {
    let mut add = |path: Vec<String>, value| {
        leaves.entry(path).or_insert(Leaf { value, origin: Origin::Default });
    };
    for key in KEYS.iter().filter(|key| !key.path.contains(['*', '['])) {
        if let Some(value) = key.default_value() {
            add(key.path.split('.').map(str::to_owned).collect(), value);
        }
    }
    for (name, level) in TYPES {
        let value = toml::Value::String(level.map_or("none", Bump::name).to_owned());
        add(["bump", "types", name].map(str::to_owned).into(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::layer;

    #[test]
    fn the_table_and_the_code_have_the_same_defaults() {
        let mut defaults = Leaves::new();
        add_defaults(&mut defaults);
        let of = |leaves: &Leaves| format!("{:?}", Config::from_leaves(leaves).unwrap());
        assert_eq!(of(&defaults), of(&Leaves::new()));
    }

    #[test]
    fn the_defaults_of_an_environment_are_those_of_the_table() {
        let read = |text: &str| {
            let mut leaves = Leaves::new();
            let origin = |file, line| Origin::Repository { file, line };
            layer::read(text, Path::new("shipmark.toml"), origin, &mut leaves).unwrap();
            format!("{:?}", Config::from_leaves(&leaves).unwrap().environments)
        };
        let header = "[environments.a.health]\nurl = \"http://x\"\n".to_owned();
        let default = |path: &str| {
            let key = KEYS.iter().find(|key| key.path == format!("environments.*.health.{path}")).unwrap();
            format!("{path} = {}\n", key.default.unwrap())
        };
        assert_eq!(read(&header), read(&(header.clone() + &default("within") + &default("stable"))));
    }
}
