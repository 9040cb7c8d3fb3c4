//! Opens a database in a file: its mode, the settings of each connection, and the migrations.

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Connection, Row};

use super::OpenError;
use crate::store::db::Db;
use crate::store::readers::Readers;
use crate::store::writer::Writer;
use crate::store::{Store, sql};

/// The database inside the data folder.
pub const FILE: &str = "registry.db";

/// How long a connection waits for another process that holds the database, such as a backup.
const BUSY: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

/// NORMAL writes the log at a checkpoint and not at each COMMIT: a power cut takes back what was confirmed. The
/// harness must see that.
const SYNCHRONOUS: SqliteSynchronous =
    if cfg!(feature = "weak") { SqliteSynchronous::Normal } else { SqliteSynchronous::Full };

/// Every migration in order; the list is append-only.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "registry", include_str!("../migrations/sqlite/0001_registry.sql")),
    (2, "holds", include_str!("../migrations/sqlite/0002_holds.sql")),
    (3, "states", include_str!("../migrations/sqlite/0003_states.sql")),
    (4, "incidents", include_str!("../migrations/sqlite/0004_incidents.sql")),
    (5, "tokens", include_str!("../migrations/sqlite/0005_tokens.sql")),
    (6, "observations", include_str!("../migrations/sqlite/0006_observations.sql")),
    (7, "indexes", include_str!("../migrations/sqlite/0007_indexes.sql")),
    (8, "releases", include_str!("../migrations/sqlite/0008_releases.sql")),
    (10, "weekly", include_str!("../migrations/sqlite/0010_weekly.sql")),
    (12, "when", include_str!("../migrations/sqlite/0012_when.sql")),
    (14, "probes", include_str!("../migrations/sqlite/0014_probes.sql")),
    (16, "limits", include_str!("../migrations/sqlite/0016_limits.sql")),
    (17, "settings", include_str!("../migrations/sqlite/0017_settings.sql")),
    (18, "audit", include_str!("../migrations/sqlite/0018_audit.sql")),
    (19, "commits", include_str!("../migrations/sqlite/0019_commits.sql")),
    (20, "trusts", include_str!("../migrations/sqlite/0020_trusts.sql")),
    (21, "webhooks", include_str!("../migrations/sqlite/0021_webhooks.sql")),
    (22, "exchanges", include_str!("../migrations/sqlite/0022_exchanges.sql")),
    (50, "epoch", include_str!("../migrations/sqlite/0050_epoch.sql")),
    (52, "meta", include_str!("../migrations/sqlite/0052_meta.sql")),
    (70, "keys", include_str!("../migrations/sqlite/0070_keys.sql")),
    (72, "past", include_str!("../migrations/sqlite/0072_past.sql")),
    (80, "turns", include_str!("../migrations/sqlite/0080_turns.sql")),
];

impl Store {
    /// Opens the registry in `folder` and brings its schema up to date; makes both if they are missing.
    /// `now` goes into the list of migrations.
    pub async fn open(folder: &Path, now: Timestamp) -> Result<Self, OpenError> {
        Self::open_file(&folder.join(FILE), now).await
    }

    /// The same with a file of any name.
    pub async fn open_file(path: &Path, now: Timestamp) -> Result<Self, OpenError> {
        let path = path.to_owned();
        make_private(path.parent().unwrap_or(Path::new(".")), &path)?;
        let unusable = |source| OpenError::Database { path: path.clone(), source };
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(BUSY)
            .synchronous(SYNCHRONOUS)
            .foreign_keys(true);
        // The writer folds the log itself. It keeps 16 MiB of pages and what a savepoint takes back in memory.
        let writing = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("wal_autocheckpoint", "0")
            .pragma("cache_size", "-16384")
            .pragma("temp_store", "MEMORY");
        let mut first = connect(&writing).await.map_err(unusable)?;
        let found = migrate(&mut first, now).await.map_err(unusable)?;
        first.close().await.map_err(unusable)?;
        let known = newest_migration();
        if found > known {
            return Err(OpenError::Newer {
                database: format!("the database `{}`", path.display()),
                found,
                known,
            });
        }
        let folding = pool(1, writing.clone()).await.map_err(unusable)?;
        let writer = pool(1, writing).await.map_err(unusable)?;
        let readers = pool(READERS, options.read_only(true)).await.map_err(unusable)?;
        let writer = Writer::queue(Db::Sqlite(writer), Db::Sqlite(folding));
        let readers = Readers::new(Db::Sqlite(readers));
        Ok(Self::over(writer, readers, Vec::new()))
    }
}

/// How often a database that another start holds is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// The first connection. SQLite does not wait while two starts turn on the log (`journal_mode = WAL`) at the same
/// time, whatever the busy timeout says, so we do.
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut waited = Duration::ZERO;
    loop {
        match SqliteConnection::connect_with(options).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("5") && waited < BUSY => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            done => return done,
        }
    }
}

/// A pool whose connections stay open: SQLite empties its caches with a connection.
async fn pool(size: u32, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(BUSY)
        .connect_with(options)
        .await
}

/// Makes folder and file readable by their owner only; SQLite gives its log the mode of the database.
fn make_private(folder: &Path, path: &Path) -> Result<(), OpenError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| OpenError::Folder { path: folder.to_owned(), source })?;
    std::fs::OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .and_then(|file| file.set_permissions(std::fs::Permissions::from_mode(0o600)))
        .map_err(|source| OpenError::File { path: path.to_owned(), source })
}

fn newest_migration() -> i64 {
    MIGRATIONS.iter().map(|(version, _, _)| *version).max().unwrap_or(0)
}

/// Runs what is missing and returns the schema's number. The exclusive transaction is the lock: two servers
/// that start together run each migration once, and one that fails leaves nothing behind.
async fn migrate(connection: &mut SqliteConnection, now: Timestamp) -> Result<i64, sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN EXCLUSIVE").await?;
    sqlx::query(sql::MIGRATION_TABLE).execute(&mut *transaction).await?;
    let mut done = Vec::new();
    for row in sqlx::query(sql::MIGRATED).fetch_all(&mut *transaction).await? {
        done.push(row.try_get::<i64, _>("version")?);
    }
    for (version, name, text) in MIGRATIONS.iter().copied() {
        if done.contains(&version) {
            continue;
        }
        sqlx::raw_sql(text).execute(&mut *transaction).await?;
        sqlx::query(sql::MIGRATION_DONE)
            .bind(version)
            .bind(name)
            .bind(now.as_millisecond())
            .execute(&mut *transaction)
            .await?;
        done.push(version);
    }
    transaction.commit().await?;
    Ok(done.into_iter().max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::values;
    use crate::store::writer::Verdict;

    async fn open(folder: &Path) -> Result<Store, OpenError> {
        Store::open(folder, Timestamp::UNIX_EPOCH).await
    }

    async fn text(db: &Db, query: &str) -> String {
        db.one(query, values![]).await.unwrap().unwrap().first()
    }

    /// The same by the connection of the writer.
    async fn written(store: &Store, query: &'static str) -> String {
        let row = store.writer.run(move |to| {
            Box::pin(
                async move { to.query(query, values![]).await.map(|mut rows| Verdict::Keep(rows.pop())) },
            )
        });
        row.await.unwrap().unwrap().first()
    }

    #[tokio::test]
    async fn every_connection_is_durable() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await.unwrap();
        let synchronous = if cfg!(feature = "weak") { "1" } else { "2" };
        for (setting, value) in [
            ("PRAGMA journal_mode", "wal"),
            ("PRAGMA synchronous", synchronous),
            ("PRAGMA foreign_keys", "1"),
            ("PRAGMA busy_timeout", "5000"),
        ] {
            assert_eq!(text(store.readers.whole(), setting).await, value, "{setting}, where 2 is FULL");
            assert_eq!(written(&store, setting).await, value, "{setting}");
        }
        assert_eq!(written(&store, "PRAGMA wal_autocheckpoint").await, "0");
    }

    #[tokio::test]
    async fn the_table_of_v1_has_its_nine_columns_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await.unwrap();
        let columns = "SELECT group_concat(name, ' ') FROM pragma_table_info('versions')";
        assert_eq!(
            text(store.readers.whole(), columns).await,
            "versions_id workload platform environment version changelog_url raw status date"
        );
    }

    #[tokio::test]
    async fn the_reads_of_the_board_and_of_latest_use_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await.unwrap();
        let queries = [sql::MATRIX, sql::LATEST_GOOD, sql::LATEST_ANY, sql::HOME].map(|query| (query, 1));
        for (query, rows) in queries.into_iter().chain([(sql::PLACES_STAND, 2)]) {
            let (query, _) = store.readers.dialect().render_rows(query, &vec![Vec::new(); rows]);
            let rows = store.readers.query(&format!("EXPLAIN QUERY PLAN {query}"), values![]).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.text("detail").unwrap()).collect();
            let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
            let scans = steps.iter().any(|step| {
                step.starts_with("SCAN") && !step.contains(" USING INDEX") && !step.contains("VALUES CLAUSE")
            });
            assert!(!sorts && !scans, "{query}: {steps:?}");
        }
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await.unwrap();
        store.writer.apply("INSERT INTO sm_migration VALUES (99, 'later', 0)", values![]).await.unwrap();
        store.close().await;
        let refused = open(folder.path()).await.unwrap_err();
        let newest = newest_migration();
        assert!(matches!(refused, OpenError::Newer { found: 99, known, .. } if known == newest), "{refused}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn those_that_start_together_migrate_once() {
        let folder = tempfile::tempdir().unwrap();
        let starts = (0..16).map(|_| {
            let folder = folder.path().to_owned();
            tokio::spawn(async move { open(&folder).await })
        });
        for start in starts.collect::<Vec<_>>() {
            let store = start.await.unwrap().unwrap();
            let count = text(store.readers.whole(), "SELECT count(*) FROM sm_migration").await;
            assert_eq!(count, MIGRATIONS.len().to_string());
        }
    }

    #[tokio::test]
    async fn what_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let mut file = std::fs::File::create(&path).unwrap();
        std::io::Write::write_all(&mut file, "not a database, ".repeat(100).as_bytes()).unwrap();
        assert!(matches!(open(folder.path()).await.unwrap_err(), OpenError::Database { .. }));
    }
}
