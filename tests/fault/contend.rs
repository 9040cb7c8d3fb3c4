//! Two servers and other readers on one SQLite file: nobody hears that it is locked, the log stays small, and what was
//! confirmed is there once.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, Row, SqliteConnection};
use tempfile::TempDir;

use crate::server::{Server, wait_for};
use crate::weak::{full, strong};

const WRITERS: usize = 64;
const READERS: usize = 64;
/// The most that the log beside the file may have.
const LOG: u64 = 64 * 1024 * 1024;
const READS: [&str; 5] = [
    "/api/v1/read/environment/latest?workload=a&platform=p&environment=e0",
    "/api/v1/read/home",
    "/api/v2/current?app=a",
    "/api/v2/deployments?limit=20",
    "/",
];

/// What was seen in the meantime.
#[derive(Default)]
struct Seen {
    done: AtomicBool,
    reads: AtomicU64,
    backups: AtomicU64,
    longest_log: AtomicU64,
    /// How often one who does not wait was told that the file is locked, and how often not.
    locked: AtomicU64,
    free: AtomicU64,
}

impl Seen {
    fn is_done(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }
}

/// Writes until it is done: what was confirmed, each with its time.
fn write(server: &Server, writer: usize, seen: &Seen) -> Vec<(String, Duration)> {
    let mut confirmed = Vec::new();
    for number in 0.. {
        if seen.is_done() {
            break;
        }
        let version = format!("{writer}.{number}");
        let place = format!("workload=a&platform=p&environment=e{}", (writer + number) % 8);
        let body = format!("{place}&version={version}&status=deployed");
        let began = Instant::now();
        let (status, text) = server.send("POST", "/api/v1/create", "", &body);
        assert_eq!(status, 201, "{text}");
        confirmed.push((version, began.elapsed()));
    }
    confirmed
}

fn read(server: &Server, reader: usize, seen: &Seen) {
    for number in reader.. {
        if seen.is_done() {
            break;
        }
        let path = READS[number % READS.len()];
        let (status, text) = server.send("GET", path, "", "");
        assert_eq!(status, 200, "{path}: {text}");
        seen.reads.fetch_add(1, Ordering::SeqCst);
    }
}

/// Another program that reads the file, for half a second at a time, which keeps the log from being begun anew.
fn look(file: &Path, seen: &Seen) {
    wait_for(async {
        let mut connection =
            SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        while !seen.is_done() {
            let mut transaction = connection.begin().await.unwrap();
            let count = || sqlx::query("SELECT COUNT(*) FROM versions");
            let first: i64 = count().fetch_one(&mut *transaction).await.unwrap().get(0);
            tokio::time::sleep(Duration::from_millis(500)).await;
            let second: i64 = count().fetch_one(&mut *transaction).await.unwrap().get(0);
            assert_eq!(first, second, "a reader saw two states in one transaction");
            transaction.rollback().await.unwrap();
        }
    });
}

/// The control: a program that takes the lock of writers without waiting for it.
fn barge(file: &Path, seen: &Seen) {
    wait_for(async {
        let mut connection =
            SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        sqlx::raw_sql("PRAGMA busy_timeout = 0").execute(&mut connection).await.unwrap();
        while !seen.is_done() {
            match sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut connection).await {
                Ok(_) => seen.free.fetch_add(1, Ordering::SeqCst),
                Err(error) => {
                    assert!(error.to_string().contains("database is locked"), "{error}");
                    seen.locked.fetch_add(1, Ordering::SeqCst)
                }
            };
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}

/// Copies the registry, as a timer does.
fn back_up(data: &Path, folder: &Path, seen: &Seen) {
    for number in 0.. {
        let file = folder.join(format!("copy-{number}.db"));
        let arguments = ["backup", file.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
        assert!(Command::new(strong()).args(arguments).stdout(Stdio::null()).status().unwrap().success());
        std::fs::remove_file(&file).unwrap();
        seen.backups.fetch_add(1, Ordering::SeqCst);
        if seen.is_done() {
            break;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Every version that the file has, in order.
fn stored(file: &Path) -> Vec<String> {
    let mut versions: Vec<String> = wait_for(async {
        let mut connection =
            SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let rows = sqlx::query("SELECT version FROM versions").fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    });
    versions.sort_unstable();
    versions
}

#[test]
fn two_servers_on_one_file_do_not_hinder_each_other() {
    let (data, copies) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let servers = [(); 2].map(|()| Server::start(&strong(), data.path()));
    for environment in 0..8 {
        let body = format!(
            "workload=a&platform=p&environment=e{environment}&version=first-{environment}&status=deployed"
        );
        assert_eq!(servers[0].send("POST", "/api/v1/create", "", &body).0, 201);
    }
    let file = data.path().join("registry.db");
    let seen = Seen::default();
    let span = Duration::from_secs(if full() { 300 } else { 3 });
    let began = Instant::now();
    let mut confirmed: Vec<(String, Duration)> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (server, seen) = (&servers[writer % 2], &seen);
                scope.spawn(move || write(server, writer, seen))
            })
            .collect();
        for reader in 0..READERS {
            let (server, seen) = (&servers[reader % 2], &seen);
            scope.spawn(move || read(server, reader, seen));
        }
        scope.spawn(|| look(&file, &seen));
        scope.spawn(|| barge(&file, &seen));
        scope.spawn(|| back_up(data.path(), copies.path(), &seen));
        while began.elapsed() < span {
            let log = std::fs::metadata(data.path().join("registry.db-wal")).unwrap().len();
            seen.longest_log.fetch_max(log, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
        }
        seen.done.store(true, Ordering::SeqCst);
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    let complaints: Vec<String> = servers.iter().flat_map(Server::complaints).collect();
    drop(servers);
    let mut wanted: Vec<String> = confirmed.iter().map(|(version, _)| version.clone()).collect();
    wanted.extend((0..8).map(|environment| format!("first-{environment}")));
    wanted.sort_unstable();
    confirmed.sort_unstable_by_key(|(_, time)| *time);
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = confirmed.len() as f64 / seconds;
    let p99 = confirmed[confirmed.len() * 99 / 100].1;
    let [reads, backups, log, locked, free] =
        [&seen.reads, &seen.backups, &seen.longest_log, &seen.locked, &seen.free]
            .map(|count| count.load(Ordering::SeqCst));
    eprintln!(
        "two servers on one file: {} writes confirmed ({rate:.0}/s, p99 {p99:.1?}), {reads} reads, {backups} backups, \
         {} KiB of log at most, {} complaints; who does not wait: locked {locked} of {} times",
        confirmed.len(),
        log / 1_024,
        complaints.len(),
        locked + free,
    );
    assert!(locked > 0, "nobody who does not wait met a lock");
    assert_eq!(complaints, [] as [String; 0]);
    assert!(log <= LOG, "{log}");
    assert_eq!(stored(&file), wanted);
}
