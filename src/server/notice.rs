//! What the board says of what is seen running, where that is not simply what is recorded.

use jiff::Timestamp;
use serde::Serialize;

use super::when::When;
use crate::domain::deployment::Current;
use crate::domain::observation::{Sighting, Stranger};
use crate::domain::text;
use crate::domain::verdict::Verdict;
use crate::registry::Cell;

/// One such place.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    pub(super) app: String,
    pub(super) platform: String,
    pub(super) environment: String,
    matter: Matter,
    observed: Sighting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matter {
    /// Something else runs, that the place has a record of.
    Drift,
    /// Something runs that nobody recorded there.
    Unreported,
    /// It was seen too long ago to mean anything now.
    Old,
}

/// A notice in words.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    /// They end where the time follows.
    words: String,
    seen: When,
    alarm: bool,
}

/// The cells, and the notices: of places that have a cell, and of those that have none.
pub(super) fn notices(
    cells: Vec<Cell>,
    strangers: Vec<Stranger>,
    now: Timestamp,
) -> (Vec<Current>, Vec<Notice>) {
    let now = now.as_millisecond();
    let mut notices = Vec::new();
    let mut currents = Vec::new();
    for Cell { current, observed, verdict } in cells {
        let matter = |observed: &Sighting| match verdict {
            Verdict::Drift => Some(Matter::Drift),
            Verdict::Unreported => Some(Matter::Unreported),
            _ => (!observed.is_empty() && observed.is_about(&current) && !observed.is_fresh(now))
                .then_some(Matter::Old),
        };
        if let Some((matter, observed)) = observed.and_then(|seen| Some((matter(&seen)?, seen))) {
            notices.push(Notice {
                app: current.app.clone(),
                platform: current.platform.clone(),
                environment: current.environment.clone(),
                matter,
                observed,
            });
        }
        currents.push(current);
    }
    notices.extend(strangers.into_iter().map(|stranger| Notice {
        app: stranger.app,
        platform: stranger.platform,
        environment: stranger.environment,
        matter: if stranger.observed.is_fresh(now) { Matter::Unreported } else { Matter::Old },
        observed: stranger.observed,
    }));
    (currents, notices)
}

impl Notice {
    /// Whether somebody should look.
    pub(super) fn is_alarm(&self) -> bool {
        self.matter != Matter::Old
    }

    /// What stands in the cell.
    pub(super) fn shown(&self, now: Timestamp) -> Shown {
        let Sighting { version, sha, seen_at, .. } = &self.observed;
        let commit =
            sha.as_deref().filter(|_| version.is_some()).map(|sha| format!(" ({})", text::short(sha)));
        let what = format!("{}{}", self.name(), commit.unwrap_or_default());
        let words = match self.matter {
            Matter::Drift => format!("drift: {what} is running, seen"),
            Matter::Unreported => format!("unreported: {what} is running, seen"),
            Matter::Old => format!("{what} was seen"),
        };
        let seen = When::at(*seen_at, now, true);
        Shown { words: text::page(&words), seen, alarm: self.is_alarm() }
    }

    /// What runs: its version, else its commit. The page escapes it.
    fn name(&self) -> &str {
        let Sighting { version, sha, .. } = &self.observed;
        version.as_deref().or(sha.as_deref().map(text::short)).unwrap_or_default()
    }

    /// What the page says first.
    pub(super) fn sentence(&self) -> String {
        let record = match self.matter {
            Matter::Drift => "which is not what is recorded",
            _ => "which nobody recorded",
        };
        format!(
            "{} runs {} on {}, {record}.",
            text::page(&self.app),
            text::page(self.name()),
            text::page(&self.environment)
        )
    }
}
