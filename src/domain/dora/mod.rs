//! The DORA metrics of one app on one environment, each with what went into it and what was left out and why.
//! The rules are those of the DORA programme (dora.dev) with every case decided that its words leave open.

mod change;
mod deployments;
mod failure;
mod frequency;
mod looks;
mod median;
mod metric;
#[cfg(test)]
mod month;

pub use change::{Came, Change, Changes, Course};
pub use deployments::{Deployment, Deployments};
pub use failure::{Failure, Rule};
pub use frequency::{Band, Frequency};
pub use looks::looks;
pub use metric::{ENOUGH, LeftOut, Metric, Unit};

use serde::Serialize;

use self::failure::failures;
use super::incident::Incident;
use super::observation::Look;

/// What is measured: everything that is known of the environment, not only what lies in the window, since what
/// came before and after decides about what lies in it.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The window, from the first to before the second, in milliseconds since 1970 UTC.
    pub from: i64,
    pub to: i64,
    /// Milliseconds since 1970 UTC.
    pub now: i64,
    pub deployments: &'a Deployments<'a>,
    /// How each success came, in their order.
    pub came: &'a [Came],
    pub incidents: &'a [Incident],
    /// What was seen running, oldest first.
    pub looks: &'a [Look],
}

/// All metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    pub frequency: Frequency,
    pub metrics: Vec<Metric>,
    /// Every success of the window that failed, in their order.
    pub failures: Vec<Failure>,
    pub left_out: Vec<LeftOut>,
}

impl Facts<'_> {
    fn is_inside(&self, at: i64) -> bool {
        (self.from..self.to).contains(&at)
    }

    /// The successes of the window, each with its place among all.
    fn inside(&self) -> impl Iterator<Item = (usize, &Deployment<'_>)> {
        let all = self.deployments.successes.iter().enumerate();
        all.filter(|(_, deployment)| self.is_inside(deployment.finished_at))
    }
}

/// Measures.
pub fn measure(facts: &Facts) -> Measured {
    let all = failures(facts);
    let (lead, mut left_out) = change::lead_time(facts);
    left_out.extend(facts.deployments.left_out.iter().filter(|row| facts.is_inside(row.at)).cloned());
    left_out.sort_by_key(|row| (row.at, row.deployment));
    let failures: Vec<Failure> =
        all.iter().filter(|failure| facts.is_inside(failure.finished_at)).cloned().collect();
    let count = facts.inside().count();
    Measured {
        frequency: frequency::frequency(facts),
        metrics: vec![
            lead,
            metric::share("change fail rate", failures.len(), count, "deployment", "failed"),
            failure::recovery(&failures),
            failure::rework(facts, &all, count),
            pipeline(facts),
        ],
        failures,
        left_out,
    }
}

/// How many runs failed, whatever they deployed: a redeployment is a run too.
fn pipeline(facts: &Facts) -> Metric {
    let inside = |deployments: &[Deployment]| {
        deployments.iter().filter(|deployment| facts.is_inside(deployment.finished_at)).count()
    };
    let failed = inside(&facts.deployments.failures);
    let runs = failed + inside(&facts.deployments.successes) + inside(&facts.deployments.redeploys);
    metric::share("pipeline failure rate", failed, runs, "run", "failed")
}
