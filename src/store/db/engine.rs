//! The two verbs for each engine. They differ in the types of sqlx and in how a column becomes an integer or
//! a text, and in nothing else, so one macro writes them.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlQueryResult, MySqlRow};
use sqlx::postgres::{PgQueryResult, PgRow};
use sqlx::sqlite::{SqliteQueryResult, SqliteRow};
use sqlx::{AssertSqlSafe, Column, Executor, MySql, Postgres, Row, Sqlite, TypeInfo, ValueRef};

use super::record::{Cell, Record};
use super::value::Value;
use crate::store::StoreError;

macro_rules! engine {
    ($module:ident, $engine:ty, $done:ty, $cell:path) => {
        pub(super) mod $module {
            use super::*;

            /// The texts are constants of `sql.rs`; what clients sent is bound.
            macro_rules! bound {
                ($text:expr, $values:expr) => {{
                    let mut query = sqlx::query::<$engine>(AssertSqlSafe($text));
                    for value in $values {
                        query = match value {
                            Value::Int(value) => query.bind(value),
                            Value::Text(value) => query.bind(value),
                        };
                    }
                    query
                }};
            }

            pub(in crate::store::db) async fn query<'e, T>(
                on: impl Executor<'e, Database = $engine>,
                text: Arc<str>,
                values: Vec<Value>,
                make: impl Fn(Record) -> Result<T, StoreError>,
            ) -> Result<Vec<T>, StoreError> {
                // Row by row, because a row of sqlx takes several times the memory of what it holds.
                let mut rows = bound!(text, values).fetch(on);
                let mut names: Arc<[String]> = Arc::from([]);
                let mut made = Vec::new();
                while let Some(row) = rows.try_next().await? {
                    if names.is_empty() {
                        names = row.columns().iter().map(|column| column.name().to_owned()).collect();
                    }
                    let cells = (0..names.len()).map(|at| $cell(&row, at)).collect::<Result<_, _>>()?;
                    made.push(make(Record { names: Arc::clone(&names), cells })?);
                }
                Ok(made)
            }

            pub(in crate::store::db) async fn apply<'e>(
                on: impl Executor<'e, Database = $engine>,
                text: Arc<str>,
                values: Vec<Value>,
            ) -> Result<$done, StoreError> {
                Ok(bound!(text, values).execute(on).await?)
            }
        }
    };
}

engine!(sqlite, Sqlite, SqliteQueryResult, sqlite_cell);
engine!(postgres, Postgres, PgQueryResult, postgres_cell);
engine!(mysql, MySql, MySqlQueryResult, mysql_cell);

/// SQLite knows a type for each value, whatever its column says.
fn sqlite_cell(row: &SqliteRow, at: usize) -> Result<Cell, StoreError> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(Cell::Null);
    }
    Ok(match raw.type_info().name() {
        "INTEGER" | "BOOLEAN" => Cell::Int(row.try_get_unchecked(at)?),
        _ => Cell::Text(row.try_get_unchecked(at)?),
    })
}

fn postgres_cell(row: &PgRow, at: usize) -> Result<Cell, StoreError> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(Cell::Null);
    }
    Ok(match raw.type_info().name() {
        "INT4" => Cell::Int(row.try_get::<i32, _>(at)?.into()),
        "INT8" => Cell::Int(row.try_get(at)?),
        _ => Cell::Text(row.try_get(at)?),
    })
}

/// A column with a binary collation is bytes to sqlx; all texts are UTF-8 on the wire.
fn mysql_cell(row: &MySqlRow, at: usize) -> Result<Cell, StoreError> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(Cell::Null);
    }
    let kind = raw.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INT" | "BIGINT" => Cell::Int(row.try_get_unchecked(at)?),
        "INT UNSIGNED" | "BIGINT UNSIGNED" => {
            let value: u64 = row.try_get_unchecked(at)?;
            Cell::Int(i64::try_from(value).map_err(|_| StoreError::Corrupt(value.to_string()))?)
        }
        _ => {
            let bytes: Vec<u8> = row.try_get_unchecked(at)?;
            Cell::Text(String::from_utf8(bytes).map_err(|error| StoreError::Corrupt(error.to_string()))?)
        }
    })
}
