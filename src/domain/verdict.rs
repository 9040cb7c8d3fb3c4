//! What is known of one environment, from what is recorded there and what the running program says.

use schemars::JsonSchema;
use serde::Serialize;

use super::deployment::{Attempt, Current, State};
use super::health::{Observed, Proof, Wanted};
use super::hold::{Hold, HoldKind};
use super::past::Past;

/// One word for a cell; the first that applies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Something runs that this environment has no record of.
    Unreported,
    /// Something else runs than what is recorded: never switched, or put back by hand.
    Drift,
    /// The newest attempt never reported its end.
    Stuck,
    /// The newest attempt failed; the last good version still counts as recorded.
    Failed,
    /// What is recorded there is held, or marked bad.
    Held,
    /// The program gave no answer, or one that proves nothing.
    Unverified,
    /// The program says that it is what is recorded.
    Confirmed,
}

/// What else is known of the moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Milliseconds since 1970 UTC.
    pub now: i64,
    pub holds: &'a [Hold],
}

/// How long a deployment may take before nobody believes that it still runs, in milliseconds; the registry gives
/// it up after the same time.
const TIME_OUT: i64 = 3_600_000;

/// The verdict on a cell. `known` says whether its place has a record of what was observed, if that is known.
pub fn verdict(item: &Current, observed: Option<&Observed>, known: Option<bool>, moment: &Moment) -> Verdict {
    let observed = observed.filter(|observed| !is_arriving(item, observed, moment.now));
    let judged = match (observed, &item.recorded) {
        (None, _) => None,
        (Some(observed), None) => {
            Some(observed.judge(&Wanted { version: "", sha: None, environment: &item.environment }))
        }
        (Some(observed), Some(recorded)) => Some(observed.judge(&wanted(item, recorded))),
    };
    match judged {
        Some(Err(_)) if known == Some(false) => Verdict::Unreported,
        Some(Err(_)) => Verdict::Drift,
        _ if is_stuck(item, moment.now) => Verdict::Stuck,
        _ if item.newest.state == State::Failed => Verdict::Failed,
        _ if is_held(item, moment) => Verdict::Held,
        Some(Ok(good)) if good.proof != Proof::Reachable => Verdict::Confirmed,
        _ => Verdict::Unverified,
    }
}

fn wanted<'a>(item: &'a Current, recorded: &'a Attempt) -> Wanted<'a> {
    Wanted { version: &recorded.version, sha: recorded.sha.as_deref(), environment: &item.environment }
}

/// Whether the newest attempt passed its time.
pub fn is_stuck(item: &Current, now: i64) -> bool {
    let newest = &item.newest;
    newest.state == State::TimedOut || !newest.state.is_final() && now - newest.started_at > TIME_OUT
}

/// Whether what is recorded there is held.
pub fn is_held(item: &Current, moment: &Moment) -> bool {
    let holds = |hold: &Hold| hold.kind == HoldKind::Hold && hold.is_active(moment.now) && hold.binds(item);
    moment.holds.iter().any(holds)
}

/// Whether what runs is what a deployment under way brings: a rollout shows the new version before its end is
/// reported, and that is neither drift nor a proof.
fn is_arriving(item: &Current, observed: &Observed, now: i64) -> bool {
    let newest = &item.newest;
    !newest.state.is_final()
        && !is_stuck(item, now)
        && observed.is(&newest.version, newest.sha.as_deref())
        && item.recorded.as_ref().is_none_or(|good| !observed.is(&good.version, good.sha.as_deref()))
}

/// Whether something in a history is what was observed.
pub fn is_known(observed: &Observed, history: &[Past]) -> bool {
    history.iter().any(|row| observed.is(&row.version, row.sha.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: i64, version: &str, state: State, sha: &str) -> Attempt {
        Attempt {
            id,
            version: version.to_owned(),
            state,
            status: state.v1_word().to_owned(),
            sha: Some(sha.to_owned()),
            actor: None,
            started_at: 0,
            finished_at: Some(1),
        }
    }

    fn item(failed: bool) -> Current {
        let name = || "production".to_owned();
        let good = attempt(1, "1.0.1", State::Succeeded, "764c1190000");
        let newest = if failed { attempt(2, "1.1.0", State::Failed, "5d10c7e0000") } else { good.clone() };
        Current {
            app: name(),
            workload: name(),
            platform: name(),
            environment: name(),
            recorded: Some(good),
            newest,
        }
    }

    fn seen(version: &str, commit: &str) -> Observed {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Observed { version: some(version), commit: some(commit), ..Observed::default() }
    }

    fn row(version: &str, sha: &str) -> Past {
        Past { sha: Some(sha.to_owned()), ..Past::of(1, version, State::Superseded) }
    }

    const NOW: Moment = Moment { now: 0, holds: &[] };

    #[test]
    fn what_never_ended_and_what_is_held_have_their_words() {
        let good = seen("1.0.1", "764c119");
        let of = |item: &Current, moment: &Moment| super::verdict(item, Some(&good), None, moment);
        let mut running = item(true);
        running.newest.state = State::Running;
        running.newest.started_at = 5;
        assert_eq!(of(&running, &Moment { now: TIME_OUT + 5, ..NOW }), Verdict::Confirmed);
        assert_eq!(of(&running, &Moment { now: TIME_OUT + 6, ..NOW }), Verdict::Stuck);
        running.newest.state = State::TimedOut;
        assert_eq!(of(&running, &NOW), Verdict::Stuck);
        let hold = |version: &str, sha: &str, environment: Option<&str>| Hold {
            version: Some(version.to_owned()),
            sha: Some(sha.to_owned()),
            environment: environment.map(str::to_owned),
            ..Hold::of(HoldKind::Hold)
        };
        for (hold, verdict) in [
            (hold("1.0.1", "", None), Verdict::Held),
            (hold("9.9.9", "764c119", Some("production")), Verdict::Held),
            (hold("1.0.1", "764c119", Some("dev")), Verdict::Confirmed),
            (hold("1.0.1", "0000000", None), Verdict::Confirmed),
        ] {
            let holds = [hold];
            assert_eq!(of(&item(false), &Moment { now: 0, holds: &holds }), verdict, "{holds:?}");
            assert_eq!(of(&item(true), &Moment { now: 0, holds: &holds }), Verdict::Failed);
        }
    }

    #[test]
    fn a_rollout_that_shows_its_version_early_is_no_drift() {
        let mut rolling = item(true);
        (rolling.newest.state, rolling.newest.finished_at) = (State::Running, None);
        let of = |item: &Current, seen: &Observed, now| {
            super::verdict(item, Some(seen), Some(true), &Moment { now, ..NOW })
        };
        let (new, old) = (seen("1.1.0", "5d10c7e"), seen("1.0.1", "764c119"));
        assert_eq!(of(&rolling, &new, TIME_OUT), Verdict::Unverified);
        assert_eq!(of(&rolling, &old, TIME_OUT), Verdict::Confirmed);
        assert_eq!(of(&rolling, &seen("1.0.0", "9054631"), TIME_OUT), Verdict::Drift);
        // Who never tells the end cannot be believed for ever.
        assert_eq!(of(&rolling, &new, TIME_OUT + 1), Verdict::Drift);
        // What failed and runs all the same is drift.
        assert_eq!(of(&item(true), &new, 0), Verdict::Drift);
        let first = Current { recorded: None, ..rolling };
        assert_eq!(of(&first, &new, 0), Verdict::Unverified);
        assert_eq!(of(&first, &old, 0), Verdict::Drift);
    }

    #[test]
    fn the_first_word_that_applies_counts() {
        let history = [row("1.0.1", "764c1190000"), row("1.0.0", "90546310000")];
        for (failed, observed, verdict) in [
            (false, seen("1.0.1", "764c119"), Verdict::Confirmed),
            (false, seen("1.0.1", ""), Verdict::Confirmed),
            (false, seen("1.0.0", "9054631"), Verdict::Drift),
            (false, seen("1.0.1", "1234567"), Verdict::Unreported),
            (false, seen("3.0.0", ""), Verdict::Unreported),
            (false, seen("", ""), Verdict::Unverified),
            (true, seen("1.0.1", "764c119"), Verdict::Failed),
            (true, seen("1.0.0", "9054631"), Verdict::Drift),
        ] {
            let known = Some(is_known(&observed, &history));
            let found = super::verdict(&item(failed), Some(&observed), known, &NOW);
            assert_eq!(found, verdict, "{failed} {observed:?}");
        }
        assert_eq!(super::verdict(&item(false), None, None, &NOW), Verdict::Unverified);
        // Without a history it cannot be said that nobody reported it.
        assert_eq!(super::verdict(&item(false), Some(&seen("3.0.0", "")), None, &NOW), Verdict::Drift);
    }
}
