//! Clients that take all they can: time, connections, memory. One good client beside them is served all the same, and
//! what they took comes back. It runs in a network of its own, where every client has its own address.

mod line;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::task::JoinSet;

use self::line::{End, GOOD, ask, bad, connect, create, drip, flood, get, stare};
use crate::server::{LONGEST, Server};
use crate::weak::{full, strong, weak};

/// Where the registry listens, in a range for such tests (RFC 2544).
const HERE: &str = "198.18.0.1";
/// The page that slow readers ask for: a megabyte, more than the kernel takes off the server's hands in this network.
const LONG: &str = "/api/v1/read/platform?workload=long&platform=p&rangeLimit=1000";
const ROWS: usize = 128;
/// How long the weak build must keep who is slow; the other one lets go after 5 seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many of each kind there are.
struct Size {
    slow: u32,
    idle: u32,
    /// What the memory of the server may grow by, in MiB. What is under way is large in a build for tests.
    memory: u64,
}

impl Size {
    fn of_tier() -> Self {
        if full() {
            Self { slow: 1_000, idle: 5_000, memory: 256 }
        } else {
            Self { slow: 100, idle: 1_250, memory: 64 }
        }
    }
}

/// A line of `/proc/PID/status` in KiB.
fn memory(id: u32, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn files(id: u32) -> usize {
    std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count()
}

/// Waits until the server has no more files open than that; says how long it took.
async fn until_back(id: u32, wanted: usize, longest: Duration) -> Option<Duration> {
    let began = Instant::now();
    while files(id) > wanted {
        if began.elapsed() > longest {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Some(began.elapsed())
}

struct Target {
    server: Server,
    to: SocketAddr,
    id: u32,
    files: usize,
    memory: u64,
    _data: TempDir,
}

impl Target {
    /// A registry with a long list, and nothing under way.
    async fn start_of(binary: std::path::PathBuf) -> Self {
        let data = TempDir::new().unwrap();
        let options = [
            "--data-dir",
            data.path().to_str().unwrap(),
            "--anonymous-writes",
            "--address-rate",
            "0",
            "--admin-listen",
            "127.0.0.1:0",
        ];
        let server = Server::at(&binary, HERE, &options, 0);
        let to = SocketAddr::new(HERE.parse().unwrap(), server.port);
        let raw = "x".repeat(8 * 1_024);
        let mut writes = JoinSet::new();
        for writer in 0..8 {
            let raw = raw.clone();
            writes.spawn(async move {
                for number in (writer..ROWS).step_by(8) {
                    assert_eq!(ask(GOOD, to, &create("long", number, &raw)).await.0, 201);
                }
            });
        }
        while let Some(done) = writes.join_next().await {
            done.unwrap();
        }
        // What the pools of connections keep open is not what a client took.
        assert_eq!(ask(GOOD, to, &get(LONG, "")).await.0, 200);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let id = server.child.id();
        // The readers of the database open two files each when they are first needed.
        Self { to, id, files: files(id) + 64, memory: memory(id, "VmRSS"), server, _data: data }
    }
}

/// So many clients, 100 on each address from the nth on, each of which does the same.
async fn many<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    count: u32,
    first: u32,
    act: impl Fn(std::net::Ipv4Addr) -> F,
) -> Vec<T> {
    let mut clients = JoinSet::new();
    for number in 0..count {
        clients.spawn(act(bad(first + number / 100)));
    }
    clients.join_all().await
}

const HEAD: &str = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
const BODY: &str = "POST /api/v1/create HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nworkload=";

/// How many ended within the patience of the test, by their status, and the slowest of those.
fn ended(ends: &[End]) -> (usize, Vec<u16>, Duration) {
    let closed: Vec<_> = ends.iter().flatten().collect();
    let mut statuses: Vec<u16> = closed.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    (closed.len(), statuses, closed.iter().map(|(_, time)| *time).max().unwrap_or_default())
}

/// What the good client saw.
#[derive(Default)]
struct Good {
    asked: AtomicU64,
    failed: AtomicU64,
    done: AtomicBool,
}

impl Good {
    /// Reads and writes until it is done; the times of its requests.
    async fn live(self: Arc<Self>, to: SocketAddr) -> Vec<Duration> {
        let latest = get("/api/v1/read/environment/latest?workload=good&platform=p&environment=e", "");
        assert_eq!(ask(GOOD, to, &create("good", 0, "x")).await.0, 201);
        let mut times = Vec::new();
        while !self.done.load(Ordering::SeqCst) {
            let number = times.len();
            let is_write = number.is_multiple_of(4);
            let text = if is_write { create("good", number, "x") } else { latest.clone() };
            let (status, time) = ask(GOOD, to, &text).await;
            self.asked.fetch_add(1, Ordering::SeqCst);
            if status != if is_write { 201 } else { 200 } {
                self.failed.fetch_add(1, Ordering::SeqCst);
            }
            times.push(time);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        times.sort_unstable();
        times
    }
}

fn p99(times: &[Duration]) -> Duration {
    times[times.len() * 99 / 100]
}

/// The most memory that a server had while it was watched.
async fn peak(id: u32, done: Arc<Good>) -> u64 {
    let mut most = 0;
    while !done.done.load(Ordering::SeqCst) {
        most = most.max(memory(id, "VmRSS"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    most
}

/// Those who are slow, on both builds: the weak one shows that the harness sees who is not turned away.
async fn the_slow(target: &Target, control: &Target, count: u32) {
    let few = 30;
    let to = target.to;
    let loose = control.to;
    let heads = many(count, 0, move |from| drip(from, to, HEAD, LONGEST));
    let bodies = many(count, 10, move |from| drip(from, to, BODY, LONGEST));
    let readers = many(count, 20, move |from| stare(from, to, LONG));
    let kept = many(few, 30, move |from| drip(from, loose, HEAD, PATIENCE));
    let stared = many(few, 31, move |from| stare(from, loose, LONG));
    let held = async {
        let (readers, stared) = tokio::join!(readers, stared);
        // Until they have what the kernel takes.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let begun = files(target.id);
        let back = until_back(target.id, target.files, Duration::from_mins(1)).await;
        let weak_keeps = files(control.id);
        (readers, stared, begun, back, weak_keeps)
    };
    // A thousand of each are as many as there are places.
    let (heads, bodies, kept, held) = if full() {
        (heads.await, bodies.await, kept.await, held.await)
    } else {
        tokio::join!(heads, bodies, kept, held)
    };
    let (readers, stared, begun, back, weak_keeps) = held;
    assert!(readers.iter().chain(&stared).all(Option::is_some), "a reader was refused");
    let (closed, statuses, slowest) = ended(&heads);
    eprintln!("slow heads: {closed} of {count} closed within {slowest:.1?}, answered {statuses:?}");
    assert_eq!(closed, heads.len());
    let (closed, statuses, slowest) = ended(&bodies);
    eprintln!("slow bodies: {closed} of {count} closed within {slowest:.1?}, answered {statuses:?}");
    // Who still sends while the connection is closed may lose the answer.
    assert_eq!((closed, statuses.last()), (bodies.len(), Some(&408)));
    assert!(statuses.iter().all(|status| [0, 408].contains(status)), "{statuses:?}");
    let back = back.unwrap_or_else(|| panic!("slow readers still hold {} files", files(target.id)));
    eprintln!("slow readers: {count} let go of within {back:.1?} ({begun} files, then {})", files(target.id));
    assert!(begun > target.files, "nobody held the server up: {begun} files");
    let kept = kept.iter().filter(|end| end.is_none()).count();
    eprintln!(
        "weak build: {kept} of {few} slow heads kept for {PATIENCE:?}, {weak_keeps} files for slow readers"
    );
    assert!(kept > 0, "the weak build turned the slow away");
    assert!(weak_keeps > control.files - 64 + 20, "the weak build let go of slow readers");
}

/// What is too much, and what it is answered.
async fn too_much(to: SocketAddr) {
    let list = "/api/v1/read/environment?workload=good&platform=p&environment=e";
    let (headers, uri) = ("X-A: b\r\n".repeat(10_000), "u".repeat(9_000));
    let guess = get("/", "Authorization: Bearer guess\r\n");
    let zip = "POST /api/v1/create HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\
               Connection: close\r\n\r\n\x1f\u{8}bcd";
    let cases: &[(&str, String, u16)] = &[
        ("10,000 headers", get("/", &headers), 431),
        ("200 short headers", get("/", &"A: b\r\n".repeat(200)), 431),
        ("an address of 9,000 bytes", get(&format!("/?{uri}"), ""), 414),
        ("a packed body", zip.to_owned(), 415),
        ("no HTTP", "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(), 400),
        ("two lengths", get("/", "Content-Length: 1\r\nContent-Length: 2\r\n"), 400),
        ("rangeLimit=10^9", get(&format!("{list}&rangeLimit=1000000000"), ""), 400),
        ("page=2^63-1", get(&format!("{list}&page=9223372036854775807&rangeLimit=1000"), ""), 404),
        ("page=2^63", get(&format!("{list}&page=9223372036854775808"), ""), 400),
    ];
    for (name, text, wanted) in cases {
        // Who still sends while the connection is closed may lose the answer.
        let mut status = 0;
        for _ in 0..20 {
            if status == 0 {
                status = ask(bad(60), to, text).await.0;
            }
        }
        assert_eq!(status, *wanted, "{name}");
    }
    let mut guesses = [0_u32; 2];
    for _ in 0..20 {
        guesses[usize::from(ask(bad(61), to, &guess).await.0 == 429)] += 1;
    }
    assert!(guesses[1] > 0, "{guesses:?}");
    let endless = "POST /api/v1/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"2000\r\n".as_slice(), &[b'x'; 0x2000], b"\r\n"].concat();
    let most = 64 * 1024 * 1024;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    // HEADERS of stream 1 that never end, and CONTINUATION after CONTINUATION (CVE-2024-27316); streams that are opened
    // and reset at once (CVE-2023-44487).
    let continuation = [b"\0\x40\0\x09\0\0\0\0\x01".as_slice(), &[0; 0x4000]].concat();
    let reset = b"\0\0\x01\x01\x05\0\0\0\x01\x82\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08".repeat(500);
    for (name, head, part, statuses) in [
        ("endless chunks", endless, chunk.as_slice(), [413, 413]),
        ("HTTP/2 continuations", preface, &continuation, [400, 505]),
        ("HTTP/2 resets", preface, &reset, [400, 505]),
    ] {
        let floods = many(4, 62, |from| {
            let (head, part) = (head.to_owned(), part.to_vec());
            async move { flood(from, to, &head, &part, most).await }
        });
        for (status, sent) in floods.await {
            // Who still sends while the connection is closed may lose the answer.
            assert!(status == 0 || statuses.contains(&status), "{name}: {status}");
            assert!(sent < most, "{name} were taken, {sent} bytes of them");
        }
    }
    eprintln!("too much: {} kinds refused as they should be, and 12 floods", cases.len() + 1);
}

/// How many of so many connections of one address are still open after a moment.
async fn open_of_one(to: SocketAddr, address: u32, count: usize) -> usize {
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.extend(connect(bad(address), to, false).await);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let is_open = |stream: &&tokio::net::TcpStream| matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
    streams.iter().filter(is_open).count()
}

/// One address may have 128; all together 1,024, and who comes then waits.
async fn the_idle(target: &Target, control: &Target, count: u32) {
    let (open, lifted) = tokio::join!(open_of_one(target.to, 70, 200), open_of_one(control.to, 71, 200));
    eprintln!("one address: {open} of 200 connections; weak build: {lifted}");
    assert_eq!((open, lifted), (128, 200));
    let to = target.to;
    // Those of the other build are gone when the clients are.
    let mut most = 0;
    let waiting = many(count, 80, move |from| async move {
        let stream = connect(from, to, false).await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        stream.is_ok()
    });
    let watching = async {
        for _ in 0..80 {
            most = most.max(files(target.id));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (connected, ()) = tokio::join!(waiting, watching);
    let connected = connected.into_iter().filter(|connected| *connected).count();
    let back = until_back(target.id, target.files, Duration::from_secs(30)).await;
    let back = back.unwrap_or_else(|| panic!("{} files are still open", files(target.id)));
    eprintln!("idle: {connected} of {count} connected, {most} files at most, back after {back:.1?}");
    assert!(most <= 1_024 + target.files && most > 1_000, "{most}");
}

#[test]
#[ignore = "`those_who_take_all_they_can_get_little` runs it in a network of its own"]
fn inside() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let size = Size::of_tier();
        let (target, control) = tokio::join!(Target::start_of(strong()), Target::start_of(weak()));
        let good = Arc::new(Good::default());
        let watched = tokio::spawn(peak(target.id, Arc::clone(&good)));
        let alone = tokio::spawn(Arc::clone(&good).live(target.to));
        tokio::time::sleep(Duration::from_secs(1)).await;
        the_slow(&target, &control, size.slow).await;
        too_much(target.to).await;
        the_idle(&target, &control, size.idle).await;
        good.done.store(true, Ordering::SeqCst);
        let (times, most) = (alone.await.unwrap(), watched.await.unwrap());
        let (asked, failed) = (good.asked.load(Ordering::SeqCst), good.failed.load(Ordering::SeqCst));
        let grown = most.saturating_sub(target.memory) / 1_024;
        let (p99, longest) = (p99(&times), times[times.len() - 1]);
        eprintln!("good client: {failed} of {asked} requests failed, p99 {p99:.1?}, longest {longest:.1?}");
        eprintln!("memory: {} MiB before, {grown} MiB more at most", target.memory / 1_024);
        assert!(failed * 1_000 <= asked, "{failed} of {asked}");
        assert!(grown <= size.memory, "{grown} MiB more");
        assert!(target.server.child.id() == target.id);
    });
}

#[test]
fn those_who_take_all_they_can_get_little() {
    let network = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--", "sh", "-c"]);
        command.arg("ip link set lo up && ip address add 198.18.0.1/15 dev lo && \
             { echo 4096 16384 65536 >/proc/sys/net/ipv4/tcp_wmem || :; } && ulimit -n $(ulimit -Hn) && exec \"$@\"");
        command.arg("sh").args(arguments);
        command
    };
    if !network(&["true"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("NOT TRIED: no network can be made here; run it as root where `unshare` and `ip` are");
        return;
    }
    let own = std::env::current_exe().unwrap();
    let status = network(&[
        own.to_str().unwrap(),
        "exhaust::inside",
        "--exact",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ])
    .status()
    .unwrap();
    assert!(status.success(), "see above");
}
