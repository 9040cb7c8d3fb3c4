//! Redis beside the database: answers of API v1 are kept there, or those of the original are removed from it, and processes
//! wake each other. Nothing in Redis decides an answer: what is kept there has a key that the database gives (`store/epoch`), and where Redis fails the
//! database answers.

mod address;
mod line;
mod original;
mod wake;

pub use address::{BadRedis, RedisServer};
pub(super) use wake::Bell;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::line::{ANSWER, Line};
use self::original::Original;

/// How long an answer is kept, in seconds.
const KEPT: u64 = 60;
/// The longest answer that is kept, in bytes.
const LONGEST: usize = 1024 * 1024;

/// What Redis is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Answers of our own are kept.
    Answers,
    /// The original runs on the same database and Redis, and must not answer with what was before a write of ours.
    Original,
}

/// Redis, for all clones of a store.
#[derive(Debug)]
pub(super) struct Redis {
    line: Arc<Line>,
    original: Option<Original>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How it went since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheFigures {
    /// Whether Redis answers, and so is asked.
    pub(crate) is_open: bool,
    /// Answers that came from there.
    pub(crate) hits: u64,
    /// Answers that were looked for there and not found.
    pub(crate) misses: u64,
}

impl Redis {
    pub(super) async fn on(server: &RedisServer, purpose: Use, bell: Bell) -> Self {
        let line = Line::to(server.0.clone()).await;
        wake::start(&line, &server.0, bell);
        let original = (purpose == Use::Original).then(|| Original::on(&line));
        Self { line, original, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    /// Whether answers are looked for there.
    pub(super) fn keeps(&self) -> bool {
        self.original.is_none() && self.line.is_open()
    }

    /// What is kept under a key.
    pub(super) async fn get(&self, key: &str) -> Option<String> {
        let kept: Option<Vec<u8>> = self.line.ask(redis::cmd("GET").arg(key), ANSWER).await.flatten();
        let kept = kept.and_then(|bytes| String::from_utf8(bytes).ok());
        let count = if kept.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        kept
    }

    /// Keeps an answer, if it is not too long.
    pub(super) async fn keep(&self, key: &str, answer: &str) {
        if answer.len() <= LONGEST {
            let command = redis::cmd("SET").arg(key).arg(answer).arg("EX").arg(KEPT).to_owned();
            // Where Redis does not take it, the next one asks the database too.
            let _: Option<()> = self.line.ask(&command, ANSWER).await;
        }
    }

    /// To be called before a write: what the original keeps is removed a while after it in any case, also if the client
    /// goes away meanwhile.
    pub(super) fn before_write(&self) {
        if let Some(original) = &self.original {
            original.later();
        }
    }

    /// To be called after a write, before its answer.
    pub(super) async fn after_write(&self) {
        if let Some(original) = &self.original {
            original.remove().await;
        }
    }

    pub(super) fn figures(&self) -> CacheFigures {
        CacheFigures {
            is_open: self.line.is_open(),
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }

    /// Why Redis is not asked, where that is so.
    pub(super) fn trouble(&self) -> Option<String> {
        self.line.trouble()
    }

    /// Waits until Redis is asked where it was not, or the other way round.
    pub(super) async fn turned(&self, was: bool) {
        self.line.turned(was).await;
    }
}
