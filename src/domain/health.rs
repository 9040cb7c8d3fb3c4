//! What a running program says about itself, and whether that is what was deployed.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::text;

/// Where a program is asked, and where in its answer the facts stand (JSON pointers, RFC 6901; the empty one
/// is the whole answer, which may then be plain text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub url: Url,
    pub version: Option<String>,
    pub commit: Option<String>,
    pub environment: Option<String>,
    /// How long a deployed program may take to be what it should be.
    pub within: Duration,
    /// How many good answers in a row count, since a balancer may alternate between old and new.
    pub stable: u32,
}

/// What a program said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Observed {
    pub version: Option<String>,
    pub commit: Option<String>,
    pub environment: Option<String>,
    /// The digest of the image of the container, if it was read off the machine.
    pub image: Option<String>,
    /// When the container started, as its machine writes it.
    pub started_at: Option<String>,
}

/// What it should say.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub version: &'a str,
    pub sha: Option<&'a str>,
    pub environment: &'a str,
}

/// By what it is proved that the right program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    Commit,
    Version,
    /// It answers, and says nothing of a version: that proves nothing.
    Reachable,
}

/// A good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Good {
    pub proof: Proof,
    /// What is odd about it all the same.
    pub warning: Option<String>,
}

/// A bad one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bad {
    /// Another commit or version runs.
    Other(String),
    /// It is broken, or is not what was asked.
    Wrong(String),
}

impl Health {
    /// Reads an answer; an error is a fragment that says what is wrong with it.
    pub fn read(&self, status: u16, body: &[u8]) -> Result<Observed, String> {
        if !(200..=299).contains(&status) {
            return Err(format!("it answered {status}"));
        }
        let document: Option<Value> = serde_json::from_slice(body).ok();
        let field = |pointer: &Option<String>| {
            let Some(pointer) = pointer else { return Ok(None) };
            let value = match &document {
                Some(document) => document.pointer(pointer).and_then(plain),
                None if pointer.is_empty() => std::str::from_utf8(body).ok().map(str::to_owned),
                None => return Err("its answer is not JSON".to_owned()),
            };
            let value = value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
            value.map(Some).ok_or_else(|| format!("its answer has no text at `{pointer}`"))
        };
        Ok(Observed {
            version: field(&self.version)?,
            commit: field(&self.commit)?,
            environment: field(&self.environment)?,
            ..Observed::default()
        })
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Observed {
    /// Whether it names this version and commit: the commit decides where both tell it, else the version.
    pub fn is(&self, version: &str, sha: Option<&str>) -> bool {
        let by_commit = self.commit.as_deref().zip(sha).and_then(|(seen, sha)| same_commit(seen, sha));
        let by_version = self.version.as_deref().map(|seen| same_version(seen, version));
        by_commit.or(by_version) == Some(true)
    }

    /// Whether this is what should run. The commit decides, then the version.
    pub fn judge(&self, wanted: &Wanted) -> Result<Good, Bad> {
        if let Some(environment) = self.environment.as_deref().filter(|own| *own != wanted.environment) {
            return Err(Bad::Wrong(format!("it says that it is `{}`", text::line(environment))));
        }
        let version = self.version.as_deref().map(|version| same_version(version, wanted.version));
        if let (Some(commit), Some(sha)) = (&self.commit, wanted.sha) {
            return match same_commit(commit, sha) {
                None => Err(Bad::Wrong(format!("it says `{}`, which is no commit", text::line(commit)))),
                Some(false) => Err(Bad::Other(self.name())),
                Some(true) => Ok(Good { proof: Proof::Commit, warning: self.oddity(version, wanted) }),
            };
        }
        match version {
            Some(true) => Ok(Good { proof: Proof::Version, warning: None }),
            Some(false) => Err(Bad::Other(self.name())),
            None => Ok(Good { proof: Proof::Reachable, warning: None }),
        }
    }

    fn oddity(&self, version: Option<bool>, wanted: &Wanted) -> Option<String> {
        let said = self.version.as_deref().filter(|_| version == Some(false))?;
        let (said, wanted) = (text::line(said), text::line(wanted.version));
        Some(format!("it runs the right commit and calls itself `{said}`, not `{wanted}`"))
    }

    /// What runs, as short as a person would name it: the version, else the commit.
    pub fn name(&self) -> String {
        let commit = self.commit.as_deref().map(text::short);
        text::line(self.version.as_deref().or(commit).unwrap_or("something"))
    }

    /// What runs, by its commit if it says one: two builds may have one version.
    pub fn surest_name(&self) -> String {
        let commit = self.commit.as_deref().map(text::short);
        text::line(commit.or(self.version.as_deref()).unwrap_or("something"))
    }
}

/// Whether two texts name one commit: one is a beginning of the other, of at least 7 hexadecimal digits.
/// `None` if one of them is no object id.
pub fn same_commit(a: &str, b: &str) -> Option<bool> {
    let id = |text: &str| text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !id(a) || !id(b) {
        return None;
    }
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    Some(a.starts_with(&b) || b.starts_with(&a))
}

/// Whether two texts name one version: programs write a `v` before it and add build metadata.
pub fn same_version(a: &str, b: &str) -> bool {
    bare_version(a) == bare_version(b)
}

/// A version without such a `v` and without build metadata.
pub fn bare_version(text: &str) -> &str {
    let text = text.trim();
    let number = text.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    number.unwrap_or(text).split('+').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "764c119aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const WANTED: Wanted = Wanted { version: "1.2.0", sha: Some(SHA), environment: "production" };

    fn health() -> Health {
        let pointer = |text: &str| Some(text.to_owned());
        Health {
            url: Url::parse("http://localhost/health").unwrap(),
            version: pointer("/version"),
            commit: pointer("/build/commit"),
            environment: None,
            within: Duration::from_mins(1),
            stable: 3,
        }
    }

    fn observed(version: &str, commit: &str, environment: &str) -> Observed {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (version, commit, environment) = (some(version), some(commit), some(environment));
        Observed { version, commit, environment, ..Observed::default() }
    }

    #[test]
    fn facts_are_read_by_their_pointers() {
        let read = |status, body: &str| health().read(status, body.as_bytes());
        let whole = read(200, r#"{"version": " v1.2.0 ", "build": {"commit": "764c119"}}"#);
        assert_eq!(whole, Ok(observed("v1.2.0", "764c119", "")));
        for (status, body, complaint) in [
            (503, "{}", "it answered 503"),
            (200, "<html>", "its answer is not JSON"),
            (200, "{}", "its answer has no text at `/version`"),
            (200, r#"{"version": null}"#, "its answer has no text at `/version`"),
            (200, r#"{"version": "1", "build": {}}"#, "its answer has no text at `/build/commit`"),
        ] {
            assert_eq!(read(status, body), Err(complaint.to_owned()), "{body}");
        }
        let text = Health { version: Some(String::new()), commit: None, ..health() };
        assert_eq!(text.read(200, b"1.2.0\n"), Ok(observed("1.2.0", "", "")));
        let silent = Health { version: None, commit: None, ..health() };
        assert_eq!(silent.read(204, b""), Ok(Observed::default()));
    }

    #[test]
    fn the_commit_decides_and_then_the_version() {
        let good = |proof| Ok(Good { proof, warning: None });
        let other = |name: &str| Err(Bad::Other(name.to_owned()));
        for (seen, verdict) in [
            (observed("1.2.0", "764C119", ""), good(Proof::Commit)),
            (observed("", "764c119a", "production"), good(Proof::Commit)),
            (observed("v1.2.0+build.7", "", ""), good(Proof::Version)),
            (observed("", "", ""), good(Proof::Reachable)),
            (observed("1.1.0", "9054631", ""), other("1.1.0")),
            (observed("1.2.0", "9054631", ""), other("1.2.0")),
            (observed("1.1.0", "", ""), other("1.1.0")),
            (observed("", "9054631aa", ""), other("9054631")),
            (
                observed("1.2.0", "764c119", "staging"),
                Err(Bad::Wrong("it says that it is `staging`".to_owned())),
            ),
            (
                observed("1.2.0", "unknown", ""),
                Err(Bad::Wrong("it says `unknown`, which is no commit".to_owned())),
            ),
        ] {
            assert_eq!(seen.judge(&WANTED), verdict, "{seen:?}");
        }
        let odd = observed("1.1.9", "764c119", "").judge(&WANTED).unwrap();
        assert_eq!(
            odd.warning.as_deref(),
            Some("it runs the right commit and calls itself `1.1.9`, not `1.2.0`")
        );
    }

    #[test]
    fn six_digits_prove_nothing() {
        assert_eq!(same_commit("764c11", SHA), None);
        assert_eq!(same_commit("764c119b", SHA), Some(false));
        assert!(same_version("V1.0.0", "1.0.0+x") && !same_version("version", "ersion"));
    }
}
