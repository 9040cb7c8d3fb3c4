//! Every SQL text, with what it guarantees. Placeholders are `$n`, which SQLite and PostgreSQL both read.

/// Our own list of migrations; the table `schema_migrations` of the Go program is never written.
pub(super) const MIGRATION_TABLE: &str = "CREATE TABLE IF NOT EXISTS sm_migration (\
    version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// The newest migration that this database has, 0 for none.
pub(super) const MIGRATED: &str = "SELECT COALESCE(MAX(version), 0) AS version FROM sm_migration";

/// Notes that a migration ran; in the same transaction as the migration.
pub(super) const MIGRATION_DONE: &str =
    "INSERT INTO sm_migration (version, name, applied_at) VALUES ($1, $2, $3)";

/// Moves the log into the database file, so that a clean stop leaves one file.
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Answers if the database can be read.
pub(super) const HEALTH: &str = "SELECT versions_id FROM versions LIMIT 1";

/// One v1 row; the database gives the id.
pub(super) const INSERT_VERSION: &str = "INSERT INTO versions \
    (workload, platform, environment, version, changelog_url, raw, status, date) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING versions_id";

/// The attempt of a v1 row; fails on a key that is taken.
pub(super) const INSERT_DEPLOYMENT: &str = "INSERT INTO sm_deployment \
    (versions_id, app, platform, environment, run_key, idempotency_key, request_hash, state, seq, \
    sha, ref, dirty, actor, run_url, duration, started_at, finished_at, received_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

/// One event; fails if the attempt already has one of this `seq`.
pub(super) const INSERT_EVENT: &str = "INSERT INTO sm_event \
    (event_key, versions_id, seq, from_state, to_state, actor, source, request_hash, forced, clock_skew, \
    at, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// The attempt that holds a run key.
pub(super) const BY_RUN_KEY: &str = "SELECT d.versions_id, d.app, v.workload, d.platform, d.environment, \
    v.version, d.state, d.seq, d.request_hash, d.started_at, d.finished_at \
    FROM sm_deployment d JOIN versions v ON v.versions_id = d.versions_id WHERE d.run_key = $1";

/// The attempt that holds an idempotency key.
pub(super) const BY_IDEMPOTENCY_KEY: &str = "SELECT d.versions_id, d.app, v.workload, d.platform, \
    d.environment, v.version, d.state, d.seq, d.request_hash, d.started_at, d.finished_at \
    FROM sm_deployment d JOIN versions v ON v.versions_id = d.versions_id WHERE d.idempotency_key = $1";

/// The attempt of a v1 id.
pub(super) const BY_ID: &str = "SELECT d.versions_id, d.app, v.workload, d.platform, d.environment, \
    v.version, d.state, d.seq, d.request_hash, d.started_at, d.finished_at \
    FROM sm_deployment d JOIN versions v ON v.versions_id = d.versions_id WHERE d.versions_id = $1";

/// What an earlier report of this step said and became.
pub(super) const EVENT_OF: &str =
    "SELECT to_state, request_hash FROM sm_event WHERE versions_id = $1 AND seq = $2";

/// Moves an attempt only if it still stands where the caller saw it, so that two writers cannot both win.
pub(super) const ADVANCE: &str = "UPDATE sm_deployment SET state = $1, seq = COALESCE($2, seq), started_at = $3, \
    finished_at = $4, duration = COALESCE($5, duration), sha = COALESCE(sha, $6), \
    run_url = COALESCE($7, run_url) WHERE versions_id = $8 AND state = $9 AND seq = $10";

/// The v1 word of an attempt; the other eight columns never change.
pub(super) const SET_STATUS: &str = "UPDATE versions SET status = $1 WHERE versions_id = $2";

/// The newest attempt of one place in one state; the index gives it without a sort.
pub(super) const NEWEST_IN_STATE: &str = "SELECT versions_id, finished_at FROM sm_deployment \
    WHERE app = $1 AND platform = $2 AND environment = $3 AND state = $4 \
    ORDER BY finished_at DESC, versions_id DESC LIMIT 1";

/// The successes of one place that another success has replaced.
pub(super) const REPLACED: &str = "SELECT versions_id FROM sm_deployment \
    WHERE app = $1 AND platform = $2 AND environment = $3 AND state = 'succeeded' AND versions_id <> $4";

/// A state that the registry itself gives; `versions.status` stays as it is, so v1 answers do not change.
pub(super) const SET_STATE: &str = "UPDATE sm_deployment SET state = $1 WHERE versions_id = $2";

/// The newest attempt of one place, whatever became of it.
pub(super) const NEWEST_ATTEMPT: &str = "SELECT versions_id FROM sm_deployment \
    WHERE app = $1 AND platform = $2 AND environment = $3 ORDER BY started_at DESC, versions_id DESC LIMIT 1";

/// The cell of one place.
pub(super) const SET_CURRENT: &str = "INSERT INTO sm_current \
    (app, platform, environment, versions_id, last_good_id, at) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (app, platform, environment) DO UPDATE SET versions_id = excluded.versions_id, \
    last_good_id = excluded.last_good_id, at = excluded.at";

/// Every cell, or those of one app, in one query; `versions` is reached by its key only.
pub(super) const MATRIX: &str = "SELECT c.app, n.workload, c.platform, c.environment, \
    n.versions_id AS n_id, n.version AS n_version, n.status AS n_status, nd.state AS n_state, \
    nd.sha AS n_sha, nd.actor AS n_actor, nd.started_at AS n_started, nd.finished_at AS n_finished, \
    g.versions_id AS g_id, g.version AS g_version, g.status AS g_status, gd.state AS g_state, \
    gd.sha AS g_sha, gd.actor AS g_actor, gd.started_at AS g_started, gd.finished_at AS g_finished \
    FROM sm_current c JOIN versions n ON n.versions_id = c.versions_id \
    JOIN sm_deployment nd ON nd.versions_id = c.versions_id \
    LEFT JOIN versions g ON g.versions_id = c.last_good_id \
    LEFT JOIN sm_deployment gd ON gd.versions_id = c.last_good_id \
    WHERE ($1 IS NULL OR c.app = $1) ORDER BY c.app, c.platform, c.environment";

/// The deployments of one place, newest first; the index `sm_deployment_newest` gives them in this order.
pub(super) const HISTORY_OF_PLACE: &str = "SELECT d.versions_id, d.app, v.workload, d.platform, \
    d.environment, v.version, d.state, v.status, d.sha, d.ref, d.dirty, d.actor, d.run_url, d.duration, \
    d.started_at, d.finished_at, v.raw FROM sm_deployment d JOIN versions v ON v.versions_id = d.versions_id \
    WHERE d.app = $1 AND d.platform = $2 AND d.environment = $3 AND (d.started_at, d.versions_id) < ($4, $5) \
    ORDER BY d.started_at DESC, d.versions_id DESC LIMIT $6";

/// The deployments of several places, newest first. A filter that is null lets everything through.
pub(super) const HISTORY: &str = "SELECT d.versions_id, d.app, v.workload, d.platform, d.environment, \
    v.version, d.state, v.status, d.sha, d.ref, d.dirty, d.actor, d.run_url, d.duration, d.started_at, \
    d.finished_at, v.raw FROM sm_deployment d JOIN versions v ON v.versions_id = d.versions_id \
    WHERE ($1 IS NULL OR d.app = $1) AND ($2 IS NULL OR d.platform = $2) \
    AND ($3 IS NULL OR d.environment = $3) \
    AND (d.started_at, d.versions_id) < ($4, $5) \
    ORDER BY d.started_at DESC, d.versions_id DESC LIMIT $6";

/// The version of the newest row with a good v1 status; the partial index holds such rows only.
pub(super) const LATEST_GOOD: &str = "SELECT version FROM versions WHERE workload = $1 AND platform = $2 \
    AND environment = $3 AND status IN ('deployed', 'completed') ORDER BY date DESC, versions_id DESC LIMIT 1";

/// The version of the newest row of any status.
pub(super) const LATEST_ANY: &str = "SELECT version FROM versions WHERE workload = $1 AND platform = $2 \
    AND environment = $3 ORDER BY date DESC, versions_id DESC LIMIT 1";

/// The newest 25 rows of all.
pub(super) const HOME: &str = "SELECT versions_id, workload, platform, environment, version, \
    COALESCE(changelog_url, '') AS changelog_url, COALESCE(raw, '') AS raw, status, date \
    FROM versions ORDER BY date DESC, versions_id DESC LIMIT 25";
