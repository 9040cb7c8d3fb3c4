//! Why an operation did not happen.

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
    #[error("the database holds `{0}` where something else belongs")]
    Corrupt(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy(error),
            sqlx::Error::Database(cause) if cause.is_unique_violation() => Self::Taken,
            sqlx::Error::Database(cause) if is_lock(cause.code().as_deref()) => Self::Busy(error),
            _ => Self::Failed(error),
        }
    }
}

/// Codes of locks that another holds: `SQLITE_BUSY`, and the states of the SQL standard, PostgreSQL and MySQL
/// for a deadlock, a failed serialization and a lock that is not free.
fn is_lock(code: Option<&str>) -> bool {
    matches!(code, Some("5" | "40001" | "40P01" | "55P03"))
}
