//! The epoch of the answers of API v1: two of them that were made under one epoch are the same answer.
//!
//! It is a row of marks. A transaction that may change an answer puts a mark that was never used into one of them. Two
//! transactions that use one place follow each other, as the second waits for the row until the first is committed; so
//! whoever finds a mark of a transaction, or of one that followed it, finds also what it wrote. Hence: who reads an epoch,
//! makes an answer after it, and keeps the answer under it, kept nothing that lacks a write of that epoch; and
//! whoever asks after a write was confirmed reads an epoch with its mark, or with one that replaced it, under which
//! nothing was kept before that write. A number that is counted up would do as long as the database never goes back; after
//! a restored copy, or a standby that took over without the last writes, it would come to the same numbers again.
//!
//! The mark is the last that a transaction writes, and it writes only one. Nothing is waited for while it is held, so it
//! can be in no circle of locks, and it is held for the COMMIT alone. There are several places so that COMMITs need not
//! follow each other. It is always raised, since another replica may keep answers where this one does not.

use super::db::{Transaction, values};
use super::{Store, StoreError, sql};

/// Raises the epoch, as the last statement of a transaction. The mark is an id that nobody used before; its last
/// digit chooses the place.
pub(super) async fn raise(transaction: &mut Transaction, mark: &str) -> Result<(), StoreError> {
    let slot = mark.chars().next_back().and_then(|digit| digit.to_digit(16)).unwrap_or(0);
    match transaction.apply(sql::epoch::RAISE, values![mark, i64::from(slot)]).await? {
        1 => Ok(()),
        _ => Err(StoreError::Corrupt(format!("no slot {slot} of the epoch"))),
    }
}

impl Store {
    /// The present epoch, to be read before the answer that is kept under it.
    pub(super) async fn epoch(&self) -> Result<Vec<String>, StoreError> {
        if cfg!(feature = "weak") {
            return Ok(Vec::new());
        }
        self.readers
            .whole()
            .query(sql::epoch::EPOCH, values![])
            .await?
            .iter()
            .map(|row| row.text("mark"))
            .collect()
    }
}
