//! The disk fails under the registry: nothing is confirmed from then on, the process ends by itself, and the next
//! start finds everything that was confirmed. This one has no weak build: what it asks for is an end.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::server::{LONGEST, Server};
use crate::weak::strong;

/// Lets each later sync of a file of a process fail.
fn break_disk(server: &Server) -> Child {
    let mut tracer = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-p", &server.child.id().to_string()])
        .args(["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("strace: {error}; install it"));
    let attached = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
        status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
    };
    let began = Instant::now();
    while !attached() {
        assert!(began.elapsed() < LONGEST && tracer.try_wait().unwrap().is_none(), "strace did not attach");
        std::thread::sleep(Duration::from_millis(20));
    }
    // The main thread is traced first, and the others soon after.
    std::thread::sleep(Duration::from_millis(300));
    tracer
}

#[test]
fn after_a_failed_sync_nothing_is_confirmed_and_the_process_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&strong(), folder.path());
    assert_eq!(server.create("1.0.0"), 201);
    let mut tracer = break_disk(&server);
    let began = Instant::now();
    assert_eq!(server.create("2.0.0"), 503);
    let after: Vec<u16> = (0..20).map(|at| server.create(&format!("3.{at}.0"))).collect();
    assert!(after.iter().all(|status| [0, 503].contains(status)), "{after:?}");
    let ready = server.send("GET", "/readyz", "", "").0;
    assert!([0, 503].contains(&ready), "{ready}");
    let code = server.child.wait().unwrap().code();
    eprintln!("it ended {:.1} s after the failure", began.elapsed().as_secs_f64());
    assert_eq!(code, Some(74));
    let _ = tracer.kill();
    tracer.wait().unwrap();

    let server = Server::start(&strong(), folder.path());
    let (status, text) = server.send("GET", "/api/v1/read/home", "", "");
    assert_eq!(status, 200);
    // What was not confirmed may stand or not; what was confirmed stands.
    assert!(text.contains(r#""version":"1.0.0""#), "{text}");
    assert_eq!(server.create("4.0.0"), 201);
}
