//! The one writer of SQLite: takes what waits, runs it within savepoints, and makes it last by one COMMIT. So 64
//! clients wait for one write to the disk and not for 64.

use tokio::sync::{mpsc, oneshot, watch};

use super::MOST;
use super::asked::{Asked, refused, together};
use super::fold::Fold;
use super::request::Job;
use crate::store::db::{Db, Transaction, values};
use crate::store::{StoreError, sql};

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
pub(super) async fn run(
    db: Db,
    mut fold: Fold,
    mut queue: mpsc::Receiver<Order>,
    broken: watch::Sender<bool>,
) {
    let mut stopped = Vec::new();
    let mut orders = Vec::new();
    while queue.recv_many(&mut orders, size(queue.len())).await > 0 {
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
        if done.is_ok() {
            done = fold.after(&db, size).await.map_err(Lost);
        }
        if matches!(&done, Err(Lost(error)) if error.is_disk()) {
            fold.forget();
            return give_up(db, queue, &broken);
        }
    }
    fold.end().await;
    // A checkpoint that fails costs nothing: the next start reads the log.
    let _ = db.apply(sql::CHECKPOINT, values![]).await;
    db.close().await;
    for tell in stopped {
        let _ = tell.send(());
    }
}

/// How many of those that wait are taken: a power of two, as the texts for so many rows are prepared. The rest goes
/// with the next.
fn size(waiting: usize) -> usize {
    waiting.checked_ilog2().map_or(1, |log| 1 << log).min(MOST)
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
        let mut transaction = changes(db, &mut self.changes).await?;
        for job in &mut self.jobs {
            transaction.apply(sql::SAVEPOINT, values![]).await.map_err(Lost)?;
            let ruling = job.run(&mut transaction).await;
            keep(&mut transaction, matches!(ruling, Ok(true)), ruling.err()).await?;
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

/// A transaction with the changes as one set, or where one of them spoils it, each as its own. The set has no savepoint,
/// for which SQLite would copy every page that it changes.
async fn changes(db: &Db, asked: &mut [Asked]) -> Result<Transaction, Lost> {
    let mut transaction = db.begin().await.map_err(Lost)?;
    if asked.is_empty() {
        return Ok(transaction);
    }
    let Err(error) = together(&mut transaction, asked).await else { return Ok(transaction) };
    if error.is_disk() {
        return Err(Lost(error));
    }
    transaction.rollback().await.map_err(Lost)?;
    let mut transaction = db.begin().await.map_err(Lost)?;
    if let [alone] = asked {
        refused(alone, error);
        return Ok(transaction);
    }
    for alone in asked {
        transaction.apply(sql::SAVEPOINT, values![]).await.map_err(Lost)?;
        let error = together(&mut transaction, std::slice::from_mut(alone)).await.err();
        if let Some(error) = &error {
            refused(alone, error.clone());
        }
        keep(&mut transaction, error.is_none(), error).await?;
    }
    Ok(transaction)
}

/// Ends a savepoint, and undoes what came since if it shall not stand; its neighbours do not notice. SQLite ends the
/// whole transaction when the disk is full or fails, and then the savepoint is gone and the batch with it.
async fn keep(transaction: &mut Transaction, stands: bool, cause: Option<StoreError>) -> Result<(), Lost> {
    if let Some(error) = cause.as_ref().filter(|error| error.is_disk()) {
        return Err(Lost(error.clone()));
    }
    if !stands && let Err(error) = transaction.apply(sql::UNDO, values![]).await {
        return Err(Lost(cause.unwrap_or(error)));
    }
    transaction.apply(sql::RELEASE, values![]).await.map_err(Lost)?;
    Ok(())
}
