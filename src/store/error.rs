//! Why an operation did not happen.

use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;

/// A failure of the database. Nothing was written, unless it is `Unconfirmed`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database failed")]
    Failed(#[source] sqlx::Error),
    /// The answer to COMMIT was lost: the write may or may not stand, and the caller's key settles it.
    #[error("the database did not confirm the write")]
    Unconfirmed(#[source] sqlx::Error),
    /// Another writer holds what is needed, or too many wait.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
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

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let number = match &error {
            sqlx::Error::Database(cause) => mysql_number(cause.as_ref()),
            _ => None,
        };
        match (&error, number) {
            (_, Some(1366 | 1267)) => return Self::Wide,
            (_, Some(1406)) => return Self::Long,
            (_, Some(1205)) => return Self::Busy(error),
            _ => {}
        }
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy(error),
            sqlx::Error::Database(cause) if cause.is_unique_violation() => Self::Taken,
            sqlx::Error::Database(cause) if is_lock(cause.code().as_deref()) => Self::Busy(error),
            _ => Self::Failed(error),
        }
    }
}

/// The numbers of MySQL's own list of errors, which are finer than the states of the standard: 1205 is
/// `ER_LOCK_WAIT_TIMEOUT`, 1267 `ER_CANT_AGGREGATE_2COLLATIONS`, 1366 `ER_TRUNCATED_WRONG_VALUE_FOR_FIELD` and 1406 `ER_DATA_TOO_LONG`.
fn mysql_number(error: &dyn DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// Codes of locks that another holds: `SQLITE_BUSY`, and the states of the SQL standard, PostgreSQL and MySQL
/// for a deadlock, a failed serialization and a lock that is not free.
fn is_lock(code: Option<&str>) -> bool {
    matches!(code, Some("5" | "40001" | "40P01" | "55P03"))
}
