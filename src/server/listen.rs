//! Accepts connections and serves them until told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time;
use tokio_io_timeout::TimeoutStream;

use super::guests::{Guest, Guests};

/// How long a client may take to send the head of a request, the pause before it included.
const HEADER_READ: Duration = Duration::from_secs(5);
/// The head of a request in bytes; a longer one is answered 431.
const HEAD: usize = 16 * 1024;
const CONNECTIONS: usize = 1_024;
/// How long a client may take none of the bytes of an answer; then its connection is closed.
const STALLED: Duration = Duration::from_secs(15);
/// The pause after a failed accept, such as when file descriptors have run out.
const REST: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until `shutdown` is ready and the last request is answered, or `cut` is ready
/// after that. An address has `most` connections at a time, and 0 means any number. axum's own `serve` sets no timer, which leaves hyper's header time-out without effect (tokio-rs/axum#2741).
pub(super) async fn run(
    listener: TcpListener,
    router: Router,
    most: u32,
    shutdown: impl Future<Output = ()>,
    cut: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let guests = Guests::new(if cfg!(feature = "weak") { 0 } else { most });
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &guests, &places) => accepted,
        };
        let (stream, from, held) = match accepted {
            Ok(Some(accepted)) => accepted,
            Ok(None) => continue,
            Err(_) => {
                time::sleep(REST).await;
                continue;
            }
        };
        let mut stream = TimeoutStream::new(stream);
        let strong = !cfg!(feature = "weak");
        stream.set_write_timeout(strong.then_some(STALLED));
        let service = TowerToHyperService::new(router.clone());
        // Not by a layer, which would be put around every route anew for each connection.
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(from));
            service.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(strong.then_some(HEADER_READ))
            .max_buf_size(HEAD)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the client's affair; its request was answered or never came.
            let _ = watched.await;
            drop(held);
        });
    }
    drop(listener);
    // What is not answered by then is cut off; an unfinished write is rolled back.
    tokio::select! {
        () = graceful.shutdown() => {}
        () = cut => {}
    }
}

/// The next connection and what it holds, once there is a place for it; nothing if its address has enough.
async fn accept(
    listener: &TcpListener,
    guests: &Arc<Guests>,
    places: &Arc<Semaphore>,
) -> std::io::Result<Option<(TcpStream, SocketAddr, (Guest, OwnedSemaphorePermit))>> {
    let (stream, from) = listener.accept().await?;
    let Some(guest) = guests.enter(from.ip()) else { return Ok(None) };
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    // An answer is small and complete, so there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    Ok(Some((stream, from, (guest, place))))
}
