//! The database: one struct of whole operations in words of the domain. A write returns only after its
//! COMMIT, and everything that belongs to one use case is one transaction.

mod address;
mod audit;
mod backup;
mod cache;
mod change;
mod commits;
mod db;
mod deliveries;
mod dialect;
mod epoch;
mod error;
mod events;
mod history;
mod holds;
mod incidents;
mod kept;
mod listing;
mod live;
mod meta;
mod observations;
mod open;
mod probes;
mod read;
mod readers;
mod releases;
mod set;
mod settings;
mod settle;
mod sql;
mod takeover;
mod tokens;
mod trusts;
mod versions;
mod webhooks;
mod write;
mod writer;

pub use address::{BadAddress, Server};
pub(crate) use audit::{AuditWanted, Trace};
pub use backup::{BackupError, back_up};
pub(crate) use cache::CacheFigures;
pub use cache::{BadRedis, RedisServer, Use};
pub(crate) use change::{Entered, Entry, Moment, Step};
pub(crate) use deliveries::{DueDelivery, Outcome};
pub use error::StoreError;
pub(crate) use history::Wanted;
pub(crate) use holds::{HoldEntry, HoldKey, HoldsWanted, Lifting};
pub(crate) use incidents::{IncidentEntry, IncidentsWanted};
pub(crate) use listing::{Listed, Listing, Span};
pub(crate) use live::Changes;
pub(crate) use observations::{SightingEntry, SightingsWanted};
pub use open::{FILE, OpenError};
pub(crate) use probes::Due;
pub(crate) use read::Known;
pub(crate) use settings::EnvironmentsWanted;
pub(crate) use trusts::ExchangeEntry;
pub(crate) use versions::{Place, Row, Stat};

use std::sync::Arc;

use tokio::sync::watch;

use self::cache::Redis;
use self::readers::Readers;
use self::webhooks::Hooks;
use self::writer::Writer;
use crate::domain::limits::Limits;

/// An open registry. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    writer: Writer,
    readers: Readers,
    warnings: Vec<String>,
    /// Told after the COMMIT of a change of an attempt, for whoever watches them.
    changed: watch::Sender<()>,
    /// Told when another process says that it made one.
    woken: watch::Sender<()>,
    hooks: Arc<Hooks>,
    redis: Option<Arc<Redis>>,
}

impl Store {
    /// Over connections that are open.
    fn over(writer: Writer, readers: Readers, warnings: Vec<String>) -> Self {
        let (changed, woken) = (watch::Sender::new(()), watch::Sender::new(()));
        Self { writer, readers, warnings, changed, woken, hooks: Arc::default(), redis: None }
    }

    /// The same database for who may not see everything of it. Writes are as they were: who asks for one checks it.
    pub(crate) fn within(&self, limits: &Limits) -> Self {
        Self { readers: self.readers.within(limits), ..self.clone() }
    }

    /// The name of the engine, as v1's health answer gives it.
    pub(crate) fn engine(&self) -> &'static str {
        self.readers.dialect().name()
    }

    /// What an operator should know about the database.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Waits until the database can no longer be trusted, after which nothing is written; the process should
    /// end then, and the next start recovers.
    pub(crate) async fn broken(&self) {
        self.writer.broken().await;
    }

    /// Whether nothing is written any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.writer.is_broken()
    }

    /// To be called after each write of `versions`, whether it is known to stand or not, before its answer.
    async fn wrote(&self) {
        self.changed.send_replace(());
        if let Some(redis) = &self.redis {
            redis.after_write().await;
        }
    }

    /// To be called before it.
    fn writes(&self) {
        if let Some(redis) = &self.redis {
            redis.before_write();
        }
    }

    /// Closes the connections after what waits to be written.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
