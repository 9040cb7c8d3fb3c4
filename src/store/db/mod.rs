//! The narrow waist: three typed pools behind two verbs, `query` and `apply`, over integers and texts. Every
//! text is written once, in `sql.rs`; nothing above this folder knows which engine runs it.

mod engine;
mod record;
mod value;

pub(super) use record::Record;
pub(super) use value::{Value, values};

use std::sync::Arc;

use sqlx::{MySql, MySqlPool, PgPool, Postgres, Sqlite, SqlitePool};

use super::StoreError;
use super::dialect::{Dialect, Shape};

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
        self.query_within(text, values, &(Shape::default(), Vec::new()), Ok).await
    }

    /// What is made of the rows for a reader who sees only what fits these patterns. Each row is made into it at once,
    /// because a long answer in both forms takes twice the memory.
    pub(super) async fn query_within<T>(
        &self,
        text: &str,
        values: &[Value],
        within: &(Shape, Vec<Value>),
        make: impl Fn(Record) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let rendered = self.dialect().render_within(text, values.to_vec(), within);
        self.rows_of(rendered, make).await
    }

    async fn rows_of<T>(
        &self,
        (text, values): (Arc<str>, Vec<Value>),
        make: impl Fn(Record) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Self::Sqlite(pool) => engine::sqlite::query(pool, text, values, make).await,
            Self::Postgres(pool) => engine::postgres::query(pool, text, values, make).await,
            Self::MySql(pool) => engine::mysql::query(pool, text, values, make).await,
        }
    }

    /// The rows that a text gives, which asks for one row of values and is made to ask for each of them.
    pub(super) async fn query_rows(
        &self,
        text: &str,
        rows: &[Vec<Value>],
    ) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::new();
        for chunk in self.dialect().chunks(rows) {
            found.append(&mut self.rows_of(self.dialect().render_rows(text, chunk), Ok).await?);
        }
        Ok(found)
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

    /// The rows that a text gives.
    pub(super) async fn query(&mut self, text: &str, values: &[Value]) -> Result<Vec<Record>, StoreError> {
        self.give(self.dialect().render(text, values.to_vec())).await
    }

    /// How many rows a text changes; a row that it matches and leaves as it is counts too, on all engines.
    pub(super) async fn apply(&mut self, text: &str, values: &[Value]) -> Result<u64, StoreError> {
        self.change(self.dialect().render(text, values.to_vec())).await
    }

    /// The rows that a text gives, which asks for one row of values and is made to ask for each of them.
    pub(super) async fn query_rows(
        &mut self,
        text: &str,
        rows: &[Vec<Value>],
    ) -> Result<Vec<Record>, StoreError> {
        let (dialect, mut found) = (self.dialect(), Vec::new());
        for chunk in dialect.chunks(rows) {
            found.append(&mut self.give(dialect.render_rows(text, chunk)).await?);
        }
        Ok(found)
    }

    /// Runs a text that writes one row of values for a chunk of them (`Dialect::chunks`).
    pub(super) async fn apply_rows(&mut self, text: &str, chunk: &[Vec<Value>]) -> Result<(), StoreError> {
        self.change(self.dialect().render_rows(text, chunk)).await.map(|_| ())
    }

    /// Runs a text that writes one row of values for all rows.
    pub(super) async fn write_rows(&mut self, text: &str, rows: &[Vec<Value>]) -> Result<(), StoreError> {
        for chunk in self.dialect().chunks(rows) {
            self.apply_rows(text, chunk).await?;
        }
        Ok(())
    }

    async fn give(&mut self, (text, values): (Arc<str>, Vec<Value>)) -> Result<Vec<Record>, StoreError> {
        match self {
            Self::Sqlite(inner) => engine::sqlite::query(&mut **inner, text, values, Ok).await,
            Self::Postgres(inner) => engine::postgres::query(&mut **inner, text, values, Ok).await,
            Self::MySql(inner) => engine::mysql::query(&mut **inner, text, values, Ok).await,
        }
    }

    async fn change(&mut self, (text, values): (Arc<str>, Vec<Value>)) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(inner) => engine::sqlite::apply(&mut **inner, text, values).await?.rows_affected(),
            Self::Postgres(inner) => {
                engine::postgres::apply(&mut **inner, text, values).await?.rows_affected()
            }
            Self::MySql(inner) => engine::mysql::apply(&mut **inner, text, values).await?.rows_affected(),
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
