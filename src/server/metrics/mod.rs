//! Prometheus: what the server counts, as text format 0.0.4. Written here, because the maintained client
//! library speaks OpenMetrics only, which renames the counters that dashboards of the original ask for. No
//! label takes a text of a client but the names of deployments, and of those there is a limit.

mod process;
mod text;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use axum::body::HttpBody;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use self::text::{Kind, Text};
use super::observe::caused;
use super::{App, auth};
use crate::store::{CacheFigures, Stat};

/// The upper ends of the buckets in seconds, those of the original.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The most series of deployments; the newest days come first.
const SERIES: usize = 5_000;

/// What is counted since the start.
#[derive(Default)]
pub(super) struct Metrics(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// By status, method and route.
    requests: BTreeMap<(u16, &'static str, String), u64>,
    /// Not yet cumulated; the last is for what took longer than all.
    durations: [u64; BUCKETS.len() + 1],
    seconds: f64,
    sent: u64,
    answered: u64,
    writes: u64,
}

/// What is known of a request before it runs.
pub(super) struct Sent {
    method: &'static str,
    bytes: u64,
}

impl Sent {
    pub(super) fn of(request: &Request) -> Self {
        let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        let at = known.iter().position(|method| method == request.method());
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        Self {
            method: at.and_then(|at| names.get(at)).unwrap_or(&"OTHER"),
            bytes: length.and_then(|length| length.parse().ok()).unwrap_or(0),
        }
    }
}

impl Metrics {
    /// Counts one request.
    pub(super) fn count(&self, sent: &Sent, route: &str, response: &Response, seconds: f64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (response.status().as_u16(), sent.method, route.to_owned());
        *counts.requests.entry(key).or_default() += 1;
        let bucket = BUCKETS.iter().position(|end| seconds <= *end).unwrap_or(BUCKETS.len());
        if let Some(count) = counts.durations.get_mut(bucket) {
            *count += 1;
        }
        counts.seconds += seconds;
        counts.sent += sent.bytes;
        counts.answered += response.body().size_hint().exact().unwrap_or(0);
        let written = response.status().is_success() && !["GET", "HEAD"].contains(&sent.method);
        counts.writes += u64::from(written);
    }

    fn write(&self, to: &mut Text) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        to.head("http_requests_total", Kind::Counter, "Requests by status, method and route");
        for ((code, method, route), count) in &counts.requests {
            let code = code.to_string();
            let labels = [
                ("code", code.as_str()),
                ("method", method),
                ("handler", route),
                ("host", ""),
                ("url", route),
            ];
            to.line("http_requests_total", &labels, count);
        }
        let total: u64 = counts.durations.iter().sum();
        let name = "http_request_duration_seconds";
        to.head(name, Kind::Histogram, "How long requests took");
        let mut below = 0;
        for (end, count) in BUCKETS.iter().zip(counts.durations) {
            below += count;
            to.line(&format!("{name}_bucket"), &[("le", &end.to_string())], below);
        }
        to.line(&format!("{name}_bucket"), &[("le", "+Inf")], total);
        to.line(&format!("{name}_sum"), &[], counts.seconds);
        to.line(&format!("{name}_count"), &[], total);
        for (name, help, bytes) in [
            ("http_request_size_bytes", "The size of request bodies", counts.sent),
            ("http_response_size_bytes", "The size of answers", counts.answered),
        ] {
            to.head(name, Kind::Summary, help);
            to.line(&format!("{name}_sum"), &[], bytes);
            to.line(&format!("{name}_count"), &[], total);
        }
        to.head("shipmark_writes_acked_total", Kind::Counter, "Writes that were confirmed");
        to.line("shipmark_writes_acked_total", &[], counts.writes);
    }
}

/// Under `--private` the figures need a token too, unless only this machine reaches them.
pub(super) async fn check(state: State<App>, request: Request, next: Next) -> Response {
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if from.is_some_and(|from| from.0.ip().to_canonical().is_loopback()) {
        return next.run(request).await;
    }
    auth::check(state, request, next).await
}

/// `GET /metrics`. If the database fails, the answer is a failure: a scraper would take missing series for a
/// registry without deployments.
pub(super) async fn metrics(app: App) -> Response {
    let stats = match app.registry.stats().await {
        Ok(stats) => stats,
        Err(failure) => {
            let why = "the database does not answer\n";
            return caused((axum::http::StatusCode::INTERNAL_SERVER_ERROR, why).into_response(), &failure);
        }
    };
    let mut text = Text::default();
    deployments(&mut text, &stats);
    app.metrics.write(&mut text);
    process::write(&mut text);
    let name = "shipmark_probe_failures_total";
    text.head(name, Kind::Counter, "Looks of this server at running programs that saw nothing of use");
    text.line(name, &[], app.registry.probe_failures());
    let name = "shipmark_webhook_failures_total";
    text.head(name, Kind::Counter, "Tries of this server to tell a webhook of a change that failed");
    text.line(name, &[], app.registry.webhook_failures());
    let name = "shipmark_sse_clients";
    text.head(name, Kind::Gauge, "Who listens to the changes as they happen");
    text.line(name, &[], app.streams.taken());
    if let Some(cache) = app.registry.cache_figures() {
        redis(&mut text, cache);
    }
    let name = "shipmark_build_info";
    text.head(name, Kind::Gauge, "The version of this server and the engine of its database");
    text.line(name, &[("version", env!("CARGO_PKG_VERSION")), ("engine", app.registry.engine())], 1);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.into_string()).into_response()
}

fn redis(to: &mut Text, CacheFigures { is_open, hits, misses }: CacheFigures) {
    let name = "shipmark_cache_breaker_open";
    to.head(name, Kind::Gauge, "Whether Redis does not answer, so that nobody asks it");
    to.line(name, &[], u8::from(!is_open));
    let name = "shipmark_cache_hits_total";
    to.head(name, Kind::Counter, "Answers of API v1 that Redis had");
    to.line(name, &[], hits);
    let name = "shipmark_cache_misses_total";
    to.head(name, Kind::Counter, "Answers of API v1 that Redis was asked for and had not");
    to.line(name, &[], misses);
}

fn deployments(to: &mut Text, stats: &[Stat]) {
    let name = "versions_last_deployments_by_status";
    to.head(name, Kind::Gauge, "Get last 10 days deployments by status");
    for stat in stats.iter().take(SERIES) {
        let date = stat.date.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string();
        let labels = [
            ("workload", stat.workload.as_str()),
            ("platform", &stat.platform),
            ("environment", &stat.environment),
            ("status", &stat.status),
            ("date", &date),
        ];
        to.line(name, &labels, stat.total);
    }
    let name = "shipmark_series_dropped";
    to.head(name, Kind::Gauge, "Series of deployments beyond the newest 5000");
    to.line(name, &[], stats.len().saturating_sub(SERIES));
}
