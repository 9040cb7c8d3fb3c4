//! Two replicas on one database behind a proxy: each is stopped and started again while clients write, and no request
//! fails. The proxy tries nothing twice. Its control is one that does not ask whether a replica may be used.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::server::{Server, fresh_database, post};
use crate::weak::{full, strong};

const CLIENTS: usize = 8;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// haproxy before the replicas; it ends with the value.
struct Balancer {
    child: Child,
    port: u16,
}

impl Balancer {
    fn start(folder: &Path, replicas: [u16; 2], asks: bool) -> Self {
        let port = free_port();
        let check =
            if asks { "option httpchk GET /readyz\n  http-check send hdr Host localhost" } else { "" };
        let server = if asks { "check inter 100ms fall 2 rise 1" } else { "" };
        let [one, two] = replicas;
        let text = format!(
            "defaults\n  mode http\n  retries 0\n  timeout connect 2s\n  timeout client 30s\n  timeout server 30s\n\
             frontend in\n  bind 127.0.0.1:{port}\n  default_backend replicas\n\
             backend replicas\n  balance roundrobin\n  {check}\n\
             \x20 server one 127.0.0.1:{one} {server}\n  server two 127.0.0.1:{two} {server}\n"
        );
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let child = Command::new("haproxy")
            .args(["-db", "-f", file.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("haproxy: {error}; install it"));
        let began = Instant::now();
        while post(port, "/api/v1/create", "").0 != 400 {
            assert!(began.elapsed() < Duration::from_secs(20), "haproxy does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, port }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What clients saw while the replicas were restarted in turn.
#[derive(Default)]
struct Seen {
    good: usize,
    /// Each with what the answer said: of the registry or of the proxy.
    bad: Vec<(u16, String)>,
    slowest: Duration,
}

fn restart_in_turn(url: &str, restarts: usize, asks: bool) -> Seen {
    let folder = TempDir::new().unwrap();
    let database = ["--database", url];
    let mut replicas = [(); 2].map(|()| Some(Server::over(&strong(), &database, 0)));
    let ports = [0, 1].map(|at: usize| replicas[at].as_ref().unwrap().port);
    let balancer = Balancer::start(folder.path(), ports, asks);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let client = |client: usize| {
            let (mut good, mut bad) = (0, Vec::new());
            let mut number = 0;
            while !done.load(Ordering::SeqCst) {
                let body =
                    format!("workload=a&platform=p&environment=e{client}&version={number}&status=deployed");
                match post(balancer.port, "/api/v1/create", &body) {
                    (201, _) => good += 1,
                    other => bad.push(other),
                }
                number += 1;
            }
            (good, bad)
        };
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || client(number))).collect();
        let mut seen = Seen::default();
        for at in 0..restarts {
            std::thread::sleep(Duration::from_millis(300));
            let mut server = replicas[at % 2].take().unwrap();
            let began = Instant::now();
            assert!(Command::new("kill").arg(server.child.id().to_string()).status().unwrap().success());
            assert_eq!(server.child.wait().unwrap().code(), Some(0));
            seen.slowest = seen.slowest.max(began.elapsed());
            drop(server);
            replicas[at % 2] = Some(Server::over(&strong(), &database, ports[at % 2]));
        }
        std::thread::sleep(Duration::from_millis(500));
        done.store(true, Ordering::SeqCst);
        for client in clients {
            let (good, bad) = client.join().unwrap();
            seen.good += good;
            seen.bad.extend(bad);
        }
        seen
    })
}

#[test]
fn replicas_are_restarted_and_no_request_fails() {
    let Ok(server) = std::env::var("SHIPMARK_TEST_POSTGRES") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "SHIPMARK_TEST_POSTGRES is not set");
        eprintln!("NOT TRIED: SHIPMARK_TEST_POSTGRES is not set; run scripts/test");
        return;
    };
    let url = fresh_database(&server);
    let blind = restart_in_turn(&url, 2, false);
    eprintln!(
        "a proxy that does not ask: {} of {} requests failed",
        blind.bad.len(),
        blind.bad.len() + blind.good
    );
    assert!(!blind.bad.is_empty(), "nothing failed without the question");
    let restarts = if full() { 50 } else { 4 };
    let seen = restart_in_turn(&url, restarts, true);
    let slowest = seen.slowest.as_secs_f64();
    eprintln!(
        "{restarts} restarts, {} requests, {} failed, stopped within {slowest:.1} s",
        seen.good,
        seen.bad.len()
    );
    assert!(seen.bad.is_empty(), "{:?}", seen.bad);
    assert!(seen.slowest < Duration::from_secs(10), "{slowest}");
}
