//! How it is found out what runs on an environment: its health, or a readout of its machine.

use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

use super::environment::Command;
use super::layer::{Leaf, Leaves};
use super::{ConfigError, Origin, Setting};
use crate::domain::health::Health;
use crate::domain::readout::{Readout, is_word};
use crate::domain::way::Way;

/// How long a program may take to come up, and how many good answers in a row count, unless it is said.
const WITHIN: Duration = Duration::from_mins(1);
const STABLE: u32 = 3;

/// The way that is configured, with the commands that it runs, and what a path in it is below.
pub(super) fn way(
    leaves: &Leaves,
    environment: &str,
    base: Option<&Url>,
) -> Result<(Option<Way>, Vec<Command>), ConfigError> {
    let health = health(leaves, environment, base)?;
    let Some((readout, leaf, from_repository)) = readout(leaves, environment)? else {
        return Ok((health.map(Way::Health), Vec::new()));
    };
    let key = format!("environments.{environment}.readout");
    if health.is_some() {
        let other = format!("environments.{environment}.health");
        return Err(ConfigError::Beside { key, other, origin: leaf.origin.clone() });
    }
    let command = |(_, words)| Command { key: key.clone(), words, from_repository };
    let commands = readout.commands().into_iter().map(command).collect();
    Ok((Some(Way::Readout(readout)), commands))
}

/// The readout, a leaf of it, and whether any of it comes from the repository.
fn readout<'a>(
    leaves: &'a Leaves,
    environment: &str,
) -> Result<Option<(Readout, &'a Leaf, bool)>, ConfigError> {
    let get = |field: &str| Setting::at(leaves, &["environments", environment, "readout", field]);
    let word = |field: &str| {
        get(field).parsed(
            "a word of letters, digits and `._/@-` that begins with a letter, a digit, or a slash before one",
            |text| is_word(text).then(|| text.to_owned()),
        )
    };
    let readout = Readout {
        ssh: word("ssh")?,
        container: word("container")?,
        file: word("file")?,
        repo: word("repo")?,
    };
    let said: Vec<&Leaf> =
        ["ssh", "container", "file", "repo"].iter().filter_map(|field| get(field).leaf).collect();
    let Some(first) = said.first() else { return Ok(None) };
    if readout.commands().is_empty() {
        return Err(get("ssh").refuse(first, "enough without `container`, `file` or `repo`"));
    }
    let foreign = said.iter().any(|leaf| matches!(leaf.origin, Origin::Repository { .. }));
    Ok(Some((readout, first, foreign)))
}

fn health(leaves: &Leaves, environment: &str, base: Option<&Url>) -> Result<Option<Health>, ConfigError> {
    let get = |field: &str| Setting::at(leaves, &["environments", environment, "health", field]);
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
    let Some(url) = get("url").address(base)? else {
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

    use super::super::layer;
    use super::*;

    fn read(text: &str) -> Result<(Option<Way>, Vec<Command>), String> {
        let mut leaves = Leaves::new();
        let origin = |file, line| Origin::Repository { file, line };
        let base = Url::parse("https://helpdesk.example/app/").unwrap();
        layer::read(
            &format!("[environments.\"a.b\"]\n{text}"),
            Path::new("shipmark.toml"),
            origin,
            &mut leaves,
        )
        .and_then(|()| way(&leaves, "a.b", Some(&base)))
        .map_err(|error| error.to_string())
    }

    fn health_of(text: &str) -> Health {
        match read(text).unwrap().0 {
            Some(Way::Health(health)) => health,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn health_is_an_inline_table() {
        let health = health_of(
            "health = { url = \"/health\", version = \"/version\", commit = \"\", within = \"2m\", stable = 1 }",
        );
        assert_eq!(health.url.as_str(), "https://helpdesk.example/health");
        assert_eq!((health.version.as_deref(), health.commit.as_deref()), (Some("/version"), Some("")));
        assert_eq!((health.within, health.stable), (Duration::from_mins(2), 1));
        let health = health_of("health = { url = \"http://localhost:1/\" }");
        assert_eq!((health.within, health.stable, &health.version), (WITHIN, STABLE, &None));
    }

    #[test]
    fn a_readout_brings_commands_that_need_trust() {
        let (way, commands) = read("readout = { ssh = \"prod\", container = \"desk\" }").unwrap();
        assert!(matches!(way, Some(Way::Readout(_))));
        let words: Vec<_> = commands.iter().map(|command| command.words.join(" ")).collect();
        assert_eq!(words, ["ssh -o BatchMode=yes -- prod docker inspect desk"]);
        assert!(commands.iter().all(|command| command.from_repository && command.key.ends_with(".readout")));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, message) in [
            (
                "readout = { ssh = \"-oProxyCommand=x\", repo = \"a\" }",
                "`environments.a.b.readout.ssh` is `-oProxyCommand=x`, not a word of letters, digits and `._/@-` that begins with a letter, a digit, or a slash before one",
            ),
            (
                "readout = { ssh = \"prod\" }",
                "`environments.a.b.readout.ssh` is `prod`, not enough without `container`, `file` or `repo`",
            ),
            (
                "readout = { repo = \"a\" }\nhealth = { url = \"/\" }",
                "`environments.a.b.readout` cannot stand beside `environments.a.b.health`",
            ),
        ] {
            assert_eq!(read(line).unwrap_err(), format!("shipmark.toml:2: {message}"), "{line}");
        }
    }
}
