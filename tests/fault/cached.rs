//! Two replicas keep answers in one Redis, which is killed, stopped, emptied, filled, spoilt and slow: no request fails, and no
//! read lacks what was confirmed before it. Two places have names that the original takes for one. The weak build has no
//! epoch in its keys, and must answer with what is gone.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::database::{Database, Engine};
use crate::redis::Redis;
use crate::server::{Done, Server, fresh_database};
use crate::weak::{full, strong, weak};

const CLIENTS: usize = 4;
/// As long as Redis is harmed, and rests after it; the breaker tries once a second.
const HARMED: Duration = Duration::from_millis(1_500);
const REST: Duration = Duration::from_millis(1_500);

/// Where the two replicas have their rows.
struct Place {
    /// The option that names it.
    option: [String; 2],
    /// What ends with it.
    _kept: (Option<TempDir>, Option<Database>),
}

impl Place {
    fn folder() -> Self {
        let folder = TempDir::new().unwrap();
        let option = ["--data-dir".to_owned(), folder.path().to_str().unwrap().to_owned()];
        Self { option, _kept: (Some(folder), None) }
    }

    fn on(engine: Engine) -> Option<Self> {
        let database = Database::start(engine)?;
        let option = ["--database".to_owned(), fresh_database(&database.url())];
        Some(Self { option, _kept: (None, Some(database)) })
    }

    fn serve(&self, binary: &Path, redis: &Redis) -> Server {
        let [option, value] = &self.option;
        Server::over(binary, &[option, value, "--redis", &redis.url()], 0)
    }
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    reads: AtomicUsize,
    writes: AtomicUsize,
    stale: AtomicUsize,
    faults: Mutex<Vec<String>>,
    /// Of each read in microseconds, since it was taken last.
    times: Mutex<Vec<u128>>,
}

impl Seen {
    fn fault(&self, text: String) {
        self.faults.lock().unwrap().push(text);
    }

    /// The 50th and the 99th of a hundred times in milliseconds.
    fn quantiles(&self) -> (u128, u128) {
        let mut times = std::mem::take(&mut *self.times.lock().unwrap());
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).map_or(0, |time| time / 1_000);
        (at(50), at(99))
    }
}

/// What the newest row of a place is and how many there are, as a client knows it.
struct Known {
    query: String,
    version: String,
    total: usize,
}

/// The two places of a client, whose names run together to one text.
fn places(client: usize) -> [Known; 2] {
    [format!("workload=a+b{client}&platform=c"), format!("workload=a&platform=b{client}+c")]
        .map(|query| Known { query, version: String::new(), total: 0 })
}

/// Reads at each replica, twice, so that the second answer may be a kept one.
fn read(replicas: &[Server; 2], known: &Known, seen: &Seen) {
    for replica in [&replicas[0], &replicas[1], &replicas[1], &replicas[0]] {
        let began = Instant::now();
        let (status, text) =
            replica.send("GET", &format!("/api/v1/read/platform?{}&rangeLimit=1", known.query), "", "");
        seen.times.lock().unwrap().push(began.elapsed().as_micros());
        seen.reads.fetch_add(1, Ordering::SeqCst);
        if status != 200 {
            seen.fault(format!("{status} {text} to a read"));
            continue;
        }
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        if rows[0]["version"] != known.version || rows[0]["total"] != known.total {
            seen.stale.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Writes in turn to its places by the replicas in turn, and reads after each write, until it is done.
fn client(number: usize, replicas: &[Server; 2], seen: &Seen, patient: bool, done: &Done) {
    let mut places = places(number);
    for count in 0.. {
        if done.is_set() {
            return;
        }
        let known = &mut places[count % 2];
        let (version, writer) = (format!("1.{count}.0"), &replicas[count / 2 % 2]);
        let body = format!("{}&environment=e&version={version}&status=deployed", known.query);
        let (status, text) = writer.send("POST", "/api/v1/create", "", &body);
        if status != 201 {
            seen.fault(format!("{status} {text} to a write"));
            return;
        }
        seen.writes.fetch_add(1, Ordering::SeqCst);
        known.version = version;
        known.total += 1;
        if patient {
            // The weak build answers before its COMMIT; what is stale afterwards is so because of what was kept. This
            // answer is never kept.
            let latest = format!("/api/v1/read/environment/latest?{}&environment=e", known.query);
            while !writer.send("GET", &latest, "", "").1.contains(&format!("\"{}\"", known.version)) {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        for known in places.iter().filter(|known| known.total > 0) {
            read(replicas, known, seen);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Harm {
    None,
    Kill,
    Stop,
    Empty,
    Fill,
    Spoil,
    Slow,
}

const HARMS: [Harm; 7] =
    [Harm::None, Harm::Kill, Harm::Stop, Harm::Empty, Harm::Fill, Harm::Spoil, Harm::Slow];

/// Does it for a while, and mends it.
fn harm(redis: &mut Redis, harm: Harm) {
    let again = |redis: &Redis, command: &[&str]| {
        let until = Instant::now() + HARMED;
        while Instant::now() < until {
            redis.ask(command);
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    match harm {
        Harm::None => std::thread::sleep(HARMED),
        Harm::Kill => {
            redis.kill();
            std::thread::sleep(HARMED);
            redis.restart();
        }
        Harm::Stop => {
            redis.signal("STOP");
            std::thread::sleep(HARMED);
            redis.signal("CONT");
        }
        Harm::Empty => again(redis, &["FLUSHALL"]),
        Harm::Fill => {
            redis.ask(&["CONFIG", "SET", "maxmemory", "1mb"]);
            std::thread::sleep(HARMED);
            redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
        }
        Harm::Spoil => {
            let spoil = "for _, key in ipairs(redis.call('KEYS', 'shipmark:v1:*')) do redis.call('DEL', key) \
                         redis.call('RPUSH', key, 'x') end";
            again(redis, &["EVAL", spoil, "0"]);
        }
        // Whatever it is asked waits for two seconds.
        Harm::Slow => {
            redis.ask(&["CLIENT", "PAUSE", "2000", "ALL"]);
            std::thread::sleep(Duration::from_secs(2));
        }
    }
    std::thread::sleep(REST);
}

/// Each harm in turn, until there were so many reads.
fn harmed(name: &str, place: &Place, reads: usize) -> Option<Seen> {
    let mut redis = Redis::start()?;
    let replicas = [0, 1].map(|_| place.serve(&strong(), &redis));
    let (seen, done) = (Seen::default(), Done::default());
    std::thread::scope(|scope| {
        let end = done.at_end();
        for number in 0..CLIENTS {
            let (replicas, seen, done) = (&replicas, &seen, &done);
            scope.spawn(move || client(number, replicas, seen, false, done));
        }
        let mut from_redis = 0;
        for each in HARMS.into_iter().cycle() {
            let before = redis.stat("keyspace_hits");
            harm(&mut redis, each);
            let (median, slow) = seen.quantiles();
            // Counted anew by one that was started again.
            let hits = redis.stat("keyspace_hits").saturating_sub(before);
            eprintln!(
                "  {name}, {each:?}: reads took {median} ms, 99 of 100 at most {slow} ms, {hits} from Redis"
            );
            let read = seen.reads.load(Ordering::SeqCst);
            from_redis += hits;
            if matches!(each, Harm::Slow) && read >= reads || !seen.faults.lock().unwrap().is_empty() {
                break;
            }
        }
        drop(end);
        assert!(from_redis > 0, "Redis gave no answer");
    });
    Some(seen)
}

/// How many reads of the weak build were stale, of how many.
fn control(place: &Place) -> Option<(usize, usize)> {
    let redis = Redis::start()?;
    let replicas = [0, 1].map(|_| place.serve(&weak(), &redis));
    let (seen, done) = (Seen::default(), Done::default());
    std::thread::scope(|scope| {
        let end = done.at_end();
        let (replicas, seen, done) = (&replicas, &seen, &done);
        scope.spawn(move || client(0, replicas, seen, true, done));
        while seen.reads.load(Ordering::SeqCst) < 100 && seen.faults.lock().unwrap().is_empty() {
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(end);
    });
    assert!(seen.faults.into_inner().unwrap().is_empty());
    Some((seen.stale.into_inner(), seen.reads.into_inner()))
}

fn on(name: &str, fresh: impl Fn() -> Option<Place>) {
    let Some((stale, reads)) = fresh().and_then(|place| control(&place)) else { return };
    eprintln!("{name}, weak build: {stale} of {reads} reads stale");
    assert!(stale > 0, "the weak build answered everything right");
    let wanted = if full() { 67_000 } else { 1_000 };
    let Some(seen) = fresh().and_then(|place| harmed(name, &place, wanted)) else { return };
    let faults = seen.faults.into_inner().unwrap();
    let (stale, reads, writes) = (seen.stale.into_inner(), seen.reads.into_inner(), seen.writes.into_inner());
    eprintln!("{name}: {stale} of {reads} reads after {writes} writes stale, {} faults", faults.len());
    assert!(faults.is_empty(), "{:#?}", faults.iter().take(10).collect::<Vec<_>>());
    assert_eq!(stale, 0);
    assert!(reads >= wanted, "{reads}");
}

#[test]
fn no_answer_is_stale_whatever_redis_does_on_sqlite() {
    on("SQLite", || Some(Place::folder()));
}

#[test]
fn no_answer_is_stale_whatever_redis_does_on_postgresql() {
    on("PostgreSQL", || Place::on(Engine::Postgres));
}

#[test]
fn no_answer_is_stale_whatever_redis_does_on_mariadb() {
    on("MariaDB", || Place::on(Engine::MariaDb));
}
