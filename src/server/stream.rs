//! `GET /api/v2/stream`, and `/live` for the pages: an event per change of an attempt (HTML, "Server-sent events"). A
//! stream is no request under way: it has no time-out, and ends as soon as the server is told to stop.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tokio::time::Interval;

use super::App;
use super::auth::{self, Asked};
use super::history;
use super::problem::Problem;
use super::question::Question;
use crate::domain::live::{Happening, Interest};

/// How many may listen at a time.
const CLIENTS: usize = 256;
/// After how many seconds one who found no place may try again.
const RETRY: u32 = 5;
/// How often a silent stream says that it lives; proxies close what is silent for a minute.
const ALIVE: Duration = Duration::from_secs(15);
/// How often it is asked whether the token of a stream still opens it.
const RECHECK: Duration = Duration::from_secs(2);
const NAMES: [&str; 7] = ["app", "platform", "environment", "env", "team", "workload", "status"];

/// The places of those who listen.
#[derive(Debug)]
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CLIENTS)))
    }
}

impl Places {
    /// How many listen.
    pub(super) fn taken(&self) -> usize {
        CLIENTS.saturating_sub(self.0.available_permits())
    }

    fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let full = |_| {
            let detail = format!("{CLIENTS} listen already, which is the most; try again later");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-streams", "there is no place")
                .with("detail", detail)
                .retry_after(RETRY)
        };
        Arc::clone(&self.0).try_acquire_owned().map_err(full)
    }
}

/// For programs: silence is broken by a comment.
pub(super) async fn api(
    app: App,
    Extension(asked): Extension<Arc<Asked>>,
    question: Question,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    open(app, asked, &question, &headers, KeepAlive::new().interval(ALIVE)).await
}

/// For the pages: silence is broken by an event, since a script hears of no comment.
pub(super) async fn page(
    app: App,
    Extension(asked): Extension<Arc<Asked>>,
    question: Question,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let alive = KeepAlive::new().interval(ALIVE).event(Event::default().event("alive").data(""));
    open(app, asked, &question, &headers, alive).await
}

async fn open(
    app: App,
    asked: Arc<Asked>,
    question: &Question,
    headers: &HeaderMap,
    alive: KeepAlive,
) -> Result<Response, Problem> {
    question.only(&NAMES)?;
    let interest = Interest { limits: app.registry.limits().cloned(), ..interest(question)? };
    if *app.stopping.borrow() {
        let title = "the server stops";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", title).retry_after(RETRY));
    }
    let place = app.streams.take()?;
    let after = headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default());
    let ear = app.registry.listen(after.filter(|after| !after.is_empty())).await?;
    let mut waiting = VecDeque::new();
    let mut told = BTreeSet::new();
    match ear.missed {
        // Whoever hears this has to read anew what is where.
        None => waiting.push_back(Event::default().event("reset").data("")),
        Some(missed) => {
            told.extend(missed.iter().map(|happening| happening.id.clone()));
            waiting.extend(missed.iter().filter(|happening| interest.wants(happening)).map(written));
        }
    }
    let listener = Listener {
        waiting,
        told,
        interest,
        coming: ear.coming,
        stopping: app.stopping.subscribe(),
        recheck: tokio::time::interval(RECHECK),
        app,
        asked,
        place,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    // nginx would hold the events back until there are many.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(alive)).into_response())
}

fn interest(question: &Question) -> Result<Interest, Problem> {
    let text = |name| question.get(name).map(str::to_owned);
    Ok(Interest {
        app: text("app"),
        platform: text("platform"),
        environment: text("environment").or_else(|| text("env")),
        team: text("team").or_else(|| text("workload")),
        state: history::state(question)?,
        limits: None,
    })
}

fn written(happening: &Arc<Happening>) -> Event {
    // What is written holds no line break, and its names are texts, so neither can fail.
    let data = serde_json::to_string(happening.as_ref()).unwrap_or_default();
    Event::default().id(&happening.id).data(data)
}

/// One who listens.
struct Listener {
    /// What is to be told first.
    waiting: VecDeque<Event>,
    /// The ids of those, which may come once more.
    told: BTreeSet<String>,
    interest: Interest,
    coming: broadcast::Receiver<Arc<Happening>>,
    stopping: watch::Receiver<bool>,
    recheck: Interval,
    app: App,
    asked: Arc<Asked>,
    #[expect(dead_code, reason = "its end gives the place back")]
    place: OwnedSemaphorePermit,
}

impl Listener {
    /// What is told next; nothing at the end.
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        loop {
            let stopped = async {
                // A server that is gone without a word stopped too.
                let _ = self.stopping.wait_for(|stopping| *stopping).await;
            };
            tokio::select! {
                () = stopped => return None,
                _ = self.recheck.tick() => {
                    if !auth::still(&self.app, &self.asked).await {
                        return None;
                    }
                }
                // One who is too slow has lost some; the end tells, and the next connection says what is to be done.
                happening = self.coming.recv() => {
                    let happening = happening.ok()?;
                    if !self.told.remove(&happening.id) && self.interest.wants(&happening) {
                        return Some(written(&happening));
                    }
                }
            }
        }
    }
}
