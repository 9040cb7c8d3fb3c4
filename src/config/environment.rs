//! What the configuration says of environments; none needs an entry to be used.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

use super::layer::{Leaf, Leaves};
use super::{ConfigError, NAME, Origin, Setting, http_address, name};
use crate::domain::health::Health;

/// One environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    pub platform: Option<String>,
    pub order: Option<i64>,
    /// Where people find the program.
    pub url: Option<Url>,
    /// How the running program is asked what it is.
    pub health: Option<Health>,
    /// What `deploy` runs without a command of its own.
    pub deploy: Option<Command>,
    /// What `rollback` runs; else it is `deploy`.
    pub rollback: Option<Command>,
    /// Globs of the files that a rollback does not undo.
    pub migrations: Vec<String>,
}

/// A command as the configuration names it: a program and its arguments, never a text for a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The key that holds it.
    pub key: String,
    /// At least one.
    pub words: Vec<String>,
    /// Whether a file of the repository names it, so that the user must have allowed it.
    pub from_repository: bool,
}

/// How long a program may take to come up, and how many good answers in a row count, unless it is said.
const WITHIN: Duration = Duration::from_mins(1);
const STABLE: u32 = 3;

pub(super) fn environments(leaves: &Leaves) -> Result<BTreeMap<String, Environment>, ConfigError> {
    let mut environments: BTreeMap<String, Environment> = BTreeMap::new();
    for (path, leaf) in leaves {
        let [table, environment, ..] = path.as_slice() else { continue };
        if table != "environments" || environments.contains_key(environment) {
            continue;
        }
        if name(environment).is_none() {
            let setting = Setting { key: path.join("."), leaf: Some(leaf) };
            return Err(setting.refuse(leaf, "below an environment whose name has 1 to 100 characters"));
        }
        environments.insert(environment.clone(), read(leaves, environment)?);
    }
    Ok(environments)
}

fn read(leaves: &Leaves, environment: &str) -> Result<Environment, ConfigError> {
    let get = |field: &str| Setting::at(leaves, &["environments", environment, field]);
    let order = get("order");
    let number = |leaf: &Leaf| leaf.value.as_integer().ok_or_else(|| order.refuse(leaf, "a whole number"));
    let url = get("url").parsed("an http or https address", http_address)?;
    Ok(Environment {
        platform: get("platform").parsed(NAME, name)?,
        order: order.leaf.map(number).transpose()?,
        health: health(leaves, environment, url.as_ref())?,
        url,
        deploy: command(&get("deploy"))?,
        rollback: command(&get("rollback"))?,
        migrations: get("migrations")
            .texts("a list of patterns such as `[\"migrations/**\"]`")?
            .unwrap_or_default(),
    })
}

fn command(setting: &Setting) -> Result<Option<Command>, ConfigError> {
    let words =
        setting.texts("a list of a program and its arguments, such as `[\"./deploy\", \"production\"]`")?;
    let from_repository = matches!(setting.leaf.map(|leaf| &leaf.origin), Some(Origin::Repository { .. }));
    Ok(words.map(|words| Command { key: setting.key.clone(), words, from_repository }))
}

fn health(leaves: &Leaves, environment: &str, base: Option<&Url>) -> Result<Option<Health>, ConfigError> {
    let get = |field: &str| Setting::at(leaves, &["environments", environment, "health", field]);
    let wanted = "an http or https address, or a path below the `url` of the environment";
    let address = |text: &str| match base {
        Some(base) if text.starts_with('/') && !text.starts_with("//") => base.join(text).ok(),
        _ => http_address(text),
    };
    let pointer = |field: &str| {
        get(field).parsed("a JSON pointer such as `/version`", |text| {
            (text.is_empty() || text.starts_with('/')).then(|| text.to_owned())
        })
    };
    let (version, commit) = (pointer("version")?, pointer("commit")?);
    let within = get("within").parsed("a time from `1s` to `1h`", duration)?;
    let stable = get("stable");
    let count = |leaf: &Leaf| {
        let number = leaf.value.as_integer().and_then(|number| u32::try_from(number).ok());
        number.filter(|n| (1..=100).contains(n)).ok_or_else(|| stable.refuse(leaf, "a number from 1 to 100"))
    };
    let stable = stable.leaf.map(count).transpose()?;
    let own_name = pointer("environment")?;
    let Some(url) = get("url").parsed(wanted, address)? else {
        let mut fields = ["version", "commit", "environment", "within", "stable"].into_iter();
        return match fields.find_map(|field| get(field).leaf) {
            None => Ok(None),
            Some(leaf) => Err(ConfigError::Lacking {
                key: format!("environments.{environment}.health.url"),
                origin: leaf.origin.clone(),
            }),
        };
    };
    Ok(Some(Health {
        url,
        version,
        commit,
        environment: own_name,
        within: within.unwrap_or(WITHIN),
        stable: stable.unwrap_or(STABLE),
    }))
}

/// A time such as `60s` or `2m`.
fn duration(text: &str) -> Option<Duration> {
    let duration = Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()?;
    (Duration::from_secs(1)..=Duration::from_hours(1)).contains(&duration).then_some(duration)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::layer;

    fn read(text: &str) -> Result<BTreeMap<String, Environment>, String> {
        let mut leaves = Leaves::new();
        let origin = |file, line| Origin::Repository { file, line };
        layer::read(text, Path::new("shipmark.toml"), origin, &mut leaves)
            .and_then(|()| environments(&leaves))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn health_is_an_inline_table() {
        let found = read(concat!(
            "[environments.\"a.b\"]\nurl = \"https://helpdesk.example/app/\"\n",
            "health = { url = \"/health\", version = \"/version\", commit = \"\", within = \"2m\", stable = 1 }\n",
        ))
        .unwrap();
        let health = found["a.b"].health.as_ref().unwrap();
        assert_eq!(health.url.as_str(), "https://helpdesk.example/health");
        assert_eq!((health.version.as_deref(), health.commit.as_deref()), (Some("/version"), Some("")));
        assert_eq!((health.within, health.stable), (Duration::from_mins(2), 1));
        let plain = read("[environments.a]\nhealth = { url = \"http://localhost:1/\" }").unwrap();
        let health = plain["a"].health.as_ref().unwrap();
        assert_eq!((health.within, health.stable, &health.version), (WITHIN, STABLE, &None));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, message) in [
            (
                "health = { url = \"/health\" }",
                "`environments.a.health.url` is `/health`, not an http or https address, or a path below the `url` of the environment",
            ),
            (
                "health = { version = \"/version\" }",
                "`environments.a.health.url` is missing, which the other keys of this table need",
            ),
            (
                "health = { url = \"http://x\", version = \"version\" }",
                "`environments.a.health.version` is `version`, not a JSON pointer such as `/version`",
            ),
            (
                "health = { url = \"http://x\", within = \"soon\" }",
                "`environments.a.health.within` is `soon`, not a time from `1s` to `1h`",
            ),
            (
                "health = { url = \"http://x\", stable = 0 }",
                "`environments.a.health.stable` is `0`, not a number from 1 to 100",
            ),
            ("health = { uri = \"http://x\" }", "unknown key `environments.a.health.uri`"),
            ("order = \"x\"", "`environments.a.order` is `x`, not a whole number"),
            (
                "deploy = \"./deploy a\"",
                "`environments.a.deploy` is `./deploy a`, not a list of a program and its arguments, such as `[\"./deploy\", \"production\"]`",
            ),
            (
                "deploy = []",
                "`environments.a.deploy` is `[]`, not a list of a program and its arguments, such as `[\"./deploy\", \"production\"]`",
            ),
            (
                "deploy = [1]",
                "`environments.a.deploy` is `[1]`, not a text, a whole decimal number, true or false, or a list of texts",
            ),
        ] {
            let error = read(&format!("[environments.a]\n{line}")).unwrap_err();
            assert_eq!(error, format!("shipmark.toml:2: {message}"), "{line}");
        }
    }
}
