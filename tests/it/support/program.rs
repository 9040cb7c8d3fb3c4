//! A running program that says what it is, as an application's health address does.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

/// One answer: status, further header lines (each with its line end), body.
#[derive(Clone)]
pub(crate) struct Says(pub(crate) u16, pub(crate) String, pub(crate) String);

impl Says {
    pub(crate) fn json(value: &Value) -> Self {
        Self(200, String::new(), value.to_string())
    }
}

#[derive(Default)]
struct State {
    answers: VecDeque<Says>,
    asked: Vec<String>,
}

/// Listens on a port of this machine until it is dropped.
#[must_use]
pub(crate) struct Program {
    port: u16,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Program {
    /// Gives these answers in turn, and the last one for ever.
    pub(crate) fn start(answers: &[Says]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { answers: answers.to_vec().into(), asked: Vec::new() }));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, ended) = (Arc::clone(&state), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                // A client that goes away in the middle has what it wanted.
                let _ = stream.and_then(|stream| answer(&stream, &shared));
            }
        });
        Self { port, state, stop, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on it says this.
    pub(crate) fn changes_to(&self, says: Says) {
        self.state.lock().unwrap().answers = [says].into();
    }

    /// The paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // One more connection wakes the thread, which then sees that it shall stop.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: &TcpStream, shared: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let Says(status, headers, body) = {
        let mut state = shared.lock().unwrap();
        state.asked.push(first.split(' ').nth(1).unwrap_or_default().to_owned());
        let next = state.answers.pop_front().unwrap();
        if state.answers.is_empty() {
            state.answers.push_back(next.clone());
        }
        next
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}
