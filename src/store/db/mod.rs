//! The narrow waist: three typed pools behind two verbs, `query` and `apply`, over integers and texts. Every
//! text is written once, in `sql.rs`; nothing above this folder knows which engine runs it.

mod engine;
mod record;
mod value;

pub(super) use record::Record;
pub(super) use value::{Value, values};

use sqlx::{MySql, MySqlPool, PgPool, Postgres, Sqlite, SqlitePool};

use super::StoreError;
use super::dialect::Dialect;

/// A pool of connections. Clones share the connections.
#[derive(Debug, Clone)]
pub(super) enum Db {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    MySql(MySqlPool),
}

/// A transaction; it is taken back when it is dropped.
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
    MySql(sqlx::Transaction<'static, MySql>),
}

impl Db {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
            Self::MySql(_) => Dialect::MySql,
        }
    }

    /// The rows that a text gives.
    pub(super) async fn query(&self, text: &str, values: &[Value]) -> Result<Vec<Record>, StoreError> {
        let (text, values) = self.dialect().render(text, values);
        match self {
            Self::Sqlite(pool) => engine::sqlite::query(pool, text, values).await,
            Self::Postgres(pool) => engine::postgres::query(pool, text, values).await,
            Self::MySql(pool) => engine::mysql::query(pool, text, values).await,
        }
    }

    /// The only row that a text gives, if it gives one.
    pub(super) async fn one(&self, text: &str, values: &[Value]) -> Result<Option<Record>, StoreError> {
        Ok(self.query(text, values).await?.pop())
    }

    /// Runs a text outside of a transaction, as a change of the schema may have to be.
    pub(super) async fn apply(&self, text: &str, values: &[Value]) -> Result<(), StoreError> {
        self.query(text, values).await.map(|_| ())
    }

    /// Begins to write. SQLite takes its lock at once, because a transaction that begins as a reader cannot
    /// wait for it later.
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite(pool) => Transaction::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
            Self::MySql(pool) => Transaction::MySql(pool.begin().await?),
        })
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
            Self::MySql(pool) => pool.close().await,
        }
    }
}

impl Transaction {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
            Self::MySql(_) => Dialect::MySql,
        }
    }

    /// Whether a text that writes can answer with rows, which MySQL cannot.
    pub(super) fn answers_with_rows(&self) -> bool {
        !matches!(self, Self::MySql(_))
    }

    /// The rows that a text gives.
    pub(super) async fn query(&mut self, text: &str, values: &[Value]) -> Result<Vec<Record>, StoreError> {
        let (text, values) = self.dialect().render(text, values);
        match self {
            Self::Sqlite(inner) => engine::sqlite::query(&mut **inner, text, values).await,
            Self::Postgres(inner) => engine::postgres::query(&mut **inner, text, values).await,
            Self::MySql(inner) => engine::mysql::query(&mut **inner, text, values).await,
        }
    }

    /// How many rows a text changes; a row that it matches and leaves as it is counts too, on all engines.
    pub(super) async fn apply(&mut self, text: &str, values: &[Value]) -> Result<u64, StoreError> {
        Ok(self.change(text, values).await?.0)
    }

    /// The id that the database gives to a new row: from the row itself, or on MySQL, which cannot answer
    /// with rows, from the connection.
    pub(super) async fn insert(&mut self, text: &str, values: &[Value]) -> Result<i64, StoreError> {
        if !self.answers_with_rows() {
            return Ok(self.change(text, values).await?.1);
        }
        let row = self.query(text, values).await?.pop();
        row.ok_or_else(|| StoreError::Corrupt("no id".to_owned()))?.int("versions_id")
    }

    async fn change(&mut self, text: &str, values: &[Value]) -> Result<(u64, i64), StoreError> {
        let (text, values) = self.dialect().render(text, values);
        Ok(match self {
            Self::Sqlite(inner) => {
                let done = engine::sqlite::apply(&mut **inner, text, values).await?;
                (done.rows_affected(), done.last_insert_rowid())
            }
            Self::Postgres(inner) => {
                (engine::postgres::apply(&mut **inner, text, values).await?.rows_affected(), 0)
            }
            Self::MySql(inner) => {
                let done = engine::mysql::apply(&mut **inner, text, values).await?;
                (done.rows_affected(), i64::try_from(done.last_insert_id()).unwrap_or(i64::MAX))
            }
        })
    }

    /// Makes it last. If the answer is lost, nobody knows whether it does.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(inner) => inner.commit().await,
            Self::Postgres(inner) => inner.commit().await,
            Self::MySql(inner) => inner.commit().await,
        }
        .map_err(|error| StoreError::Unconfirmed(error.into()))
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(inner) => inner.rollback().await?,
            Self::Postgres(inner) => inner.rollback().await?,
            Self::MySql(inner) => inner.rollback().await?,
        }
        Ok(())
    }
}
