//! What an administrator sets so that the registry itself asks a running program what it is.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::health::{Health, Observed};
use super::text;

/// How often a program is asked, in seconds, unless it is said.
pub const INTERVAL: u32 = 60;
/// The bounds of that. What was seen must not grow stale between two looks.
pub const INTERVALS: std::ops::RangeInclusive<u32> = 10..=300;

/// A place: where one app runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub app: String,
    pub platform: String,
    pub environment: String,
}

/// The body of `PUT /api/v2/apps/{app}/environments/{env}/probe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProbe {
    pub url: String,
    /// Where the version stands in the answer: a JSON pointer (RFC 6901); the empty one is the whole answer.
    #[serde(default)]
    pub version: Option<String>,
    /// The same for the commit.
    #[serde(default)]
    pub commit: Option<String>,
    /// The same for the name of the environment, which must then be right.
    #[serde(default)]
    pub environment: Option<String>,
    /// Seconds between two questions.
    #[serde(default = "interval")]
    pub interval: u32,
}

fn interval() -> u32 {
    INTERVAL
}

/// A probe as it is set, and what became of it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Probing {
    #[serde(flatten)]
    pub set: NewProbe,
    /// When the program was asked last, in milliseconds since 1970 UTC.
    pub asked_at: Option<i64>,
    /// Why nothing was seen then.
    pub problem: Option<String>,
    /// When it is asked next.
    pub due_at: i64,
}

impl NewProbe {
    /// The address, if it is one that a probe may have: nobody's password stands in it, since it is shown.
    pub fn address(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.url)
            .map_err(|_| "must be an address such as `https://helpdesk.example/health`")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("must begin with http:// or https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must hold no user and no password");
        }
        Ok(url)
    }

    /// What the answer of the program of an environment says; an error is a fragment that says what is wrong with it.
    pub fn read(&self, url: Url, environment: &str, status: u16, body: &[u8]) -> Result<Observed, String> {
        let health = Health {
            url,
            version: self.version.clone(),
            commit: self.commit.clone(),
            environment: self.environment.clone(),
            within: Duration::ZERO,
            stable: 1,
        };
        let seen = health.read(status, body)?;
        match &seen.environment {
            Some(own) if own != environment => Err(format!("it says that it is `{}`", text::line(own))),
            _ => Ok(seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(url: &str) -> NewProbe {
        let pointer = |text: &str| Some(text.to_owned());
        NewProbe {
            url: url.to_owned(),
            version: pointer("/version"),
            commit: None,
            environment: pointer("/env"),
            interval: INTERVAL,
        }
    }

    #[test]
    fn an_address_is_http_and_holds_no_secret() {
        assert!(probe("https://helpdesk.example/health?a=b").address().is_ok());
        for bad in ["/health", "file:///etc/passwd", "gopher://a", "https://a:b@c/", "http://a@c/", "http://"]
        {
            assert!(probe(bad).address().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_program_of_another_environment_is_no_witness() {
        let probe = probe("https://helpdesk.example/health");
        let read = |status, body: &str| {
            let seen = probe.read(probe.address().unwrap(), "production", status, body.as_bytes());
            seen.map(|seen| seen.version.unwrap())
        };
        assert_eq!(read(200, r#"{"version":"1.0.1","env":"production"}"#), Ok("1.0.1".to_owned()));
        let other = read(200, r#"{"version":"1.0.1","env":"staging"}"#);
        assert_eq!(other, Err("it says that it is `staging`".to_owned()));
        assert_eq!(read(302, ""), Err("it answered 302".to_owned()));
    }
}
