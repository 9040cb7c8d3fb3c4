//! What was seen running, by a machine that reports it or by the registry's own prober.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deployment::{Attempt, Current};
use super::health::Observed;

/// Whether at some time the right program was seen running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    pub good: bool,
}

/// What a machine says that it runs: the body of `POST /api/v2/observations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewObservation {
    pub app: String,
    pub platform: String,
    pub environment: String,
    #[serde(default)]
    pub version: Option<String>,
    /// The commit, or its first 7 digits or more.
    #[serde(default)]
    pub sha: Option<String>,
    /// The digest of the artifact.
    #[serde(default)]
    pub digest: Option<String>,
    /// When the program started, in milliseconds since 1970 UTC.
    #[serde(default)]
    pub started_at: Option<i64>,
    /// When it was seen, in milliseconds since 1970 UTC; the time of receipt where it is absent.
    #[serde(default)]
    pub seen_at: Option<i64>,
}

/// What was seen running at one place, from `first_at` to `seen_at` without a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    pub version: Option<String>,
    pub sha: Option<String>,
    pub digest: Option<String>,
    /// Milliseconds since 1970 UTC, as all times here.
    pub started_at: Option<i64>,
    pub first_at: i64,
    pub seen_at: i64,
    /// Whether its place has a record of it.
    #[serde(skip)]
    pub known: bool,
}

/// One of a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sighted {
    pub id: String,
    #[serde(flatten)]
    pub seen: Sighting,
}

/// How long a look counts, in milliseconds: 15 minutes. What was seen earlier is shown with its age and gives no
/// alarm, since the machine that told it may be gone.
pub const FRESH: i64 = 15 * 60 * 1_000;

impl Sighting {
    /// A look that saw nothing of use, at a time in milliseconds since 1970 UTC.
    pub fn nothing(at: i64) -> Self {
        let (version, sha, digest, started_at) = (None, None, None, None);
        Self { version, sha, digest, started_at, first_at: at, seen_at: at, known: false }
    }

    /// Whether it saw nothing of use.
    pub fn is_empty(&self) -> bool {
        self.version.is_none() && self.sha.is_none()
    }

    /// Whether another look saw the same program in the same run.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let facts = |sighting: &Self| {
            let Self { version, sha, digest, started_at, .. } = sighting.clone();
            (version, sha, digest, started_at)
        };
        facts(self) == facts(other)
    }

    /// The same in the words of a health page, if it can be about what is recorded: what was seen before that
    /// went live says nothing of it, nor does what was seen long ago. `now` in milliseconds since 1970 UTC.
    pub fn observed(&self, item: &Current, now: i64) -> Option<Observed> {
        (self.is_about(item) && self.is_fresh(now)).then(|| self.facts())
    }

    /// Whether it was seen since what is recorded went live.
    pub fn is_about(&self, item: &Current) -> bool {
        let live_since = |recorded: &Attempt| recorded.finished_at.unwrap_or(recorded.started_at);
        item.recorded.as_ref().is_none_or(|recorded| self.seen_at >= live_since(recorded))
    }

    /// Whether it still counts.
    pub fn is_fresh(&self, now: i64) -> bool {
        now.saturating_sub(self.seen_at) <= FRESH
    }

    /// What it says of version and commit.
    pub fn facts(&self) -> Observed {
        Observed { version: self.version.clone(), commit: self.sha.clone(), ..Observed::default() }
    }
}

/// What was seen at a place where nothing was ever recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stranger {
    pub app: String,
    pub platform: String,
    pub environment: String,
    pub observed: Sighting,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::State;

    fn seen(version: &str, seen_at: i64) -> Sighting {
        Sighting {
            version: Some(version.to_owned()),
            sha: None,
            digest: None,
            started_at: None,
            first_at: seen_at,
            seen_at,
            known: false,
        }
    }

    #[test]
    fn times_of_a_look_are_no_part_of_what_it_says() {
        assert!(seen("1", 5).says_the_same(&seen("1", 9)));
        assert!(!seen("1", 5).says_the_same(&seen("2", 5)));
        assert!(!seen("1", 5).says_the_same(&Sighting { started_at: Some(4), ..seen("1", 5) }));
    }

    #[test]
    fn a_look_from_before_the_deployment_says_nothing_of_it() {
        let good = Attempt {
            id: 1,
            version: "1".to_owned(),
            state: State::Succeeded,
            status: "deployed".to_owned(),
            sha: None,
            actor: None,
            started_at: 5,
            finished_at: Some(10),
        };
        let name = || "x".to_owned();
        let item = Current {
            app: name(),
            workload: name(),
            platform: name(),
            environment: name(),
            recorded: Some(good.clone()),
            newest: good,
        };
        assert_eq!(seen("1", 9).observed(&item, 20), None);
        assert!(seen("1", 10).observed(&item, 20).is_some());
        assert!(seen("1", 10).observed(&item, FRESH + 10).is_some());
        assert_eq!(seen("1", 10).observed(&item, FRESH + 11), None);
        assert!(seen("1", 0).observed(&Current { recorded: None, ..item }, 0).is_some());
    }
}
