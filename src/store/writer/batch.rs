//! The one writer of SQLite: takes what waits, runs it within savepoints, and makes it last by one COMMIT. So 64
//! clients wait for one write to the disk and not for 64.

use tokio::sync::{mpsc, oneshot, watch};

use super::MOST;
use super::asked::{Asked, refused, together};
use super::request::Job;
use crate::store::db::{Db, Transaction, values};
use crate::store::{StoreError, sql};

/// After so many pages the log is folded into the database, which SQLite itself would do after 1,000. It is done here
/// because SQLite says nothing when it fails; later, because each folding costs two waits for the disk.
const FOLD_AFTER: usize = 4_000;
/// About how many pages a COMMIT writes, and each operation of it: their tables and indexes.
const PAGES_OF_COMMIT: usize = 12;
const PAGES_OF_OPERATION: usize = 5;

/// What comes through the queue.
pub(in crate::store) enum Order {
    Change(Asked),
    Work(Box<dyn Job>),
    /// Ends the task when all before it is done.
    Stop(oneshot::Sender<()>),
}

impl std::fmt::Debug for Order {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self {
            Self::Change(_) => "Change",
            Self::Work(_) => "Work",
            Self::Stop(_) => "Stop",
        })
    }
}

/// What is written by one COMMIT.
#[derive(Default)]
struct Batch {
    changes: Vec<Asked>,
    jobs: Vec<Box<dyn Job>>,
}

/// Why an operation was not made to last with its batch.
struct Lost(StoreError);

/// Writes until told to stop, or until the disk failed.
pub(super) async fn run(db: Db, mut queue: mpsc::Receiver<Order>, broken: watch::Sender<bool>) {
    let mut pages = 0;
    let mut stopped = Vec::new();
    let mut orders = Vec::new();
    while queue.recv_many(&mut orders, MOST).await > 0 {
        let mut batch = Batch::default();
        for order in orders.drain(..) {
            match order {
                Order::Change(asked) => batch.changes.push(asked),
                Order::Work(job) => batch.jobs.push(job),
                Order::Stop(tell) => {
                    queue.close();
                    stopped.push(tell);
                }
            }
        }
        let size = batch.changes.len().saturating_add(batch.jobs.len());
        if size == 0 {
            continue;
        }
        let mut done = batch.write(&db).await;
        if matches!(&done, Err(Lost(error)) if error.is_disk()) {
            // Before the answers, so that none of these clients finds a server that still takes writes.
            broken.send_replace(true);
        }
        batch.answer(done.as_ref().err().map(|Lost(error)| error));
        pages += PAGES_OF_COMMIT + PAGES_OF_OPERATION * size;
        if done.is_ok() && pages >= FOLD_AFTER {
            pages = 0;
            // A busy reader leaves the rest to the next time.
            done = db.apply(sql::FOLD_LOG, values![]).await.map_err(Lost);
        }
        if matches!(&done, Err(Lost(error)) if error.is_disk()) {
            return give_up(db, queue, &broken);
        }
    }
    // A checkpoint that fails costs nothing: the next start reads the log.
    let _ = db.apply(sql::CHECKPOINT, values![]).await;
    db.close().await;
    for tell in stopped {
        let _ = tell.send(());
    }
}

/// After a failed write to the disk nothing is tried again, because the kernel may have dropped the pages and
/// would then confirm what is not there. The end of the process must not try either, so the connection, whose
/// end would fold the log into the database, is never ended.
fn give_up(db: Db, mut queue: mpsc::Receiver<Order>, broken: &watch::Sender<bool>) {
    broken.send_replace(true);
    std::mem::forget(db);
    queue.close();
    while let Ok(order) = queue.try_recv() {
        match order {
            Order::Change(asked) => asked.answer(Some(&StoreError::Stopped)),
            Order::Work(job) => job.answer(Some(&StoreError::Stopped)),
            Order::Stop(_) => {}
        }
    }
}

impl Batch {
    /// One transaction: the changes as one set, and then each other operation by itself.
    async fn write(&mut self, db: &Db) -> Result<(), Lost> {
        let mut transaction = db.begin().await.map_err(Lost)?;
        transaction.apply(sql::SAVEPOINT, values![]).await.map_err(Lost)?;
        if !self.changes.is_empty() {
            changes(&mut transaction, &mut self.changes).await?;
        }
        for job in &mut self.jobs {
            transaction.apply(sql::NEXT_SAVEPOINT, values![]).await.map_err(Lost)?;
            let ruling = job.run(&mut transaction).await;
            if !matches!(ruling, Ok(true)) {
                take_back(&mut transaction, ruling.err()).await?;
            }
        }
        transaction.commit().await.map_err(Lost)
    }

    fn answer(self, failure: Option<&StoreError>) {
        for asked in self.changes {
            asked.answer(failure);
        }
        for job in self.jobs {
            job.answer(failure);
        }
    }
}

/// The changes as one set, or where one of them spoils it, each as its own.
async fn changes(transaction: &mut Transaction, asked: &mut [Asked]) -> Result<(), Lost> {
    let Err(error) = together(transaction, asked).await else { return Ok(()) };
    take_back(transaction, Some(error.clone())).await?;
    if let [alone] = asked {
        refused(alone, error);
        return Ok(());
    }
    for alone in asked {
        transaction.apply(sql::NEXT_SAVEPOINT, values![]).await.map_err(Lost)?;
        if let Err(error) = together(transaction, std::slice::from_mut(alone)).await {
            take_back(transaction, Some(error.clone())).await?;
            refused(alone, error);
        }
    }
    Ok(())
}

/// Undoes what came since the savepoint, and its neighbours do not notice. SQLite ends the whole transaction when the
/// disk is full or fails, and then the savepoint is gone and the batch with it.
async fn take_back(transaction: &mut Transaction, cause: Option<StoreError>) -> Result<(), Lost> {
    if let Some(error) = cause.as_ref().filter(|error| error.is_disk()) {
        return Err(Lost(error.clone()));
    }
    match transaction.apply(sql::UNDO, values![]).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Lost(cause.unwrap_or(error))),
    }
}
