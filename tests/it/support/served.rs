//! The real binary as a server, and HTTP to it by hand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A server on a free port; it is killed if a test ends early.
#[must_use]
pub(crate) struct Served {
    child: Child,
    stderr: Box<dyn BufRead + Send + Sync>,
    pub(crate) said: Vec<String>,
    pub(crate) port: u16,
}

/// The binary with an empty environment, so that nothing of the machine counts.
#[expect(clippy::disallowed_methods, reason = "the test starts the program itself")]
pub(crate) fn command(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shipmark"));
    command.env_clear().env("HOME", folder).current_dir(folder).args(arguments);
    command
}

/// Runs the binary to its end.
#[track_caller]
pub(crate) fn run(arguments: &[&str], folder: &Path) -> Output {
    command(arguments, folder).output().unwrap()
}

impl Served {
    /// Starts a server and waits for the line that says where it listens.
    #[track_caller]
    pub(crate) fn start(data: &Path) -> Self {
        let data = data.to_str().unwrap();
        Self::of(command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data], Path::new("/")))
    }

    /// The server that a command starts.
    #[track_caller]
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = Box::new(BufReader::new(child.stderr.take().unwrap()));
        let mut server = Self { child, stderr, said: Vec::new(), port: 0 };
        while server.port == 0 {
            let words = server.next_line();
            if let Some(rest) = words.split_once("listening on http://").map(|(_, rest)| rest) {
                let address: std::net::SocketAddr = rest.split('/').next().unwrap().parse().unwrap();
                server.port = address.port();
            }
            server.said.push(words);
        }
        server
    }

    /// Reads the rest of its log and forgets it: a server stands still whose log nobody reads.
    pub(crate) fn unheard(mut self) -> Self {
        let mut stderr = std::mem::replace(&mut self.stderr, Box::new(std::io::empty()));
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        self
    }

    /// The level and the message of the next line of its log.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stderr.read_line(&mut line).unwrap();
        assert_ne!(read, 0, "it ended after {:?}", self.said);
        let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        format!("{} {}", line["level"].as_str().unwrap(), line["message"].as_str().unwrap())
    }

    /// A connection to it.
    #[track_caller]
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// One request as curl sends it; the answer's status and body.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> (u16, String) {
        let mut stream = self.connect();
        let (port, length) = (self.port, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 0:{port}\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        answer(&mut stream)
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.send("GET", path, "", "")
    }

    /// Sends a signal by its name.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let name = rustix::process::Signal::from_named_raw(match name {
            "KILL" => 9,
            _ => 15,
        });
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, name.unwrap()).unwrap();
    }

    /// Waits for its end: the exit code and what else it logged.
    #[track_caller]
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an answer to its end: status and body.
#[track_caller]
pub(crate) fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, body.to_owned())
}
