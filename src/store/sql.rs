//! Every SQL text, with what it guarantees. Placeholders are `$n`; words in braces are those of `dialect.rs`.

mod access;
pub(super) mod commits;
pub(super) mod epoch;
pub(super) mod listing;
pub(super) mod settings;
pub(super) mod webhooks;

pub(super) use access::*;

/// Our own list of migrations; the table `schema_migrations` of the Go program is never written.
pub(super) const MIGRATION_TABLE: &str = "CREATE TABLE IF NOT EXISTS sm_migration (\
    version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// The migrations that this database has. Their numbers may have come in another order.
pub(super) const MIGRATED: &str = "SELECT version FROM sm_migration ORDER BY version";

/// Notes that a migration ran; in the same transaction as the migration.
pub(super) const MIGRATION_DONE: &str =
    "INSERT INTO sm_migration (version, name, applied_at) VALUES ($1, $2, $3)";

/// Takes the lock of the migrations, if it is free: `held` is 1.
pub(super) const LOCK: &str = "{lock}";

/// Gives the lock of the migrations back.
pub(super) const UNLOCK: &str = "{unlock}";

/// The columns of a table in their order; none if there is no such table.
pub(super) const COLUMNS: &str = "SELECT {column_name} AS name FROM information_schema.columns \
    WHERE table_schema = {schema} AND table_name = $1 ORDER BY ordinal_position";

/// How far the Go program brought the schema of v1. This table is read and never written: at a number that it
/// does not know, that program does not start again.
pub(super) const GO_SCHEMA: &str =
    "SELECT {go_version} AS version, CASE WHEN dirty THEN 1 ELSE 0 END AS dirty FROM schema_migrations";

/// The indexes of `versions`, and whether each is whole.
pub(super) const INDEXES: &str = "{indexes}";

/// What the server does at a COMMIT, and what it should do.
pub(super) const DURABILITY: &str = "{durability}";

/// A text is planned once and not anew for each list of values, where the server can be told so (since 12), and goes by
/// the indexes: a plan that was made while the tables were small would read the whole of them ever after. It is for
/// the texts that write, which find all by keys; one whose filters may be absent is better planned anew.
pub(super) const PLAN_ONCE: &str = "SELECT set_config(s.name, w.value, false) FROM pg_settings s \
    JOIN (VALUES ('plan_cache_mode', 'force_generic_plan'), ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'), \
    ('enable_mergejoin', 'off')) w (name, value) ON s.name = w.name";

/// Each statement sees what is committed before it begins.
pub(super) const MYSQL_ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// A text that does not fit is an error and is never cut; a writer gives up on a lock after 5 s.
pub(super) const MYSQL_SESSION: &str = "SET SESSION \
    sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), innodb_lock_wait_timeout = 5";

/// The indexes that the reads of v1 need; made while others write.
pub(super) const POSTGRES_INDEXES: [(&str, &str); 3] = [
    (
        "sm_versions_place",
        "CREATE INDEX CONCURRENTLY sm_versions_place ON versions \
         (workload, platform, environment, date DESC, versions_id DESC)",
    ),
    (
        "sm_versions_date",
        "CREATE INDEX CONCURRENTLY sm_versions_date ON versions (date DESC, versions_id DESC)",
    ),
    (
        "sm_versions_good",
        "CREATE INDEX CONCURRENTLY sm_versions_good ON versions \
         (workload, platform, environment, date DESC, versions_id DESC) \
         WHERE status IN ('deployed', 'completed')",
    ),
];

/// The same on MySQL, which has no partial index and reads an ascending one backwards.
pub(super) const MYSQL_INDEXES: [(&str, &str); 2] = [
    (
        "sm_versions_place",
        "CREATE INDEX sm_versions_place ON versions (workload, platform, environment, date, versions_id)",
    ),
    ("sm_versions_date", "CREATE INDEX sm_versions_date ON versions (date, versions_id)"),
];

/// Moves the log into the database file, so that a clean stop leaves one file.
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Moves what can be moved of the log into the database file, and waits for nobody.
pub(super) const FOLD_LOG: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Writes the database as one read transaction sees it. The file must be empty or absent; it is not synced.
pub(super) const COPY: &str = "VACUUM INTO ?";

/// Says `ok`, or the first faults.
pub(super) const CHECK: &str = "PRAGMA integrity_check(10)";

/// Begins one operation within a transaction.
pub(super) const SAVEPOINT: &str = "SAVEPOINT operation";

/// Ends the savepoint.
pub(super) const RELEASE: &str = "RELEASE operation";

/// Takes back what came since; the savepoint itself stays.
pub(super) const UNDO: &str = "ROLLBACK TO operation";

/// Answers if the database can be read.
pub(super) const HEALTH: &str = "SELECT versions_id FROM versions LIMIT 1";

/// So many ids for rows of v1, which nobody else gets as long as the transaction holds its lock.
pub(super) const SQLITE_IDS: &str = "WITH RECURSIVE n (id) AS (SELECT COALESCE((SELECT seq FROM sqlite_sequence \
    WHERE name = 'versions'), 0) + 1 UNION ALL SELECT id + 1 FROM n LIMIT $1) SELECT id FROM n";

/// So many ids for rows of v1, which nobody else ever gets.
pub(super) const POSTGRES_IDS: &str =
    "SELECT nextval(pg_get_serial_sequence('versions', 'versions_id')) AS id FROM generate_series(1, $1)";

/// The id of the first row of the last INSERT, and the distance to the next.
pub(super) const GIVEN_IDS: &str =
    "SELECT CAST(LAST_INSERT_ID() AS SIGNED) AS first, CAST(@@auto_increment_increment AS SIGNED) AS step";

/// Rows of v1. Without an id the database gives one.
pub(super) const INSERT_VERSIONS: &str = "INSERT INTO versions \
    (workload, platform, environment, version, changelog_url, raw, status, date, versions_id) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, {stamp}, $9)";

/// The attempts of v1 rows; fails on a key that is taken.
pub(super) const INSERT_DEPLOYMENT: &str = "INSERT INTO sm_deployment \
    (versions_id, app, platform, environment, run_key, idempotency_key, request_hash, state, seq, \
    sha, ref, dirty, actor, run_url, duration, started_at, finished_at, received_at, touched_at, kind, reason, \
    rollback_of, group_id, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
    $17, $18, $18, $19, $20, $21, $22, $23)";

/// Events; fails if an attempt already has one of this `seq`, or the idempotency key was used.
pub(super) const INSERT_EVENT: &str = "INSERT INTO sm_event \
    (event_key, versions_id, seq, from_state, to_state, actor, source, request_hash, forced, clock_skew, late, \
    note, at, received_at, idempotency_key, chain, prev_hash, hash) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

/// The events of one attempt, oldest first.
pub(super) const EVENTS_OF: &str = "SELECT {event} FROM sm_event e WHERE e.versions_id = $1 \
    ORDER BY COALESCE(e.chain, 0), e.received_at, e.event_key";

/// The ids of the events after a text, in their order: the key of the table gives them.
pub(super) const EVENT_KEYS: &str =
    "SELECT event_key FROM sm_event WHERE event_key > $1 ORDER BY event_key LIMIT $2";

/// Some events, each with its attempt.
pub(super) const HAPPENINGS: &str = "SELECT e.event_key, e.versions_id, e.from_state, e.to_state, e.actor, e.source, \
    e.at, d.kind, d.app, d.platform, d.environment, d.state, v.workload, v.version FROM sm_event e \
    JOIN sm_deployment d ON d.versions_id = e.versions_id JOIN versions v ON v.versions_id = e.versions_id \
    WHERE e.event_key IN (($1)) ORDER BY e.event_key";

/// A part of the chain of one place, in its order.
pub(super) const CHAIN: &str = "SELECT {event}, e.prev_hash FROM sm_event e \
    JOIN sm_deployment d ON d.versions_id = e.versions_id \
    WHERE d.app = $1 AND d.platform = $2 AND d.environment = $3 AND {within d.app; d.platform; d.environment} \
    AND e.chain IS NOT NULL ORDER BY e.chain";

/// Where the chain of one place ends. After `HOLD_PLACE` in the same transaction nobody else moves it.
pub(super) const CHAIN_HEAD: &str = "SELECT chain, chain_hash FROM sm_current \
    WHERE app = $1 AND platform = $2 AND environment = $3 AND {within app; platform; environment}";

/// What an earlier request with this idempotency key said and became.
pub(super) const BY_EVENT_KEY: &str = "SELECT e.versions_id, e.to_state, e.request_hash, v.version \
    FROM sm_event e JOIN versions v ON v.versions_id = e.versions_id WHERE e.idempotency_key = $1";

/// The attempt that holds a run key.
pub(super) const BY_RUN_KEY: &str = "SELECT {known} FROM sm_deployment d JOIN versions v ON v.versions_id = d.versions_id WHERE d.run_key = $1";

/// The attempt that holds an idempotency key.
pub(super) const BY_IDEMPOTENCY_KEY: &str = "SELECT {known} FROM sm_deployment d JOIN versions v ON v.versions_id = d.versions_id WHERE d.idempotency_key = $1";

/// The attempt of a v1 id.
pub(super) const BY_ID: &str = "SELECT {known} FROM sm_deployment d \
    JOIN versions v ON v.versions_id = d.versions_id WHERE d.versions_id = $1 \
    AND {within d.app; d.platform; d.environment}";

/// Rows of v1 beside which there is nothing of ours, within a span of ids, the newest first.
pub(super) const BARE: &str = "SELECT {row} FROM versions WHERE versions_id >= $1 AND versions_id < $2 \
    AND NOT EXISTS (SELECT 1 FROM sm_deployment d WHERE d.versions_id = versions.versions_id) \
    ORDER BY versions_id DESC LIMIT $3";

/// The id of the newest row of v1.
pub(super) const NEWEST: &str = "SELECT versions_id AS id FROM versions ORDER BY versions_id DESC LIMIT 1";

/// The attempts of a span of ids, each with the word that stands in its row.
pub(super) const WORDS: &str = "SELECT {known}, v.status AS word FROM sm_deployment d \
    JOIN versions v ON v.versions_id = d.versions_id WHERE d.versions_id >= $1 AND d.versions_id < $2";

/// The same for those that are under way.
pub(super) const OPEN_WORDS: &str = "SELECT {known}, v.status AS word FROM sm_deployment d \
    JOIN versions v ON v.versions_id = d.versions_id WHERE d.state IN ('queued', 'running') \
    AND d.finished_at IS NULL AND v.status NOT IN ('queued', 'running', 'ongoing')";

/// Takes a piece of work that nobody has, or keeps it.
pub(super) const HOLD_TASK: &str = "UPDATE sm_task SET holder = $1, until_at = $2 \
    WHERE name = $3 AND (holder = $1 OR until_at <= $4)";

/// Gives a piece of work up.
pub(super) const GIVE_UP_TASK: &str = "UPDATE sm_task SET until_at = 0 WHERE name = $1 AND holder = $2";

/// The same for work that nobody ever had; fails if somebody has it by now.
pub(super) const FIRST_TASK: &str = "INSERT INTO sm_task (holder, until_at, name) VALUES ($1, $2, $3)";

/// What an earlier report of this step said and became.
pub(super) const EVENT_OF: &str =
    "SELECT to_state, request_hash FROM sm_event WHERE versions_id = $1 AND seq = $2";

/// Moves an attempt only if it still stands where the caller saw it, so that two writers cannot both win.
pub(super) const ADVANCE: &str = "UPDATE sm_deployment SET state = $1, seq = COALESCE($2, seq), started_at = $3, \
    finished_at = $4, duration = COALESCE($5, duration), sha = COALESCE(sha, $6), \
    run_url = COALESCE($7, run_url), touched_at = COALESCE($11, touched_at) \
    WHERE versions_id = $8 AND state = $9 AND seq = $10";

/// The attempts that neither ended nor were heard of for the time of their app, their environment or, without a word
/// of either, the usual one; oldest first. The times are in seconds.
pub(super) const OVERDUE: &str = "SELECT {known} FROM sm_deployment d \
    JOIN versions v ON v.versions_id = d.versions_id LEFT JOIN sm_app a ON a.name = d.app \
    LEFT JOIN sm_environment n ON n.platform = d.platform AND n.name = d.environment \
    WHERE d.state IN ('queued', 'running') AND d.finished_at IS NULL AND COALESCE(d.touched_at, d.received_at) \
    + 1000 * COALESCE(a.deploy_timeout, n.deploy_timeout, $2) <= $1 ORDER BY d.versions_id LIMIT 100";

/// What a person may correct of an attempt; a null beside a 0 leaves the value as it is.
pub(super) const CORRECT: &str = "UPDATE sm_deployment SET \
    reason = CASE WHEN $1 = 1 THEN $2 ELSE reason END, \
    run_url = CASE WHEN $3 = 1 THEN $4 ELSE run_url END, \
    failed_in_use = COALESCE($5, failed_in_use) WHERE versions_id = $6";

/// The link of a v1 row to its changelog.
pub(super) const SET_CHANGELOG_URL: &str = "UPDATE versions SET changelog_url = $1 WHERE versions_id = $2";

/// The v1 word of an attempt; the other eight columns never change.
pub(super) const SET_STATUS: &str = "UPDATE versions SET status = $1 WHERE versions_id = $2";

/// What matters for what is live in one place: its successes, the newest of those that were replaced, and the newest
/// attempt, whatever became of it.
pub(super) const STANDING: &str = "SELECT versions_id, finished_at, 'success' AS role FROM sm_deployment \
    WHERE app = $1 AND platform = $2 AND environment = $3 AND state = 'succeeded' \
    UNION ALL SELECT o.versions_id, o.finished_at, 'older' AS role FROM (SELECT versions_id, finished_at \
    FROM sm_deployment WHERE app = $1 AND platform = $2 AND environment = $3 AND state = 'superseded' \
    ORDER BY finished_at DESC, versions_id DESC LIMIT 1) o \
    UNION ALL SELECT n.versions_id, n.finished_at, 'newest' AS role FROM (SELECT versions_id, finished_at \
    FROM sm_deployment WHERE app = $1 AND platform = $2 AND environment = $3 \
    ORDER BY started_at DESC, versions_id DESC LIMIT 1) n";

/// A state that the registry itself gives; `versions.status` stays as it is, so v1 answers do not change.
pub(super) const SET_STATE: &str = "UPDATE sm_deployment SET state = $1 WHERE versions_id = $2";

/// The same for several attempts that a later success replaced.
pub(super) const SUPERSEDE: &str =
    "UPDATE sm_deployment SET state = 'superseded' WHERE versions_id IN (($1))";

/// Holds the cells of places until the transaction ends, and makes what is missing: two writers of one
/// place follow each other, and the second sees what the first did.
pub(super) const HOLD_PLACES: &str = "INSERT INTO sm_current \
    (app, platform, environment, versions_id, last_good_id, at) VALUES ($1, $2, $3, $4, NULL, $5) {held}";

/// How places stand that are held: the ends of their chains, and what is live and what is newest there.
pub(super) const PLACES_STAND: &str = "SELECT c.app, c.platform, c.environment, c.chain, c.chain_hash, c.at, \
    c.versions_id, n.started_at, c.last_good_id, g.finished_at FROM sm_current c \
    LEFT JOIN sm_deployment n ON n.versions_id = c.versions_id \
    LEFT JOIN sm_deployment g ON g.versions_id = c.last_good_id \
    WHERE (c.app, c.platform, c.environment) IN ({values}($1, $2, $3))";

/// The cell of one place, which is held.
pub(super) const SET_CURRENT: &str = "UPDATE sm_current SET versions_id = $1, last_good_id = $2, at = $3, \
    chain = $7, chain_hash = $8 WHERE app = $4 AND platform = $5 AND environment = $6";

/// The cells of several places, which are there and held.
pub(super) const SET_CELLS: &str = "INSERT INTO sm_current \
    (app, platform, environment, versions_id, last_good_id, at, chain, chain_hash) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) {cells}";

/// Every cell, or those of one app, in one query; `versions` is reached by its key only.
pub(super) const MATRIX: &str = "SELECT c.app, n.workload, c.platform, c.environment, \
    n.versions_id AS n_id, n.version AS n_version, n.status AS n_status, nd.state AS n_state, \
    nd.sha AS n_sha, nd.actor AS n_actor, nd.started_at AS n_started, nd.finished_at AS n_finished, \
    g.versions_id AS g_id, g.version AS g_version, g.status AS g_status, gd.state AS g_state, \
    gd.sha AS g_sha, gd.actor AS g_actor, gd.started_at AS g_started, gd.finished_at AS g_finished, {seen} \
    FROM sm_current c JOIN versions n ON n.versions_id = c.versions_id \
    JOIN sm_deployment nd ON nd.versions_id = c.versions_id \
    LEFT JOIN versions g ON g.versions_id = c.last_good_id \
    LEFT JOIN sm_deployment gd ON gd.versions_id = c.last_good_id \
    LEFT JOIN sm_observation o ON o.id = (SELECT x.id FROM sm_observation x WHERE x.app = c.app \
    AND x.platform = c.platform AND x.environment = c.environment ORDER BY x.seen_at DESC, x.id DESC LIMIT 1) \
    WHERE ($1 IS NULL OR c.app = $1) AND {within c.app; c.platform; c.environment} \
    ORDER BY c.app, c.platform, c.environment";

/// The deployments of one place, newest first; the index `sm_deployment_newest` gives them in this order.
pub(super) const HISTORY_OF_PLACE: &str = "SELECT {past} FROM sm_deployment d \
    JOIN versions v ON v.versions_id = d.versions_id \
    WHERE d.app = $1 AND d.platform = $2 AND d.environment = $3 AND (d.started_at, d.versions_id) < ($4, $5) \
    AND {filters} AND {within d.app; d.platform; d.environment} \
    ORDER BY d.started_at DESC, d.versions_id DESC LIMIT $6";

/// The deployments of several places, newest first. A filter that is null lets everything through.
pub(super) const HISTORY: &str = "SELECT {past} FROM sm_deployment d \
    JOIN versions v ON v.versions_id = d.versions_id \
    WHERE ($1 IS NULL OR d.app = $1) AND ($2 IS NULL OR d.platform = $2) \
    AND ($3 IS NULL OR d.environment = $3) \
    AND (d.started_at, d.versions_id) < ($4, $5) AND {filters} AND {within d.app; d.platform; d.environment} \
    ORDER BY d.started_at DESC, d.versions_id DESC LIMIT $6";

/// One deployment.
pub(super) const DEPLOYMENT: &str = "SELECT {past} FROM sm_deployment d \
    JOIN versions v ON v.versions_id = d.versions_id WHERE d.versions_id = $1 \
    AND {within d.app; d.platform; d.environment}";

/// The version of the newest row with a good v1 status; a partial index holds such rows only, where the
/// engine has one.
pub(super) const LATEST_GOOD: &str = "SELECT version FROM versions WHERE {place} AND {good} AND {within_row} \
    ORDER BY versions.date DESC, versions_id DESC LIMIT 1";

/// The version of the newest row of any status.
pub(super) const LATEST_ANY: &str = "SELECT version FROM versions WHERE {place} AND {within_row} \
    ORDER BY versions.date DESC, versions_id DESC LIMIT 1";

/// The newest 25 rows of all.
pub(super) const HOME: &str =
    "SELECT {row} FROM versions WHERE {within_row} ORDER BY versions.date DESC, versions_id DESC LIMIT 25";

/// The `raw` of the newest row of one version.
pub(super) const RAW: &str = "SELECT COALESCE(raw, '') AS raw FROM versions WHERE {place} AND {version} AND {within_row} \
    ORDER BY versions.date DESC, versions_id DESC LIMIT 1";

/// One row.
pub(super) const ROW_BY_ID: &str = "SELECT {row} FROM versions WHERE versions_id = $1 AND {within_row}";

/// Every place, by code point on all engines.
pub(super) const PLACES: &str = "SELECT DISTINCT {workload} AS workload, {platform} AS platform, \
    {environment} AS environment FROM versions WHERE {within_row} ORDER BY 1, 2, 3";

/// How many rows each day has of each place and status, from one time on.
pub(super) const STATS: &str = "SELECT COUNT(*) AS total, {workload} AS workload, {platform} AS platform, \
    {environment} AS environment, {status} AS status, {day} AS date FROM versions \
    WHERE versions.date >= {since} AND {within_row} GROUP BY 2, 3, 4, 5, 6 ORDER BY 6 DESC, 2, 3, 4, 5";

/// One hold; fails if its key was used, or if what it holds is held already.
pub(super) const INSERT_HOLD: &str = "INSERT INTO sm_hold (id, kind, app, platform, environment, version, \
    sha, ref, reason, actor, slot, idempotency_key, request_hash, created_at, until_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

/// The span of every week in which a hold holds.
pub(super) const INSERT_HOLD_WEEK: &str = "INSERT INTO sm_hold_week (hold_id, weekly) VALUES ($1, $2)";

/// Gives back what a hold kept that has ended by itself.
pub(super) const FREE_SLOT: &str = "UPDATE sm_hold SET slot = NULL WHERE slot = $1 AND until_at <= $2";

/// Ends a hold, unless that was done before. The row stays, with the reason.
pub(super) const LIFT_HOLD: &str = "UPDATE sm_hold SET slot = NULL, lifted_at = $1, lifted_by = $2, \
    lift_reason = $3 WHERE id = $4 AND lifted_at IS NULL";

/// One hold, by one of the three texts that belong to no other.
pub(super) const ONE_HOLD: &str = "SELECT id, kind, app, platform, environment, version, sha, ref, reason, \
    actor, request_hash, created_at, until_at, lifted_at, lifted_by, lift_reason, weekly \
    FROM sm_hold LEFT JOIN sm_hold_week ON hold_id = id WHERE (id = $1 OR idempotency_key = $2 OR slot = $3) \
    AND {within ?app; ?platform; ?environment}";

/// The holds that speak of a place, newest first, as their ids sort by time. A filter that is null lets
/// everything through; with a time, only what holds then.
pub(super) const HOLDS: &str = "SELECT id, kind, app, platform, environment, version, sha, ref, reason, \
    actor, request_hash, created_at, until_at, lifted_at, lifted_by, lift_reason, weekly \
    FROM sm_hold LEFT JOIN sm_hold_week ON hold_id = id WHERE ($1 IS NULL OR app IS NULL OR app = $1) AND ($2 IS NULL OR platform IS NULL OR platform = $2) \
    AND ($3 IS NULL OR environment IS NULL OR environment = $3) AND ($4 IS NULL OR kind = $4) \
    AND ($5 IS NULL OR (lifted_at IS NULL AND (until_at IS NULL OR until_at > $5))) \
    AND ($6 IS NULL OR id < $6) AND {within ?app; ?platform; ?environment} ORDER BY id DESC LIMIT $7";

/// One incident; fails if its key was used.
pub(super) const INSERT_INCIDENT: &str = "INSERT INTO sm_incident (id, app, platform, environment, title, \
    opened_at, resolved_at, cause, actor, idempotency_key, request_hash, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Changes what is given of an incident.
pub(super) const CHANGE_INCIDENT: &str = "UPDATE sm_incident SET title = COALESCE($1, title), \
    opened_at = COALESCE($2, opened_at), resolved_at = COALESCE($3, resolved_at), cause = COALESCE($4, cause) \
    WHERE id = $5";

/// One incident, by one of the two texts that belong to no other.
pub(super) const ONE_INCIDENT: &str = "SELECT id, app, platform, environment, title, opened_at, resolved_at, \
    cause, actor, request_hash FROM sm_incident WHERE (id = $1 OR idempotency_key = $2) \
    AND {within app; platform; environment}";

/// Incidents, newest first, as their ids sort by time. A filter that is null lets everything through.
pub(super) const INCIDENTS: &str = "SELECT id, app, platform, environment, title, opened_at, resolved_at, \
    cause, actor, request_hash FROM sm_incident WHERE ($1 IS NULL OR app = $1) \
    AND ($2 IS NULL OR platform = $2) AND ($3 IS NULL OR environment = $3) \
    AND ($4 = 0 OR resolved_at IS NULL) AND ($5 IS NULL OR id < $5) \
    AND {within app; platform; environment} ORDER BY id DESC LIMIT $6";

/// One release; fails if the version is known.
pub(super) const INSERT_RELEASE: &str = "INSERT INTO sm_release (app, version, sha, tag, bump, released_at, \
    received_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// One release.
pub(super) const RELEASED: &str = "SELECT app, version, sha, tag, bump, released_at FROM sm_release \
    WHERE app = $1 AND version = $2 AND {within app; -; -}";

/// Keeps other writers from an incident until the transaction ends, so that what is read of it now is what is changed.
pub(super) const KEEP_INCIDENT: &str = "UPDATE sm_incident SET title = title WHERE id = $1";

/// The same for an attempt.
pub(super) const KEEP_DEPLOYMENT: &str = "UPDATE sm_deployment SET seq = seq WHERE versions_id = $1";

/// The same for a probe.
pub(super) const KEEP_PROBE: &str =
    "UPDATE sm_probe SET due_at = due_at WHERE app = $1 AND platform = $2 AND environment = $3";

/// What was seen last at one place.
pub(super) const NEWEST_OBSERVATION: &str = "SELECT {seen} FROM sm_observation o \
    WHERE o.app = $1 AND o.platform = $2 AND o.environment = $3 ORDER BY o.seen_at DESC, o.id DESC LIMIT 1";

/// What was seen at one place since a time, newest first, before some span.
pub(super) const OBSERVATIONS: &str = "SELECT {seen} FROM sm_observation o \
    WHERE o.app = $1 AND o.platform = $2 AND o.environment = $3 AND o.seen_at >= $4 \
    AND (o.seen_at, o.id) < ($5, $6) AND {within o.app; o.platform; o.environment} ORDER BY o.seen_at DESC, o.id DESC LIMIT $7";

/// Moves the end of a span in which the same was seen, and never back.
pub(super) const EXTEND_OBSERVATION: &str =
    "UPDATE sm_observation SET seen_at = $1, received_at = $2, known = $3 WHERE id = $4 AND seen_at <= $1";

/// Begins a span in which something was seen.
pub(super) const INSERT_OBSERVATION: &str = "INSERT INTO sm_observation (id, app, platform, environment, \
    version, sha, digest, started_at, first_at, seen_at, received_at, known) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// What was seen last at each place that has no cell, since some time.
pub(super) const STRANGERS: &str = "SELECT o.app, o.platform, o.environment, {seen} FROM sm_observation o \
    WHERE ($1 IS NULL OR o.app = $1) AND o.seen_at >= $2 AND NOT EXISTS (SELECT 1 FROM sm_current c WHERE c.app = o.app \
    AND c.platform = o.platform AND c.environment = o.environment) \
    AND (o.version IS NOT NULL OR o.sha IS NOT NULL) AND {within o.app; o.platform; o.environment} \
    AND o.id = (SELECT x.id FROM sm_observation x WHERE x.app = o.app AND x.platform = o.platform \
    AND x.environment = o.environment ORDER BY x.seen_at DESC, x.id DESC LIMIT 1) \
    ORDER BY o.app, o.platform, o.environment";

/// A few deployments of a place whose commit begins with the same 7 digits.
pub(super) const OF_COMMIT: &str = "SELECT v.version, d.sha FROM sm_deployment d \
    JOIN versions v ON v.versions_id = d.versions_id WHERE d.app = $1 AND d.platform = $2 \
    AND d.environment = $3 AND LOWER(SUBSTR(d.sha, 1, 7)) = $4 LIMIT 20";

/// A few deployments of a place by their version, with or without a `v` before it and build metadata behind it;
/// where a commit is asked for too, only those that do not tell theirs.
pub(super) const OF_VERSION: &str = "SELECT v.version, d.sha FROM sm_deployment d \
    JOIN versions v ON v.versions_id = d.versions_id WHERE d.app = $1 AND d.platform = $2 \
    AND d.environment = $3 AND ($4 IS NULL OR d.sha IS NULL) AND (v.version IN ($5, $6, $7) \
    OR {instr}(v.version, $8) = 1 OR {instr}(v.version, $9) = 1 OR {instr}(v.version, $10) = 1) LIMIT 20";

/// What is asked at one place.
pub(super) const PROBE: &str =
    "SELECT {probe} FROM sm_probe WHERE app = $1 AND platform = $2 AND environment = $3";

/// What is asked there no more.
pub(super) const REMOVE_PROBE: &str =
    "DELETE FROM sm_probe WHERE app = $1 AND platform = $2 AND environment = $3";

/// What is asked there from now on.
pub(super) const INSERT_PROBE: &str = "INSERT INTO sm_probe (app, platform, environment, url, version_path, \
    commit_path, environment_path, pause, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// What should be asked now, the longest waiting first.
pub(super) const DUE_PROBES: &str =
    "SELECT {probe} FROM sm_probe WHERE due_at <= $1 ORDER BY due_at LIMIT $2";

/// One of several processes takes a look: the one that still finds it due.
pub(super) const CLAIM_PROBE: &str = "UPDATE sm_probe SET due_at = $1 \
    WHERE app = $2 AND platform = $3 AND environment = $4 AND due_at = $5";

/// What came of it.
pub(super) const PROBE_DONE: &str = "UPDATE sm_probe SET probed_at = $1, problem = $2 \
    WHERE app = $3 AND platform = $4 AND environment = $5";
