//! May this database be taken over? A table `versions` that is there already must be the one that
//! Lord-Y/versions makes, whole and of a schema that is known.

use crate::store::StoreError;
use crate::store::db::{Db, values};
use crate::store::sql;

/// The columns in the order in which the Go program reads them.
const COLUMNS: &str = "versions_id workload platform environment version changelog_url raw status date";

/// The schemas of the Go program that have these columns.
const KNOWN: std::ops::RangeInclusive<i64> = 1..=3;

/// Why it may not, if it may not.
pub(super) async fn objection(db: &Db) -> Result<Option<String>, StoreError> {
    let columns = names(db, "versions").await?;
    if columns.is_empty() {
        return Ok(None);
    }
    if columns.join(" ") != COLUMNS {
        let found = columns.join(", ");
        return Ok(Some(format!("its table `versions` is another one, with the columns {found}")));
    }
    if names(db, "schema_migrations").await?.is_empty() {
        return Ok(Some("its table `versions` has no `schema_migrations` beside it".to_owned()));
    }
    let Some(row) = db.one(sql::GO_SCHEMA, values![]).await? else {
        return Ok(Some("its `schema_migrations` is empty".to_owned()));
    };
    let version = row.int("version")?;
    Ok(if row.int("dirty")? != 0 {
        Some(format!("its migration {version} broke off (`dirty` in `schema_migrations`)"))
    } else if KNOWN.contains(&version) {
        None
    } else {
        Some(format!("its `schema_migrations` is at {version}, and only 1 to 3 are known"))
    })
}

async fn names(db: &Db, table: &str) -> Result<Vec<String>, StoreError> {
    let rows = db.query(sql::COLUMNS, values![table]).await?;
    rows.iter().map(|row| row.text("name")).collect()
}
