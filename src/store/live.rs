//! The events as those see them who watch: by their ids, which sort by the time of their making. All of them are read
//! once for all who watch; `domain/live` says who hears of which.

use tokio::sync::watch;

use super::db::{Record, values};
use super::read::state;
use super::{Store, StoreError, sql};
use crate::domain::deployment::{Kind, State};
use crate::domain::live::Happening;

/// Who waits for changes of attempts to become durable.
#[derive(Debug)]
pub(crate) struct Changes {
    own: watch::Receiver<()>,
    of_others: watch::Receiver<()>,
}

impl Changes {
    /// Waits until there was one since the last time: by this process, or by another that says so. Without Redis none does.
    pub(crate) async fn next(&mut self) {
        // Neither ends before the store.
        tokio::select! {
            _ = self.own.changed() => {}
            _ = self.of_others.changed() => {}
        }
    }
}

impl Store {
    /// What changes from now on.
    pub(crate) fn changes(&self) -> Changes {
        Changes { own: self.changed.subscribe(), of_others: self.woken.subscribe() }
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
