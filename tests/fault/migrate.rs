//! A start that brings a schema up to date is killed before each thing that it tells the database: the next start
//! finishes the work, and what it leaves is what an undisturbed start leaves.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use sqlx::{AssertSqlSafe, Connection, Row};
use tempfile::TempDir;

use crate::server::{Server, fresh_database, wait_for};
use crate::weak::{full, strong};

/// More than a start sends.
const MOST: usize = 400;

/// The schema of Lord-Y/versions as one of its migrations leaves it, with so many rows.
pub(crate) fn original(server: &str, migration: usize, rows: usize) -> String {
    let text = if server.starts_with("postgres") {
        "CREATE TABLE versions (versions_id SERIAL PRIMARY KEY, workload varchar(100) NOT NULL, \
         platform varchar(100) NOT NULL, environment varchar(100) NOT NULL, version varchar(100) NOT NULL, \
         changelog_url text DEFAULT '', raw text DEFAULT '', status text NOT NULL DEFAULT '', \
         date timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP); \
         CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL); \
         INSERT INTO schema_migrations VALUES (MIGRATION, false); \
         INSERT INTO versions (workload, platform, environment, version, status) \
         SELECT 'a', 'p', 'e', '1.0.' || n, 'deployed' FROM generate_series(1, ROWS) n"
    } else {
        "CREATE TABLE versions (versions_id int(11) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, \
         workload varchar(100) NOT NULL, platform varchar(100) NOT NULL, environment varchar(100) NOT NULL, \
         version varchar(100) NOT NULL, changelog_url text NOT NULL DEFAULT '', raw text NOT NULL DEFAULT '', \
         status text NOT NULL DEFAULT '', date timestamp NOT NULL DEFAULT current_timestamp()) \
         ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_unicode_ci; \
         CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty tinyint(1) NOT NULL); \
         INSERT INTO schema_migrations VALUES (MIGRATION, false); \
         INSERT INTO versions (workload, platform, environment, version, changelog_url, raw, status) \
         SELECT 'a', 'p', 'e', CONCAT('1.0.', seq), '', '', 'deployed' FROM seq_1_to_ROWS"
    };
    text.replace("MIGRATION", &migration.to_string()).replace("ROWS", &rows.to_string())
}

/// What a schema is made of: every column, every index, and the migrations that are noted.
fn questions(server: &str) -> [&'static str; 3] {
    if server.starts_with("postgres") {
        [
            "SELECT table_name || ' ' || column_name || ' ' || data_type FROM information_schema.columns \
             WHERE table_schema = 'public'",
            "SELECT c.relname || ' ' || i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             WHERE c.relname NOT LIKE 'pg\\_%'",
            "SELECT 'migration ' || version FROM sm_migration",
        ]
    } else {
        [
            "SELECT CONCAT(table_name, ' ', column_name, ' ', column_type) FROM information_schema.columns \
             WHERE table_schema = DATABASE()",
            "SELECT CONCAT(table_name, ' ', index_name, ' ', column_name, ' ', seq_in_index) \
             FROM information_schema.statistics WHERE table_schema = DATABASE()",
            "SELECT CONCAT('migration ', version) FROM sm_migration",
        ]
    }
}

pub(crate) fn run(url: &str, text: &str) {
    let text = AssertSqlSafe(text.to_owned());
    wait_for(async {
        if url.starts_with("postgres") {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        }
    });
}

pub(crate) fn schema(url: &str) -> Vec<String> {
    let mut all: Vec<String> = wait_for(async {
        let mut all = Vec::new();
        for question in questions(url) {
            if url.starts_with("postgres") {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                let rows = sqlx::raw_sql(question).fetch_all(&mut connection).await.unwrap();
                all.extend(rows.iter().map(|row| row.get::<String, _>(0)));
            } else {
                let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
                let rows = sqlx::raw_sql(question).fetch_all(&mut connection).await.unwrap();
                all.extend(rows.iter().map(|row| row.get_unchecked::<String, _>(0)));
            }
        }
        all
    });
    all.sort_unstable();
    all
}

/// Starts a server that is killed before its nth word to the database; says whether it came so far.
fn kill(url: &str, nth: usize) -> bool {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("strace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", log.to_str().unwrap(), "-e", "trace=sendto"]);
    strace.args(["-e", &format!("inject=sendto:signal=KILL:when={nth}")]);
    strace.arg(strong()).args(["serve", "--listen", "127.0.0.1:0", "--database", url]);
    let mut child =
        strace.stderr(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("strace: {error}; install it"));
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    for line in lines {
        if line.contains("listening on http://") {
            // It went through. The server is the child of strace, which ends with it.
            assert!(Command::new("pkill").args(["-P", &child.id().to_string()]).status().unwrap().success());
        }
    }
    child.wait().unwrap();
    std::fs::read_to_string(&log).unwrap().contains("killed by SIGKILL")
}

#[test]
fn a_start_that_is_killed_while_it_migrates_is_finished_by_the_next() {
    for (variable, name) in [("SHIPMARK_TEST_POSTGRES", "PostgreSQL"), ("SHIPMARK_TEST_MYSQL", "MariaDB")] {
        let Ok(server) = std::env::var(variable) else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{variable} is not set");
            eprintln!("NOT TRIED on {name}: {variable} is not set; run scripts/test");
            continue;
        };
        let fresh = || {
            let url = fresh_database(&server);
            run(&url, &original(&server, 3, 500));
            url
        };
        let undisturbed = fresh();
        drop(Server::over(&strong(), &["--database", &undisturbed], 0));
        let wanted = schema(&undisturbed);
        let mut kills = 0;
        for nth in (1..MOST).step_by(if full() { 1 } else { 25 }) {
            let url = fresh();
            if !kill(&url, nth) {
                break;
            }
            kills += 1;
            let server = Server::over(&strong(), &["--database", &url], 0);
            assert_eq!(schema(&url), wanted, "{name}, killed before word {nth}");
            let (_, page) =
                server.send("GET", "/api/v1/read/platform?workload=a&platform=p&rangeLimit=1", "", "");
            assert!(page.contains("\"total\":500"), "{name}, killed before word {nth}: {page}");
            assert_eq!(server.create("2.0.0"), 201);
        }
        eprintln!("{name}: {kills} kills during the migration, each finished by the next start");
        assert!(kills > 3, "only {kills} kill points were met on {name}");
    }
}
