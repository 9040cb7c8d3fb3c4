//! How long a change takes from its author to the environment.

use super::median::quantile;
use super::metric::{LeftOut, Unit};
use super::{Facts, Metric};
use crate::domain::deployment::Kind;
use crate::domain::message::Message;
use crate::domain::plan::Commit;
use crate::domain::{span, text};

/// How a success stands to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It contains it.
    Forward,
    /// It is contained in it.
    Back,
    Apart,
    /// One of the commits is not known here.
    Unknown,
}

/// The commits that a success has and no earlier one of its environment has, merges left out.
#[derive(Debug, Clone)]
pub enum Changes {
    /// It is the first, so all that came before is in it.
    First,
    Unknown,
    Known(Vec<Change>),
}

/// How a success came.
#[derive(Debug, Clone)]
pub struct Came {
    pub course: Course,
    pub changes: Changes,
}

/// One commit.
#[derive(Debug, Clone)]
pub struct Change {
    pub sha: String,
    /// When its author wrote it, in milliseconds since 1970 UTC.
    pub at: i64,
    /// Whether it only mends: a fix or a revert.
    pub mends: bool,
    /// The deployments that it says it mends.
    pub fixes: Vec<i64>,
    /// The commits that it reverts.
    pub reverts: Vec<String>,
    /// Whether a forge made it of a whole branch, so that its time is that of the merge.
    pub squashed: bool,
}

impl Change {
    /// What a commit means here. `None` for a merge and for a release, which nobody waits for.
    pub fn of(commit: &Commit) -> Option<Self> {
        let message: &Message = &commit.message;
        if commit.is_merge() || message.is_release() {
            return None;
        }
        let change = message.change();
        let of_type = |wanted: &[&str]| change.is_some_and(|change| wanted.contains(&change.r#type.as_str()));
        let footers = message.footers.iter().filter(|footer| footer.is("Fixes-Deployment"));
        Some(Self {
            sha: commit.oid.clone(),
            at: commit.authored.saturating_mul(1_000),
            mends: of_type(&["fix", "hotfix", "revert"]) || message.reverted_header().is_some(),
            fixes: footers.filter_map(|footer| footer.value.trim().parse().ok()).collect(),
            reverts: if message.reverted_header().is_some() { message.revert_targets() } else { Vec::new() },
            squashed: change.is_some_and(|change| change.pull_request.is_some()),
        })
    }
}

/// Whether a kind says that it mends at once.
pub(super) fn is_hotfix(kind: Option<Kind>, branch: Option<&str>) -> bool {
    kind == Some(Kind::Hotfix) || branch.and_then(Kind::of_branch) == Some(Kind::Hotfix)
}

/// The median time from a commit to the deployment that brought it, and what is not counted.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of some years")]
pub(super) fn lead_time(facts: &Facts) -> (Metric, Vec<LeftOut>) {
    let (mut times, mut left_out, mut squashed) = (Vec::new(), Vec::new(), 0);
    for (at, deployment) in facts.inside() {
        let out = |commit: Option<&str>, reason: &str| LeftOut {
            deployment: Some(deployment.row.id),
            version: deployment.row.version.clone(),
            commit: commit.map(str::to_owned),
            reason: format!("{reason}, so no lead time"),
            at: deployment.finished_at,
        };
        match facts.came.get(at).map(|came| &came.changes) {
            None | Some(Changes::Unknown) => left_out.push(out(None, "its commits are not known here")),
            Some(Changes::First) => left_out.push(out(None, "the first deployment")),
            Some(Changes::Known(changes)) if changes.is_empty() => left_out.push(out(None, "no new commit")),
            Some(Changes::Known(changes)) => {
                for change in changes {
                    let time = deployment.finished_at - change.at;
                    if time < 0 {
                        left_out.push(out(Some(&change.sha), "written after the deployment"));
                        continue;
                    }
                    squashed += usize::from(change.squashed);
                    times.push(time as f64);
                }
            }
        }
    }
    let n = times.len();
    let mut formula = format!("median of {}", text::counted(n, "commit"));
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds of some years")]
    if let Some(p90) = quantile(&times, 0.9) {
        formula = format!("{formula}, 90 % within {}", span::took(p90 as i64));
    }
    let mut metric = Metric::new("change lead time", Unit::Milliseconds, quantile(&times, 0.5), n, formula);
    if squashed > 0 {
        metric
            .notes
            .push(format!("{squashed} of them may be squashes (#), which are measured from the merge"));
    }
    (metric, left_out)
}
