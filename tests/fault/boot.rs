//! Eight servers start at once on a database of the original, or on none: the schema is made once, no row is touched, and
//! every one of them serves.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, Row};
use tempfile::TempDir;

use crate::migrate::{original, run, schema};
use crate::server::{Server, fresh_database, wait_for};
use crate::weak::{full, strong, weak};

const SERVERS: usize = 8;
/// A generous limit against hanging, for what goes on after the start.
const LONGEST: Duration = Duration::from_mins(15);

/// One text that a question to a server gives.
fn ask(url: &str, question: &str) -> String {
    let question = AssertSqlSafe(question.to_owned());
    wait_for(async {
        if url.starts_with("postgres") {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query(question).fetch_one(&mut connection).await.unwrap().get_unchecked::<String, _>(0)
        } else {
            let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
            sqlx::query(question).fetch_one(&mut connection).await.unwrap().get_unchecked::<String, _>(0)
        }
    })
}

/// What the rows of the original are, every column of each, and where its migrations stand.
fn sum(url: &str) -> String {
    let question = if url.starts_with("postgres") {
        "SELECT (SELECT COUNT(*) || ' ' || md5(string_agg(v::text, ';' ORDER BY versions_id)) FROM versions v) || ' ' || \
         (SELECT string_agg(s::text, ';') FROM schema_migrations s)"
    } else {
        "SELECT CONCAT((SELECT CONCAT(COUNT(*), ' ', SUM(CRC32(CONCAT_WS(';', versions_id, workload, platform, environment, \
         version, changelog_url, raw, status, date)))) FROM versions), ' ', \
         (SELECT GROUP_CONCAT(version, ';', dirty) FROM schema_migrations))"
    };
    ask(url, question)
}

fn count(url: &str, what: &str) -> usize {
    let kind = if url.starts_with("postgres") { "text" } else { "char" };
    ask(url, &format!("SELECT CAST(COUNT(*) AS {kind}) FROM {what}")).parse().unwrap()
}

/// Starts eight at once: those that serve, and how long the last one took.
fn start(binary: &Path, database: &[&str]) -> (Vec<Server>, Duration) {
    let began = Instant::now();
    let servers = std::thread::scope(|scope| {
        let starts: Vec<_> =
            (0..SERVERS).map(|_| scope.spawn(|| Server::open(binary, "127.0.0.1", database, 0))).collect();
        // One that ends instead of serving is what the control looks for.
        starts.into_iter().filter_map(|start| start.join().unwrap()).collect()
    });
    (servers, began.elapsed())
}

/// What a start that is refused says, with its exit code.
fn refusal(url: &str) -> (Option<i32>, String) {
    let output = Command::new(strong())
        .args(["serve", "--listen", "127.0.0.1:0", "--database", url])
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn engines() -> Vec<(&'static str, String)> {
    let named = [("SHIPMARK_TEST_POSTGRES", "PostgreSQL"), ("SHIPMARK_TEST_MYSQL", "MariaDB")];
    let there = named.into_iter().filter_map(|(variable, name)| match std::env::var(variable) {
        Ok(server) => Some((name, server)),
        Err(_) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{variable} is not set");
            eprintln!("NOT TRIED on {name}: {variable} is not set; run scripts/test");
            None
        }
    });
    there.collect()
}

#[test]
fn eight_that_start_on_a_database_of_the_original_take_it_over_once() {
    let rows = if full() { 200_000 } else { 2_000 };
    for (name, server) in engines() {
        let lone = fresh_database(&server);
        run(&lone, &original(&server, 3, 1));
        drop(Server::over(&strong(), &["--database", &lone], 0));
        let wanted = schema(&lone);
        for migration in 1..=3 {
            let url = fresh_database(&server);
            run(&url, &original(&server, migration, rows));
            let before = sum(&url);
            let (servers, took) = start(&strong(), &["--database", &url]);
            assert_eq!(servers.len(), SERVERS, "{name}, migration {migration}");
            assert_eq!(schema(&url), wanted, "{name}, migration {migration}");
            for server in &servers {
                assert_eq!(server.send("GET", "/readyz", "", "").0, 200);
            }
            // Every row becomes an attempt with one event, by whichever of the eight has the lease.
            let began = Instant::now();
            while count(&url, "sm_deployment") < rows {
                assert!(
                    began.elapsed() < LONGEST,
                    "{} of {rows} rows taken over",
                    count(&url, "sm_deployment")
                );
                std::thread::sleep(Duration::from_millis(100));
            }
            let taken = began.elapsed();
            let events = count(&url, "sm_event WHERE from_state IS NULL");
            assert_eq!((count(&url, "sm_deployment"), events), (rows, rows), "{name}, migration {migration}");
            assert_eq!(sum(&url), before, "{name}, migration {migration}");
            let complaints: Vec<String> = servers.iter().flat_map(Server::complaints).collect();
            let text = complaints.iter().find(|line| line.contains("\"level\":\"ERROR\""));
            assert_eq!(text, None);
            eprintln!(
                "{name}, migration {migration}: {rows} rows, {SERVERS} ready within {took:.1?}, taken over within {taken:.1?}, \
                 sums equal"
            );
        }
        // The control: no lock.
        let (mut failed, mut tried) = (0, 0);
        while failed == 0 && tried < 10 * SERVERS {
            tried += SERVERS;
            let url = fresh_database(&server);
            run(&url, &original(&server, 3, 1));
            let (servers, _) = start(&weak(), &["--database", &url]);
            failed += SERVERS - servers.len();
        }
        eprintln!("{name}, weak build: {failed} of {tried} starts failed");
        assert!(failed > 0, "the weak build, which takes no lock, starts on {name}");
    }
}

#[test]
fn a_database_that_is_not_fit_is_refused_and_left_alone() {
    for (name, server) in engines() {
        for (change, words) in [
            ("UPDATE schema_migrations SET dirty = true", "its migration 3 broke off"),
            (
                "UPDATE schema_migrations SET version = 4",
                "`schema_migrations` is at 4, and only 1 to 3 are known",
            ),
            ("newer", "newer than the"),
        ] {
            let url = fresh_database(&server);
            run(&url, &original(&server, 3, 100));
            if change == "newer" {
                drop(Server::over(&strong(), &["--database", &url], 0));
                run(&url, "INSERT INTO sm_migration VALUES (9999, 'later', 0)");
            } else {
                run(&url, change);
            }
            let (before, tables) = (sum(&url), schema_or_nothing(&url));
            let (code, said) = refusal(&url);
            assert_eq!(code, Some(3), "{name}: {said}");
            assert!(said.contains(words), "{name}: {said}");
            assert_eq!((sum(&url), schema_or_nothing(&url)), (before, tables), "{name}: {words}");
        }
        eprintln!("{name}: 3 of 3 unfit databases refused with exit 3 and left alone");
    }
}

/// How many tables there are, also where none is ours.
fn schema_or_nothing(url: &str) -> usize {
    let place = if url.starts_with("postgres") { "'public'" } else { "DATABASE()" };
    count(url, &format!("information_schema.columns WHERE table_schema = {place}"))
}

#[test]
fn eight_that_start_in_an_empty_folder_make_one_database() {
    let rounds = if full() { 100 } else { 3 };
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let data = TempDir::new().unwrap();
        let (servers, took) = start(&strong(), &["--data-dir", data.path().to_str().unwrap()]);
        assert_eq!(servers.len(), SERVERS, "round {round}");
        slowest = slowest.max(took);
        for (number, server) in servers.iter().enumerate() {
            assert_eq!(server.create(&format!("1.{number}")), 201);
        }
        assert!(servers.iter().all(|server| server.deployments().len() == SERVERS), "round {round}");
        let url = format!("sqlite://{}", data.path().join("registry.db").display());
        let (all, each): (i64, i64) = wait_for(async {
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            let text = "SELECT COUNT(*), COUNT(DISTINCT version) FROM sm_migration";
            let row = sqlx::query(text).fetch_one(&mut connection).await.unwrap();
            (row.get(0), row.get(1))
        });
        assert!(all == each && all > 10, "{all} {each}");
    }
    eprintln!(
        "SQLite: {rounds} rounds of {SERVERS} starts at once, each of them ready, within {slowest:.1?}"
    );
}
