//! The disk fails under the registry: nothing is confirmed from then on, the process ends by itself, and the next
//! start finds everything that was confirmed. This one has no weak build: what it asks for is an end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::weak::strong;

/// A generous limit against hanging; the process should end within two seconds.
const LONGEST: Duration = Duration::from_secs(20);

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(strong())
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
        };
        // Whoever closes the pipe would end the server by its next line.
        std::thread::spawn(move || lines.count());
        Self { child, address }
    }

    /// The status and the body of an answer; 0 where none came.
    fn send(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let Ok(mut stream) = TcpStream::connect(&self.address) else { return (0, String::new()) };
        stream.set_read_timeout(Some(LONGEST)).unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        let sent = write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}");
        let mut text = String::new();
        if sent.is_err() || stream.read_to_string(&mut text).is_err() {
            return (0, String::new());
        }
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, text.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
    }

    fn create(&self, version: &str) -> u16 {
        let body = format!("workload=a&platform=p&environment=e&version={version}&status=deployed");
        self.send("POST", "/api/v1/create", &body).0
    }

    /// Lets each later sync of a file fail.
    fn break_disk(&self) -> Child {
        let mut tracer = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-p", &self.child.id().to_string()])
            .args(["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("strace: {error}; install it"));
        let attached = || {
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
            status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
        };
        let began = Instant::now();
        while !attached() {
            assert!(
                began.elapsed() < LONGEST && tracer.try_wait().unwrap().is_none(),
                "strace did not attach"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        // The main thread is traced first, and the others soon after.
        std::thread::sleep(Duration::from_millis(300));
        tracer
    }
}

#[test]
fn after_a_failed_sync_nothing_is_confirmed_and_the_process_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    assert_eq!(server.create("1.0.0"), 201);
    let mut tracer = server.break_disk();
    let began = Instant::now();
    assert_eq!(server.create("2.0.0"), 503);
    let after: Vec<u16> = (0..20).map(|at| server.create(&format!("3.{at}.0"))).collect();
    assert!(after.iter().all(|status| [0, 503].contains(status)), "{after:?}");
    let ready = server.send("GET", "/readyz", "").0;
    assert!([0, 503].contains(&ready), "{ready}");
    let code = server.child.wait().unwrap().code();
    eprintln!("it ended {:.1} s after the failure", began.elapsed().as_secs_f64());
    assert_eq!(code, Some(74));
    let _ = tracer.kill();
    tracer.wait().unwrap();

    let mut server = Server::start(folder.path());
    let (status, text) = server.send("GET", "/api/v1/read/home", "");
    assert_eq!(status, 200);
    // What was not confirmed may stand or not; what was confirmed stands.
    assert!(text.contains(r#""version":"1.0.0""#), "{text}");
    assert_eq!(server.create("4.0.0"), 201);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}
