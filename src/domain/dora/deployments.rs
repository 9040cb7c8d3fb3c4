//! The rows of a history as deployments: the members of a group are one, and what put the same there again is
//! activity and no deployment.

use std::collections::BTreeMap;

use super::metric::LeftOut;
use crate::domain::deployment::State;
use crate::domain::past::Past;
use crate::domain::rollback::same_release;

/// One deployment: a row, or a group of rows, such as those of several hosts.
#[derive(Debug, Clone)]
pub struct Deployment<'a> {
    /// The member that finished last.
    pub row: &'a Past,
    /// Milliseconds since 1970 UTC.
    pub finished_at: i64,
    /// Whether somebody marked it as failed in use.
    pub failed_in_use: bool,
    /// The ids of all members.
    pub ids: Vec<i64>,
}

/// What a history holds, each list by end and id.
#[derive(Debug, Clone, Default)]
pub struct Deployments<'a> {
    pub successes: Vec<Deployment<'a>>,
    /// What put the same there again.
    pub redeploys: Vec<Deployment<'a>>,
    pub failures: Vec<Deployment<'a>>,
    /// What is in none of the lists, or is activity only.
    pub left_out: Vec<LeftOut>,
}

impl<'a> Deployments<'a> {
    /// Sorts the rows of one environment, in any order.
    pub fn of(rows: &'a [Past]) -> Self {
        let mut groups: BTreeMap<(Option<&str>, i64), Vec<&Past>> = BTreeMap::new();
        for row in rows {
            let group = row.group_id.as_deref();
            groups.entry((group, if group.is_some() { 0 } else { row.id })).or_default().push(row);
        }
        let mut all: Vec<(Outcome, Deployment)> =
            groups.values().filter_map(|members| one(members)).collect();
        all.sort_by_key(|(_, deployment)| (deployment.finished_at, deployment.row.id));
        let mut found = Self::default();
        for (outcome, deployment) in all {
            found.add(outcome, deployment);
        }
        found
    }

    fn add(&mut self, outcome: Outcome, deployment: Deployment<'a>) {
        let out = |reason: &str| LeftOut {
            deployment: Some(deployment.row.id),
            version: deployment.row.version.clone(),
            commit: None,
            reason: reason.to_owned(),
            at: deployment.finished_at,
        };
        if deployment.ids.len() > 1 {
            let count = deployment.ids.len();
            self.left_out.push(out(&format!("{count} members of one group, counted as one")));
        }
        match outcome {
            Outcome::Success if self.successes.last().is_some_and(|last| same(last.row, deployment.row)) => {
                self.left_out.push(out("a redeployment of the same"));
                self.redeploys.push(deployment);
            }
            Outcome::Success => self.successes.push(deployment),
            Outcome::Failure => {
                self.left_out.push(out("it failed, so nothing was deployed"));
                self.failures.push(deployment);
            }
            Outcome::Other(reason) => self.left_out.push(out(reason)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Success,
    Failure,
    Other(&'static str),
}

/// A group is done when its last member is, and well only if all of them are.
fn one<'a>(members: &[&'a Past]) -> Option<(Outcome, Deployment<'a>)> {
    let row = members.iter().copied().max_by_key(|row| (row.at(), row.id))?;
    let outcome = if members.iter().any(|row| !row.state.is_final()) {
        Outcome::Other("it is under way")
    } else if members.iter().any(|row| matches!(row.state, State::Failed | State::TimedOut)) {
        Outcome::Failure
    } else if members.iter().all(|row| row.succeeded()) {
        Outcome::Success
    } else if members.iter().any(|row| row.state == State::Cancelled) {
        Outcome::Other("it was cancelled")
    } else {
        Outcome::Other("its status has no known meaning")
    };
    let deployment = Deployment {
        row,
        finished_at: row.at(),
        failed_in_use: members.iter().any(|row| row.failed_in_use == Some(true)),
        ids: members.iter().map(|row| row.id).collect(),
    };
    Some((outcome, deployment))
}

/// The same commit, or the same artifact: another build of the same commit changes nothing either.
fn same(a: &Past, b: &Past) -> bool {
    let digests = a.digest.as_deref().zip(b.digest.as_deref());
    digests.is_some_and(|(a, b)| a == b) || same_release(a, b)
}
