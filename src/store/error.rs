//! Why an operation did not happen.

use std::sync::Arc;

use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;
use sqlx::sqlite::SqliteError;

/// A failure of the database. Nothing was written, unless it is `Unconfirmed`. The operations of one COMMIT
/// share its failure.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed")]
    Failed(#[source] Arc<sqlx::Error>),
    /// The answer to COMMIT was lost: the write may or may not stand, and the caller's key settles it.
    #[error("the database did not confirm the write")]
    Unconfirmed(#[source] Arc<sqlx::Error>),
    /// Another writer holds what is needed, or too many wait.
    #[error("the database is busy")]
    Busy(#[source] Arc<sqlx::Error>),
    /// The disk failed before, or the registry is being stopped: nothing more is written.
    #[error("the registry takes no more writes")]
    Stopped,
    /// A value that may stand once only is there.
    #[error("a key is taken")]
    Taken,
    /// An adopted table of MySQL has three bytes for a character, and not four.
    #[error("the database cannot store characters above U+FFFF")]
    Wide,
    /// An adopted table of MySQL has 65,535 bytes for a text.
    #[error("a text is longer than its column")]
    Long,
    #[error("the database holds `{0}` where something else belongs")]
    Corrupt(String),
}

/// The first byte of SQLite's result codes: another holds the lock, and the disk failed.
const SQLITE_BUSY: i32 = 5;
const SQLITE_IOERR: i32 = 10;

impl StoreError {
    /// Whether the disk failed, so that nobody knows what is on it.
    pub(super) fn is_disk(&self) -> bool {
        match self {
            Self::Failed(cause) | Self::Unconfirmed(cause) => sqlite_code(cause) == Some(SQLITE_IOERR),
            _ => false,
        }
    }

    /// Whether one change among several may have brought it about, so that the others may go well without it. A
    /// lock that is not free and a server that is gone meet all of them alike.
    pub(super) fn is_of_one(&self) -> bool {
        match self {
            Self::Taken | Self::Wide | Self::Long => true,
            Self::Failed(cause) => matches!(&**cause, sqlx::Error::Database(_)),
            Self::Busy(cause) => {
                matches!(&**cause, sqlx::Error::Database(cause) if is_deadlock(cause.code().as_deref()))
            }
            _ => false,
        }
    }

    /// Whether MySQL says that a column or an index is there already, or is gone: 1060 (`ER_DUP_FIELDNAME`), 1061
    /// (`ER_DUP_KEYNAME`) and 1091 (`ER_CANT_DROP_FIELD_OR_KEY`).
    pub(super) fn is_done_before(&self) -> bool {
        let Self::Failed(cause) = self else { return false };
        let sqlx::Error::Database(cause) = &**cause else { return false };
        matches!(mysql_number(cause.as_ref()), Some(1060 | 1061 | 1091))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let number = match &error {
            sqlx::Error::Database(cause) => mysql_number(cause.as_ref()),
            _ => None,
        };
        match number {
            Some(1366 | 1267) => return Self::Wide,
            Some(1406) => return Self::Long,
            Some(1205) => return Self::Busy(error.into()),
            _ => {}
        }
        if sqlite_code(&error) == Some(SQLITE_BUSY) {
            return Self::Busy(error.into());
        }
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy(error.into()),
            sqlx::Error::Database(cause) if cause.is_unique_violation() => Self::Taken,
            sqlx::Error::Database(cause) if is_lock(cause.code().as_deref()) => Self::Busy(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}

/// What SQLite says, without the finer cause that the higher bytes tell.
fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let sqlx::Error::Database(cause) = error else { return None };
    let code = cause.try_downcast_ref::<SqliteError>()?.code()?.parse::<i32>().ok()?;
    Some(code & 0xff)
}

/// The numbers of MySQL's own list of errors, which are finer than the states of the standard: 1205 is
/// `ER_LOCK_WAIT_TIMEOUT`, 1267 `ER_CANT_AGGREGATE_2COLLATIONS`, 1366 `ER_TRUNCATED_WRONG_VALUE_FOR_FIELD` and 1406 `ER_DATA_TOO_LONG`.
fn mysql_number(error: &dyn DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// The states of the SQL standard, PostgreSQL and MySQL for a deadlock, a failed serialization and a lock that
/// is not free.
fn is_lock(code: Option<&str>) -> bool {
    is_deadlock(code) || code == Some("55P03")
}

fn is_deadlock(code: Option<&str>) -> bool {
    matches!(code, Some("40001" | "40P01"))
}
