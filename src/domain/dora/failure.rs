//! Which deployments failed in use, by which rule, and what put an end to it.

use serde::Serialize;

use super::change::is_hotfix;
use super::median::quantile;
use super::metric::{Unit, share};
use super::{Came, Changes, Course, Deployment, Facts, Metric};
use crate::domain::deployment::Kind;
use crate::domain::health::{same_commit, same_version};
use crate::domain::rollback::same_release;
use crate::domain::{span, text};

/// A mend that comes later is ordinary work.
const HOTFIX: i64 = 24 * 3_600_000;
/// How long after its end a deployment is watched, and how long something must be wrong.
const WATCHED: i64 = 30 * 60_000;
const WRONG: i64 = 5 * 60_000;

/// Why a deployment counts as failed: the first that fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Marked,
    Rollback,
    Hotfix,
    Incident,
    Probe,
}

/// A deployment that failed in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    pub deployment: i64,
    pub version: String,
    pub rule: Rule,
    /// What tells so: the deployment that mended it, or the incidents.
    pub by: Option<String>,
    /// Milliseconds since 1970 UTC.
    pub finished_at: i64,
    /// Milliseconds from its end to the end of what was wrong; absent while it is open.
    pub recovered_after: Option<i64>,
    /// Milliseconds for which it has been open.
    pub open_for: Option<i64>,
}

/// Every success that failed, also outside of the window, since its mend may lie inside.
pub(super) fn failures(facts: &Facts) -> Vec<Failure> {
    let all = &facts.deployments.successes;
    let judged = all.iter().enumerate().filter_map(|(at, deployment)| {
        let (rule, by, ended) = judge(facts, at, deployment)?;
        let recovered_after = ended.map(|ended| (ended - deployment.finished_at).max(0));
        Some(Failure {
            deployment: deployment.row.id,
            version: deployment.row.version.clone(),
            rule,
            by,
            finished_at: deployment.finished_at,
            recovered_after,
            open_for: recovered_after.is_none().then(|| (facts.now - deployment.finished_at).max(0)),
        })
    });
    judged.collect()
}

/// The first rule that fires, what tells so, and when what was wrong ended.
fn judge(facts: &Facts, at: usize, deployment: &Deployment) -> Option<(Rule, Option<String>, Option<i64>)> {
    let next = facts.deployments.successes.get(at + 1);
    let end = next.map(|next| next.finished_at);
    let named = next.map(|next| format!("deployment {}", next.row.id));
    if deployment.failed_in_use {
        return Some((Rule::Marked, named, end));
    }
    if next.is_some() && takes_back(facts, at) {
        return Some((Rule::Rollback, named, end));
    }
    if next.is_some() && mends(facts, at) {
        return Some((Rule::Hotfix, named, end));
    }
    incident(facts, deployment, end).or_else(|| wrong(facts, deployment, end))
}

/// Whether the success after the one at `at` takes it back. What contains it goes forward, also where that
/// version ran there before: after a rollback, the way forward again is no second failure.
fn takes_back(facts: &Facts, at: usize) -> bool {
    let all = &facts.deployments.successes;
    let (Some(old), Some(new)) = (all.get(at), all.get(at + 1)) else { return false };
    let named = new.row.rollback_of;
    if named.is_some_and(|target| old.ids.contains(&target)) {
        return true;
    }
    let course = facts.came.get(at + 1).map_or(Course::Unknown, |came| came.course);
    let forward = match course {
        Course::Forward => true,
        Course::Back => return true,
        Course::Apart => false,
        Course::Unknown => later(&new.row.version, &old.row.version),
    };
    let before = all.get(..at).unwrap_or_default();
    let ran = before.iter().any(|earlier| same_release(earlier.row, new.row));
    !forward && (ran || named.is_none() && new.row.kind == Some(Kind::Rollback))
}

fn later(new: &str, old: &str) -> bool {
    let parse = |text: &str| semver::Version::parse(text).ok();
    parse(new).zip(parse(old)).is_some_and(|(new, old)| new > old) && !same_version(new, old)
}

/// Whether the success after the one at `at` is a hotfix of it.
fn mends(facts: &Facts, at: usize) -> bool {
    let all = &facts.deployments.successes;
    let (Some(old), Some(new)) = (all.get(at), all.get(at + 1)) else { return false };
    if new.finished_at - old.finished_at > HOTFIX {
        return false;
    }
    if is_hotfix(new.row.kind, new.row.r#ref.as_deref()) {
        return true;
    }
    let known = |at: usize| match facts.came.get(at) {
        Some(Came { changes: Changes::Known(changes), .. }) => changes.as_slice(),
        _ => &[],
    };
    let (own, theirs) = (known(at), known(at + 1));
    let reverts_own = |target: &String| own.iter().any(|own| same_commit(&own.sha, target) == Some(true));
    !theirs.is_empty()
        && theirs.iter().all(|change| change.mends)
        && theirs.iter().any(|change| {
            change.fixes.iter().any(|id| old.ids.contains(id)) || change.reverts.iter().any(reverts_own)
        })
}

/// The incidents that began while it ran, or that name it; it is over when the last of them is.
fn incident(
    facts: &Facts,
    deployment: &Deployment,
    next: Option<i64>,
) -> Option<(Rule, Option<String>, Option<i64>)> {
    let while_it_ran = |at: i64| at >= deployment.finished_at && next.is_none_or(|next| at < next);
    let own: Vec<_> = facts
        .incidents
        .iter()
        .filter(|incident| match incident.cause {
            Some(cause) => deployment.ids.contains(&cause),
            None => while_it_ran(incident.opened_at),
        })
        .collect();
    if own.is_empty() {
        return None;
    }
    let ids: Vec<&str> = own.iter().map(|incident| incident.title.as_str()).collect();
    let ended: Option<Vec<i64>> = own.iter().map(|incident| incident.resolved_at).collect();
    Some((Rule::Incident, Some(ids.join(", ")), ended.and_then(|ends| ends.into_iter().max())))
}

/// Whether it was seen wrong for long enough soon after its end; it is over when it is seen right again.
fn wrong(
    facts: &Facts,
    deployment: &Deployment,
    next: Option<i64>,
) -> Option<(Rule, Option<String>, Option<i64>)> {
    let (from, to) = (deployment.finished_at, deployment.finished_at + WATCHED);
    let to = next.map_or(to, |next| to.min(next)).min(facts.now);
    let mut since: Option<i64> = None;
    let mut failed = false;
    for look in facts.looks.iter().filter(|look| look.at >= from) {
        let until = look.at.min(to);
        failed |= since.is_some_and(|since| until - since > WRONG);
        match (look.good, since) {
            (true, _) if failed => return Some((Rule::Probe, None, Some(look.at))),
            (true, _) => since = None,
            (false, None) if look.at < to => since = Some(look.at),
            (false, _) => {}
        }
    }
    failed.then_some((Rule::Probe, None, None))
}

/// The median time until a failure was over; those that are open are listed and not averaged.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of some years")]
pub(super) fn recovery(failures: &[Failure]) -> Metric {
    let times: Vec<f64> =
        failures.iter().filter_map(|failure| failure.recovered_after).map(|time| time as f64).collect();
    let n = times.len();
    let mut metric = Metric::new(
        "recovery time",
        Unit::Milliseconds,
        quantile(&times, 0.5),
        n,
        format!("median over {}", text::counted(n, "failure")),
    );
    for failure in failures {
        if let Some(open) = failure.open_for {
            metric.notes.push(format!("deployment {} is open since {}", failure.deployment, span::age(open)));
        }
    }
    metric
}

/// How many deployments were made only to mend another.
pub(super) fn rework(facts: &Facts, failures: &[Failure], count: usize) -> Metric {
    let all = &facts.deployments.successes;
    let failed =
        |deployment: &Deployment| failures.iter().any(|failure| failure.deployment == deployment.row.id);
    let repairs: Vec<String> = facts
        .inside()
        .filter_map(|(at, new)| {
            let before = at.checked_sub(1)?;
            let old = all.get(before).filter(|old| failed(old))?;
            (takes_back(facts, before) || mends(facts, before))
                .then(|| format!("deployment {} repairs {}", new.row.id, old.row.id))
        })
        .collect();
    let mut metric = share("rework rate", repairs.len(), count, "deployment", "only to repair another");
    metric.notes = repairs;
    metric
}
