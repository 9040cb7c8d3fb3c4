//! Opens the database: the settings of each connection, and the schema.

mod adopt;
mod migrate;
mod server;
mod sqlite;

pub use self::sqlite::FILE;

use std::path::PathBuf;

/// Why a registry cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder `{}` cannot be made", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the database `{}` cannot be opened for writing", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("the database `{}` cannot be used", path.display())]
    Database { path: PathBuf, source: sqlx::Error },
    #[error("{server} cannot be used")]
    Server { server: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{database} is being brought up to date by another shipmark")]
    Locked { database: String },
    #[error("{database} cannot be taken over: {reason}")]
    Foreign { database: String, reason: String },
    #[error("{database} has schema {found}, newer than the {known} of this shipmark")]
    Newer { database: String, found: i64, known: i64 },
}
