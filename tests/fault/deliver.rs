//! Reports on a line that loses them, loses their answers and doubles them: each has exactly one effect, in order.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::proxy::{Fault, Proxy};
use crate::random::Random;
use crate::server::Server;
use crate::weak::{full, strong, weak};

/// A generous limit against hanging.
const LONGEST: Duration = Duration::from_mins(10);

/// Clones with a registry each report to.
struct Senders {
    folder: TempDir,
    url: String,
}

impl Senders {
    fn of(count: usize, url: String) -> Self {
        let senders = Self { folder: TempDir::new().unwrap(), url };
        for number in 0..count {
            let clone = senders.clone(number);
            std::fs::create_dir(&clone).unwrap();
            let git = |args: &[&str]| {
                let git = senders.command(number, Path::new("git")).args(args).status();
                assert!(git.unwrap().success(), "git {args:?}");
            };
            git(&["init", "--quiet", "--template="]);
            std::fs::write(clone.join("VERSION.txt"), "1.0.0\n").unwrap();
            git(&["add", "VERSION.txt"]);
            let name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
            git(&[&name[..], &["commit", "--quiet", "-m", "feat: begin"]].concat());
        }
        senders
    }

    fn clone(&self, number: usize) -> std::path::PathBuf {
        self.folder.path().join(format!("clone-{number}"))
    }

    fn command(&self, number: usize, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("SHIPMARK_REGISTRY_URL", &self.url)
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .current_dir(self.clone(number));
        command
    }

    fn run(&self, binary: &Path, number: usize, args: &[&str]) -> i32 {
        self.command(number, binary).args(args).status().unwrap().code().unwrap()
    }
}

/// One request in four gets through unharmed; the rest is lost before it, loses its answer, or comes twice.
fn fault(random: &mut Random) -> Fault {
    match random.below(100) {
        0..30 => Fault::Refused,
        30..50 => Fault::Swallowed,
        50..60 => Fault::Cut(random.below(200)),
        60..70 => Fault::Answer([502, 503][random.below(2)], "text/html", String::new(), "<h1>Gateway</h1>"),
        70..75 => Fault::Doubled,
        _ => Fault::None,
    }
}

/// How many deployments the registry has, how many of them came to their end, and how many requests that took.
/// Four clones report a begin and an end of each deployment at the same time, and flush until nothing waits.
fn delivered(binary: &Path, deployments: usize, seed: u64) -> (usize, usize, usize) {
    let data = TempDir::new().unwrap();
    let server = Server::start(&strong(), data.path());
    let random = Mutex::new(Random::of(seed));
    let proxy = Proxy::before(server.port, move |_| fault(&mut random.lock().unwrap()));
    let senders = Senders::of(4, proxy.url());
    std::thread::scope(|scope| {
        for sender in 0..4 {
            let senders = &senders;
            scope.spawn(move || {
                for number in (sender..deployments).step_by(4) {
                    let target = format!("env-{}-{sender}", number % 5);
                    for status in ["running", "deployed"] {
                        assert_eq!(senders.run(binary, sender, &["report", &target, "--status", status]), 0);
                    }
                }
                let began = Instant::now();
                while senders.run(binary, sender, &["outbox", "flush"]) != 0 {
                    assert!(began.elapsed() < LONGEST, "reports still wait");
                }
                assert_eq!(senders.run(binary, sender, &["outbox", "list"]), 0, "a report was refused");
            });
        }
    });
    let rows = server.deployments();
    let ended = rows.iter().filter(|row| row["status"] == "deployed").count();
    (rows.len(), ended, proxy.requests())
}

#[test]
fn each_report_has_exactly_one_effect() {
    let (rows, ..) = delivered(&weak(), 20, 1);
    eprintln!("weak build: 20 deployments became {rows}");
    assert!(rows > 20, "the weak build made no duplicate");
    let wanted = if full() { 1_000 } else { 100 };
    let (rows, ended, requests) = delivered(&strong(), wanted, 2);
    eprintln!("shipmark: {} reports in {requests} requests: {rows} deployments, {ended} ended", 2 * wanted);
    assert_eq!((rows, ended), (wanted, wanted));
}

fn body(run: &str, status: &str, seq: i64) -> String {
    serde_json::json!({ "app": "a", "workload": "a", "platform": "p", "environment": "e", "version": "1.0.0",
        "status": status, "run_key": run, "seq": seq, "at": 1_000 })
    .to_string()
}

#[test]
fn the_same_report_twice_at_once_is_one_and_a_changed_one_is_refused() {
    let data = TempDir::new().unwrap();
    let server = Server::start(&strong(), data.path());
    let post = |body: &str| server.send("POST", "/api/v2/deployments", "application/json", body);
    for number in 0..100 {
        let run = format!("run-{number}");
        let first = body(&run, "running", 1);
        let answers = std::thread::scope(|scope| {
            let threads = [(); 2].map(|()| scope.spawn(|| post(&first)));
            threads.map(|thread| thread.join().unwrap())
        });
        let mut statuses = answers.each_ref().map(|(status, _)| *status);
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201], "{answers:?}");
        assert_eq!(answers[0].1, answers[1].1, "the same id for both");
        assert_eq!(post(&first).0, 200);
        assert_eq!(post(&body(&run, "failed", 1)).0, 409, "the step is taken by another report");
        assert_eq!(post(&body(&run, "queued", 2)).0, 409, "nothing goes back");
    }
    assert_eq!(server.deployments().len(), 100);
}
