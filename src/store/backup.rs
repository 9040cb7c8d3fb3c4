//! A copy of the embedded database, made while others write to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::db::{Db, values};
use super::sql;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is no registry at `{}`", .0.display())]
    Absent(PathBuf),
    #[error("the database `{}` cannot be copied", path.display())]
    Failed { path: PathBuf, source: sqlx::Error },
    #[error("the copy of `{}` is damaged: {found}", path.display())]
    Damaged { path: PathBuf, found: String },
}

/// How long the copy waits for the database.
const BUSY: Duration = Duration::from_secs(5);

/// Copies the database in the file `from` into the empty file `to` and checks the copy, which is not made durable
/// here. The copy holds what was confirmed before it began, and nothing by halves.
pub async fn back_up(from: &Path, to: &Path) -> Result<(), BackupError> {
    if !from.exists() {
        return Err(BackupError::Absent(from.to_owned()));
    }
    copy(from, to).await.map_err(|source| BackupError::Failed { path: from.to_owned(), source })?;
    let found = check(to).await.unwrap_or_else(|error| error.to_string());
    if found == "ok" { Ok(()) } else { Err(BackupError::Damaged { path: from.to_owned(), found }) }
}

/// A connection of its own beside those of a server. It may write, because the last one to close tidies the log up.
async fn copy(from: &Path, to: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(from).busy_timeout(BUSY);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let to = to.to_string_lossy().into_owned();
    // It fails on what is no registry.
    sqlx::query(sql::MIGRATED).execute(&mut connection).await?;
    sqlx::query(sql::COPY).bind(to).execute(&mut connection).await?;
    connection.close().await
}

/// `ok`, or the first faults.
async fn check(path: &Path) -> Result<String, super::StoreError> {
    // Nobody else writes to it, so it needs no lock and no files beside it.
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    let db = Db::Sqlite(sqlx::SqlitePool::connect_with(options).await?);
    let rows = db.query(sql::CHECK, values![]).await?;
    db.close().await;
    let found: Result<Vec<String>, _> = rows.iter().map(|row| row.text("integrity_check")).collect();
    Ok(found?.join("; "))
}
