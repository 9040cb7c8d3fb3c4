//! What a registry is, in as few words as may be: a list of rows, and a list of attempts with their histories. It shares no
//! code with the registry. Times are milliseconds since 1970 UTC.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub(super) const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Rules that the control changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// The v1 words of a success.
    pub(super) good: &'static [&'static str],
    /// Whether the later end is live, and not the later report.
    pub(super) by_end: bool,
}

pub(super) const RULES: Rules = Rules { good: &["deployed", "completed"], by_end: true };

pub(super) type Place = (String, String, String);

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) place: Place,
    pub(super) version: String,
    pub(super) changelog_url: String,
    pub(super) raw: String,
    pub(super) status: String,
    pub(super) date: i64,
}

impl Row {
    fn json(&self) -> Value {
        let (workload, platform, environment) = &self.place;
        json!({ "versions_id": self.id, "workload": workload, "platform": platform, "environment": environment,
            "version": self.version, "changelog_url": self.changelog_url, "raw": self.raw, "status": self.status,
            "date": self.date })
    }
}

/// One deployment of v2.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) id: i64,
    pub(super) app: String,
    pub(super) environment: String,
    pub(super) run_key: String,
    pub(super) state: &'static str,
    pub(super) seq: i64,
    pub(super) started: i64,
    pub(super) ended: Option<i64>,
    pub(super) history: Vec<(Option<&'static str>, &'static str)>,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) rows: Vec<Row>,
    pub(super) attempts: Vec<Attempt>,
}

/// What a reported word means.
pub(super) fn meaning(word: &str) -> &'static str {
    match word {
        "queued" => "queued",
        "running" | "ongoing" => "running",
        "succeeded" | "deployed" | "completed" => "succeeded",
        "failed" => "failed",
        "cancelled" => "cancelled",
        other => panic!("{other}"),
    }
}

pub(super) fn is_end(state: &str) -> bool {
    !["queued", "running"].contains(&state)
}

impl Model {
    /// Rows newest first; of the same time the later id.
    fn sorted(&self, wanted: impl Fn(&Row) -> bool) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().filter(|row| wanted(row)).collect();
        rows.sort_by_key(|row| Reverse((row.date, row.id)));
        rows
    }

    pub(super) fn latest(&self, place: &Place, any: bool, rules: Rules) -> Option<Value> {
        let good = |row: &Row| row.place == *place && (any || rules.good.contains(&row.status.as_str()));
        self.sorted(good).first().map(|row| json!({ "version": row.version }))
    }

    /// A page of the rows of a place, or of all environments of its platform.
    pub(super) fn list(&self, place: &Place, all: bool, page: i64, size: i64) -> Option<Value> {
        let of = |row: &Row| {
            (&row.place.0, &row.place.1) == (&place.0, &place.1) && (all || row.place.2 == place.2)
        };
        let rows = self.sorted(of);
        let size = match (page <= 1, size) {
            (true, 0) => return None,
            (_, size) => usize::try_from(size.max(1)).unwrap(),
        };
        let first = usize::try_from(page.max(1) - 1).unwrap().checked_mul(size)?;
        let shown = rows.iter().skip(first).take(size).map(|row| {
            let mut shown = row.json();
            shown["total"] = json!(rows.len());
            shown
        });
        Some(shown.collect::<Vec<_>>()).filter(|shown| !shown.is_empty()).map(Value::from)
    }

    pub(super) fn home(&self) -> Option<Value> {
        let rows: Vec<Value> = self.sorted(|_| true).into_iter().take(25).map(Row::json).collect();
        Some(rows).filter(|rows| !rows.is_empty()).map(Value::from)
    }

    pub(super) fn distinct(&self) -> Option<Value> {
        let places: BTreeSet<&Place> = self.rows.iter().map(|row| &row.place).collect();
        let shown = |(workload, platform, environment): &Place| json!({ "workload": workload, "platform": platform, "environment": environment });
        Some(places.into_iter().map(shown).collect::<Vec<_>>()).filter(|all| !all.is_empty()).map(Value::from)
    }

    pub(super) fn raw(&self, place: &Place, version: &str) -> Option<Value> {
        let rows = self.sorted(|row| row.place == *place && row.version == version);
        rows.first().map(|row| json!({ "raw": row.raw }))
    }

    pub(super) fn row(&self, id: i64) -> Option<Value> {
        self.rows.iter().find(|row| row.id == id).map(Row::json)
    }

    /// The numbers of the ten days up to `now`.
    pub(super) fn stats(&self, now: i64) -> Option<Value> {
        let since = now.div_euclid(DAY) - 9;
        let mut counts: BTreeMap<(Reverse<i64>, &Place, &str), i64> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.date.div_euclid(DAY) >= since) {
            *counts.entry((Reverse(row.date.div_euclid(DAY)), &row.place, &row.status)).or_default() += 1;
        }
        let shown = |((day, place, status), total): ((Reverse<i64>, &Place, &str), i64)| {
            let (workload, platform, environment) = place;
            json!({ "total": total, "workload": workload, "platform": platform, "environment": environment,
                "status": status, "date": day.0 * DAY })
        };
        Some(counts.into_iter().map(shown).collect::<Vec<_>>()).filter(|all| !all.is_empty()).map(Value::from)
    }

    /// The attempt that is live at a place.
    pub(super) fn live(&self, app: &str, environment: &str) -> Option<i64> {
        let here = self
            .attempts
            .iter()
            .filter(|one| (one.app.as_str(), one.environment.as_str()) == (app, environment));
        here.filter(|one| one.state == "succeeded").map(|one| one.id).next()
    }

    pub(super) fn newest(&self, app: &str, environment: &str) -> Option<i64> {
        let here = self
            .attempts
            .iter()
            .filter(|one| (one.app.as_str(), one.environment.as_str()) == (app, environment));
        here.max_by_key(|one| (one.started, one.id)).map(|one| one.id)
    }

    /// Whether an attempt may become what a word means; by the table of states (registry.md, 3.1).
    pub(super) fn may(&self, at: usize, to: &str) -> bool {
        match self.attempts[at].state {
            "queued" => to != "queued",
            "running" | "timed_out" => is_end(to),
            _ => false,
        }
    }

    /// An attempt is now what a report said, and of two successes the one that ended later is live.
    pub(super) fn became(&mut self, at: usize, to: &'static str, time: i64, rules: Rules) {
        let attempt = &mut self.attempts[at];
        let from = attempt.history.last().map(|(_, state)| *state);
        attempt.history.push((from, to));
        attempt.state = to;
        // The work begins when it leaves the queue.
        if to == "running" {
            attempt.started = time;
        }
        // Nothing ends before it began, whatever a clock says.
        attempt.ended = is_end(to).then_some(time.max(attempt.started));
        if to != "succeeded" {
            return;
        }
        let (id, app, environment) = (attempt.id, attempt.app.clone(), attempt.environment.clone());
        let others = self.attempts.iter().position(|one| {
            one.id != id && one.state == "succeeded" && one.app == app && one.environment == environment
        });
        let Some(other) = others else { return };
        let end = |at: usize| (self.attempts[at].ended, self.attempts[at].id);
        let replaced = if !rules.by_end || end(other) < end(at) { other } else { at };
        self.attempts[replaced].state = "superseded";
        self.attempts[replaced].history.push((Some("succeeded"), "superseded"));
    }
}
