//! A registry that counts what reaches it and answers as it is told, also wrongly or not at all. It keeps the
//! contract of `POST /api/v2/deployments` otherwise: new is 201, known is 200.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

/// One answer out of turn.
pub(crate) enum Reply {
    /// Status, media type, further header lines (each with its line end), body.
    Is(u16, &'static str, &'static str, String),
    /// The request takes effect, but the connection closes before the answer.
    Swallowed,
    /// The usual answer, but only after this time.
    Late(Duration),
}

impl Reply {
    /// A problem document.
    pub(crate) fn problem(status: u16, body: &Value) -> Self {
        Self::Is(status, "application/problem+json", "", body.to_string())
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

#[derive(Default)]
struct State {
    replies: VecDeque<Reply>,
    requests: Vec<Request>,
    /// What took effect: reports by their run and step, once each.
    effects: Vec<Value>,
    /// The releases that it was told of, once each.
    releases: Vec<Value>,
    current: Value,
}

/// Listens on a port of this machine until it is dropped.
#[must_use]
pub(crate) struct RegistryMock {
    port: u16,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RegistryMock {
    /// On a free port.
    pub(crate) fn start() -> Self {
        Self::start_at(0)
    }

    /// On a given port, such as one where nothing answered so far.
    pub(crate) fn start_at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { current: json!({ "items": [] }), ..State::default() }));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, ended) = (Arc::clone(&state), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                // A client that goes away in the middle is one of the things under test.
                let _ = stream.and_then(|stream| serve(&stream, &shared));
            }
        });
        Self { port, state, stop, thread: Some(thread) }
    }

    /// A port where nothing answers, and where no other test will: it lies below those that systems hand out
    /// (49152 and up by RFC 6335, 32768 and up on Linux).
    pub(crate) fn closed_port() -> u16 {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number =
                std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::SeqCst));
            let port = u16::try_from(20_000 + number % 10_000).unwrap();
            if TcpListener::bind(("127.0.0.1", port)).is_ok() {
                return port;
            }
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers the next report like this; after several of these calls the next ones, in turn.
    pub(crate) fn reply(&self, reply: Reply) {
        self.state.lock().unwrap().replies.push_back(reply);
    }

    /// What `GET /api/v2/current` answers from now on.
    pub(crate) fn set_current(&self, items: &Value) {
        self.state.lock().unwrap().current = json!({ "items": items });
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Waits until so many requests have come.
    #[track_caller]
    pub(crate) fn wait_for(&self, requests: usize) {
        for _ in 0..2000 {
            if self.requests().len() >= requests {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{requests} requests did not come");
    }

    /// The reports that took effect, in the order in which they did: environment, version, status.
    pub(crate) fn effects(&self) -> Vec<String> {
        let word = |report: &Value, name: &str| report[name].as_str().unwrap().to_owned();
        let effects = &self.state.lock().unwrap().effects;
        let line =
            |report: &Value| ["environment", "version", "status"].map(|name| word(report, name)).join(" ");
        effects.iter().map(line).collect()
    }

    /// The releases that it was told of: app, version, bump.
    pub(crate) fn releases(&self) -> Vec<String> {
        let word = |release: &Value, name: &str| release[name].as_str().unwrap_or("-").to_owned();
        let line = |release: &Value| ["app", "version", "bump"].map(|name| word(release, name)).join(" ");
        self.state.lock().unwrap().releases.iter().map(line).collect()
    }

    /// The reports that took effect, whole.
    pub(crate) fn reports(&self) -> Vec<Value> {
        self.state.lock().unwrap().effects.clone()
    }
}

impl Drop for RegistryMock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // One more connection wakes the thread, which then sees that it shall stop.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if !std::thread::panicking() {
            assert!(self.state.lock().unwrap().replies.is_empty(), "a planned answer was never asked for");
        }
    }
}

fn serve(stream: &TcpStream, shared: &Mutex<State>) -> std::io::Result<()> {
    let request = read(stream)?;
    // Every deployment asks what is held before it begins; here nothing is.
    if request.line.starts_with("GET /api/v2/holds?") {
        return write(stream, 200, "application/json", "", "{\"items\":[],\"next\":null}");
    }
    let mut state = shared.lock().unwrap();
    state.requests.push(request.clone());
    let report = request.line.starts_with("POST /api/v2/deployments ");
    let reply = if report { state.replies.pop_front() } else { None };
    match reply {
        Some(Reply::Is(status, media, headers, body)) => write(stream, status, media, headers, &body),
        Some(Reply::Swallowed) => {
            state.accept(request.body);
            Ok(())
        }
        Some(Reply::Late(time)) => {
            drop(state);
            std::thread::sleep(time);
            let (status, body) = shared.lock().unwrap().accept(request.body);
            write(stream, status, "application/json", "", &body.to_string())
        }
        None if report => {
            let (status, body) = state.accept(request.body);
            write(stream, status, "application/json", "", &body.to_string())
        }
        None if request.line.starts_with("PUT /api/v2/apps/") => {
            let known = state.releases.contains(&request.body);
            let answer = json!({ "state": "released", "version": request.body["version"] });
            if !known {
                state.releases.push(request.body);
            }
            write(stream, if known { 200 } else { 201 }, "application/json", "", &answer.to_string())
        }
        None if request.line.starts_with("GET /api/v2/current") => {
            write(stream, 200, "application/json", "", &state.current.to_string())
        }
        None => write(stream, 404, "application/problem+json", "", "{\"title\":\"not found\"}"),
    }
}

impl State {
    fn accept(&mut self, report: Value) -> (u16, Value) {
        let of_run = |old: &Value| old["run_key"] == report["run_key"];
        let known = self.effects.iter().find(|old| of_run(old)).is_some();
        let mut runs: Vec<Value> = Vec::new();
        for key in self.effects.iter().chain([&report]).map(|old| old["run_key"].clone()) {
            if !runs.contains(&key) {
                runs.push(key);
            }
        }
        let id = 1 + runs.iter().position(|key| *key == report["run_key"]).unwrap();
        let body = json!({ "id": id, "state": "running", "version": report["version"] });
        if !self.effects.iter().any(|old| of_run(old) && old["seq"] == report["seq"]) {
            self.effects.push(report);
        }
        (if known { 200 } else { 201 }, body)
    }
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let header = |name: &str| {
        lines.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request {
        line: lines.first().cloned().unwrap_or_default(),
        authorization: header("authorization"),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

fn write(mut stream: &TcpStream, status: u16, media: &str, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: {media}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}
