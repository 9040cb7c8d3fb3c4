//! A child with all that it started. It shares our process group, because a prompt of git or ssh can only read
//! the terminal from there; so there is no group to kill, and its descendants are looked up one by one.

use std::io;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// How often we look for descendants that were started while we stopped the others.
const ROUNDS: usize = 16;

/// Kills a child and its descendants. Each is stopped when it is found: a stopped process starts no other and
/// reaps none, so that no id can be given to a stranger before it is killed. A process that has cut itself
/// loose (a daemon whose parent has ended) is not found, nor is any where there is no `/proc`.
pub(super) fn kill(child: &mut Child) -> io::Result<()> {
    let root = Pid::from_child(child);
    let mut family = vec![root];
    signal(root, Signal::STOP);
    for _ in 0..ROUNDS {
        let found = born_to(&family);
        if found.is_empty() {
            break;
        }
        for pid in found {
            signal(pid, Signal::STOP);
            family.push(pid);
        }
    }
    for pid in family.into_iter().filter(|pid| *pid != root) {
        signal(pid, Signal::KILL);
    }
    child.kill()
}

/// One that has ended meanwhile, or runs as somebody else, is left as it is.
fn signal(pid: Pid, signal: Signal) {
    let _ = kill_process(pid, signal);
}

/// The children of these processes that are not among them.
fn born_to(family: &[Pid]) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| {
        let pid = Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?)?;
        (!family.contains(&pid) && family.contains(&parent_of(pid)?)).then_some(pid)
    });
    pids.collect()
}

/// The parent of a process (proc(5): the fourth field of `stat`, after a name that may hold anything).
fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    Pid::from_raw(after_name.split(' ').nth(1)?.parse().ok()?)
}
