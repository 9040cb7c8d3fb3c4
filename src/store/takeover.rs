//! What another program does in `versions`: rows beside which there is nothing of ours yet, and words that it changed.

use super::change::{Change, Entry};
use super::db::{Record, values};
use super::dialect::Dialect;
use super::read::{Known, known};
use super::versions::{Row, row};
use super::{Store, StoreError, sql};

/// How old a row of another program may be that others are told of, in milliseconds.
const NEWS: i64 = 60 * 60 * 1_000;

impl Store {
    /// Whether another program may write to this database. An embedded one is ours alone, since the original knows only
    /// servers.
    pub(crate) fn is_shared(&self) -> bool {
        self.readers.dialect() != Dialect::Sqlite
    }

    /// The id of the newest row of v1; 0 if there is none.
    pub(crate) async fn newest_id(&self) -> Result<i64, StoreError> {
        self.readers.whole().one(sql::NEWEST, values![]).await?.map_or(Ok(0), |row| row.int("id"))
    }

    /// At most `limit` rows of v1 with ids from `from` to before `to` that have no attempt yet, the newest first.
    pub(crate) async fn bare(&self, from: i64, to: i64, limit: i64) -> Result<Vec<Row>, StoreError> {
        self.readers.whole().query(sql::BARE, values![from, to, limit]).await?.iter().map(row).collect()
    }

    /// Makes a row the attempt that it is; not if it has one by now, or if the key belongs to another. Of a row that is
    /// old nobody is told: a long history is no news.
    pub(crate) async fn adopt(&self, id: i64, entry: &Entry) -> Result<bool, StoreError> {
        let is_news = entry.moment.received_at.saturating_sub(entry.moment.at) < NEWS;
        let hooked = is_news && self.is_hooked().await;
        let change = Change::Adopt(id, Box::new(entry.clone()));
        let done = self.writer.change(change, hooked).await?.is_some();
        self.changed.send_replace(());
        Ok(done)
    }

    /// The attempts with ids from `from` to before `to`, each with the word of its row.
    pub(crate) async fn words(&self, from: i64, to: i64) -> Result<Vec<(Known, String)>, StoreError> {
        self.readers.whole().query(sql::WORDS, values![from, to]).await?.iter().map(word).collect()
    }

    /// The attempts that are under way though the words of their rows say something else.
    pub(crate) async fn open_words(&self) -> Result<Vec<(Known, String)>, StoreError> {
        self.readers.whole().query(sql::OPEN_WORDS, values![]).await?.iter().map(word).collect()
    }

    /// Takes a piece of work for one process, or keeps it: until a time, in milliseconds since 1970 UTC. Says whether
    /// no other process has it.
    pub(crate) async fn hold_task(
        &self,
        name: &str,
        holder: &str,
        now: i64,
        until: i64,
    ) -> Result<bool, StoreError> {
        if self.writer.apply(sql::HOLD_TASK, values![holder, until, name, now]).await? > 0 {
            return Ok(true);
        }
        match self.writer.apply(sql::FIRST_TASK, values![holder, until, name]).await {
            Ok(_) => Ok(true),
            Err(StoreError::Taken) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Store {
    /// Gives a piece of work up, so that another process need not wait for the end of its time.
    pub(crate) async fn give_up_task(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        self.writer.apply(sql::GIVE_UP_TASK, values![name, holder]).await.map(|_| ())
    }
}

fn word(row: &Record) -> Result<(Known, String), StoreError> {
    Ok((known(row)?, row.text("word")?))
}
