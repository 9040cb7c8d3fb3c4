//! Brings the schema of a server up to date, under a lock of our own, since several replicas may start
//! together. It runs on one connection, which holds the lock.

use std::time::Duration;

use jiff::Timestamp;

use super::adopt;
use crate::store::StoreError;
use crate::store::db::{Db, values};
use crate::store::sql;

/// How often the lock is asked for, and how long between two tries. PostgreSQL's waiting form is not used: a
/// session that waits in it holds a snapshot, for which `CREATE INDEX CONCURRENTLY` waits in turn
/// (golang-migrate#960).
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// What an engine needs.
pub(super) struct Plan {
    /// Each with its number and its name; the list is append-only.
    pub(super) migrations: &'static [(i64, &'static str, &'static str)],
    /// The indexes of `versions` by name, each made by one statement.
    pub(super) indexes: &'static [(&'static str, &'static str)],
    /// Takes away an index that a crash left half made; the name follows.
    pub(super) drop_index: &'static str,
    /// Whether a migration can be one transaction.
    pub(super) transactional: bool,
}

/// Why the schema is not up to date.
#[derive(Debug, thiserror::Error)]
pub(super) enum MigrateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another holds the lock")]
    Locked,
    #[error("{0}")]
    Foreign(String),
    #[error("schema {found} is newer than {known}")]
    Newer { found: i64, known: i64 },
}

pub(super) async fn migrate(db: &Db, plan: &Plan, now: Timestamp) -> Result<(), MigrateError> {
    if !cfg!(feature = "weak") {
        lock(db).await?;
    }
    let done = under_lock(db, plan, now).await;
    // The end of the connection would free it too.
    let _ = db.query(sql::UNLOCK, values![]).await;
    done
}

async fn lock(db: &Db) -> Result<(), MigrateError> {
    for _ in 0..TRIES {
        if db.one(sql::LOCK, values![]).await?.is_some_and(|row| row.int("held").is_ok_and(|held| held == 1))
        {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(MigrateError::Locked)
}

async fn under_lock(db: &Db, plan: &Plan, now: Timestamp) -> Result<(), MigrateError> {
    let known = plan.migrations.iter().map(|(version, _, _)| *version).max().unwrap_or(0);
    let ours = !db.query(sql::COLUMNS, values!["sm_migration"]).await?.is_empty();
    let done = if ours { done(db).await? } else { Vec::new() };
    if let Some(found) = done.iter().copied().find(|found| *found > known) {
        return Err(MigrateError::Newer { found, known });
    }
    // A list of ours without an entry is what a first migration left that broke off.
    if !ours && let Some(reason) = adopt::objection(db).await? {
        return Err(MigrateError::Foreign(reason));
    }
    db.apply(sql::MIGRATION_TABLE, values![]).await?;
    for (version, name, text) in plan.migrations.iter().filter(|(version, _, _)| !done.contains(version)) {
        let note = values![*version, *name, now.as_millisecond()];
        let statements = text.split(";\n").filter(|statement| !statement.trim().is_empty());
        if plan.transactional {
            let mut transaction = db.begin().await?;
            for statement in statements {
                transaction.apply(statement, values![]).await?;
            }
            transaction.apply(sql::MIGRATION_DONE, note).await?;
            transaction.commit().await?;
        } else {
            for statement in statements {
                match db.apply(statement, values![]).await {
                    // A start that broke off after it.
                    Err(error) if error.is_done_before() => {}
                    done => done?,
                }
            }
            db.apply(sql::MIGRATION_DONE, note).await?;
        }
    }
    indexes(db, plan).await?;
    Ok(())
}

async fn done(db: &Db) -> Result<Vec<i64>, StoreError> {
    db.query(sql::MIGRATED, values![]).await?.iter().map(|row| row.int("version")).collect()
}

/// They are looked for at each start, because a crash may have come between the schema and an index.
async fn indexes(db: &Db, plan: &Plan) -> Result<(), StoreError> {
    let mut there = Vec::new();
    for row in db.query(sql::INDEXES, values![]).await? {
        there.push((row.text("name")?, row.int("good")? == 1));
    }
    for (name, statement) in plan.indexes {
        match there.iter().find(|(known, _)| known == name) {
            Some((_, true)) => continue,
            Some((_, false)) => {
                db.apply(&format!("{} {name}", plan.drop_index), values![]).await?;
            }
            None => {}
        }
        db.apply(statement, values![]).await?;
    }
    Ok(())
}
