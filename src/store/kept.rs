//! Answers of API v1 that are kept in Redis.

use std::sync::Arc;

use super::cache::{Bell, CacheFigures, Redis, RedisServer, Use};
use super::writer::Verdict;
use super::{Store, StoreError, epoch};
use crate::domain::chain::digest;

/// What the keys in Redis begin with.
const PREFIX: &str = "shipmark:v1:";

impl Store {
    /// The same with Redis beside it. The mark is an id that nobody used before: it raises the epoch, so that nothing counts
    /// that was kept before this start.
    pub async fn beside(self, redis: &RedisServer, purpose: Use, mark: &str) -> Result<Self, StoreError> {
        let own = mark.to_owned();
        let raised = self
            .writer
            .run(move |to| Box::pin(async move { epoch::raise(to, &own).await.map(Verdict::Keep) }));
        raised.await?;
        let channel = format!("shipmark:wake:{}", self.identity(mark).await?);
        let (changed, woken) = (self.changed.clone(), self.woken.clone());
        let bell = Bell { channel, own: mark.to_owned(), changed, woken };
        let redis = Some(Arc::new(Redis::on(redis, purpose, bell).await));
        Ok(Self { redis, ..self })
    }

    /// The answer to a question, which is all that it depends on beside the database: as it was kept under the present
    /// epoch, or as it is made now. For a token with limits it is always made.
    pub(crate) async fn kept<E, F>(&self, question: &[&str], make: impl FnOnce() -> F) -> Result<String, E>
    where
        F: Future<Output = Result<String, E>>,
    {
        let keeps = self.redis.as_ref().filter(|redis| redis.keeps() && self.readers.sees_all());
        let Some(redis) = keeps else { return make().await };
        // A database that fails says so to the question.
        let Ok(epoch) = self.epoch().await else { return make().await };
        let key = key(&epoch, question);
        if let Some(answer) = redis.get(&key).await {
            return Ok(answer);
        }
        let answer = make().await?;
        redis.keep(&key, &answer).await;
        Ok(answer)
    }

    /// How it goes with Redis, where it is used.
    pub(crate) fn cache_figures(&self) -> Option<CacheFigures> {
        self.redis.as_ref().map(|redis| redis.figures())
    }

    /// Why Redis is not asked, where that is so.
    pub(crate) fn cache_trouble(&self) -> Option<String> {
        self.redis.as_ref().and_then(|redis| redis.trouble())
    }

    /// Waits until Redis answers where it did not (`was` says whether it did), or the other way round; for ever without
    /// Redis.
    pub(crate) async fn cache_turned(&self, was: bool) {
        match &self.redis {
            Some(redis) => redis.turned(was).await,
            None => std::future::pending().await,
        }
    }
}

/// Another version may answer otherwise, so it has keys of its own. The marks are unique in the world, so databases that
/// share one Redis have too.
fn key(epoch: &[String], question: &[&str]) -> String {
    let epoch = epoch.iter().map(String::as_str);
    let texts = std::iter::once(env!("CARGO_PKG_VERSION")).chain(epoch).chain(question.iter().copied());
    format!("{PREFIX}{}", digest(texts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_questions_share_a_key() {
        let marks = ["", "m"].map(str::to_owned);
        let one = key(&marks, &["a b", "c"]);
        assert_eq!(one.len(), PREFIX.len() + 64);
        assert_eq!(one, key(&marks, &["a b", "c"]));
        for other in [&["a", "b c"][..], &["a b c"], &["a b", "c", ""], &["", "a b", "c"]] {
            assert_ne!(one, key(&marks, other), "{other:?}");
        }
        assert_ne!(one, key(&["m", ""].map(str::to_owned), &["a b", "c"]), "another slot");
    }
}
