//! The clock of a machine jumps while it deploys: the record ends in the right status, with the true duration and
//! times that make sense.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::server::Server;
use crate::weak::strong;

/// The library that lies to a program about the time.
fn liar() -> PathBuf {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let paths = folders.map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"));
    let found = paths.into_iter().find(|path| path.exists());
    found.unwrap_or_else(|| panic!("libfaketime is missing: install the package `libfaketime`"))
}

/// A deployment of half a second during which the clock jumps from one offset to another.
fn jump(server: &Server, environment: &str, from: &str, to: &str) -> serde_json::Value {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("VERSION.txt"), "1.0.0\n").unwrap();
    let name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    for args in [
        &["init", "--quiet", "--template="][..],
        &["add", "VERSION.txt"],
        &[&name[..], &["commit", "--quiet", "-m", "feat: begin"]].concat(),
    ] {
        assert!(Command::new("git").args(args).current_dir(folder.path()).status().unwrap().success());
    }
    let clock = folder.path().join("clock");
    std::fs::write(&clock, from).unwrap();
    let script = format!("sleep 0.3; echo '{to}' >clock; sleep 0.2");
    let status = Command::new(strong())
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", folder.path())
        .env("SHIPMARK_REGISTRY_URL", format!("http://127.0.0.1:{}", server.port))
        .env("LD_PRELOAD", liar())
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .args(["-q", "deploy", environment, "--app", "a", "--"])
        .args(["env", "-u", "LD_PRELOAD", "sh", "-c", &script])
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    let rows = server.deployments();
    rows.into_iter().find(|row| row["environment"] == environment).unwrap()
}

#[test]
fn a_clock_that_jumps_changes_no_record() {
    let data = TempDir::new().unwrap();
    let server = Server::start(&strong(), data.path());
    for (name, from, to) in [
        ("steady", "+0", "+0"),
        ("an-hour-back", "+0", "-3600"),
        ("a-day-ahead", "+0", "+86400"),
        ("back-from-a-wrong-year", "+31536000", "+0"),
    ] {
        let now = jiff::Timestamp::now().as_millisecond();
        let row = jump(&server, name, from, to);
        let time = |field: &str| row[field].as_i64().unwrap();
        let (began, ended, took) = (time("started_at"), time("finished_at"), time("duration"));
        eprintln!(
            "{name}: {took} ms, began {} ms after now, ended {} ms after that",
            began - now,
            ended - began
        );
        assert_eq!(row["state"], "succeeded", "{name}");
        assert!((400..20_000).contains(&took), "{name}: {took} ms");
        assert!(began <= ended, "{name}: it ended before it began");
        // Nothing that is recorded lies in the future, by more than the five minutes that a clock may be ahead.
        let soon = jiff::Timestamp::now().as_millisecond() + 5 * 60_000;
        assert!(began <= soon && ended <= soon, "{name}: {row}");
    }
}
