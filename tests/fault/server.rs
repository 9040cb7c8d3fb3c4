//! The registry as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A generous limit against hanging.
pub(crate) const LONGEST: Duration = Duration::from_secs(20);

/// A server; it is killed when it goes out of scope.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) port: u16,
    /// The warnings and errors of its log.
    said: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves the data of a folder on a free port.
    pub(crate) fn start(binary: &Path, data: &Path) -> Self {
        Self::start_at(binary, data, 0)
    }

    pub(crate) fn start_at(binary: &Path, data: &Path, port: u16) -> Self {
        Self::over(binary, &["--data-dir", data.to_str().unwrap()], port)
    }

    /// Serves a database of any engine; the options name it.
    pub(crate) fn over(binary: &Path, database: &[&str], port: u16) -> Self {
        Self::at(binary, "127.0.0.1", database, port)
    }

    /// The same at an address of this machine, with any options.
    pub(crate) fn at(binary: &Path, address: &str, options: &[&str], port: u16) -> Self {
        Self::open(binary, address, options, port).unwrap_or_else(|| panic!("it ended before it served"))
    }

    /// The same of one that may refuse to start.
    pub(crate) fn open(binary: &Path, address: &str, options: &[&str], port: u16) -> Option<Self> {
        let mut child = Command::new(binary)
            .args(["serve", "--listen", &format!("{address}:{port}")])
            .args(options)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address: std::net::SocketAddr = loop {
            let Some(line) = lines.next() else {
                child.wait().unwrap();
                return None;
            };
            let line = line.unwrap();
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.split('/').next().unwrap().parse().unwrap();
            }
        };
        // Whoever closes the pipe would end the server by its next line.
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            let plain = |line: &String| line.contains("\"level\":\"INFO\"");
            for line in lines.map_while(Result::ok).filter(|line| !plain(line)) {
                heard.lock().unwrap().push(line);
            }
        });
        Some(Self { child, port: address.port(), said })
    }

    /// The status and the body of an answer; 0 where none came.
    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> (u16, String) {
        send(self.port, method, path, kind, body)
    }

    /// The warnings and errors of its log so far.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    /// A v1 deployment by form, as curl sends it.
    pub(crate) fn create(&self, version: &str) -> u16 {
        let body = format!("workload=a&platform=p&environment=e&version={version}&status=deployed");
        self.send("POST", "/api/v1/create", "", &body).0
    }

    /// Every deployment that it has, newest first.
    pub(crate) fn deployments(&self) -> Vec<serde_json::Value> {
        self.deployments_of("")
    }

    /// Those that a filter lets through, which begins with `&`.
    pub(crate) fn deployments_of(&self, filter: &str) -> Vec<serde_json::Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v2/deployments?limit=100{filter}{cursor}");
            let (status, text) = self.send("GET", &path, "", "");
            assert_eq!(status, 200, "{text}");
            let page: serde_json::Value = serde_json::from_str(&text).unwrap();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says to clients in threads that they shall end.
#[derive(Default)]
pub(crate) struct Done(AtomicBool);

impl Done {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Sets it when the value goes, also by a test that fails: its scope would wait for the clients for ever.
    pub(crate) fn at_end(&self) -> End<'_> {
        End(self)
    }
}

pub(crate) struct End<'d>(&'d Done);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::SeqCst);
    }
}

/// The URL of a new database on a server.
pub(crate) fn fresh_database(server: &str) -> String {
    use sqlx::Connection;
    let name = format!("sm_{}", uuid::Uuid::new_v4().simple());
    let text = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    wait_for(async {
        if server.starts_with("postgres") {
            let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = sqlx::MySqlConnection::connect(server).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        }
    });
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

/// Runs what is asynchronous to its end.
pub(crate) fn wait_for<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}

/// The answer to a form that is posted to a port of this machine.
pub(crate) fn post(port: u16, path: &str, body: &str) -> (u16, String) {
    send(port, "POST", path, "", body)
}

fn send(port: u16, method: &str, path: &str, kind: &str, body: &str) -> (u16, String) {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return (0, String::new()) };
    answer(stream, method, path, &format!("Content-Type: {kind}\r\n"), body)
}

/// A connection from an address of this machine.
pub(crate) fn connect_from(from: &str, port: u16) -> TcpStream {
    let from = std::net::SocketAddr::new(from.parse().unwrap(), 0);
    let to = std::net::SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), port);
    let stream = wait_for(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(from).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

/// The status and the body of an answer; 0 where none came. The headers each end their line.
pub(crate) fn answer(
    mut stream: TcpStream,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String) {
    stream.set_read_timeout(Some(LONGEST)).unwrap();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    // In one piece: the kernel lets small ones wait for each other.
    let sent = stream.write_all(format!("{head}{headers}Content-Length: {length}\r\n\r\n{body}").as_bytes());
    let mut text = String::new();
    if sent.is_err() || stream.read_to_string(&mut text).is_err() {
        return (0, String::new());
    }
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
}
