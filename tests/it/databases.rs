//! Servers as databases: taking over what Lord-Y/versions made, refusing what is not fit, starting together,
//! and many writers of one place.

use shipmark::store::{OpenError, Server, Store};
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::registry::NOW;
use crate::support::served::{Served, command, run};

const FORM: &str = "application/x-www-form-urlencoded";
const ROW: &str = "workload=a&platform=p&environment=e&version=2&status=deployed";

/// The schema of Lord-Y/versions with one row; `{n}` is where its migrations stand.
pub(super) fn original(engine: Engine, n: i32, dirty: bool) -> String {
    let (table, flag) = match engine {
        Engine::MySql => (
            "CREATE TABLE versions (versions_id int(11) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, \
             workload varchar(100) NOT NULL, platform varchar(100) NOT NULL, environment varchar(100) NOT NULL, \
             version varchar(100) NOT NULL, changelog_url text NOT NULL DEFAULT '', raw text NOT NULL DEFAULT '', \
             status text NOT NULL DEFAULT '', date timestamp NOT NULL DEFAULT current_timestamp()) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_unicode_ci",
            "tinyint(1)",
        ),
        _ => (
            "CREATE TABLE versions (versions_id SERIAL PRIMARY KEY, workload varchar(100) NOT NULL, \
             platform varchar(100) NOT NULL, environment varchar(100) NOT NULL, version varchar(100) NOT NULL, \
             changelog_url text DEFAULT '', raw text DEFAULT '', status text NOT NULL DEFAULT '', \
             date timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)",
            "boolean",
        ),
    };
    format!(
        "{table}; CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty {flag} NOT NULL); \
         INSERT INTO schema_migrations VALUES ({n}, {dirty}); \
         INSERT INTO versions (workload, platform, environment, version, changelog_url, raw, status, date) \
         VALUES ('a', 'p', 'e', '1', 'N/A', '', 'deployed', '2024-01-02 03:04:05')"
    )
}

pub(super) async fn each(test: impl AsyncFn(Engine, String)) {
    for engine in [Engine::Postgres, Engine::MySql] {
        if let Some(url) = engine.fresh().await {
            test(engine, url).await;
        }
    }
}

async fn connect(url: &str) -> Result<Store, OpenError> {
    Store::connect(&Server::parse(url).unwrap(), NOW.parse().unwrap()).await
}

pub(super) fn serve(url: &str) -> Served {
    let folder = TempDir::new().unwrap();
    let mut command = command(&["serve", "--listen", "127.0.0.1:0"], folder.path());
    command.env("SHIPMARK_DATABASE_URL", url);
    Served::of(command)
}

#[tokio::test]
async fn a_database_of_the_original_is_taken_over_and_continued() {
    each(async |engine, url| {
        engine.run(&url, &original(engine, 3, false)).await;
        let server = serve(&url);
        let old = server.get("/api/v1/read/raw/id?versionId=1");
        assert_eq!(old.0, 200);
        assert!(old.1.contains(r#""status":"deployed","date":"2024-01-02T03:04:05Z""#), "{}", old.1);
        let latest = "/api/v1/read/environment/latest?workload=a&platform=p&environment=e";
        assert_eq!(server.get(latest), (200, r#"{"version":"1"}"#.to_owned()));
        assert_eq!(server.send("POST", "/api/v1/create", FORM, ROW), (201, r#"{"versionId":2}"#.to_owned()));
        assert_eq!(server.get(latest), (200, r#"{"version":"2"}"#.to_owned()));
        let update = server.send("POST", "/api/v1/update/status", FORM, "versionId=1&status=FAILED");
        assert_eq!(update, (200, "\"OK\"".to_owned()));
        let wide = ROW.replace("workload=a", "workload=%F0%9F%98%80");
        let long = format!("{ROW}&raw={}", "r".repeat(70_000));
        let statuses = [&wide, &long].map(|row| server.send("POST", "/api/v1/create", FORM, row).0);
        let narrow = engine == Engine::MySql;
        assert_eq!(statuses, if narrow { [400, 413] } else { [201, 201] });
        assert_eq!(server.get(&latest.replace("workload=a", "workload=%F0%9F%98%81")).0, 404);
        let upper = latest.replace("workload=a", "workload=A");
        assert_eq!(server.get(&upper).0, 404, "the collation of the table ignores case, and v1 does not");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_left_alone() {
    each(async |engine, url| {
        for (text, words) in [
            (original(engine, 3, true), "migration 3 broke off"),
            (original(engine, 4, false), "`schema_migrations` is at 4"),
            ("CREATE TABLE versions (id int)".to_owned(), "another one, with the columns id"),
        ] {
            let url = engine.fresh().await.unwrap();
            engine.run(&url, &text).await;
            let refused = connect(&url).await.unwrap_err();
            assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
            assert!(refused.to_string().contains(words), "{refused}");
        }
        connect(&url).await.unwrap();
        engine.run(&url, "INSERT INTO sm_migration VALUES (99, 'later', 0)").await;
        let newer = connect(&url).await.unwrap_err();
        assert!(matches!(newer, OpenError::Newer { found: 99, .. }), "{newer}");
    })
    .await;
}

/// MySQL ends a transaction with each change of the schema, so a start may be killed between a change and its note.
#[tokio::test]
async fn what_was_done_and_not_noted_is_no_obstacle_on_mysql() {
    let Some(url) = Engine::MySql.fresh().await else { return };
    connect(&url).await.unwrap();
    let known = Engine::MySql.count(&url, "sm_migration").await;
    Engine::MySql.run(&url, "DELETE FROM sm_migration").await;
    connect(&url).await.unwrap();
    assert_eq!(Engine::MySql.count(&url, "sm_migration").await, known);
}

#[tokio::test]
async fn eight_that_start_together_migrate_once() {
    each(async |_, url| {
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move { connect(&url).await.map(|_| ()) })
            })
            .collect();
        for start in starts {
            start.await.unwrap().unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn writers_of_one_place_on_two_servers_lose_nothing() {
    each(async |engine, url| {
        let servers = [serve(&url), serve(&url)];
        let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..12)
                .map(|at| {
                    let server = &servers[at % 2];
                    let send = |_| server.send("POST", "/api/v1/create", FORM, ROW);
                    scope.spawn(move || (0..10).map(send).collect::<Vec<_>>())
                })
                .collect();
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
        });
        let failed: Vec<_> = answers.iter().filter(|(status, _)| *status != 201).collect();
        assert!(failed.is_empty(), "{engine:?}: {failed:?}");
        let ids: std::collections::BTreeSet<_> = answers.iter().map(|(_, text)| text).collect();
        assert_eq!(ids.len(), 120);
        // Whichever came last: one success is live, and the other 119 gave way to it.
        let board = servers[0].get("/api/v2/current").1;
        let board: serde_json::Value = serde_json::from_str(&board).unwrap();
        assert_eq!(board["items"].as_array().unwrap().len(), 1);
        assert_eq!(board["items"][0]["recorded"]["state"], "succeeded");
        assert_eq!(engine.count(&url, "sm_deployment WHERE state = 'succeeded'").await, 1);
        assert_eq!(engine.count(&url, "sm_deployment WHERE state = 'superseded'").await, 119);
    })
    .await;
}

/// The texts of the writers are planned once, perhaps while the tables are empty, and then read no table as a whole.
#[tokio::test]
async fn a_write_reads_no_table_as_a_whole_on_postgresql() {
    let Some(url) = Engine::Postgres.fresh().await else { return };
    let server = serve(&url);
    for _ in 0..200 {
        assert_eq!(server.send("POST", "/api/v1/create", FORM, ROW).0, 201);
    }
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0), "a connection that ends tells what it read");
    let read = "generate_series(1, (SELECT CAST(SUM(seq_tup_read) AS integer) FROM pg_stat_user_tables \
        WHERE relname IN ('versions', 'sm_deployment', 'sm_event', 'sm_current')))";
    let read = Engine::Postgres.count(&url, read).await;
    assert!(read < 200 * 20, "{read} rows, where each write that scans reads 100 of them on average");
}

#[tokio::test]
async fn the_variables_of_the_original_name_a_server() {
    each(async |engine, url| {
        let (driver, uri) = if engine == Engine::MySql {
            let (user, place) = url.strip_prefix("mysql://").unwrap().split_once('@').unwrap();
            let (address, name) = place.split_once('/').unwrap();
            (
                "mysql",
                format!("{user}@tcp({address})/{name}?charset=utf8&autocommit=true&parseTime=true&odd=1"),
            )
        } else {
            ("postgres", format!("{url}?sslmode=disable&odd=1"))
        };
        let folder = TempDir::new().unwrap();
        let mut command = command(&["serve", "--listen", "127.0.0.1:0"], folder.path());
        command.env("SQL_DRIVER", driver).env("DB_URI", uri);
        let mut server = Served::of(command);
        assert_eq!(server.next_line(), "WARN the parameter `odd` of the database means nothing here");
        let health = format!(r#"{{"status":{{"{}":"OK"}}}}"#, engine.name());
        assert_eq!(server.get("/api/v1/healthz"), (200, health));
        server.signal("TERM");
        assert_eq!(server.wait().0, Some(0));
    })
    .await;
}

#[test]
fn a_bad_choice_of_database_is_refused() {
    let folder = TempDir::new().unwrap();
    for (variables, code, words) in [
        (&[("SQL_DRIVER", "mysql")][..], 3, "`SQL_DRIVER` is set without `DB_URI`"),
        (&[("SQL_DRIVER", "oracle"), ("DB_URI", "secret")], 3, "neither `mysql` nor `postgres`"),
        (&[("SQL_DRIVER", "mysql"), ("DB_URI", "postgres://u:secret@h/d")], 3, "@tcp(HOST:PORT)"),
        (&[("SHIPMARK_DATABASE_URL", "postgres://u:secret@127.0.0.1:1/d")], 74, "on `127.0.0.1:1`"),
        (&[("SLEEP", "301")], 3, "not a number of seconds up to 300"),
        (&[("APP_PORT", "http")], 3, "not a port"),
        (&[("APP_PORT", "0")], 3, "`--anonymous-writes`"),
    ] {
        let mut command = command(&["serve"], folder.path());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{variables:?}: {said}");
        assert!(said.contains(words) && !said.contains("secret"), "{variables:?}: {said}");
    }
    let both = run(&["serve", "--data-dir", "x", "--database", "sqlite://y"], folder.path());
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn a_file_may_have_any_name() {
    let folder = TempDir::new().unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--database", "sqlite://kept/here.db"];
    let server = Served::of(command(&arguments, folder.path()));
    assert_eq!(server.send("POST", "/api/v1/create", FORM, ROW).0, 201);
    assert!(folder.path().join("kept/here.db").exists());
}
