//! The database: one struct of whole operations in words of the domain. A write returns only after its
//! COMMIT, and everything that belongs to one use case is one transaction.

mod address;
mod db;
mod dialect;
mod error;
mod history;
mod holds;
mod incidents;
mod open;
mod read;
mod settle;
mod sql;
mod versions;
mod write;

pub use address::{BadAddress, Server};
pub(crate) use error::StoreError;
pub(crate) use history::Wanted;
pub(crate) use holds::{HoldEntry, HoldKey, HoldsWanted, Lifting};
pub(crate) use incidents::{IncidentEntry, IncidentsWanted, Mark};
pub use open::OpenError;
pub(crate) use read::Known;
pub(crate) use versions::{Listed, Place, Row, Span, Stat};
pub(crate) use write::{Entered, Entry, Moment, Step};

use self::db::Db;

/// An open registry. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    /// On SQLite one connection, because it has one writer; requests queue here and not inside the database.
    writer: Db,
    readers: Db,
    warnings: Vec<String>,
}

impl Store {
    /// The name of the engine, as v1's health answer gives it.
    pub(crate) fn engine(&self) -> &'static str {
        self.readers.dialect().name()
    }

    /// What an operator should know about the database.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Closes the connections; the log of SQLite is folded into its file, so that one file is left.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        if let Db::Sqlite(writer) = &self.writer {
            // A checkpoint that fails costs nothing: the next start reads the log.
            let _ = sqlx::query(sql::CHECKPOINT).execute(writer).await;
        }
        self.writer.close().await;
    }
}
