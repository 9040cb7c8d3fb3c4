//! One metric: a value, how it came about, and how much it says.

use serde::Serialize;

use crate::domain::text;

/// Fewer than this say nothing.
pub const ENOUGH: usize = 5;

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Deployments a day.
    PerDay,
    /// From 0 to 1.
    Share,
    Milliseconds,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    pub name: &'static str,
    pub unit: Unit,
    /// Absent where nothing defines it.
    pub value: Option<f64>,
    /// How many went into it.
    pub n: usize,
    /// Whether these are enough to say something.
    pub enough: bool,
    /// How it was computed, with the numbers.
    pub formula: String,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// A row that is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub deployment: Option<i64>,
    pub version: String,
    /// A commit of it, where only that is left out.
    pub commit: Option<String>,
    pub reason: String,
    /// The end of the deployment, in milliseconds since 1970 UTC.
    pub at: i64,
}

impl Metric {
    pub(super) fn new(name: &'static str, unit: Unit, value: Option<f64>, n: usize, formula: String) -> Self {
        Self { name, unit, value, n, enough: n >= ENOUGH, formula, notes: Vec::new() }
    }
}

/// A part of a whole.
#[expect(clippy::cast_precision_loss, reason = "nobody deploys 2^53 times")]
pub(super) fn share(name: &'static str, part: usize, whole: usize, one: &str, what: &str) -> Metric {
    let value = (whole > 0).then(|| part as f64 / whole as f64);
    Metric::new(name, Unit::Share, value, whole, format!("{part} of {} {what}", text::counted(whole, one)))
}
