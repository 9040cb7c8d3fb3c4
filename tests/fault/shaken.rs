//! The database under the registry is killed, stopped, cut off and locked while clients write: the registry goes on by
//! itself, and what was confirmed is there, once.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::database::{Database, Engine};
use crate::server::{Done, Server, fresh_database};
use crate::weak::{full, strong};

const CLIENTS: usize = 8;
/// The longest that clients may wait for their first confirmed write after the database is back.
const BACK: Duration = Duration::from_secs(5);
/// Longer than a request waits for a connection.
const LOCKED: Duration = Duration::from_secs(7);

/// What one client asked for, what was confirmed, and when something was confirmed last.
#[derive(Default)]
struct Client {
    asked: Vec<String>,
    confirmed: Vec<String>,
    last: Option<Instant>,
}

/// One request after the other, whatever the answers are.
fn write(server: &Server, number: usize, client: &Mutex<Client>, done: &Done) {
    for count in 0.. {
        if done.is_set() {
            return;
        }
        let version = format!("{number}.{count}.0");
        client.lock().unwrap().asked.push(version.clone());
        let environment = (number + count) % 3;
        let body =
            format!("workload=a&platform=p&environment=e{environment}&version={version}&status=deployed");
        match server.send("POST", "/api/v1/create", "", &body).0 {
            201 => {
                let mut client = client.lock().unwrap();
                client.confirmed.push(version);
                client.last = Some(Instant::now());
            }
            // Late, failed, or not known to stand.
            408 | 500 | 503 => std::thread::sleep(Duration::from_millis(20)),
            other => panic!("{other} for {body}"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Harm {
    Kill,
    /// PostgreSQL calls it an immediate shutdown; MariaDB has only the orderly one.
    Stop,
    CutOff,
    /// All connections of the registry wait for a lock, and more requests for a connection.
    Lock,
}

/// Does it, and returns when the database can be used again.
fn harm(database: &mut Database, url: &str, harm: Harm) {
    match (harm, database.engine) {
        (Harm::Kill, _) => drop(database.restart("KILL")),
        (Harm::Stop, Engine::Postgres) => drop(database.restart("QUIT")),
        (Harm::Stop, Engine::MariaDb) => drop(database.restart("TERM")),
        (Harm::CutOff, Engine::Postgres) => {
            let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            database.sql(url, all, Duration::ZERO);
        }
        (Harm::CutOff, Engine::MariaDb) => {
            let all = "BEGIN NOT ATOMIC FOR one IN (SELECT id FROM information_schema.processlist \
                       WHERE user = 'shipmark' AND id <> CONNECTION_ID()) DO \
                       BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; KILL one.id; END; END FOR; END";
            database.sql(url, all, Duration::ZERO);
        }
        (Harm::Lock, Engine::Postgres) => database.sql(url, "BEGIN; LOCK TABLE versions", LOCKED),
        (Harm::Lock, Engine::MariaDb) => database.sql(url, "LOCK TABLES versions WRITE", LOCKED),
    }
}

/// Waits until every client had something confirmed after `since`.
fn back(clients: &[Mutex<Client>], since: Instant) -> Duration {
    let is_back = |client: &Mutex<Client>| client.lock().unwrap().last.is_some_and(|last| last > since);
    while !clients.iter().all(is_back) {
        assert!(since.elapsed() < 4 * BACK, "the registry does not come back");
        std::thread::sleep(Duration::from_millis(5));
    }
    since.elapsed()
}

fn shake(engine: Engine) {
    let Some(mut database) = Database::start(engine) else { return };
    let url = fresh_database(&database.url());
    let server = Server::over(&strong(), &["--database", &url], 0);
    let clients: Vec<Mutex<Client>> = (0..CLIENTS).map(|_| Mutex::default()).collect();
    let done = Done::default();
    let rounds = if full() { 10 } else { 1 };
    let slowest = std::thread::scope(|scope| {
        let end = done.at_end();
        for (number, client) in clients.iter().enumerate() {
            let (server, done) = (&server, &done);
            scope.spawn(move || write(server, number, client, done));
        }
        let mut slowest = Duration::ZERO;
        back(&clients, Instant::now());
        for each in (0..rounds).flat_map(|_| [Harm::Kill, Harm::Stop, Harm::CutOff, Harm::Lock]) {
            std::thread::sleep(Duration::from_millis(300));
            harm(&mut database, &url, each);
            let took = back(&clients, Instant::now());
            eprintln!("  {engine:?}, {each:?}: back after {} ms", took.as_millis());
            slowest = slowest.max(took);
        }
        drop(end);
        slowest
    });
    let rows = server.deployments_of("&app=a");
    let versions: Vec<&str> = rows.iter().map(|row| row["version"].as_str().unwrap()).collect();
    let (mut faults, mut asked, mut confirmed) = (Vec::new(), 0, 0);
    for client in clients.into_iter().map(|client| client.into_inner().unwrap()) {
        asked += client.asked.len();
        confirmed += client.confirmed.len();
        for version in &client.asked {
            let count = versions.iter().filter(|there| *there == version).count();
            let right = if client.confirmed.contains(version) { count == 1 } else { count <= 1 };
            if !right {
                faults.push(format!("{version} is there {count} times"));
            }
        }
    }
    for number in 0..3 {
        let chain =
            server.send("GET", &format!("/api/v2/chain?app=a&platform=p&environment=e{number}"), "", "");
        if !chain.1.contains("\"whole\":true") {
            faults.push(chain.1);
        }
    }
    eprintln!(
        "{engine:?} harmed {} times: {confirmed} of {asked} writes confirmed, {} faults, back within {} ms",
        4 * rounds,
        faults.len(),
        slowest.as_millis()
    );
    assert!(asked > confirmed, "no request met any of it");
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(slowest < BACK, "{slowest:?}");
}

#[test]
fn a_postgresql_that_fails_loses_nothing_and_is_used_again() {
    shake(Engine::Postgres);
}

#[test]
fn a_mariadb_that_fails_loses_nothing_and_is_used_again() {
    shake(Engine::MariaDb);
}
