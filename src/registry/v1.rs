//! The rules of API v1: any status may follow any, and a row without further facts still fills the board.

use jiff::Timestamp;
use serde::Deserialize;

use super::report::{self, faults};
use crate::domain::chain::digest;
use crate::domain::deployment::{Report, State, Why};
use crate::store::{Entry, Known, Moment, Step};

/// A v1 create after its checks; `status` is in lower case.
#[derive(Debug, Clone)]
pub(crate) struct NewVersion {
    pub(crate) workload: String,
    pub(crate) platform: String,
    pub(crate) environment: String,
    pub(crate) version: String,
    pub(crate) changelog_url: String,
    pub(crate) raw: String,
    pub(crate) status: String,
}

impl NewVersion {
    /// The attempt that this row is. The app is the workload, since v1 has no other name for what runs.
    pub(super) fn entry(&self, key: Option<&str>, now: Timestamp, event_key: String) -> Entry {
        if let Some((report, state)) = self.told(now) {
            return self.entry_of(&report, state, key, now, event_key);
        }
        self.plain_entry(key, now, event_key)
    }

    /// The report that `raw` holds, if it says the same as the row: a shipmark that took this server for one of v1
    /// alone put it there. Its next step may come by v2, and finds the deployment by its key.
    fn told(&self, now: Timestamp) -> Option<(Report, State)> {
        #[derive(Deserialize)]
        struct Told {
            shipmark: Report,
        }
        let Told { shipmark: report } = serde_json::from_str(&self.raw).ok()?;
        let (state, faults) = faults(&report, now.as_millisecond());
        let state = state.filter(|state| faults.is_empty() && *state == State::from_v1(&self.status))?;
        let same = report.workload == self.workload
            && report.platform == self.platform
            && report.environment == self.environment
            && report.version == self.version;
        same.then_some((report, state))
    }

    fn entry_of(
        &self,
        report: &Report,
        state: State,
        key: Option<&str>,
        now: Timestamp,
        event_key: String,
    ) -> Entry {
        let entry = report::entry(report, state, None, now, event_key);
        Entry {
            changelog_url: self.changelog_url.clone(),
            raw: self.raw.clone(),
            status: self.status.clone(),
            date: now,
            idempotency_key: key.map(str::to_owned),
            moment: Moment { source: "v1", ..entry.moment },
            ..entry
        }
    }

    /// The attempt of a row that says nothing more.
    pub(super) fn plain_entry(&self, key: Option<&str>, now: Timestamp, event_key: String) -> Entry {
        let at = now.as_millisecond();
        let state = State::from_v1(&self.status);
        let request_hash = digest([
            self.workload.as_str(),
            &self.platform,
            &self.environment,
            &self.version,
            &self.changelog_url,
            &self.raw,
            &self.status,
        ]);
        Entry {
            app: self.workload.clone(),
            workload: self.workload.clone(),
            platform: self.platform.clone(),
            environment: self.environment.clone(),
            version: self.version.clone(),
            changelog_url: self.changelog_url.clone(),
            raw: self.raw.clone(),
            status: self.status.clone(),
            date: now,
            run_key: None,
            idempotency_key: key.map(str::to_owned),
            state,
            seq: 0,
            sha: None,
            r#ref: None,
            dirty: None,
            run_url: None,
            duration: None,
            started_at: at,
            finished_at: has_end(state).then_some(at),
            why: Why::default(),
            told: None,
            moment: Moment::plain("v1", event_key, request_hash, at),
        }
    }
}

/// The change that a v1 status update makes. A word of the same meaning as the present one is a repeated
/// request and moves no date: else a retry would make an old version the live one again.
pub(super) fn forced(known: &Known, status: &str, now: Timestamp, event_key: String) -> Step {
    let at = now.as_millisecond();
    let meant = State::from_v1(status);
    let same = meant == known.state || (meant == State::Succeeded && known.state == State::Superseded);
    let finished_at = if same { known.finished_at } else { has_end(meant).then_some(at) };
    let moment = Moment {
        forced: !same && !known.state.may_become(meant),
        late: known.state == State::TimedOut && known.state.may_become(meant),
        ..Moment::plain("v1", event_key, digest([status]), at)
    };
    let to = if same { known.state } else { meant };
    Step { status: Some(status.to_owned()), finished_at, ..Step::of(known, to, moment) }
}

/// Whether an attempt in this state has a time of its end; a word without a meaning of ours has none.
fn has_end(state: State) -> bool {
    state.is_final() && state != State::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(state: State) -> Known {
        Known {
            id: 1,
            app: "a".to_owned(),
            workload: "a".to_owned(),
            platform: "p".to_owned(),
            environment: "e".to_owned(),
            version: "1.0.0".to_owned(),
            state,
            seq: 0,
            request_hash: String::new(),
            started_at: 1,
            finished_at: Some(2),
        }
    }

    fn turned(from: State, word: &str) -> Step {
        forced(&known(from), word, Timestamp::from_millisecond(1_000).unwrap(), "k".to_owned())
    }

    #[test]
    fn a_repeated_word_moves_no_date() {
        let step = turned(State::Superseded, "completed");
        assert_eq!((step.to, step.finished_at, step.moment.forced), (State::Superseded, Some(2), false));
        assert_eq!(step.status.as_deref(), Some("completed"));
    }

    #[test]
    fn a_move_against_the_rules_is_made_and_flagged() {
        let step = turned(State::Succeeded, "ongoing");
        assert_eq!((step.to, step.finished_at, step.moment.forced), (State::Running, None, true));
        assert!(!turned(State::Running, "failed").moment.forced);
    }
}
