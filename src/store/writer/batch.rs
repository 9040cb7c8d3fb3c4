//! The one writer of SQLite: takes what waits, runs each operation within a savepoint, and makes them last by
//! one COMMIT. So 64 clients wait for one write to the disk and not for 64.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::request::Job;
use crate::store::db::{Db, Transaction, values};
use crate::store::{StoreError, sql};

/// The most operations of one COMMIT, and how long the first of them waits for those behind it. Only what has come
/// already is taken along: the next batch gathers while this one is committed.
const MOST: usize = 64;
const LONGEST: Duration = Duration::from_millis(50);

/// After so many operations the log is folded into the database: a thousand pages or so, as SQLite itself
/// would do. It is done here because SQLite says nothing when it fails.
const CHECKPOINT_AFTER: usize = 100;

/// What comes through the queue.
pub(in crate::store) enum Order {
    Work(Box<dyn Job>),
    /// Ends the task when all before it is done.
    Stop(oneshot::Sender<()>),
}

impl std::fmt::Debug for Order {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(if matches!(self, Self::Work(_)) { "Work" } else { "Stop" })
    }
}

/// Why an operation was not made to last with its batch.
struct Lost(StoreError);

/// Writes until told to stop, or until the disk failed.
pub(super) async fn run(db: Db, mut queue: mpsc::Receiver<Order>, broken: watch::Sender<bool>) {
    let mut since = 0;
    let mut stopped = Vec::new();
    while let Some(order) = queue.recv().await {
        let first = match order {
            Order::Work(job) => job,
            Order::Stop(tell) => {
                queue.close();
                stopped.push(tell);
                continue;
            }
        };
        let mut jobs = vec![first];
        let mut done = batch(&db, &mut jobs, &mut queue, &mut stopped).await;
        if matches!(&done, Err(Lost(error)) if error.is_disk()) {
            // Before the answers, so that none of these clients finds a server that still takes writes.
            broken.send_replace(true);
        }
        since += jobs.len();
        let failure = done.as_ref().err().map(|Lost(error)| error);
        for job in jobs {
            job.answer(failure);
        }
        if done.is_ok() && since >= CHECKPOINT_AFTER {
            since = 0;
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
        if let Order::Work(job) = order {
            job.answer(Some(&StoreError::Stopped));
        }
    }
}

/// One transaction: what is in `jobs`, and what comes meanwhile.
async fn batch(
    db: &Db,
    jobs: &mut Vec<Box<dyn Job>>,
    queue: &mut mpsc::Receiver<Order>,
    stopped: &mut Vec<oneshot::Sender<()>>,
) -> Result<(), Lost> {
    let began = Instant::now();
    let mut transaction = db.begin().await.map_err(Lost)?;
    let mut ran = 0;
    while let Some(job) = jobs.get_mut(ran) {
        let opening = if ran == 0 { sql::SAVEPOINT } else { sql::NEXT_SAVEPOINT };
        transaction.apply(opening, values![]).await.map_err(Lost)?;
        within_savepoint(&mut transaction, job.as_mut()).await?;
        ran += 1;
        if ran == MOST || began.elapsed() >= LONGEST {
            break;
        }
        match queue.try_recv() {
            Ok(Order::Work(job)) => jobs.push(job),
            Ok(Order::Stop(tell)) => {
                queue.close();
                stopped.push(tell);
            }
            Err(_) => {}
        }
    }
    transaction.commit().await.map_err(Lost)
}

/// One operation; what it takes back or fails at is undone, and its neighbours do not notice. SQLite ends the
/// whole transaction when the disk is full or fails, and then the savepoint is gone and the batch with it.
async fn within_savepoint(transaction: &mut Transaction, job: &mut dyn Job) -> Result<(), Lost> {
    let ruling = job.run(transaction).await;
    if let Err(error) = &ruling
        && error.is_disk()
    {
        return Err(Lost(error.clone()));
    }
    if !matches!(ruling, Ok(true)) {
        let undone = transaction.apply(sql::UNDO, values![]).await;
        undone.map_err(|error| Lost(ruling.err().unwrap_or(error)))?;
    }
    Ok(())
}
