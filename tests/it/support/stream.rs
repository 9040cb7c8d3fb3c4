//! A stream of events without a socket: it has no end, so it is read piece by piece.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;

/// Longer than a change takes to be told by another process.
const PATIENCE: Duration = Duration::from_secs(10);
/// As long as nothing must come.
const SILENCE: Duration = Duration::from_millis(1_500);

/// One who listens.
#[must_use]
pub(crate) struct Stream {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Body,
    text: String,
}

/// One event.
#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

impl Stream {
    pub(crate) fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status, headers: parts.headers, body, text: String::new() }
    }

    /// The next event; nothing at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        tokio::time::timeout(PATIENCE, self.read()).await.unwrap()
    }

    /// The next event, which must be one of the stream's own and not of its opening.
    pub(crate) async fn told(&mut self) -> Value {
        self.next().await.unwrap().data
    }

    /// Nothing more comes.
    pub(crate) async fn is_silent(&mut self) {
        let more = tokio::time::timeout(SILENCE, self.read()).await;
        assert!(more.is_err(), "{more:?}");
    }

    async fn read(&mut self) -> Option<Told> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                match parse(&block) {
                    Some(told) => return Some(told),
                    None => continue,
                }
            }
            let frame = self.body.frame().await?.unwrap();
            let bytes = frame.into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

/// An event; nothing for a comment.
fn parse(block: &str) -> Option<Told> {
    let field = |name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|value| value.trim_start().to_owned())
    };
    if block.lines().all(|line| line.is_empty() || line.starts_with(':')) {
        return None;
    }
    let data = field("data").unwrap_or_default();
    Some(Told {
        name: field("event").unwrap_or_default(),
        id: field("id").unwrap_or_default(),
        data: serde_json::from_str(&data).unwrap_or(Value::Null),
    })
}
