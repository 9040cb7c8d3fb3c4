//! Accepts connections and serves them until told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time;

/// How long a client may take to send the head of a request, the pause before it included.
const HEADER_READ: Duration = Duration::from_secs(5);
/// The head of a request in bytes; a longer one is answered 431.
const HEAD: usize = 16 * 1024;
const CONNECTIONS: usize = 1_024;
/// The pause after a failed accept, such as when file descriptors have run out.
const REST: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until `shutdown` is ready and the last request is answered, or `cut` is ready
/// after that. axum's own `serve` sets no timer, which leaves hyper's header time-out without effect (tokio-rs/axum#2741).
pub(super) async fn run(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
    cut: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, from, place)) = accepted else {
            time::sleep(REST).await;
            continue;
        };
        let router = router.clone().layer(Extension(ConnectInfo(from)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ)
            .max_buf_size(HEAD)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the client's affair; its request was answered or never came.
            let _ = watched.await;
            drop(place);
        });
    }
    drop(listener);
    // What is not answered by then is cut off; an unfinished write is rolled back.
    tokio::select! {
        () = graceful.shutdown() => {}
        () = cut => {}
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let (stream, from) = listener.accept().await.ok()?;
    // An answer is small and complete, so there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    Some((stream, from, place))
}
