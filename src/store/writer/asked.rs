//! A change that waits, and is written together with those beside it.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;
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
    hooked: bool,
    outcome: Outcome,
    client: Option<oneshot::Sender<Outcome>>,
}

impl Asked {
    pub(super) fn new(change: Change, hooked: bool) -> (Self, oneshot::Receiver<Outcome>) {
        let (client, answer) = oneshot::channel();
        (Self { change, hooked, outcome: Err(StoreError::Stopped), client: Some(client) }, answer)
    }

    /// One of several ways, which is the same for all changes of a place.
    pub(super) fn way<'w, T>(&self, ways: &'w [T]) -> Option<&'w T> {
        let hash = FixedState::default().hash_one(self.change.cell());
        let at = hash.checked_rem(u64::try_from(ways.len()).ok()?)?;
        ways.get(usize::try_from(at).ok()?)
    }

    /// Answers: with its own outcome, or with the failure of the transaction that it was part of.
    pub(super) fn answer(mut self, failure: Option<&StoreError>) {
        self.tell(failure);
    }

    fn tell(&mut self, failure: Option<&StoreError>) {
        let outcome = failure.map_or_else(|| self.outcome.clone(), |failure| Err(failure.clone()));
        if let Some(client) = self.client.take() {
            // A client that went away needs no answer; the change stands.
            let _ = client.send(outcome);
        }
    }
}

/// Makes the changes as one set. After an error nothing of it may last.
pub(super) async fn together(transaction: &mut Transaction, asked: &mut [Asked]) -> Result<(), StoreError> {
    let changes: Vec<&Change> = asked.iter().map(|asked| &asked.change).collect();
    let hooked: Vec<bool> = asked.iter().map(|asked| asked.hooked).collect();
    let done = set::run(transaction, &changes, &hooked).await?;
    for (asked, id) in asked.iter_mut().zip(done) {
        asked.outcome = Ok(id);
        if cfg!(feature = "weak") {
            asked.tell(None);
        }
    }
    if cfg!(feature = "weak") {
        // It has answered, and the COMMIT is still to come: the harness must see that.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok(())
}

/// What an error of one change alone tells its client.
pub(super) fn refused(asked: &mut Asked, error: StoreError) {
    asked.outcome = if matches!(error, StoreError::Taken) { Ok(None) } else { Err(error) };
}
