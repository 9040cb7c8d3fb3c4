//! The writers. An operation is a function over one transaction, written once for all engines; here stands how
//! it gets one. Changes of attempts, of which there are many, wait in a queue, and what waits there is written as one
//! set (`store/set`). On SQLite all other operations wait in the same queue and share its COMMIT; on the servers each
//! has a transaction of its own. An operation goes on to its end when the client that asked for it went away.

mod asked;
mod batch;
mod fold;
mod group;
mod request;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use self::asked::Asked;
use self::batch::Order;
use self::fold::Fold;
use self::request::Request;
use super::StoreError;
use super::change::Change;
use super::db::{Db, Transaction, Value};

/// What an operation decides about what it wrote.
#[derive(Debug)]
pub(super) enum Verdict<T> {
    /// It shall last. The answer goes out after the COMMIT.
    Keep(T),
    /// Nothing of it shall last.
    TakeBack(T),
}

/// A running operation.
pub(super) type Running<'t, T> = Pin<Box<dyn Future<Output = Result<Verdict<T>, StoreError>> + Send + 't>>;

/// The most operations of one COMMIT.
const MOST: usize = 64;
/// How many operations wait in the queue; each connection of a client has one at most.
const QUEUE: usize = 1_024;
/// How long an operation waits for a place in the queue.
const WAIT: Duration = Duration::from_secs(5);

/// Where operations go. Clones share the queue or the connections.
#[derive(Debug, Clone)]
pub(super) enum Writer {
    Queue {
        orders: mpsc::Sender<Order>,
        /// Turns true when the database can no longer be trusted.
        broken: watch::Receiver<bool>,
    },
    Pool {
        db: Db,
        /// One for each task; the changes of a place all go to the same.
        changes: Vec<mpsc::Sender<Asked>>,
    },
}

impl Writer {
    /// A queue before a pool of one connection, and another of one that folds the log. It needs a runtime, which the
    /// task runs on.
    pub(super) fn queue(db: Db, folding: Db) -> Self {
        let (orders, queue) = mpsc::channel(QUEUE);
        let (tell, broken) = watch::channel(false);
        tokio::spawn(batch::run(db, Fold::by(folding), queue, tell));
        Self::Queue { orders, broken }
    }

    /// A pool of connections, and another of so many whose tasks write the changes that wait. It needs a runtime, which
    /// they run on.
    pub(super) fn pool(db: Db, writers: &Db, count: u32) -> Self {
        let writer = |_| {
            let (changes, queue) = mpsc::channel(QUEUE);
            tokio::spawn(group::run(writers.clone(), queue));
            changes
        };
        Self::Pool { db, changes: (0..count).map(writer).collect() }
    }

    /// Makes a change of an attempt and answers after its COMMIT: with the id of the attempt, or with nothing if a
    /// key of it is taken or it no longer stands where the caller saw it. `hooked` says whether anyone may have to be
    /// told of it.
    pub(super) async fn change(&self, change: Change, hooked: bool) -> Result<Option<i64>, StoreError> {
        let (asked, answer) = Asked::new(change, hooked);
        match self {
            Self::Queue { orders, .. } => place(orders).await?.send(Order::Change(asked)),
            Self::Pool { changes, .. } => {
                place(asked.way(changes).ok_or(StoreError::Stopped)?).await?.send(asked);
            }
        }
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Runs an operation and answers after its COMMIT.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Transaction) -> Running<'t, T> + Send + 'static,
    {
        match self {
            Self::Queue { orders, .. } => {
                let (client, answer) = oneshot::channel();
                let request = Box::new(Request::new(work, client));
                place(orders).await?.send(Order::Work(request));
                answer.await.unwrap_or(Err(StoreError::Stopped))
            }
            Self::Pool { db, .. } => {
                let alone = alone(db.clone(), work);
                tokio::spawn(alone).await.unwrap_or(Err(StoreError::Stopped))
            }
        }
    }

    /// One statement as an operation; says how many rows it changed.
    pub(super) async fn apply(&self, text: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        let values = values.to_vec();
        let work = |changed| Ok(Verdict::Keep(changed));
        self.run(move |to| Box::pin(async move { to.apply(text, &values).await.and_then(work) })).await
    }

    /// Waits until the database can no longer be trusted; the process should end then.
    pub(super) async fn broken(&self) {
        match self {
            Self::Queue { broken, .. } => {
                let mut broken = broken.clone();
                // A task that is gone without a word takes no writes either.
                let _ = broken.wait_for(|broken| *broken).await;
            }
            Self::Pool { .. } => std::future::pending().await,
        }
    }

    /// Whether the database can no longer be trusted.
    pub(super) fn is_broken(&self) -> bool {
        match self {
            Self::Queue { broken, orders } => *broken.borrow() || orders.is_closed(),
            Self::Pool { .. } => false,
        }
    }

    /// Makes what waits last, and takes nothing more. The log of SQLite is folded into its file, so that one
    /// file is left.
    pub(super) async fn close(&self) {
        match self {
            Self::Queue { orders, .. } => {
                let (tell, told) = oneshot::channel();
                if orders.send(Order::Stop(tell)).await.is_ok() {
                    let _ = told.await;
                }
            }
            Self::Pool { db, .. } => db.close().await,
        }
    }
}

/// A place in a queue, for which an operation waits as long as for a connection.
async fn place<T>(queue: &mpsc::Sender<T>) -> Result<mpsc::Permit<'_, T>, StoreError> {
    let place = tokio::time::timeout(WAIT, queue.reserve()).await;
    place.map_err(|_| StoreError::from(sqlx::Error::PoolTimedOut))?.map_err(|_| StoreError::Stopped)
}

/// One operation in a transaction of its own.
async fn alone<T, F>(db: Db, work: F) -> Result<T, StoreError>
where
    F: for<'t> FnOnce(&'t mut Transaction) -> Running<'t, T>,
{
    let mut transaction = db.begin().await?;
    match work(&mut transaction).await {
        Ok(Verdict::Keep(answer)) => transaction.commit().await.map(|()| answer),
        Ok(Verdict::TakeBack(answer)) => transaction.rollback().await.map(|()| answer),
        Err(error) => {
            // The first error is the one to tell; the connection takes back what it finds open.
            let _ = transaction.rollback().await;
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::Store;
    use crate::store::db::values;

    /// Numbers below zero, which no migration has.
    const INSERT: &str = "INSERT INTO sm_migration (version, name, applied_at) VALUES (0 - $1, '', 0)";

    async fn store(folder: &std::path::Path) -> Store {
        Store::open(folder, Timestamp::UNIX_EPOCH).await.unwrap()
    }

    /// Writes a row, and then does with it what is asked.
    async fn insert(
        writer: &Writer,
        id: i64,
        then: fn(i64) -> Result<Verdict<i64>, StoreError>,
    ) -> Option<i64> {
        let work = writer.run(move |to| {
            Box::pin(async move {
                to.apply(INSERT, values![id]).await?;
                then(id)
            })
        });
        work.await.ok()
    }

    async fn stand(store: &Store) -> Vec<i64> {
        let text = "SELECT 0 - version AS id FROM sm_migration WHERE version < 0 ORDER BY 1";
        let rows = store.readers.query(text, values![]).await.unwrap();
        rows.iter().map(|row| row.int("id").unwrap()).collect()
    }

    #[tokio::test]
    async fn an_operation_that_fails_or_takes_back_leaves_its_neighbours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let keep = |id| Ok(Verdict::Keep(id));
        // Nothing runs before the first is polled, and then all of them wait: they are one batch.
        let answers = tokio::join!(
            insert(&store.writer, 1, keep),
            insert(&store.writer, 2, |_| Err(StoreError::Taken)),
            insert(&store.writer, 3, |id| Ok(Verdict::TakeBack(id))),
            insert(&store.writer, 1, keep),
            insert(&store.writer, 4, keep),
        );
        assert_eq!(answers, (Some(1), None, Some(3), None, Some(4)));
        assert_eq!(stand(&store).await, [1, 4]);
    }

    #[tokio::test]
    async fn what_a_client_asked_that_went_away_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let asked = insert(&store.writer, 1, |id| Ok(Verdict::Keep(id)));
        let gone = tokio::time::timeout(Duration::ZERO, asked).await;
        assert!(gone.is_err(), "it was cut off before its answer");
        store.close().await;
        let store = self::store(folder.path()).await;
        assert_eq!(stand(&store).await, [1]);
    }

    #[tokio::test]
    async fn after_the_end_nothing_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let refused = |error| matches!(error, Err(StoreError::Stopped));
        store.close().await;
        assert!(refused(store.writer.apply(INSERT, values![1]).await));
        assert!(store.is_broken(), "nobody should be sent here");
        store.close().await;
    }

    #[tokio::test]
    async fn more_than_one_batch_is_served_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let asked: Vec<_> = (1..301)
            .map(|id| {
                let store = store.clone();
                tokio::spawn(async move { store.writer.apply(INSERT, values![id]).await })
            })
            .collect();
        for answer in asked {
            assert_eq!(answer.await.unwrap().unwrap(), 1);
        }
        assert_eq!(stand(&store).await, (1..301).collect::<Vec<_>>());
    }
}
