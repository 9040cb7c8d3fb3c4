//! How often something new is deployed.

use serde::Serialize;

use super::metric::Unit;
use super::{Facts, Metric};
use crate::domain::dora::median::quantile;
use crate::domain::text;

const DAY: i64 = 86_400_000;

/// The bands of the report of 2023, which was the last one to give fixed numbers for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    Low,
    Medium,
    High,
    Elite,
}

impl Band {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Elite => "elite",
        }
    }
}

/// Deployments a day, and on how many days of a week there are any.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frequency {
    #[serde(flatten)]
    pub metric: Metric,
    /// The median, over whole weeks, of the days with a deployment; absent in less than a week.
    pub days_a_week: Option<f64>,
    /// Absent where there is not enough to say.
    pub band_2023: Option<Band>,
}

/// Days and weeks are counted back from the end of the window, each of 24 hours, so that no time zone and no
/// half week at the end decides; a week without a deployment counts as 0.
#[expect(clippy::cast_precision_loss, reason = "a window of days, and the deployments in it")]
pub(super) fn frequency(facts: &Facts) -> Frequency {
    let ends: Vec<i64> = facts.inside().map(|(_, deployment)| deployment.finished_at).collect();
    let days = (facts.to - facts.from) as f64 / DAY as f64;
    let mut used: Vec<i64> = ends.iter().map(|end| (facts.to - 1 - end) / DAY).collect();
    used.sort_unstable();
    used.dedup();
    let weeks = (facts.to - facts.from) / (7 * DAY);
    let of_week = |week: i64| used.iter().filter(|day| **day / 7 == week).count() as f64;
    let days_a_week = quantile(&(0..weeks).map(of_week).collect::<Vec<_>>(), 0.5);
    let (n, value) = (ends.len(), (days > 0.0).then(|| ends.len() as f64 / days));
    let formula = format!("{} in {days} days", text::counted(n, "deployment"));
    let metric = Metric::new("deployment frequency", Unit::PerDay, value, n, formula);
    // "at least one day a month", where a month has 30 days
    let monthly = used.len() as f64 * 30.0 / days;
    let band_2023 = days_a_week.filter(|_| metric.enough).map(|median| match median {
        median if median >= 5.0 => Band::Elite,
        median if median >= 1.0 => Band::High,
        _ if monthly >= 1.0 => Band::Medium,
        _ => Band::Low,
    });
    Frequency { metric, days_a_week, band_2023 }
}
