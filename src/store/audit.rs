//! The log of changes. An entry is written in the transaction of its change; none is ever changed or removed.

use serde::Serialize;
use serde_json::Value;

use super::db::{Record, Transaction, values};
use super::{Store, StoreError, sql};
use crate::domain::audit::{Act, Audited, Who};

/// Who does what, and when.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub(crate) id: String,
    /// Milliseconds since 1970 UTC.
    pub(crate) at: i64,
    pub(crate) who: Who,
    pub(crate) act: Act,
    pub(crate) subject: String,
}

/// Which entries are wanted; what is absent filters nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditWanted {
    pub(crate) act: Option<Act>,
    /// The id of the token.
    pub(crate) token: Option<String>,
    pub(crate) subject: Option<String>,
    /// Only what is older than this id.
    pub(crate) before: Option<String>,
    pub(crate) limit: i64,
}

impl Trace {
    /// Writes the entry, with how it was and how it is.
    pub(super) async fn write<T: Serialize>(
        &self,
        to: &mut Transaction,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), StoreError> {
        let text = |state: Option<&T>| state.map(serde_json::to_string).transpose();
        let corrupt = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
        let values = values![
            &self.id,
            self.at,
            &self.who.token,
            &self.who.name,
            self.act.word(),
            &self.subject,
            &text(before).map_err(corrupt)?,
            &text(after).map_err(corrupt)?,
            &self.who.request_id,
        ];
        to.apply(sql::INSERT_AUDIT, values).await.map(|_| ())
    }
}

impl Store {
    /// Entries, newest first, as their ids sort by time.
    pub(crate) async fn audit(&self, wanted: &AuditWanted) -> Result<Vec<Audited>, StoreError> {
        let AuditWanted { act, token, subject, before, limit } = wanted;
        let values = values![act.map(Act::word), token, subject, before, *limit];
        self.readers.whole().query(sql::AUDIT, values).await?.iter().map(audited).collect()
    }
}

fn audited(row: &Record) -> Result<Audited, StoreError> {
    let state = |column: &str| -> Result<Option<Value>, StoreError> {
        let text = row.maybe_text(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|_| StoreError::Corrupt(text))).transpose()
    };
    let word = row.text("action")?;
    Ok(Audited {
        id: row.text("id")?,
        at: row.int("at")?,
        token: row.maybe_text("token_id")?,
        name: row.text("name")?,
        action: Act::from_word(&word).ok_or(StoreError::Corrupt(word))?,
        subject: row.text("subject")?,
        before: state("was")?,
        after: state("became")?,
        request_id: row.maybe_text("request_id")?,
    })
}
