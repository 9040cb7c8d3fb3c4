//! The database: one struct of whole operations in words of the domain. A write returns only after its
//! COMMIT, and everything that belongs to one use case is one transaction.

mod history;
mod open;
mod read;
mod settle;
mod sql;
mod write;

pub(crate) use history::Wanted;
pub use open::OpenError;
pub(crate) use read::{Known, Place, Row};
pub(crate) use write::{Entered, Entry, Moment, Step};

use sqlx::sqlite::SqlitePool;

/// An open registry. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    /// One connection, because SQLite has one writer; requests queue here and not inside the database.
    writer: SqlitePool,
    readers: SqlitePool,
}

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database failed")]
    Failed(#[from] sqlx::Error),
    /// The answer to COMMIT was lost: the write may or may not stand, and the caller's key settles it.
    #[error("the database did not confirm the write")]
    Unconfirmed(#[source] sqlx::Error),
    /// Nothing was written; another writer holds the database, or too many wait.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    #[error("the database holds `{0}` where a known word belongs")]
    Corrupt(String),
}

impl Store {
    /// The name of the engine, as v1's health answer gives it.
    #[expect(clippy::unused_self, reason = "which engine it is will depend on what was opened")]
    pub(crate) fn engine(&self) -> &'static str {
        "sqlite"
    }

    /// Closes the connections; the log is folded into the file, so that one file is left.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        // A checkpoint that fails costs nothing: the next start reads the log.
        let _ = sqlx::query(sql::CHECKPOINT).execute(&self.writer).await;
        self.writer.close().await;
    }
}
