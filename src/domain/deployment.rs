//! A deployment: one attempt to put one version of one app on one environment, and which changes of its
//! state are legal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lists::{Line, Told};

/// Where a deployment stands. The words are those of API v2; `Status` has the words of API v1 too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    /// Set by the registry when a running deployment never reported its end.
    TimedOut,
    /// A success that a later success replaced.
    Superseded,
    RolledBack,
    Decommissioned,
    /// A v1 word without a meaning of ours; the word itself is kept beside it.
    Unknown,
}

impl State {
    /// The word of API v2, as the database keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Superseded => "superseded",
            Self::RolledBack => "rolled_back",
            Self::Decommissioned => "decommissioned",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word of API v2 that the database keeps.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    const ALL: [Self; 10] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
        Self::Superseded,
        Self::RolledBack,
        Self::Decommissioned,
        Self::Unknown,
    ];

    /// The word that API v1 stores for this state.
    pub fn v1_word(self) -> &'static str {
        match self {
            Self::Running => "ongoing",
            Self::Succeeded => "deployed",
            other => other.word(),
        }
    }

    /// What a v1 word means; v1 allows any word, so an unknown one is a state of its own.
    pub fn from_v1(word: &str) -> Self {
        match word {
            "ongoing" => Self::Running,
            "deployed" | "completed" => Self::Succeeded,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => Self::Unknown,
        }
    }

    /// The status words that a client may report, of either API.
    pub const REPORTABLE: [&'static str; 8] =
        ["queued", "running", "ongoing", "succeeded", "deployed", "completed", "failed", "cancelled"];

    /// What a reported status word means, if a client may report it.
    pub fn from_report(word: &str) -> Option<Self> {
        match word {
            "queued" => Some(Self::Queued),
            "running" => Some(Self::Running),
            "succeeded" => Some(Self::Succeeded),
            word if Self::REPORTABLE.contains(&word) => Some(Self::from_v1(word)),
            _ => None,
        }
    }

    /// Whether an attempt in this state may have this word in its row of v1. What the registry infers (a time-out, a
    /// replacement) leaves the word alone; any other disagreement means that another program changed the word.
    pub fn agrees_with(self, word: &str) -> bool {
        match Self::from_report(word).unwrap_or(Self::Unknown) {
            Self::Queued | Self::Running => matches!(self, Self::Queued | Self::Running | Self::TimedOut),
            Self::Succeeded => {
                matches!(self, Self::Succeeded | Self::Superseded | Self::RolledBack | Self::Decommissioned)
            }
            meant => self == meant,
        }
    }

    /// Whether the attempt is over.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// Whether a report may move a deployment from this state to `next`. Nothing returns to running, and an
    /// inferred end (`TimedOut`) yields to a real one.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => matches!(next, Self::Running | Self::Succeeded | Self::Failed | Self::Cancelled),
            Self::Running | Self::TimedOut => {
                matches!(next, Self::Succeeded | Self::Failed | Self::Cancelled)
            }
            _ => false,
        }
    }
}

/// One report, as it travels: the body of `POST /api/v2/deployments` and the content of an outbox file.
/// `run_key` names the deployment and `seq` the step within it, so a repeated report is known as such.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub app: String,
    /// The team, `workload` in API v1; the app's name where nobody said otherwise.
    pub workload: String,
    pub platform: String,
    pub environment: String,
    pub version: String,
    /// One of `State::REPORTABLE`.
    #[schemars(extend("enum" = State::REPORTABLE))]
    pub status: String,
    pub run_key: String,
    pub seq: i64,
    /// When the step happened, in milliseconds since 1970 UTC.
    pub at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// The branch or tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changelog_url: Option<String>,
    /// How long the deployment took, in milliseconds by a monotonic clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<i64>,
    /// What kind it is, where it is not an ordinary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Why it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The deployment that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_of: Option<i64>,
    /// What the deployments of one matrix or of several hosts have in common: together they are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The digest of the artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The last lines that the command wrote, without control characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log_tail: Vec<String>,
    /// What the deployment brings, with its first report: see `lists::Told`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commits_since: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub commits_truncated: bool,
}

impl Report {
    /// What the deployment brings, if this report says so.
    pub fn told(&self) -> Option<Told> {
        let Self { commits, commits_since, commits_truncated, .. } = self;
        let told = Told {
            commits: commits.clone(),
            commits_since: commits_since.clone(),
            commits_truncated: *commits_truncated,
        };
        (told != Told::default()).then_some(told)
    }
}

/// The most lines of such a tail, and the most bytes of each.
pub const LOG_LINES: usize = 100;
pub const LOG_LINE: usize = 500;

/// What kind a deployment is that is not an ordinary one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It puts an earlier version back.
    Rollback,
    /// It mends what an earlier deployment broke.
    Hotfix,
    /// It puts the same version there again.
    Redeploy,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Rollback, Self::Hotfix, Self::Redeploy];

    /// The word that the database keeps.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Hotfix => "hotfix",
            Self::Redeploy => "redeploy",
        }
    }

    /// Reads the word that the database keeps.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What a branch says of the deployments from it (git-flow: `hotfix/*`).
    pub fn of_branch(branch: &str) -> Option<Self> {
        branch.starts_with("hotfix/").then_some(Self::Hotfix)
    }
}

/// The next step of a deployment, the body of `POST /api/v2/deployments/{id}/events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// One of `State::REPORTABLE`.
    #[schemars(extend("enum" = State::REPORTABLE))]
    pub status: String,
    /// The step; the one after the last where it is absent.
    #[serde(default)]
    pub seq: Option<i64>,
    /// When it happened, in milliseconds since 1970 UTC; the time of receipt where it is absent.
    #[serde(default)]
    pub at: Option<i64>,
    #[serde(default)]
    pub note: Option<String>,
    #[serde(default)]
    pub actor: Option<String>,
    /// How long the deployment took, in milliseconds.
    #[serde(default)]
    pub duration: Option<i64>,
}

/// What a person may correct of a deployment, the body of `PATCH /api/v2/deployments/{id}`. What is absent
/// stays; `null` takes it away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    #[serde(default, deserialize_with = "given")]
    pub reason: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    pub run_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    pub changelog_url: Option<Option<String>>,
    /// Whether it failed its users later on: it counts against the change failure rate.
    #[serde(default)]
    pub failed_in_use: Option<bool>,
}

/// Tells a `null` from what is absent.
#[expect(clippy::option_option, reason = "serde knows no other way to tell three cases apart")]
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// What v1's free text `raw` holds of a report: the facts that v1 has no column for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    pub shipmark: Why,
}

/// Kind and reason of a deployment, and what it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_of: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// One cell of the matrix: what an app has on one environment, as `GET /api/v2/current` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Current {
    pub app: String,
    pub workload: String,
    pub platform: String,
    pub environment: String,
    /// The newest success: what should be running.
    pub recorded: Option<Attempt>,
    /// The newest attempt, whatever became of it.
    pub newest: Attempt,
}

/// One deployment in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    pub id: i64,
    pub version: String,
    pub state: State,
    /// The word as the client wrote it, which for v1 may be any.
    pub status: String,
    pub sha: Option<String>,
    pub actor: Option<String>,
    /// Milliseconds since 1970 UTC.
    pub started_at: i64,
    /// Milliseconds since 1970 UTC; absent while it runs.
    pub finished_at: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for state in State::ALL {
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        for word in State::REPORTABLE {
            assert_ne!(State::from_report(word), Some(State::Unknown), "{word}");
        }
        assert_eq!(State::from_report("superseded"), None);
    }

    #[test]
    fn what_the_registry_infers_agrees_with_the_word_of_the_row() {
        for (state, word) in [
            (State::TimedOut, "ongoing"),
            (State::TimedOut, "queued"),
            (State::Superseded, "completed"),
            (State::RolledBack, "deployed"),
            (State::Unknown, "paused"),
        ] {
            assert!(state.agrees_with(word), "{state:?} {word}");
        }
        for (state, word) in [
            (State::Running, "deployed"),
            (State::TimedOut, "failed"),
            (State::Superseded, "failed"),
            (State::Failed, "ongoing"),
            (State::Succeeded, "paused"),
        ] {
            assert!(!state.agrees_with(word), "{state:?} {word}");
        }
    }

    #[test]
    fn an_ended_deployment_never_moves_again_by_a_report() {
        assert!(State::Running.may_become(State::Failed));
        assert!(State::TimedOut.may_become(State::Succeeded));
        assert!(!State::Succeeded.may_become(State::Running));
        assert!(!State::Failed.may_become(State::Succeeded));
        assert!(!State::Running.may_become(State::Running));
    }
}
