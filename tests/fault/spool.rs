//! The outbox is killed, or the machine under it loses power: what was accepted is delivered, once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::power::Disk;
use crate::proxy::{Fault, Proxy};
use crate::random::Random;
use crate::server::Server;
use crate::weak::{full, strong, weak};

/// How many calls of one kind are tried; more than a command makes.
const MOST: usize = 200;

fn calls() -> &'static [&'static str] {
    if full() {
        &["openat", "write", "rename", "unlink", "fsync", "mkdir", "connect", "sendto", "futex"]
    } else {
        &["write", "rename", "unlink", "fsync", "mkdir", "connect", "sendto"]
    }
}

/// A registry on a line that can be cut, and what was accepted for it.
struct Registry {
    server: Server,
    proxy: Proxy,
    open: Arc<AtomicBool>,
    home: TempDir,
    accepted: Vec<String>,
    points: usize,
}

impl Registry {
    fn start() -> Self {
        let home = TempDir::new().unwrap();
        let server = Server::start(&strong(), &home.path().join("data"));
        let open = Arc::new(AtomicBool::new(true));
        let is_open = Arc::clone(&open);
        let pass = move |_: &str| if is_open.load(Ordering::SeqCst) { Fault::None } else { Fault::Refused };
        let proxy = Proxy::before(server.port, pass);
        Self { server, proxy, open, home, accepted: Vec::new(), points: 0 }
    }

    fn open(&self, open: bool) {
        self.open.store(open, Ordering::SeqCst);
    }

    /// A command in a clone that reports to this registry.
    fn command(&self, clone: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("SHIPMARK_REGISTRY_URL", self.proxy.url())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir(clone);
        command
    }

    fn clone(&self, folder: &Path) -> PathBuf {
        let clone = folder.join("helpdesk");
        std::fs::create_dir(&clone).unwrap();
        std::fs::write(clone.join("VERSION.txt"), "1.0.0\n").unwrap();
        let git = |args: &[&str]| {
            let git = self.command(&clone, "git").args(args).status().unwrap();
            assert!(git.success(), "git {args:?}");
        };
        git(&["init", "--quiet", "--template="]);
        git(&["add", "VERSION.txt"]);
        let name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        git(&[&name[..], &["commit", "--quiet", "-m", "feat: begin"]].concat());
        clone
    }

    /// Reports a deployment of its own; says whether that was accepted.
    fn put(&mut self, clone: &Path, binary: &Path, environment: String) -> bool {
        let args = ["report", &environment, "--status", "deployed"];
        let accepted = self.command(clone, binary).args(args).status().unwrap().success();
        if accepted {
            self.accepted.push(environment);
        }
        accepted
    }

    /// Kills a command at the nth call of a kind: whether it came so far, and whether it succeeded.
    fn kill(&mut self, clone: &Path, args: &[&str], call: &str, nth: usize) -> (bool, bool) {
        let log = self.home.path().join("strace");
        let inject = format!("inject={call}:signal=KILL:when={nth}");
        let mut strace = self.command(clone, "strace");
        strace.args(["-f", "-qq", "-o", log.to_str().unwrap()]);
        strace.args(["-e", &format!("trace={call}"), "-e", &inject]).arg(strong()).args(args);
        let status = strace.status().unwrap_or_else(|error| panic!("strace: {error}; install it"));
        let fired = std::fs::read_to_string(&log).unwrap().contains("killed by SIGKILL");
        self.points += usize::from(fired);
        (fired, status.success())
    }

    /// Delivers what waits, and says what is wrong: accepted reports that are not there, reports that are there
    /// twice, and files that could not be read.
    fn faults(&self, clone: &Path) -> Vec<String> {
        self.open(true);
        let mut faults = Vec::new();
        for args in [["outbox", "flush"], ["outbox", "list"]] {
            let output = self.command(clone, strong()).args(args).stdout(Stdio::piped()).output().unwrap();
            if !output.status.success() {
                faults.push(String::from_utf8_lossy(&output.stdout).into_owned());
            }
        }
        let rows = self.server.deployments();
        let mut there: Vec<&str> = rows.iter().map(|row| row["environment"].as_str().unwrap()).collect();
        for environment in &self.accepted {
            if !there.contains(&environment.as_str()) {
                faults.push(format!("{environment} is lost"));
            }
        }
        let all = there.len();
        there.sort_unstable();
        there.dedup();
        if there.len() != all {
            faults.push(format!("{} are there twice", all - there.len()));
        }
        faults
    }
}

#[test]
fn a_report_that_was_accepted_is_delivered_once_wherever_its_sender_is_killed() {
    let folder = TempDir::new().unwrap();
    let mut registry = Registry::start();
    let clone = registry.clone(folder.path());
    for call in calls() {
        for nth in 1..MOST {
            let environment = format!("put-{call}-{nth}");
            let args = ["report", &environment, "--status", "deployed"];
            let (fired, done) = registry.kill(&clone, &args, call, nth);
            if done {
                registry.accepted.push(environment.clone());
            }
            if !fired {
                break;
            }
        }
        for nth in 1..MOST {
            registry.open(false);
            for part in ["a", "b"] {
                registry.put(&clone, &strong(), format!("flush-{call}-{nth}-{part}"));
            }
            registry.open(true);
            if !registry.kill(&clone, &["outbox", "flush"], call, nth).0 {
                break;
            }
        }
    }
    let (faults, accepted) = (registry.faults(&clone), registry.accepted.len());
    eprintln!("shipmark: {} kills, {accepted} reports accepted, {} faults", registry.points, faults.len());
    assert!(registry.points >= 20, "only {} kill points were met", registry.points);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Cuts the power of the disk below the outbox at some time while reports come in: how many were accepted, and
/// what was wrong afterwards.
fn cut(binary: &Path, random: &mut Random) -> (usize, Vec<String>) {
    let mut registry = Registry::start();
    let mut disk = Disk::make();
    let clone = registry.clone(&disk.folder());
    disk.settle();
    registry.open(false);
    let cut = disk.cut_after(Duration::from_millis(100 + random.below(300) as u64));
    let mut number = 0;
    while registry.put(&clone, binary, format!("env-{number}")) {
        number += 1;
    }
    cut.join().unwrap();
    disk.restore();
    (registry.accepted.len(), registry.faults(&clone))
}

#[test]
fn a_report_that_was_accepted_survives_a_power_cut() {
    if !Disk::can_be_made() {
        eprintln!("NOT TRIED: no file system can be mounted here; run it as root where loop devices are");
        return;
    }
    let mut random = Random::of(7);
    let weak: usize = (0..3).map(|_| cut(&weak(), &mut random).1.len()).sum();
    eprintln!("weak build: {weak} faults in 3 power cuts");
    assert!(weak > 0, "the weak build lost nothing");
    let (cuts, mut accepted, mut faults) = (if full() { 50 } else { 5 }, 0, Vec::new());
    for _ in 0..cuts {
        let (of_cut, found) = cut(&strong(), &mut random);
        accepted += of_cut;
        faults.extend(found);
    }
    eprintln!("shipmark: {cuts} power cuts, {accepted} reports accepted, {} faults", faults.len());
    assert!(accepted >= cuts, "only {accepted} reports were accepted");
    assert!(faults.is_empty(), "{faults:#?}");
}
