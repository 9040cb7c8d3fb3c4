//! The events as those see them who watch: by their ids, which sort by the time of their making. All of them are read
//! once for all who watch; `domain/live` says who hears of which.

use super::db::{Record, values};
use super::read::state;
use super::{Store, StoreError, sql};
use crate::domain::deployment::{Kind, State};
use crate::domain::live::Happening;

impl Store {
    /// Waits until a change of an attempt is durable that was made through this store. One who waits is woken, and
    /// what came while nobody waited wakes the next at once.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The ids of at most `limit` events after a text, in their order.
    pub(crate) async fn event_keys(&self, after: &str, limit: i64) -> Result<Vec<String>, StoreError> {
        let rows = self.readers.whole().query(sql::EVENT_KEYS, values![after, limit]).await?;
        rows.iter().map(|row| row.text("event_key")).collect()
    }

    /// The events of these ids, in the order of their ids.
    pub(crate) async fn happenings(&self, keys: &[String]) -> Result<Vec<Happening>, StoreError> {
        let keys: Vec<_> = keys.iter().map(|key| values![key].to_vec()).collect();
        self.readers.whole().query_rows(sql::HAPPENINGS, &keys).await?.iter().map(happening).collect()
    }
}

fn happening(row: &Record) -> Result<Happening, StoreError> {
    let word = |column: &str| row.maybe_text(column);
    let from = word("from_state")?.map(|word| State::from_word(&word).ok_or(StoreError::Corrupt(word)));
    let kind = word("kind")?.map(|word| Kind::from_word(&word).ok_or(StoreError::Corrupt(word)));
    Ok(Happening {
        id: row.text("event_key")?,
        deployment: row.int("versions_id")?,
        kind: kind.transpose()?,
        app: row.text("app")?,
        workload: row.text("workload")?,
        platform: row.text("platform")?,
        environment: row.text("environment")?,
        version: row.text("version")?,
        state: state(row, "state")?,
        from: from.transpose()?,
        to: state(row, "to_state")?,
        actor: row.maybe_text("actor")?,
        source: row.text("source")?,
        at: row.int("at")?,
    })
}
