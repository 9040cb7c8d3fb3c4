//! Reports to a server that knows only API v1, as Lord-Y/versions does. It has no keys, so the key of a deployment
//! lies in its free text `raw`, where the next report looks for it. A request whose answer is lost between the
//! look and the row is made twice: such a server gets each report at least once.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::client::{ACCEPTED_CAP, Client};
use crate::domain::delivery::{self, Accepted, Answer, Delivery, Wait};
use crate::domain::deployment::{Report, State};
use crate::http::Act;
use crate::world::Stopwatch;

/// The rows of one page, and the pages of a place that are looked through: a report follows on one of the newest.
const ROWS: &str = "100";
const PAGES: u32 = 3;
/// A page of a hundred rows, each with its `raw`.
const PAGE_CAP: usize = 32 * 1024 * 1024;

/// What a waiting report says of such a server.
const AT_LEAST_ONCE: &str = "; it speaks API v1 alone, so a report may arrive there twice";

/// A row of v1, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Row {
    versions_id: i64,
    status: String,
    #[serde(default)]
    raw: String,
}

/// What `raw` holds of a report.
#[derive(Serialize, Deserialize)]
struct Raw<R> {
    shipmark: R,
}

/// The key alone: another shipmark may have written more.
#[derive(Deserialize)]
struct Key {
    run_key: String,
}

impl Row {
    fn is_of(&self, report: &Report) -> bool {
        let raw = serde_json::from_str::<Raw<Key>>(&self.raw);
        raw.is_ok_and(|raw| raw.shipmark.run_key == report.run_key)
    }
}

/// What is left of the time for a report.
struct Budget {
    limit: Duration,
    watch: Stopwatch,
}

impl Budget {
    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.watch.elapsed())
    }
}

impl Client<'_> {
    /// Whether the server is one of API v1 and of no other. A server that is neither is not believed to be one,
    /// since any web server answers an unknown address somehow.
    pub(super) fn speaks_v1_alone(&self, limit: Duration) -> bool {
        let member = |path: &[&str], name: &str, wanted: &str| {
            let answer = self.ask(self.url(path), Act::Get, limit / 2, ACCEPTED_CAP).ok()?;
            let document: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
            Some(document.get(name)?.as_str()? == wanted)
        };
        member(&["api", "v2", "server"], "service", "shipmark") != Some(true)
            && member(&["api", "v1", "health"], "health", "OK") == Some(true)
    }

    /// Delivers one report by API v1 within `limit`.
    pub(super) fn report_by_v1(&self, report: &Report, limit: Duration) -> Delivery {
        let budget = Budget { limit, watch: self.world.stopwatch() };
        match self.enter_by_v1(report, &budget) {
            Ok(accepted) => Delivery::Done(accepted),
            Err(Delivery::Retry { wait, reason, reached }) => {
                Delivery::Retry { wait, reason: format!("{reason}{AT_LEAST_ONCE}"), reached }
            }
            Err(other) => other,
        }
    }

    fn enter_by_v1(&self, report: &Report, budget: &Budget) -> Result<Accepted, Delivery> {
        let Some(state) = State::from_report(&report.status) else {
            let reason = format!("`{}` is no status that can be reported", report.status);
            return Err(Delivery::Refused { status: 0, reason });
        };
        let accepted = |id, state: State| Accepted {
            id: Some(id),
            state: state.word().to_owned(),
            version: report.version.clone(),
        };
        let Some(row) = self.find_by_v1(report, budget)? else {
            return Ok(accepted(self.create_by_v1(report, state, budget)?, state));
        };
        let there = State::from_v1(&row.status);
        // A step that is there already, or that a later one has overtaken, is done.
        if there == state || !there.may_become(state) {
            return Ok(accepted(row.versions_id, there));
        }
        self.update_by_v1(&row, state, budget)?;
        Ok(accepted(row.versions_id, state))
    }

    /// The row that an earlier report of the same deployment made.
    fn find_by_v1(&self, report: &Report, budget: &Budget) -> Result<Option<Row>, Delivery> {
        for page in 1..=PAGES {
            let mut url = self.url(&["api", "v1", "read", "environment"]);
            url.query_pairs_mut()
                .append_pair("workload", &report.workload)
                .append_pair("platform", &report.platform)
                .append_pair("environment", &report.environment)
                .append_pair("page", &page.to_string())
                .append_pair("rangeLimit", ROWS);
            let answer = self.ask_v1(url, Act::Get, PAGE_CAP, budget)?;
            if answer.status == 404 {
                return Ok(None);
            }
            let rows: Vec<Row> = read(&answer, 200)?;
            if let Some(row) = rows.into_iter().find(|row| row.is_of(report)) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn create_by_v1(&self, report: &Report, state: State, budget: &Budget) -> Result<i64, Delivery> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            version_id: i64,
        }
        // A list of commits would not fit where `raw` is short.
        let short =
            Report { commits: Vec::new(), commits_since: None, commits_truncated: false, ..report.clone() };
        let raw = serde_json::to_string(&Raw { shipmark: &short }).unwrap_or_default();
        let body = json!({
            "workload": report.workload,
            "platform": report.platform,
            "environment": report.environment,
            "version": report.version,
            "changelogURL": report.changelog_url,
            "raw": raw,
            "status": state.v1_word(),
        });
        let url = self.url(&["api", "v1", "create"]);
        let answer = self.ask_v1(url, Act::Post(body.to_string().into_bytes()), ACCEPTED_CAP, budget)?;
        Ok(read::<Created>(&answer, 201)?.version_id)
    }

    /// The server answers 200 also for a row that it does not have, so what it says is read back.
    fn update_by_v1(&self, row: &Row, state: State, budget: &Budget) -> Result<(), Delivery> {
        let body = json!({ "versionId": row.versions_id, "status": state.v1_word() });
        let url = self.url(&["api", "v1", "update", "status"]);
        let answer = self.ask_v1(url, Act::Post(body.to_string().into_bytes()), ACCEPTED_CAP, budget)?;
        read::<serde_json::Value>(&answer, 200)?;
        let mut url = self.url(&["api", "v1", "read", "raw", "id"]);
        url.query_pairs_mut().append_pair("versionId", &row.versions_id.to_string());
        let answer = self.ask_v1(url, Act::Get, PAGE_CAP, budget)?;
        let there: Row = read(&answer, 200)?;
        if there.status == state.v1_word() {
            return Ok(());
        }
        let reason = format!("row {} is still {} there", row.versions_id, there.status);
        Err(Delivery::Retry { wait: Wait::Backoff, reason, reached: true })
    }

    fn ask_v1(&self, url: Url, act: Act, cap: usize, budget: &Budget) -> Result<Answer, Delivery> {
        let asked = self.ask(url, act, budget.left(), cap);
        asked.map_err(|error| self.undelivered(&error))
    }
}

/// The document of an answer that is as it should be; any other is a refusal, or a reason to try again.
fn read<T: serde::de::DeserializeOwned>(answer: &Answer, status: u16) -> Result<T, Delivery> {
    let document = serde_json::from_slice(&answer.body).ok();
    match document {
        Some(document) if answer.status == status && answer.media == "application/json" => Ok(document),
        _ => Err(match delivery::classify(answer) {
            Delivery::Done(_) => {
                Delivery::Refused { status: answer.status, reason: delivery::describe(answer) }
            }
            other => other,
        }),
    }
}
