//! The writers of the servers: each gathers the changes that wait into one transaction, so that many clients cost
//! the database one COMMIT and a few statements.

use tokio::sync::mpsc;

use super::MOST;
use super::asked::{Asked, refused, together};
use crate::store::StoreError;
use crate::store::db::Db;

/// Writes until nobody can send a change any more.
pub(super) async fn run(db: Db, mut changes: mpsc::Receiver<Asked>) {
    let mut waiting = Vec::new();
    while changes.recv_many(&mut waiting, MOST).await > 0 {
        write(&db, &mut waiting).await;
        for asked in waiting.drain(..) {
            asked.answer(None);
        }
    }
}

/// All in one transaction; if one of them spoils it, each in its own.
async fn write(db: &Db, waiting: &mut [Asked]) {
    let Err(error) = in_transaction(db, waiting).await else { return };
    if waiting.len() > 1 && error.is_of_one() {
        for asked in waiting.chunks_mut(1) {
            if let Err(error) = in_transaction(db, asked).await {
                fail(asked, &error);
            }
        }
    } else {
        fail(waiting, &error);
    }
}

fn fail(waiting: &mut [Asked], error: &StoreError) {
    for asked in waiting {
        refused(asked, error.clone());
    }
}

async fn in_transaction(db: &Db, waiting: &mut [Asked]) -> Result<(), StoreError> {
    let mut transaction = db.begin().await?;
    match together(&mut transaction, waiting).await {
        Ok(()) => transaction.commit().await,
        Err(error) => {
            // The first error is the one to tell; the connection takes back what it finds open.
            let _ = transaction.rollback().await;
            Err(error)
        }
    }
}
