//! What was deployed before: one row of a registry's history, and what such rows say together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deployment::{Kind, State};

/// One deployment, as `GET /api/v2/deployments` gives it, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Past {
    pub id: i64,
    pub app: String,
    pub workload: String,
    pub platform: String,
    pub environment: String,
    pub version: String,
    pub state: State,
    /// The word as the client wrote it.
    pub status: String,
    pub sha: Option<String>,
    /// The branch or tag.
    pub r#ref: Option<String>,
    pub dirty: Option<bool>,
    pub actor: Option<String>,
    pub run_url: Option<String>,
    #[serde(default)]
    pub changelog_url: Option<String>,
    /// How long it took, in milliseconds.
    pub duration: Option<i64>,
    /// Milliseconds since 1970 UTC.
    pub started_at: i64,
    /// Milliseconds since 1970 UTC; absent while it runs.
    pub finished_at: Option<i64>,
    /// What kind it is, where it is not an ordinary one, and why it was done.
    #[serde(default)]
    pub kind: Option<Kind>,
    #[serde(default)]
    pub reason: Option<String>,
    /// The deployment that this one takes back.
    #[serde(default)]
    pub rollback_of: Option<i64>,
    /// What the deployments of one matrix or of several hosts have in common: together they are one.
    #[serde(default)]
    pub group_id: Option<String>,
    /// The digest of the artifact.
    #[serde(default)]
    pub digest: Option<String>,
    /// Whether a person said later that it failed its users, or that it did not.
    #[serde(default)]
    pub failed_in_use: Option<bool>,
}

impl Past {
    /// A row of which only these matter, for tests; it began and ended in the millisecond of its id.
    #[cfg(test)]
    pub(crate) fn of(id: i64, version: &str, state: State) -> Self {
        let text = || "x".to_owned();
        Self {
            id,
            app: text(),
            workload: text(),
            platform: text(),
            environment: text(),
            version: version.to_owned(),
            state,
            status: text(),
            sha: None,
            r#ref: None,
            dirty: None,
            actor: None,
            run_url: None,
            changelog_url: None,
            duration: None,
            started_at: id,
            finished_at: Some(id),
            kind: None,
            reason: None,
            rollback_of: None,
            group_id: None,
            digest: None,
            failed_in_use: None,
        }
    }

    /// Whether it once succeeded, also if something replaced it since.
    pub fn succeeded(&self) -> bool {
        matches!(self.state, State::Succeeded | State::Superseded | State::RolledBack | State::Decommissioned)
    }

    /// When it ended, or else began, in milliseconds since 1970 UTC.
    pub fn at(&self) -> i64 {
        self.finished_at.unwrap_or(self.started_at)
    }
}

/// The deployment since which something has been there without a break: `rows` are the successes of one
/// environment, newest first, and `holds` says of each whether it is in there.
pub fn since<'a>(rows: &[&'a Past], holds: impl Fn(&Past) -> bool) -> Option<&'a Past> {
    rows.iter().copied().take_while(|row| holds(row)).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_back_counts_from_its_return() {
        let rows = [4, 3, 2, 1].map(|id| Past::of(id, "1", State::Superseded));
        let rows: Vec<&Past> = rows.iter().collect();
        let since = |held: &[i64]| since(&rows, |row| held.contains(&row.id)).map(|row| row.id);
        assert_eq!(since(&[4, 3]), Some(3));
        assert_eq!(since(&[4, 2, 1]), Some(4));
        assert_eq!(since(&[3]), None);
    }

    #[test]
    fn what_was_replaced_has_succeeded() {
        assert!(Past::of(1, "1", State::Superseded).succeeded());
        assert!(!Past::of(1, "1", State::TimedOut).succeeded());
    }
}
