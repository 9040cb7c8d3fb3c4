//! The writes of attempts. Each is one transaction over the v1 row, the attempt, its event and the cell of the board.

use super::change::{Change, Entered, Entry, Step};
use super::db::{Transaction, values};
use super::set::{advance, event, link};
use super::settle::{hold, settle};
use super::writer::Verdict;
use super::{Store, StoreError, deliveries, epoch, sql};

impl Store {
    /// Enters a new attempt.
    pub(crate) async fn enter(&self, entry: &Entry) -> Result<Entered, StoreError> {
        self.writes();
        let hooked = self.is_hooked().await;
        let id = self.writer.change(Change::Enter(Box::new(entry.clone())), hooked).await;
        self.wrote().await;
        Ok(id?.map_or(Entered::KeyTaken, Entered::New))
    }

    /// Makes a change if the attempt still stands where the caller saw it; says whether it did.
    pub(crate) async fn advance(&self, step: &Step) -> Result<bool, StoreError> {
        self.writes();
        let step = step.clone();
        let done = if step.only_adds() {
            let hooked = self.is_hooked().await;
            self.writer.change(Change::Advance(Box::new(step)), hooked).await.map(|id| id.is_some())
        } else {
            let work = self.writer.run(move |to| Box::pin(async move { take_away(to, &step).await }));
            work.await
        };
        self.wrote().await;
        done
    }

    /// Sets the v1 word of a row that has no attempt beside it; says whether there is such a row. The mark is an id that
    /// nobody used before.
    pub(crate) async fn set_status(&self, id: i64, status: &str, mark: &str) -> Result<bool, StoreError> {
        self.writes();
        let (status, mark) = (status.to_owned(), mark.to_owned());
        let work = self.writer.run(move |to| {
            Box::pin(async move {
                if to.apply(sql::SET_STATUS, values![&status, id]).await? == 0 {
                    return Ok(Verdict::TakeBack(false));
                }
                epoch::raise(to, &mark).await?;
                Ok(Verdict::Keep(true))
            })
        });
        let done = work.await;
        self.wrote().await;
        done
    }
}

/// A step that may take away what is live, so that an older attempt takes its place.
async fn take_away(transaction: &mut Transaction, step: &Step) -> Result<Verdict<bool>, StoreError> {
    let cell = (step.app.as_str(), step.platform.as_str(), step.environment.as_str());
    let mut head = hold(transaction, cell, step.id, step.moment.received_at).await?;
    if !advance(transaction, step).await? {
        return Ok(Verdict::TakeBack(false));
    }
    let told = step.moment.event(step.id, step.seq, Some(step.from), step.to);
    let told = link(&mut head, told, step.moment.idempotency_key.as_ref());
    match transaction.apply(sql::INSERT_EVENT, &event(&told)).await {
        Err(StoreError::Taken) => return Ok(Verdict::TakeBack(false)),
        done => done?,
    };
    deliveries::queue(transaction, &[&told.event.id]).await?;
    settle(transaction, cell, head, &step.moment).await?;
    epoch::raise(transaction, &step.moment.event_key).await?;
    Ok(Verdict::Keep(true))
}
