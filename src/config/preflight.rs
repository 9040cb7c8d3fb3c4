//! What the configuration adds to the checklist before a deployment.

use super::environment::{Command, command};
use super::layer::Leaves;
use super::{ConfigError, NAME, Setting, name};
use crate::domain::glob::Glob;

/// The checks of the user's own, and what ours let pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preflight {
    pub checks: Vec<Check>,
    /// The files in which debug prints are meant to be.
    pub allow: Vec<Glob>,
}

/// A command that must succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub command: Command,
}

pub(super) fn preflight(leaves: &Leaves) -> Result<Preflight, ConfigError> {
    let tables = Setting::tables(leaves, &["preflight", "check"]);
    let checks = tables.iter().map(|table| check(leaves, table)).collect::<Result<Vec<_>, _>>()?;
    let allow =
        Setting::of(leaves, "preflight.allow").globs("a list of patterns such as `[\"examples/**\"]`")?;
    Ok(Preflight { checks, allow })
}

fn check(leaves: &Leaves, table: &str) -> Result<Check, ConfigError> {
    let path = ["preflight", table];
    let get = |field: &str| Setting::at(leaves, &["preflight", table, field]);
    Ok(Check {
        name: get("name").parsed(NAME, name)?.ok_or_else(|| Setting::lacking(leaves, &path, "name"))?,
        command: command(&get("command"))?.ok_or_else(|| Setting::lacking(leaves, &path, "command"))?,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn checks_are_read_and_mistakes_named() {
        let read = |text: &str| {
            let config = crate::config::read(text, Path::new("shipmark.toml"));
            config.map(|config| config.preflight).map_err(|error| error.to_string())
        };
        let found = read("[[preflight.check]]\nname = \"tests\"\ncommand = [\"cargo\", \"test\"]").unwrap();
        assert_eq!((found.checks[0].name.as_str(), found.checks[0].command.words.len()), ("tests", 2));
        assert_eq!(found.checks[0].command.key, "preflight.check[0].command");
        assert!(found.checks[0].command.from_repository);
        let lacking = "shipmark.toml:1: `preflight.check[0].command` is missing, which the other keys of this table need";
        assert_eq!(read("[[preflight.check]]\nname = \"tests\"").unwrap_err(), lacking);
    }
}
