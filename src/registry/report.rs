//! The rules for a report of API v2: what it must hold, and what it may do to the attempt it names.

use jiff::Timestamp;

use super::commits::told_faults;
use crate::domain::chain::digest;
use crate::domain::deployment::{LOG_LINE, LOG_LINES, Progress, Raw, Report, State, Why};
use crate::store::{Entry, Known, Moment, Step};

/// A client's clock may be this far ahead before its time is not believed, in milliseconds.
const SKEW: i64 = 5 * 60 * 1_000;
/// The longest name, in code points; the columns of v1 hold no more.
pub(crate) const NAME: usize = 100;
/// The longest key, in code points.
pub(crate) const KEY: usize = 255;
/// The longest of the other texts, in bytes.
pub(crate) const TEXT: usize = 2_048;

/// One field that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub(crate) struct Fault {
    /// JSON pointer (RFC 6901) to the field.
    pub(crate) pointer: String,
    pub(crate) detail: String,
}

/// The state that the report means, and everything that is wrong with it. `now` in milliseconds since 1970.
pub(crate) fn faults(report: &Report, now: i64) -> (Option<State>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut fault = |field: &str, detail: String| {
        faults.push(Fault { pointer: format!("/{field}"), detail });
    };
    for (field, text, most) in [
        ("app", &report.app, NAME),
        ("workload", &report.workload, NAME),
        ("platform", &report.platform, NAME),
        ("environment", &report.environment, NAME),
        ("version", &report.version, NAME),
        ("run_key", &report.run_key, KEY),
    ] {
        if text.is_empty() || text.chars().count() > most {
            fault(field, format!("must have 1 to {most} characters"));
        } else if text.chars().any(char::is_control) {
            fault(field, "must not contain control characters".to_owned());
        }
    }
    for (field, text) in [
        ("sha", &report.sha),
        ("ref", &report.r#ref),
        ("actor", &report.actor),
        ("run_url", &report.run_url),
        ("changelog_url", &report.changelog_url),
        ("reason", &report.reason),
        ("group_id", &report.group_id),
        ("digest", &report.digest),
    ] {
        if let Some(words) = text {
            self::text(field, words, &mut faults);
        }
    }
    log_tail(&report.log_tail, &mut faults);
    if let Some(told) = report.told() {
        told_faults(report.sha.as_deref(), &told, &mut faults);
    }
    let state = meant(&report.status, &mut faults);
    times(report.seq, report.at, report.duration, now, &mut faults);
    (state, faults)
}

fn log_tail(lines: &[String], faults: &mut Vec<Fault>) {
    let is_bad = |line: &String| line.len() > LOG_LINE || line.chars().any(char::is_control);
    if lines.len() > LOG_LINES || lines.iter().any(is_bad) {
        let detail = format!(
            "must have at most {LOG_LINES} lines, each with at most {LOG_LINE} bytes and no control characters"
        );
        faults.push(Fault { pointer: "/log_tail".to_owned(), detail });
    }
}

/// A free text.
pub(super) fn text(field: &str, words: &str, faults: &mut Vec<Fault>) {
    if words.len() > TEXT || words.chars().any(char::is_control) {
        let detail = format!("must have at most {TEXT} bytes and no control characters");
        faults.push(Fault { pointer: format!("/{field}"), detail });
    }
}

/// The state that a reported word means.
pub(super) fn meant(status: &str, faults: &mut Vec<Fault>) -> Option<State> {
    let state = State::from_report(status);
    if state.is_none() {
        let detail = format!("must be one of {}", State::REPORTABLE.join(", "));
        faults.push(Fault { pointer: "/status".to_owned(), detail });
    }
    state
}

/// The step and its times; `now` in milliseconds since 1970.
pub(super) fn times(seq: i64, at: i64, duration: Option<i64>, now: i64, faults: &mut Vec<Fault>) {
    let mut fault = |field: &str, detail: &str| {
        faults.push(Fault { pointer: format!("/{field}"), detail: detail.to_owned() });
    };
    if seq < 0 {
        fault("seq", "must not be negative");
    }
    if at < 0 || Timestamp::from_millisecond(believed(at, now).0).is_err() {
        fault("at", "must be in milliseconds since 1970");
    }
    if duration.is_some_and(|duration| duration < 0) {
        fault("duration", "must not be negative");
    }
}

/// The time to record, and whether the client's own was not believed.
pub(super) fn believed(at: i64, now: i64) -> (i64, bool) {
    if at > now.saturating_add(SKEW) { (now, true) } else { (at, false) }
}

/// The digest by which a repeated report is known.
pub(super) fn hash(report: &Report) -> String {
    digest([serde_json::to_string(report).unwrap_or_default().as_str()])
}

/// A report on an attempt that is known, or a step that names it by its id.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) state: State,
    pub(super) seq: i64,
    /// Milliseconds since 1970 UTC, by the client's clock.
    at: i64,
    duration: Option<i64>,
    sha: Option<String>,
    run_url: Option<String>,
    actor: Option<String>,
    note: Option<String>,
    pub(super) hash: String,
    pub(super) key: Option<String>,
}

impl Change {
    pub(super) fn of(report: &Report, state: State, key: Option<&str>) -> Self {
        Self {
            state,
            seq: report.seq,
            at: report.at,
            duration: report.duration,
            sha: report.sha.clone(),
            run_url: report.run_url.clone(),
            actor: report.actor.clone(),
            note: (!report.log_tail.is_empty()).then(|| report.log_tail.join("\n")),
            hash: hash(report),
            key: key.map(str::to_owned),
        }
    }

    /// A step of the attempt `known`; `now` in milliseconds since 1970 UTC.
    pub(super) fn of_progress(known: &Known, progress: &Progress, state: State, now: i64) -> Self {
        Self {
            state,
            seq: progress.seq.unwrap_or(known.seq.saturating_add(1)),
            at: progress.at.unwrap_or(now),
            duration: progress.duration,
            sha: None,
            run_url: None,
            actor: progress.actor.clone(),
            note: progress.note.clone(),
            hash: progress_hash(known.id, progress),
            key: None,
        }
    }
}

/// The digest by which a repeated step is known.
pub(super) fn progress_hash(id: i64, progress: &Progress) -> String {
    digest(["step", &id.to_string(), &serde_json::to_string(progress).unwrap_or_default()])
}

/// Why a report does not belong to the attempt that holds its run key.
pub(super) fn stranger(known: &Known, report: &Report) -> Option<String> {
    let same = known.app == report.app
        && known.workload == report.workload
        && known.platform == report.platform
        && known.environment == report.environment
        && known.version == report.version;
    (!same)
        .then(|| format!("this run key belongs to {} {} on {}", known.app, known.version, known.environment))
}

/// Why a change cannot follow on what is known.
pub(super) fn objection(known: &Known, change: &Change) -> Option<String> {
    if change.seq <= known.seq {
        return Some(format!("step {} is not after step {}, the last one", change.seq, known.seq));
    }
    if !known.state.may_become(change.state) {
        let (from, to) = (known.state.word(), change.state.word());
        return Some(format!("a deployment that is {from} cannot become {to}"));
    }
    None
}

/// The attempt that a first report begins.
pub(super) fn entry(
    report: &Report,
    state: State,
    key: Option<&str>,
    now: Timestamp,
    event_key: String,
) -> Entry {
    let (at, _) = believed(report.at, now.as_millisecond());
    let finished_at = state.is_final().then_some(at);
    // A first report that is also the last still knows when the work began.
    let ran = finished_at.and(report.duration).unwrap_or(0);
    let started_at = at.saturating_sub(ran).max(0);
    let why = why(report);
    Entry {
        app: report.app.clone(),
        workload: report.workload.clone(),
        platform: report.platform.clone(),
        environment: report.environment.clone(),
        version: report.version.clone(),
        changelog_url: report.changelog_url.clone().unwrap_or_else(|| "N/A".to_owned()),
        raw: raw(&why),
        status: state.v1_word().to_owned(),
        date: Timestamp::from_millisecond(started_at).unwrap_or(now),
        run_key: Some(report.run_key.clone()),
        idempotency_key: None,
        state,
        seq: report.seq,
        sha: report.sha.clone(),
        r#ref: report.r#ref.clone(),
        dirty: report.dirty,
        run_url: report.run_url.clone(),
        duration: report.duration,
        started_at,
        finished_at,
        why,
        told: report.told(),
        moment: moment(&Change::of(report, state, key), false, now, event_key),
    }
}

fn why(report: &Report) -> Why {
    Why {
        kind: report.kind,
        reason: report.reason.clone(),
        rollback_of: report.rollback_of,
        group_id: report.group_id.clone(),
        digest: report.digest.clone(),
    }
}

/// What v1's free text says of a deployment that is not an ordinary one.
fn raw(why: &Why) -> String {
    if *why == Why::default() {
        return "N/A".to_owned();
    }
    serde_json::to_string(&Raw { shipmark: why.clone() }).unwrap_or_else(|_| "N/A".to_owned())
}

/// The step that a change makes.
pub(super) fn step(known: &Known, change: &Change, now: Timestamp, event_key: String) -> Step {
    let (at, _) = believed(change.at, now.as_millisecond());
    let begins = known.state == State::Queued && change.state == State::Running;
    let started_at = if begins { at } else { known.started_at };
    let moment = moment(change, known.state == State::TimedOut, now, event_key);
    Step {
        seq: Some(change.seq),
        status: Some(change.state.v1_word().to_owned()),
        started_at,
        finished_at: change.state.is_final().then_some(at.max(started_at)),
        duration: change.duration,
        sha: change.sha.clone(),
        run_url: change.run_url.clone(),
        ..Step::of(known, change.state, moment)
    }
}

fn moment(change: &Change, late: bool, now: Timestamp, event_key: String) -> Moment {
    let received_at = now.as_millisecond();
    let (at, clock_skew) = believed(change.at, received_at);
    Moment {
        event_key,
        source: "v2",
        request_hash: change.hash.clone(),
        actor: change.actor.clone(),
        note: change.note.clone(),
        idempotency_key: change.key.clone(),
        forced: false,
        late,
        clock_skew,
        at,
        received_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            app: "helpdesk".to_owned(),
            workload: "helpdesk".to_owned(),
            platform: "dev".to_owned(),
            environment: "dev".to_owned(),
            version: "1.0.0".to_owned(),
            status: "running".to_owned(),
            run_key: "k".to_owned(),
            seq: 1,
            at: 1_000,
            sha: None,
            r#ref: None,
            dirty: None,
            actor: None,
            run_url: None,
            changelog_url: None,
            duration: None,
            kind: None,
            reason: None,
            rollback_of: None,
            group_id: None,
            digest: None,
            log_tail: Vec::new(),
            commits: Vec::new(),
            commits_since: None,
            commits_truncated: false,
        }
    }

    #[test]
    fn a_good_report_has_no_fault() {
        assert_eq!(faults(&report(), 1_000), (Some(State::Running), vec![]));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let bad = Report {
            app: String::new(),
            version: "é".repeat(101),
            environment: "a\tb".to_owned(),
            status: "superseded".to_owned(),
            seq: -1,
            ..report()
        };
        let (state, faults) = faults(&bad, 1_000);
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(state, None);
        assert_eq!(pointers, ["/app", "/environment", "/version", "/status", "/seq"]);
    }

    #[test]
    fn a_hundred_code_points_are_a_name() {
        assert!(faults(&Report { version: "é".repeat(100), ..report() }, 1_000).1.is_empty());
    }

    #[test]
    fn a_clock_that_is_ahead_is_not_believed() {
        assert_eq!(believed(SKEW + 1_001, 1_000), (1_000, true));
        assert_eq!(believed(SKEW + 1_000, 1_000), (SKEW + 1_000, false));
    }

    #[test]
    fn a_first_report_that_is_the_last_knows_its_beginning() {
        let now = Timestamp::from_millisecond(9_000).unwrap();
        let done = Report { status: "deployed".to_owned(), at: 5_000, duration: Some(2_000), ..report() };
        let entry = entry(&done, State::Succeeded, None, now, "e".to_owned());
        assert_eq!((entry.started_at, entry.finished_at), (3_000, Some(5_000)));
        assert_eq!(entry.status, "deployed");
    }
}
