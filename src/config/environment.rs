//! What the configuration says of environments; none needs an entry to be used.

use std::collections::BTreeMap;
use url::Url;

use super::layer::{Leaf, Leaves};
use super::smoke::{Trial, trials};
use super::way::way;
use super::{ConfigError, NAME, Origin, Setting, http_address, name};
use crate::domain::glob::Glob;
use crate::domain::tier::Tier;
use crate::domain::way::Way;
use crate::domain::zone;

/// One environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    pub platform: Option<String>,
    pub tier: Option<Tier>,
    pub order: Option<i64>,
    /// Where people find the program.
    pub url: Option<Url>,
    /// The branches that may go there; none means any.
    pub branches: Vec<Glob>,
    /// By whose clocks freezes begin and end.
    pub zone: Option<String>,
    /// The environment on which a version must have succeeded before it may go here.
    pub require: Option<String>,
    /// How it is found out what runs there.
    pub way: Option<Way>,
    /// The commands that this takes.
    pub reads: Vec<Command>,
    /// What `deploy` runs without a command of its own.
    pub deploy: Option<Command>,
    /// What `rollback` runs; else it is `deploy`.
    pub rollback: Option<Command>,
    /// What is tried after a deployment.
    pub trials: Vec<Trial>,
    /// What saves the data before a deployment.
    pub backup: Option<Command>,
    /// What says whether the version that runs can still be had, to go back to it.
    pub artifact: Option<Command>,
    /// The file of the environment's variables, from the root of the repository.
    pub env_file: Option<String>,
    /// Globs of the files that a rollback does not undo.
    pub migrations: Vec<String>,
    /// Whether the command gets our own variables only, those that begin with `SHIPMARK_`.
    pub bare: bool,
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
    let (way, reads) = way(leaves, environment, url.as_ref())?;
    let trials = trials(leaves, environment, url.as_ref())?;
    Ok(Environment {
        trials,
        tier: get("tier").parsed("development, testing, staging or production", Tier::from_word)?,
        branches: get("branches").globs("a list of patterns such as `[\"main\", \"hotfix/*\"]`")?,
        zone: get("zone")
            .parsed("a time zone such as `Europe/Paris`", |text| zone::find(text).map(|_| text.to_owned()))?,
        require: get("require").parsed(NAME, name)?,
        bare: get("plain_variables").flag()? == Some(false),
        way,
        reads,
        platform: get("platform").parsed(NAME, name)?,
        order: order.leaf.map(number).transpose()?,
        url,
        deploy: command(&get("deploy"))?,
        rollback: command(&get("rollback"))?,
        backup: command(&get("backup"))?,
        artifact: command(&get("artifact"))?,
        env_file: get("env_file").parsed("a path below the root, such as `.env.production`", inside)?,
        migrations: get("migrations")
            .texts("a list of patterns such as `[\"migrations/**\"]`")?
            .unwrap_or_default(),
    })
}

/// A path that leads out of the repository is nobody's file of variables.
fn inside(text: &str) -> Option<String> {
    let path = std::path::Path::new(text);
    let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    (plain && !text.is_empty()).then(|| text.to_owned())
}

pub(super) fn command(setting: &Setting) -> Result<Option<Command>, ConfigError> {
    let words =
        setting.texts("a list of a program and its arguments, such as `[\"./deploy\", \"production\"]`")?;
    let from_repository = matches!(setting.leaf.map(|leaf| &leaf.origin), Some(Origin::Repository { .. }));
    Ok(words.map(|words| Command { key: setting.key.clone(), words, from_repository }))
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
    fn tier_and_branches_are_read() {
        let found =
            read("[environments.a]\ntier = \"staging\"\nbranches = [\"main\"]\nplain_variables = false")
                .unwrap();
        let a = &found["a"];
        assert_eq!((a.tier, a.bare, a.branches[0].as_str()), (Some(Tier::Staging), true, "main"));
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
            (
                "tier = \"prod\"",
                "`environments.a.tier` is `prod`, not development, testing, staging or production",
            ),
            (
                "zone = \"Europe/Atlantis\"",
                "`environments.a.zone` is `Europe/Atlantis`, not a time zone such as `Europe/Paris`",
            ),
            (
                "branches = [\"[\"]",
                "`environments.a.branches` is `[\"[\"]`, not a list of patterns such as `[\"main\", \"hotfix/*\"]`",
            ),
            (
                "env_file = \"../.env\"",
                "`environments.a.env_file` is `../.env`, not a path below the root, such as `.env.production`",
            ),
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
