//! Folds the log of SQLite into the database, which is done here because SQLite says nothing when it fails. A
//! connection of its own does most of it while the writer goes on; what came meanwhile is little, and with that the
//! writer can begin the log anew.

use tokio::task::JoinHandle;

use crate::store::db::{Db, values};
use crate::store::{StoreError, sql};

/// After so many pages of 4 KiB the log is folded. SQLite itself would do that after 1,000; later is better, because a
/// page that was written often goes into the database once.
const AFTER: usize = 4_000;
/// About how many pages a COMMIT writes, and each operation of it: their tables and indexes.
const OF_COMMIT: usize = 12;
const OF_OPERATION: usize = 6;

pub(super) struct Fold {
    db: Db,
    /// How many pages the log has, about.
    pages: usize,
    running: Option<JoinHandle<Result<(), StoreError>>>,
}

impl Fold {
    /// By a pool of one connection.
    pub(super) fn by(db: Db) -> Self {
        Self { db, pages: 0, running: None }
    }

    /// Does what is due after a COMMIT of so many operations.
    pub(super) async fn after(&mut self, writer: &Db, operations: usize) -> Result<(), StoreError> {
        self.pages =
            self.pages.saturating_add(OF_COMMIT).saturating_add(operations.saturating_mul(OF_OPERATION));
        match self.running.take() {
            Some(running) if running.is_finished() => {
                running.await.unwrap_or(Err(StoreError::Stopped))?;
                self.pages = 0;
                // A busy reader leaves the rest to the next time.
                writer.apply(sql::FOLD_LOG, values![]).await?;
            }
            None if self.pages >= AFTER => {
                let db = self.db.clone();
                self.running = Some(tokio::spawn(async move { db.apply(sql::FOLD_LOG, values![]).await }));
            }
            running => self.running = running,
        }
        Ok(())
    }

    /// Waits for what runs and closes the connection.
    pub(super) async fn end(self) {
        if let Some(running) = self.running {
            // The checkpoint that ends the writer meets the same failure and is as little needed.
            let _ = running.await;
        }
        self.db.close().await;
    }

    /// Leaves the connection open, whose end would touch the database.
    pub(super) fn forget(self) {
        std::mem::forget(self.db);
    }
}
