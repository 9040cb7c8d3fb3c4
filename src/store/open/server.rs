//! Opens a database on PostgreSQL, MySQL or MariaDB.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::OpenError;
use super::migrate::{MigrateError, Plan, migrate};
use crate::store::address::{Kind, Server};
use crate::store::db::{Db, values};
use crate::store::readers::Readers;
use crate::store::writer::Writer;
use crate::store::{Store, StoreError, sql};

/// How many connections one process holds, and how many more that write the changes that wait. Those are few, because
/// the long texts for them are prepared on each; and while one is confirmed the other gathers.
const CONNECTIONS: u32 = 16;
const WRITERS: u32 = 2;
/// How long a request waits for one.
const WAIT: Duration = Duration::from_secs(5);

const POSTGRES: Plan = Plan {
    migrations: &[
        (1, "registry", include_str!("../migrations/postgres/0001_registry.sql")),
        (2, "holds", include_str!("../migrations/postgres/0002_holds.sql")),
        (3, "states", include_str!("../migrations/postgres/0003_states.sql")),
        (4, "incidents", include_str!("../migrations/postgres/0004_incidents.sql")),
        (5, "tokens", include_str!("../migrations/postgres/0005_tokens.sql")),
        (6, "observations", include_str!("../migrations/postgres/0006_observations.sql")),
        (7, "indexes", include_str!("../migrations/postgres/0007_indexes.sql")),
        (8, "releases", include_str!("../migrations/postgres/0008_releases.sql")),
        (10, "weekly", include_str!("../migrations/postgres/0010_weekly.sql")),
        (12, "when", include_str!("../migrations/postgres/0012_when.sql")),
        (14, "probes", include_str!("../migrations/postgres/0014_probes.sql")),
        (16, "limits", include_str!("../migrations/postgres/0016_limits.sql")),
        (17, "settings", include_str!("../migrations/postgres/0017_settings.sql")),
        (18, "audit", include_str!("../migrations/postgres/0018_audit.sql")),
        (19, "commits", include_str!("../migrations/postgres/0019_commits.sql")),
        (20, "trusts", include_str!("../migrations/postgres/0020_trusts.sql")),
        (21, "webhooks", include_str!("../migrations/postgres/0021_webhooks.sql")),
        (22, "exchanges", include_str!("../migrations/postgres/0022_exchanges.sql")),
        (40, "tasks", include_str!("../migrations/postgres/0040_tasks.sql")),
        (50, "epoch", include_str!("../migrations/postgres/0050_epoch.sql")),
        (52, "meta", include_str!("../migrations/postgres/0052_meta.sql")),
        (70, "hot", include_str!("../migrations/postgres/0070_hot.sql")),
        (72, "past", include_str!("../migrations/postgres/0072_past.sql")),
        (80, "turns", include_str!("../migrations/postgres/0080_turns.sql")),
    ],
    indexes: &sql::POSTGRES_INDEXES,
    drop_index: "DROP INDEX CONCURRENTLY",
    transactional: true,
};

const MYSQL: Plan = Plan {
    migrations: &[
        (1, "registry", include_str!("../migrations/mysql/0001_registry.sql")),
        (2, "holds", include_str!("../migrations/mysql/0002_holds.sql")),
        (3, "states", include_str!("../migrations/mysql/0003_states.sql")),
        (4, "incidents", include_str!("../migrations/mysql/0004_incidents.sql")),
        (5, "tokens", include_str!("../migrations/mysql/0005_tokens.sql")),
        (6, "observations", include_str!("../migrations/mysql/0006_observations.sql")),
        (8, "releases", include_str!("../migrations/mysql/0008_releases.sql")),
        (10, "weekly", include_str!("../migrations/mysql/0010_weekly.sql")),
        (12, "when", include_str!("../migrations/mysql/0012_when.sql")),
        (14, "probes", include_str!("../migrations/mysql/0014_probes.sql")),
        (16, "limits", include_str!("../migrations/mysql/0016_limits.sql")),
        (17, "settings", include_str!("../migrations/mysql/0017_settings.sql")),
        (18, "audit", include_str!("../migrations/mysql/0018_audit.sql")),
        (19, "commits", include_str!("../migrations/mysql/0019_commits.sql")),
        (20, "trusts", include_str!("../migrations/mysql/0020_trusts.sql")),
        (21, "webhooks", include_str!("../migrations/mysql/0021_webhooks.sql")),
        (22, "exchanges", include_str!("../migrations/mysql/0022_exchanges.sql")),
        (40, "tasks", include_str!("../migrations/mysql/0040_tasks.sql")),
        (50, "epoch", include_str!("../migrations/mysql/0050_epoch.sql")),
        (52, "meta", include_str!("../migrations/mysql/0052_meta.sql")),
        (72, "past", include_str!("../migrations/mysql/0072_past.sql")),
        (80, "turns", include_str!("../migrations/mysql/0080_turns.sql")),
    ],
    indexes: &sql::MYSQL_INDEXES,
    // MySQL leaves no index half made.
    drop_index: "DROP INDEX",
    transactional: false,
};

impl Store {
    /// Opens the registry on a server and brings its schema up to date.
    pub async fn connect(server: &Server, now: Timestamp) -> Result<Self, OpenError> {
        let name = server.name();
        let unusable = |source: StoreError| OpenError::Server { server: name.clone(), source: source.into() };
        let first = pool(&server.kind, 1, false).await.map_err(|error| unusable(error.into()))?;
        let plan = if matches!(first, Db::Postgres(_)) { &POSTGRES } else { &MYSQL };
        let migrated = migrate(&first, plan, now).await;
        let warning = lax(&first).await;
        first.close().await;
        migrated.map_err(|error| match error {
            MigrateError::Store(source) => unusable(source),
            MigrateError::Locked => OpenError::Locked { database: name.clone() },
            MigrateError::Foreign(reason) => OpenError::Foreign { database: name.clone(), reason },
            MigrateError::Newer { found, known } => OpenError::Newer { database: name.clone(), found, known },
        })?;
        let db = pool(&server.kind, CONNECTIONS, false).await.map_err(|error| unusable(error.into()))?;
        let writers = pool(&server.kind, WRITERS, true).await.map_err(|error| unusable(error.into()))?;
        let warnings = warning.map_err(unusable)?.into_iter().collect();
        let (readers, writer) = (Readers::new(db.clone()), Writer::pool(db, &writers, WRITERS));
        Ok(Self::over(writer, readers, warnings))
    }
}

async fn pool(kind: &Kind, size: u32, writes: bool) -> Result<Db, sqlx::Error> {
    Ok(match kind {
        Kind::Postgres(options) => Db::Postgres(postgres(options.clone(), size, writes).await?),
        Kind::MySql(options) => Db::MySql(mysql(options.clone(), size).await?),
    })
}

/// sqlx sets the session to UTC, without which the naive column of v1 would mean another time.
async fn postgres(options: PgConnectOptions, size: u32, writes: bool) -> Result<sqlx::PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(WAIT)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                sqlx::query(sql::POSTGRES_ISOLATION).execute(&mut *connection).await?;
                if writes {
                    sqlx::query(sql::PLAN_ONCE).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        .connect_with(options)
        .await
}

/// sqlx sets the session to UTC here too. A writer waits for the cell of its place and must then see what the
/// other did, so each statement reads what is committed. A lock is waited for no longer than a connection.
async fn mysql(options: MySqlConnectOptions, size: u32) -> Result<sqlx::MySqlPool, sqlx::Error> {
    MySqlPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(WAIT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::query(sql::MYSQL_ISOLATION).execute(&mut *connection).await?;
                sqlx::query(sql::MYSQL_SESSION).execute(&mut *connection).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
}

/// A warning if the server confirms writes that a power cut would take back.
async fn lax(db: &Db) -> Result<Option<String>, StoreError> {
    let Some(row) = db.one(sql::DURABILITY, values![]).await? else { return Ok(None) };
    let found = row.text("found")?;
    Ok((found != row.text("wanted")?)
        .then(|| format!("the database may lose confirmed writes in a power cut: {found}")))
}
