//! A change that waits, and is written together with those beside it.

use tokio::sync::oneshot;

use crate::store::change::Change;
use crate::store::db::Transaction;
use crate::store::{StoreError, set};

/// The id of the attempt; none if its key is taken, or if it no longer stands where the caller saw it.
pub(super) type Outcome = Result<Option<i64>, StoreError>;

/// A change, what became of it, and who wants to know.
#[derive(Debug)]
pub(in crate::store) struct Asked {
    change: Change,
    outcome: Outcome,
    client: oneshot::Sender<Outcome>,
}

impl Asked {
    pub(super) fn new(change: Change) -> (Self, oneshot::Receiver<Outcome>) {
        let (client, answer) = oneshot::channel();
        (Self { change, outcome: Err(StoreError::Stopped), client }, answer)
    }

    /// Answers: with its own outcome, or with the failure of the transaction that it was part of.
    pub(super) fn answer(self, failure: Option<&StoreError>) {
        // A client that went away needs no answer; the change stands.
        let _ = self.client.send(failure.cloned().map_or(self.outcome, Err));
    }
}

/// Makes the changes as one set. After an error nothing of it may last.
pub(super) async fn together(transaction: &mut Transaction, asked: &mut [Asked]) -> Result<(), StoreError> {
    let changes: Vec<&Change> = asked.iter().map(|asked| &asked.change).collect();
    let done = set::run(transaction, &changes).await?;
    for (asked, id) in asked.iter_mut().zip(done) {
        asked.outcome = Ok(id);
    }
    Ok(())
}

/// What an error of one change alone tells its client.
pub(super) fn refused(asked: &mut Asked, error: StoreError) {
    asked.outcome = if matches!(error, StoreError::Taken) { Ok(None) } else { Err(error) };
}
