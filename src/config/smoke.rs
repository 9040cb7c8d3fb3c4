//! What is tried after a deployment, `[[environments.NAME.verify]]`.

use url::Url;

use super::environment::{Command, command};
use super::layer::Leaves;
use super::{ConfigError, Setting};
use crate::domain::smoke::Smoke;

/// One try, and the command of it, which needs trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    pub smoke: Smoke,
    pub command: Option<Command>,
}

pub(super) fn trials(
    leaves: &Leaves,
    environment: &str,
    base: Option<&Url>,
) -> Result<Vec<Trial>, ConfigError> {
    let tables = Setting::tables(leaves, &["environments", environment, "verify"]);
    tables.iter().map(|table| trial(leaves, &["environments", environment, table], base)).collect()
}

fn trial(leaves: &Leaves, path: &[&str; 3], base: Option<&Url>) -> Result<Trial, ConfigError> {
    let get = |field: &str| Setting::at(leaves, &[path.as_slice(), &[field]].concat());
    let (url, own) = (get("url").address(base)?, command(&get("command"))?);
    // What belongs to the other kind would mean nothing, and nobody would notice.
    let (kind, foreign) = match &own {
        Some(_) => ("command", ["url", "status", "contains", "max_ms"].as_slice()),
        None => ("url", ["absent"].as_slice()),
    };
    for field in foreign {
        if let (Some(leaf), Some(_)) = (get(field).leaf, get(kind).leaf) {
            let (key, other) = (get(field).key, get(kind).key);
            return Err(ConfigError::Beside { key, other, origin: leaf.origin.clone() });
        }
    }
    let number = |field: &str, least: i64, most: i64, wanted: &'static str| {
        let setting = get(field);
        let Some(leaf) = setting.leaf else { return Ok(None) };
        let number = leaf.value.as_integer().filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| setting.refuse(leaf, wanted))
    };
    let status = number("status", 100, 599, "a status of HTTP")?;
    let max_ms = number("max_ms", 1, 60_000, "a number of milliseconds up to 60000")?;
    match (url, own) {
        (Some(url), _) => {
            let smoke = Smoke::Page {
                url,
                status: status.and_then(|status| u16::try_from(status).ok()).unwrap_or(200),
                contains: get("contains").parsed("a text", |text| Some(text.to_owned()))?,
                max_ms: max_ms.and_then(|most| u64::try_from(most).ok()),
            };
            Ok(Trial { smoke, command: None })
        }
        (None, Some(own)) => {
            let absent = get("absent").texts("a list of texts such as `[\"ERROR\"]`")?.unwrap_or_default();
            Ok(Trial { smoke: Smoke::Command { words: own.words.clone(), absent }, command: Some(own) })
        }
        (None, None) => Err(Setting::lacking(leaves, path, "url")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(text: &str) -> Result<Vec<Trial>, String> {
        let text =
            format!("[environments.a]\nurl = \"https://x.example/app/\"\n[[environments.a.verify]]\n{text}");
        let config = crate::config::read(&text, Path::new("shipmark.toml"));
        config.map(|config| config.environments["a"].trials.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_or_a_command_is_tried() {
        let page = read("url = \"/login\"\nmax_ms = 500").unwrap();
        let Smoke::Page { url, status, max_ms, .. } = &page[0].smoke else { panic!("{page:?}") };
        assert_eq!((url.as_str(), *status, *max_ms), ("https://x.example/login", 200, Some(500)));
        let command = read("command = [\"true\"]").unwrap();
        assert!(command[0].command.as_ref().is_some_and(|command| command.from_repository));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            (
                "status = 200",
                "3: `environments.a.verify[0].url` is missing, which the other keys of this table need",
            ),
            (
                "url = \"/\"\ncommand = [\"true\"]",
                "4: `environments.a.verify[0].url` cannot stand beside `environments.a.verify[0].command`",
            ),
            (
                "url = \"/\"\nabsent = [\"x\"]",
                "5: `environments.a.verify[0].absent` cannot stand beside `environments.a.verify[0].url`",
            ),
            (
                "url = \"/\"\nstatus = 99",
                "5: `environments.a.verify[0].status` is `99`, not a status of HTTP",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), format!("shipmark.toml:{message}"), "{text}");
        }
    }
}
