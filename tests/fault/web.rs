//! A git server over HTTP that fails when it is told to. The work is done by git's own `http-backend`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// What the server does with the requests that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Answers every request of a push with this status.
    Status(u16),
    /// Answers with this status where the objects come, but says before what it has.
    StatusLater(u16),
    /// Closes the line when the objects are to come.
    CutRequest,
    /// Does what it is asked and closes the line after so many bytes of the answer.
    CutAnswer(usize),
}

/// It ends with the process.
pub(crate) struct Web {
    port: u16,
    mood: Arc<Mutex<Mood>>,
}

impl Web {
    /// Serves the repositories below a folder.
    pub(crate) fn serve(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mood = Arc::new(Mutex::new(Mood::Well));
        let (root, felt) = (root.to_owned(), Arc::clone(&mood));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, mood) = (root.clone(), *felt.lock().unwrap());
                // A client that goes away is part of the play.
                std::thread::spawn(move || answer(&stream, &root, mood));
            }
        });
        Self { port, mood }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub(crate) fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

/// The lines of a head up to the empty one.
fn head(reader: &mut impl BufRead) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => return Some(lines),
            text => lines.push(text.to_owned()),
        }
    }
}

fn value<'a>(lines: &'a [String], name: &str) -> Option<&'a str> {
    let pairs = lines.iter().filter_map(|line| line.split_once(": "));
    pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

fn answer(stream: &TcpStream, root: &PathBuf, mood: Mood) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let lines = head(&mut reader)?;
    let mut words = lines.first()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_push = target.contains("git-receive-pack");
    let is_post = method == "POST";
    let length: usize = value(&lines, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    if mood == Mood::CutRequest && is_push && is_post {
        return None;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let status = match mood {
        Mood::Status(status) if is_push => Some(status),
        Mood::StatusLater(status) if is_push && is_post => Some(status),
        _ => None,
    };
    let mut out = stream;
    if let Some(status) = status {
        let ask = if status == 401 { "WWW-Authenticate: Basic realm=\"x\"\r\n" } else { "" };
        return write!(out, "HTTP/1.1 {status} No\r\n{ask}Content-Length: 0\r\nConnection: close\r\n\r\n")
            .ok();
    }
    let given = backend(root, method, path, query, &lines, &body)?;
    let (text, rest) = given.split_at(given.windows(4).position(|four| four == b"\r\n\r\n")? + 4);
    // With a length, as every server sends one or says where the answer ends; git waits for ever on a short answer
    // without.
    write!(out, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n", rest.len()).ok()?;
    out.write_all(text).ok()?;
    match mood {
        Mood::CutAnswer(bytes) if is_push && is_post => out.write_all(rest.get(..bytes).unwrap_or(rest)).ok(),
        _ => out.write_all(rest).ok(),
    }
}

fn backend(
    root: &PathBuf,
    method: &str,
    path: &str,
    query: &str,
    lines: &[String],
    body: &[u8],
) -> Option<Vec<u8>> {
    let mut command = Command::new("git");
    command.arg("http-backend").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.env("GIT_PROJECT_ROOT", root).env("GIT_HTTP_EXPORT_ALL", "1").env("REMOTE_USER", "ada");
    command.env("REQUEST_METHOD", method).env("PATH_INFO", path).env("QUERY_STRING", query);
    command.env("CONTENT_LENGTH", body.len().to_string()).env("HOME", root);
    for (header, variable) in [
        ("content-type", "CONTENT_TYPE"),
        ("content-encoding", "HTTP_CONTENT_ENCODING"),
        ("git-protocol", "HTTP_GIT_PROTOCOL"),
    ] {
        if let Some(value) = value(lines, header) {
            command.env(variable, value);
        }
    }
    command
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*");
    let mut child = command.spawn().ok()?;
    child.stdin.take()?.write_all(body).ok()?;
    let done = child.wait_with_output().ok()?;
    Some(done.stdout)
}
