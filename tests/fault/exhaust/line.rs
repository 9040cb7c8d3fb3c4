//! Connections to a registry from addresses of their own, each of which does what a bad client does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::server::LONGEST;

/// The address of the good client, and the first of each 250 of the others.
pub(super) const GOOD: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 1);

/// The address of the nth bad client.
pub(super) fn bad(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(GOOD) + 256 + number)
}

/// A connection from an address; what arrives is kept small, so that who reads nothing soon holds the server up.
pub(super) async fn connect(from: Ipv4Addr, to: SocketAddr, small: bool) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    if small {
        socket.set_recv_buffer_size(4_096)?;
    }
    socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
    socket.connect(to).await
}

/// What an answer begins with: its status, or 0 if the connection ended without one.
pub(super) async fn status(stream: &mut TcpStream) -> u16 {
    let mut text = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => text.extend_from_slice(&buffer[..read]),
        }
        if text.len() > 12 {
            break;
        }
    }
    String::from_utf8_lossy(&text).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// How a connection ended: the status that came, and after how long; nothing if it is still open.
pub(super) type End = Option<(u16, Duration)>;

/// Sends the text, then one byte after the other as slowly as may be, until it is told off or has waited so long.
pub(super) async fn drip(from: Ipv4Addr, to: SocketAddr, text: &str, longest: Duration) -> End {
    let Ok(stream) = connect(from, to, false).await else { return Some((0, Duration::ZERO)) };
    let began = Instant::now();
    let (mut reader, mut writer) = stream.into_split();
    if writer.write_all(text.as_bytes()).await.is_err() {
        return Some((0, began.elapsed()));
    }
    let dripping = async {
        while writer.write_all(b"a").await.is_ok() {
            sleep(Duration::from_millis(500)).await;
        }
        std::future::pending::<()>().await;
    };
    let reading = async {
        let mut buffer = [0; 512];
        let read = reader.read(&mut buffer).await.unwrap_or(0);
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    };
    let ended = async {
        tokio::select! {
            () = dripping => 0,
            status = reading => status,
        }
    };
    timeout(longest, ended).await.ok().map(|status| (status, began.elapsed()))
}

/// Asks for a long answer and takes nothing of it; the connection stays with the caller.
pub(super) async fn stare(from: Ipv4Addr, to: SocketAddr, path: &str) -> Option<TcpStream> {
    let mut stream = connect(from, to, true).await.ok()?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    Some(stream)
}

/// Sends bytes as fast as they are taken, at most so many; the status that came, and how many were sent.
pub(super) async fn flood(
    from: Ipv4Addr,
    to: SocketAddr,
    head: &str,
    part: &[u8],
    most: usize,
) -> (u16, usize) {
    let Ok(stream) = connect(from, to, false).await else { return (0, 0) };
    let (mut reader, mut writer) = stream.into_split();
    let writing = async {
        let mut sent = 0;
        if writer.write_all(head.as_bytes()).await.is_ok() {
            while sent < most && writer.write_all(part).await.is_ok() {
                sent += part.len();
            }
        }
        sent
    };
    let reading = async {
        let mut buffer = [0; 512];
        let read = reader.read(&mut buffer).await.unwrap_or(0);
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    };
    match timeout(LONGEST, async { tokio::join!(reading, writing) }).await {
        Ok(done) => done,
        Err(_) => (1, most),
    }
}

/// One request on a connection of its own: the status, and how long it took.
pub(super) async fn ask(from: Ipv4Addr, to: SocketAddr, text: &str) -> (u16, Duration) {
    let began = Instant::now();
    let asked = async {
        let mut stream = connect(from, to, false).await?;
        stream.write_all(text.as_bytes()).await?;
        Ok::<_, std::io::Error>(status(&mut stream).await)
    };
    let status = match timeout(LONGEST, asked).await {
        Ok(Ok(status)) => status,
        Ok(Err(_)) | Err(_) => 0,
    };
    (status, began.elapsed())
}

/// The text of a request without a body.
pub(super) fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n")
}

/// The text of a create by form.
pub(super) fn create(workload: &str, version: usize, raw: &str) -> String {
    let body =
        format!("workload={workload}&platform=p&environment=e&version={version}&status=deployed&raw={raw}");
    let length = body.len();
    format!(
        "POST /api/v1/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
