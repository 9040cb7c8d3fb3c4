//! `GET /readyz`: may a proxy send requests here? v1's health routes cannot say that without leaving the form
//! that the original gave them.

use axum::http::StatusCode;

use super::App;

/// 200, or 503 with the reason: the service is about to end, or the database does not answer or failed.
pub(super) async fn ready(app: App) -> (StatusCode, &'static str) {
    let reason = if *app.stopping.borrow() {
        "stopping\n"
    } else if app.registry.is_broken() {
        "the disk failed\n"
    } else if !app.registry.healthy().await {
        "the database does not answer\n"
    } else {
        return (StatusCode::OK, "ready\n");
    };
    (StatusCode::SERVICE_UNAVAILABLE, reason)
}
