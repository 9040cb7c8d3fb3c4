//! A release is killed at every system call that changes something, and run once more.

use std::path::Path;

use crate::stage::{Stage, Theatre};
use crate::weak::{full, strong, weak};

/// The calls at which what others see may change; the full tier adds those that only write.
fn calls() -> &'static [&'static str] {
    if full() {
        &[
            "openat",
            "write",
            "pwrite64",
            "link",
            "rename",
            "renameat2",
            "unlink",
            "fsync",
            "connect",
            "sendto",
            "execve",
        ]
    } else {
        &["link", "rename", "unlink", "fsync", "connect", "execve"]
    }
}

/// How many calls of one kind are tried; more than a release makes.
const MOST: usize = 400;

/// A registry where nothing answers: what is owed to it waits in the outbox, exactly once.
const NOWHERE: &str = "http://127.0.0.1:1";

fn waiting(stage: &Stage) -> usize {
    let parts = ["new", "cur", "dead"].map(|part| stage.clone.join(".git/shipmark/outbox").join(part));
    parts.iter().filter_map(|part| std::fs::read_dir(part).ok()).map(Iterator::count).sum()
}

/// Kills a release at the nth call, if it makes as many; `None` if it did not.
fn killed(theatre: &Theatre, binary: &Path, args: &[&str], call: &str, nth: usize) -> Option<Vec<String>> {
    let stage = theatre.stage();
    let log = stage.clone.join(".git/strace");
    let inject = format!("inject={call}:signal=KILL:when={nth}");
    let traced = stage
        .command("strace")
        .env("SHIPMARK_REGISTRY_URL", NOWHERE)
        .args(["-f", "-qq", "-o", log.to_str().unwrap(), "-e", &format!("trace={call}"), "-e", &inject])
        .arg(binary)
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("strace: {error}; install it"));
    let fired = std::fs::read_to_string(&log).unwrap().contains("killed by SIGKILL");
    if !fired {
        assert!(traced.status.success(), "{}", String::from_utf8_lossy(&traced.stderr));
        return None;
    }
    let again = stage.command(binary).env("SHIPMARK_REGISTRY_URL", NOWHERE).args(args).output().unwrap();
    let mut faults = stage.faults(args.contains(&"--push"));
    let (reports, wanted) = (waiting(&stage), usize::from(args.contains(&"--push")));
    if reports != wanted {
        faults.push(format!("{reports} reports wait, not {wanted}"));
    }
    if !again.status.success() {
        faults.insert(0, format!("the second run: {}", String::from_utf8_lossy(&again.stderr).trim()));
    }
    std::fs::remove_dir_all(stage.clone.parent().unwrap()).unwrap();
    Some(faults)
}

/// Every kill point of a release: how many there are, and those after which something was wrong.
fn matrix(theatre: &Theatre, binary: &Path, args: &[&str]) -> (usize, Vec<String>) {
    let (mut points, mut failures) = (0, Vec::new());
    for call in calls() {
        for nth in 1..MOST {
            let Some(faults) = killed(theatre, binary, args, call, nth) else { break };
            points += 1;
            if !faults.is_empty() {
                failures.push(format!("{call} {nth}: {}", faults.join("; ")));
            }
        }
    }
    (points, failures)
}

#[track_caller]
fn converges(args: &[&str], least: usize) {
    let theatre = Theatre::open();
    let (points, failures) = matrix(&theatre, &weak(), args);
    eprintln!("weak build, {args:?}: {} of {points} kill points need a person", failures.len());
    assert!(failures.len() >= least, "the weak build fails at {} points only: {failures:#?}", failures.len());
    let (points, failures) = matrix(&theatre, &strong(), args);
    eprintln!("shipmark, {args:?}: {} of {points} kill points need a person", failures.len());
    assert!(points >= 20, "only {points} kill points were met");
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_local_release_that_is_killed_anywhere_is_finished_by_the_next_run() {
    converges(&["release"], 3);
}

#[test]
fn a_pushed_release_that_is_killed_anywhere_is_finished_by_the_next_run() {
    converges(&["release", "--push"], 4);
}
