//! The pages: view, template, done. Every page works without script.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;

use super::board::Board;
use super::notice::notices;
use super::observe::caused;
use super::problem::Problem;
use super::question::Question;
use super::{App, v1};
use crate::template::TemplateError;

/// What the frame around every page shows.
#[derive(Serialize)]
struct Page<T> {
    title: String,
    css: String,
    icon: String,
    /// Where the script is that keeps the page up to date, where it has one.
    script: Option<String>,
    server: &'static str,
    /// The address that the reader used, for commands to copy.
    host: String,
    /// Seconds until the page loads itself anew.
    refresh: Option<u32>,
    #[serde(flatten)]
    content: T,
}

/// The shortest and the longest pause between two loads, in seconds.
const REFRESH: std::ops::RangeInclusive<u32> = 5..=86_400;

/// `GET /`: what is where.
pub(super) async fn board(app: App, question: Result<Question, Problem>, headers: HeaderMap) -> Response {
    let Ok(question) = question else {
        return error(&app, StatusCode::BAD_REQUEST, "the part after the question mark cannot be read");
    };
    let refresh = match question.get("refresh").map(str::parse) {
        None => None,
        Some(Ok(seconds)) if REFRESH.contains(&seconds) => Some(seconds),
        Some(_) => {
            return error(
                &app,
                StatusCode::BAD_REQUEST,
                "refresh must be a number of seconds from 5 to 86400",
            );
        }
    };
    match app.registry.present(None).await {
        Ok(present) => {
            let now = app.registry.world().now();
            let (cells, notices) = notices(present.cells, present.strangers, now);
            let board = Board::of(&cells, &notices, &present.holds, &present.settings, now);
            let host = headers.get(header::HOST).and_then(|host| HeaderValue::to_str(host).ok());
            let script = Some(app.assets.path("live"));
            let view = Page { script, refresh, ..Page::of(&app, board.title(), host, board) };
            page(&app, StatusCode::OK, "board", &view)
        }
        Err(failure) => {
            let why = "the database does not answer; try again soon";
            caused(error(&app, StatusCode::SERVICE_UNAVAILABLE, why), &failure)
        }
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    heading: &'a str,
    why: &'a str,
    code: u16,
}

/// The page of an error: what happened and what to do.
pub(super) fn error(app: &App, status: StatusCode, why: &str) -> Response {
    let heading = status.canonical_reason().unwrap_or("Error");
    let content = Failure { heading, why, code: status.as_u16() };
    page(app, status, "error", &Page::of(app, heading.to_owned(), None, content))
}

impl<T> Page<T> {
    fn of(app: &App, title: String, host: Option<&str>, content: T) -> Self {
        Self {
            title,
            css: app.assets.path("board"),
            icon: app.assets.path("mark"),
            script: None,
            server: env!("CARGO_PKG_VERSION"),
            host: host.unwrap_or("127.0.0.1:8080").to_owned(),
            refresh: None,
            content,
        }
    }
}

fn page(app: &App, status: StatusCode, template: &str, view: &impl Serialize) -> Response {
    let text: Result<String, TemplateError> = app.templates.render(template, view);
    match text {
        Ok(text) => (status, [(header::CACHE_CONTROL, "no-cache")], Html(text)).into_response(),
        Err(failure) => {
            let plain = v1::answer::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
            caused(plain, &failure)
        }
    }
}
