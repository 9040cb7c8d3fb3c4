//! A proxy that does to each request what a test wants: lets it pass, loses it, loses its answer, doubles it, or
//! answers itself. It passes one request per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The connection closes before the request goes on.
    Refused,
    /// The request takes effect, and its answer is lost.
    Swallowed,
    /// The request takes effect, and its answer breaks off after so many bytes.
    Cut(usize),
    /// The request goes on twice; the second answer comes back.
    Doubled,
    /// Status, media type, further header lines (each with its line end), body: an answer of the proxy's own.
    Answer(u16, &'static str, String, &'static str),
}

type Decide = dyn Fn(&str) -> Fault + Send + Sync;

/// Listens on a port of this machine until it is dropped.
pub(crate) struct Proxy {
    port: u16,
    stop: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Before the server on `upstream`; `decide` gets the first line of each request.
    pub(crate) fn before(upstream: u16, decide: impl Fn(&str) -> Fault + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (ended, counted) = (Arc::clone(&stop), Arc::clone(&requests));
        let decide: Arc<Decide> = Arc::new(decide);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let (decide, counted) = (Arc::clone(&decide), Arc::clone(&counted));
                // A connection that breaks is what this is for.
                std::thread::spawn(move || pass(&stream, upstream, decide.as_ref(), &counted));
            }
        });
        Self { port, stop, requests, thread: Some(thread) }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // One more connection wakes the thread, which then sees that it shall stop.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn pass(
    mut stream: &TcpStream,
    upstream: u16,
    decide: &Decide,
    requests: &AtomicUsize,
) -> std::io::Result<()> {
    let (line, request) = read(stream)?;
    if line.is_empty() {
        return Ok(());
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let fault = decide(&line);
    match fault {
        Fault::Refused => return stream.shutdown(Shutdown::Both),
        Fault::Answer(status, media, headers, body) => {
            return write!(
                stream,
                "HTTP/1.1 {status} x\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
                body.len()
            );
        }
        Fault::Doubled => drop(exchange(upstream, &request)?),
        Fault::None | Fault::Swallowed | Fault::Cut(_) => {}
    }
    let answer = exchange(upstream, &request)?;
    match fault {
        Fault::Swallowed => stream.shutdown(Shutdown::Both),
        Fault::Cut(bytes) => stream.write_all(&answer[..bytes.min(answer.len())]),
        _ => stream.write_all(&answer),
    }
}

fn exchange(upstream: u16, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream))?;
    server.write_all(request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}

/// The first line of a request, and the whole of it, made the last one of its connection.
fn read(stream: &TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut request, mut length) = (String::new(), Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok((String::new(), Vec::new()));
        }
        if first.is_empty() {
            line.trim_end().clone_into(&mut first);
        }
        if line.trim_end().is_empty() {
            break;
        }
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if name == "content-length" {
            length = line[name.len() + 1..].trim().parse().unwrap_or(0);
        }
        if name != "connection" {
            request.extend_from_slice(line.as_bytes());
        }
    }
    request.extend_from_slice(b"connection: close\r\n\r\n");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request.extend_from_slice(&body);
    Ok((first, request))
}
