//! The only reader of clock, randomness and environment, so that everything else is a function of its inputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// What surrounds this process, as a value that tests can build.
#[derive(Debug, Clone)]
pub struct World {
    clock: Clock,
    vars: BTreeMap<String, String>,
    cwd: PathBuf,
}

#[derive(Debug, Clone, Copy)]
enum Clock {
    System,
    Fixed(Timestamp),
}

/// A variable of the environment whose text cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable `{name}` is `{value}`, not {wanted}")]
pub struct BadVariable {
    pub name: &'static str,
    pub value: String,
    pub wanted: &'static str,
}

impl World {
    /// The real surroundings. Variables that are not UTF-8 are left out: none of ours can be one. It fails if
    /// the working directory is gone, since every path of the user's would mean something else then.
    #[expect(clippy::disallowed_methods, reason = "this module owns the environment")]
    pub fn system() -> std::io::Result<Self> {
        let vars = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let cwd = std::env::current_dir()?;
        Ok(Self { clock: Clock::System, vars, cwd })
    }

    /// Surroundings that never change, for tests.
    pub fn fixed(now: Timestamp, vars: &[(&str, &str)], cwd: &Path) -> Self {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { clock: Clock::Fixed(now), vars, cwd: cwd.to_owned() }
    }

    /// The present time.
    #[expect(clippy::disallowed_methods, reason = "this module owns the clock")]
    pub fn now(&self) -> Timestamp {
        match self.clock {
            Clock::System => Timestamp::now(),
            Clock::Fixed(now) => now,
        }
    }

    /// The time that goes into a release: `SOURCE_DATE_EPOCH` (whole seconds since 1970, as
    /// reproducible-builds.org specifies it) where it is set, else now; cut to seconds, as git stores no more.
    pub fn release_time(&self) -> Result<Timestamp, BadVariable> {
        const NAME: &str = "SOURCE_DATE_EPOCH";
        let seconds = match self.var(NAME) {
            None => self.now().as_second(),
            Some(text) => {
                let seconds = text.trim().parse().ok().filter(|seconds| *seconds >= 0);
                seconds.ok_or_else(|| bad_epoch(text))?
            }
        };
        Timestamp::from_second(seconds).map_err(|_| bad_epoch(&seconds.to_string()))
    }

    /// A stopwatch that no change of the clock disturbs.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start()
    }

    /// The value of a variable; a blank one counts as unset, since that is how CI systems pass "no value".
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// The values of the variables whose names say that they are secret.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.vars.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value.as_str())
    }

    /// A new id that sorts by time of making (UUID version 7, RFC 9562).
    pub fn new_id(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }

    /// A random word that foreign text cannot foresee.
    pub fn nonce(&self) -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }

    /// Random bytes that nobody can foresee, for a secret.
    pub fn random<const N: usize>(&self) -> std::io::Result<[u8; N]> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes)?;
        Ok(bytes)
    }

    /// The path of this very program, for a script that must find it again.
    pub fn program(&self) -> std::io::Result<PathBuf> {
        std::env::current_exe()
    }

    /// The working directory at start.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// The user's own configuration folder by the XDG base directory specification, if there is a home.
    pub fn config_home(&self) -> Option<PathBuf> {
        self.xdg("XDG_CONFIG_HOME", ".config")
    }

    /// The user's own data folder by the XDG base directory specification, if there is a home.
    pub fn data_home(&self) -> Option<PathBuf> {
        self.xdg("XDG_DATA_HOME", ".local/share")
    }

    /// The user's own folder for what a program remembers, by the XDG base directory specification.
    pub fn state_home(&self) -> Option<PathBuf> {
        self.xdg("XDG_STATE_HOME", ".local/state")
    }

    fn xdg(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let named = self.var(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        named.or_else(|| self.var("HOME").map(|home| Path::new(home).join(below_home)))
    }
}

fn bad_epoch(text: &str) -> BadVariable {
    BadVariable {
        name: "SOURCE_DATE_EPOCH",
        value: text.to_owned(),
        wanted: "a number of seconds since 1970-01-01",
    }
}

/// Measures a duration by the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this module owns the clock")]
    fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Whether a variable of this name holds a secret, as far as people name them so.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "API_KEY", "PRIVATE_KEY"];
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word)) || name.ends_with("_KEY") || name.ends_with("_PASS")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(vars: &[(&str, &str)]) -> World {
        World::fixed("2026-01-31T12:00:00.5Z".parse().unwrap(), vars, Path::new("/"))
    }

    #[test]
    fn the_release_time_is_the_source_date_or_now_in_whole_seconds() {
        assert_eq!(world(&[]).release_time().unwrap().to_string(), "2026-01-31T12:00:00Z");
        let pinned = world(&[("SOURCE_DATE_EPOCH", "86400")]);
        assert_eq!(pinned.release_time().unwrap().to_string(), "1970-01-02T00:00:00Z");
    }

    #[test]
    fn a_source_date_that_is_no_time_since_1970_is_named() {
        for text in ["today", "-1", "1.5", "999999999999999"] {
            let error = world(&[("SOURCE_DATE_EPOCH", text)]).release_time().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "the environment variable `SOURCE_DATE_EPOCH` is `{text}`, not a number of seconds since 1970-01-01"
                )
            );
        }
    }

    #[test]
    fn a_blank_variable_is_unset() {
        assert_eq!(world(&[("A", " ")]).var("A"), None);
    }
}
