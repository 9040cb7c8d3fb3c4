//! What a registry is told: a step of a deployment, or a release.

use serde::{Deserialize, Serialize};

use super::delivery::{digest, report_key};
use super::deployment::Report;
use super::released::Released;

/// One fact on its way to a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    Deployment(Box<Report>),
    Release(Released),
}

impl Fact {
    /// What tells it from every other fact: 64 hexadecimal digits. The same fact has the same key on any machine.
    pub fn key(&self) -> String {
        match self {
            Self::Deployment(report) => report_key(report),
            Self::Release(release) => {
                digest(&["release", &release.app, &release.version, &release.sha, &release.tag])
            }
        }
    }

    /// When it happened, in milliseconds since 1970 UTC.
    pub fn at(&self) -> i64 {
        match self {
            Self::Deployment(report) => report.at,
            Self::Release(release) => release.released_at,
        }
    }

    /// The step within its run; a release is one step.
    pub fn seq(&self) -> i64 {
        match self {
            Self::Deployment(report) => report.seq,
            Self::Release(_) => 0,
        }
    }

    /// The facts that must arrive in order are of one run.
    pub fn run(&self) -> &str {
        match self {
            Self::Deployment(report) => &report.run_key,
            Self::Release(release) => &release.tag,
        }
    }

    /// The queue that it stands in: facts about one cell of the board must not overtake each other, an app on one
    /// environment of one platform, as the registry keys it. The releases of an app have a queue of their own.
    pub fn target(&self) -> (&str, Option<(&str, &str)>) {
        match self {
            Self::Deployment(report) => (&report.app, Some((&report.platform, &report.environment))),
            Self::Release(release) => (&release.app, None),
        }
    }
}
