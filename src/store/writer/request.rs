//! One operation in the queue, whatever type its answer has.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::oneshot;

use super::{Running, Verdict};
use crate::store::StoreError;
use crate::store::db::Transaction;

/// An operation that waits, or ran and is not answered yet.
pub(in crate::store) trait Job: Send {
    /// Runs it; says whether what it wrote shall last, or why it failed.
    fn run<'t>(
        &'t mut self,
        transaction: &'t mut Transaction,
    ) -> Pin<Box<dyn Future<Output = Result<bool, StoreError>> + Send + 't>>;

    /// Answers it: with its own result, or with the failure of the batch that it was part of.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
}

/// The operation with the place where its answer goes.
pub(super) struct Request<T, F> {
    work: Option<F>,
    result: Result<T, StoreError>,
    client: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Request<T, F> {
    pub(super) fn new(work: F, client: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { work: Some(work), result: Err(StoreError::Stopped), client }
    }
}

impl<T, F> Job for Request<T, F>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Transaction) -> Running<'t, T> + Send + 'static,
{
    fn run<'t>(
        &'t mut self,
        transaction: &'t mut Transaction,
    ) -> Pin<Box<dyn Future<Output = Result<bool, StoreError>> + Send + 't>> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Ok(false) };
            let (result, kept) = match work(transaction).await {
                Ok(Verdict::Keep(answer)) => (Ok(answer), Ok(true)),
                Ok(Verdict::TakeBack(answer)) => (Ok(answer), Ok(false)),
                Err(error) => (Err(error.clone()), Err(error)),
            };
            self.result = result;
            kept
        })
    }

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let result = failure.map_or(self.result, |failure| Err(failure.clone()));
        // A client that went away wants no answer; what it asked for is done all the same.
        let _ = self.client.send(result);
    }
}
