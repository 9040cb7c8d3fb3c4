//! The releases that the registry was told of.

use super::db::{Record, values};
use super::{Store, StoreError, sql};
use crate::domain::released::Released;

impl Store {
    /// Enters a release, received at a time in milliseconds since 1970 UTC; says whether it did, or whether the
    /// version is known.
    pub(crate) async fn enter_release(&self, release: &Released, at: i64) -> Result<bool, StoreError> {
        let values = values![
            &release.app,
            &release.version,
            &release.sha,
            &release.tag,
            &release.bump,
            release.released_at,
            at,
        ];
        match self.writer.apply(sql::INSERT_RELEASE, values).await {
            Ok(_) => Ok(true),
            Err(StoreError::Taken) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// One release.
    pub(crate) async fn release(&self, app: &str, version: &str) -> Result<Option<Released>, StoreError> {
        let row = self.readers.one(sql::RELEASED, values![app, version]).await?;
        row.as_ref().map(released).transpose()
    }
}

fn released(row: &Record) -> Result<Released, StoreError> {
    Ok(Released {
        app: row.text("app")?,
        version: row.text("version")?,
        sha: row.text("sha")?,
        tag: row.text("tag")?,
        bump: row.maybe_text("bump")?,
        released_at: row.int("released_at")?,
    })
}
