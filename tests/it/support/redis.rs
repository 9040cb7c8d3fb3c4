//! A Redis server of a test's own, on a free port of this machine. Where the program is not installed its tests are left
//! out with a word, and fail where `CI` is `true`.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// It is killed when it goes out of scope.
pub(crate) struct Redis {
    child: Child,
    pub(crate) port: u16,
}

impl Redis {
    pub(crate) fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let Some(child) = spawn(port) else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "redis-server is not installed");
            // Past the test harness, which would swallow it.
            let _ =
                writeln!(std::io::stderr(), "LEFT OUT on Redis: install redis-server, or run scripts/test");
            return None;
        };
        let redis = Self { child, port };
        redis.wait();
        Some(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What it answers to a command, a line for each part.
    pub(crate) fn ask(&self, command: &[&str]) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(command).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// The keys that fit a pattern.
    pub(crate) fn keys(&self, pattern: &str) -> Vec<String> {
        self.ask(&["KEYS", pattern]).lines().map(str::to_owned).collect()
    }

    /// A number that it counts.
    pub(crate) fn stat(&self, name: &str) -> u64 {
        let all = self.ask(&["INFO", "stats"]);
        let found = all.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.unwrap_or_else(|| panic!("no {name} in {all}")).trim().parse().unwrap()
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, empty.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.port).unwrap();
        self.wait();
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn wait(&self) {
        let began = Instant::now();
        while self.ask(&["PING"]) != "PONG" {
            assert!(began.elapsed() < Duration::from_secs(20), "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// It keeps nothing on disk.
fn spawn(port: u16) -> Option<Child> {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir(std::env::temp_dir()).spawn().ok()
}
