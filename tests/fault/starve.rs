//! Writing fails: no space, no luck. Each managed file is the old one or the new one, and when the cause is gone
//! one more run does what the first could not.

use std::path::Path;

use crate::stage::{Stage, Theatre};
use crate::weak::{full, strong, weak};

/// The calls that can fail for want of space or by a broken disk.
const CALLS: [&str; 6] = ["write", "fsync", "rename", "link", "unlink", "mkdir"];

fn errors() -> &'static [&'static str] {
    if full() { &["ENOSPC", "EIO", "EROFS", "EDQUOT"] } else { &["ENOSPC", "EIO"] }
}

/// How many calls of one kind are tried; more than a release makes.
const MOST: usize = 200;

fn is_whole(stage: &Stage) -> bool {
    let read = |name: &str| std::fs::read_to_string(stage.clone.join(name)).unwrap();
    let version = read("VERSION.txt");
    let changelog = read("CHANGELOG.md");
    let old = "# Log\n\n## 1.0.0\n\n- begin\n";
    (version == "1.0.0\n" || version == "1.1.0\n")
        && (changelog == old || changelog.contains("\n## 1.1.0 - "))
}

/// Lets the nth call of a release fail, only in shipmark itself: what git does about its own failures is git's.
fn starved(theatre: &Theatre, binary: &Path, call: &str, error: &str, nth: usize) -> Option<Vec<String>> {
    let stage = theatre.stage();
    let log = stage.clone.join(".git/strace");
    let inject = format!("inject={call}:error={error}:when={nth}");
    let traced = stage
        .command("strace")
        .args(["-qq", "-o", log.to_str().unwrap(), "-e", &format!("trace={call}"), "-e", &inject])
        .arg(binary)
        .arg("release")
        .output()
        .unwrap_or_else(|error| panic!("strace: {error}; install it"));
    if !std::fs::read_to_string(&log).unwrap().contains("(INJECTED)") {
        return None;
    }
    let mut faults = Vec::new();
    if !is_whole(&stage) {
        faults.push("a managed file is neither old nor new".to_owned());
    }
    if traced.status.code().is_none_or(|code| code == 101) {
        faults.push(format!("it broke off: {}", String::from_utf8_lossy(&traced.stderr)));
    }
    let again = stage.run(binary, &["release"]);
    if !again.status.success() {
        faults.push(format!("the second run: {}", String::from_utf8_lossy(&again.stderr).trim()));
    }
    faults.extend(stage.faults(false));
    std::fs::remove_dir_all(stage.clone.parent().unwrap()).unwrap();
    Some(faults)
}

/// Every failure of the disk: how many there are, and those after which something was wrong.
fn matrix(theatre: &Theatre, binary: &Path, errors: &[&str]) -> (usize, Vec<String>) {
    let (mut points, mut failures) = (0, Vec::new());
    for error in errors {
        for call in CALLS {
            for nth in 1..MOST {
                let Some(faults) = starved(theatre, binary, call, error, nth) else { break };
                points += 1;
                if !faults.is_empty() {
                    failures.push(format!("{call} {error} {nth}: {}", faults.join("; ")));
                }
            }
        }
    }
    (points, failures)
}

#[test]
fn a_disk_that_fails_leaves_old_or_new_and_the_next_run_converges() {
    let theatre = Theatre::open();
    let (points, failures) = matrix(&theatre, &weak(), &["ENOSPC"]);
    eprintln!("weak build: {} of {points} failures of the disk need a person", failures.len());
    assert!(failures.len() >= 3, "{failures:#?}");
    let (points, failures) = matrix(&theatre, &strong(), errors());
    eprintln!("shipmark: {} of {points} failures of the disk need a person", failures.len());
    assert!(points >= 20, "only {points} points were met");
    assert!(failures.is_empty(), "{failures:#?}");
}
