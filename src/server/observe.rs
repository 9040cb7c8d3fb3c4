//! Watches every request from outside: gives it an id, and logs how it ended. A query string is never logged,
//! because it may hold what is private.

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;

use super::App;
use super::metrics::Sent;
use crate::domain::text;

/// The header that carries the id of a request, in every answer.
const ID: &str = "x-request-id";

/// Probes ask for these every few seconds and would drown the log.
const PROBES: [&str; 3] = ["/api/v1/health", "/api/v1/healthz", "/readyz"];

/// The id of a request, for what it changes.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

/// Why an answer is a failure of ours; it goes into the log and never to the client.
#[derive(Debug, Clone)]
pub(super) struct Cause(String);

impl Cause {
    /// The chain of causes of an error.
    pub(super) fn of(error: &dyn std::error::Error) -> Self {
        let mut words = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            words = format!("{words}: {cause}");
            next = cause.source();
        }
        Self(words)
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.0)
    }
}

/// Puts the cause of a failure beside its answer.
pub(super) fn caused(mut response: Response, error: &dyn std::error::Error) -> Response {
    response.extensions_mut().insert(Cause::of(error));
    response
}

/// Runs a request, and says what became of it.
pub(super) async fn watch(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let world = app.registry.world();
    let (id, watch) = (world.new_id(), world.stopwatch());
    let method = text::line(request.method().as_str());
    let path = text::line(request.uri().path());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let sent = Sent::of(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(ID, value);
    }
    let status = response.status();
    let seconds = watch.elapsed().as_secs_f64();
    let duration_ms = seconds * 1_000.0;
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    app.metrics.count(&sent, route, &response, seconds);
    if status.is_server_error() {
        let cause = response.extensions().get::<Cause>().map(|cause| text::line(&cause.0));
        let cause = cause.unwrap_or_default();
        tracing::error!(
            request_id = id,
            method,
            path,
            status = status.as_u16(),
            duration_ms,
            cause,
            "failed"
        );
    } else if app.log_probes || !PROBES.contains(&route) {
        tracing::info!(request_id = id, method, path, status = status.as_u16(), duration_ms, "answered");
    }
    response
}
