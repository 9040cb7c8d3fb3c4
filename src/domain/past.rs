//! What was deployed before: one row of a registry's history, and what such rows say together.

use serde::{Deserialize, Serialize};

use super::deployment::{Kind, State};

/// One deployment, as `GET /api/v2/deployments` gives it, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether a person said later that it failed its users.
    #[serde(default)]
    pub failed_in_use: bool,
}

impl Past {
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

    fn row(id: i64, state: State) -> Past {
        let text = || "x".to_owned();
        Past {
            id,
            app: text(),
            workload: text(),
            platform: text(),
            environment: text(),
            version: id.to_string(),
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
            finished_at: None,
            kind: None,
            reason: None,
            failed_in_use: false,
        }
    }

    #[test]
    fn what_was_taken_back_counts_from_its_return() {
        let rows = [4, 3, 2, 1].map(|id| row(id, State::Superseded));
        let rows: Vec<&Past> = rows.iter().collect();
        let since = |held: &[i64]| since(&rows, |row| held.contains(&row.id)).map(|row| row.id);
        assert_eq!(since(&[4, 3]), Some(3));
        assert_eq!(since(&[4, 2, 1]), Some(4));
        assert_eq!(since(&[3]), None);
    }

    #[test]
    fn what_was_replaced_has_succeeded() {
        assert!(row(1, State::Superseded).succeeded());
        assert!(!row(1, State::TimedOut).succeeded());
    }
}
