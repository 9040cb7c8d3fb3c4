//! `shipmark serve`: the registry.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Context;
use crate::error::{Error, Exit, Status};
use crate::registry::Registry;
use crate::server::{self, Exposure};
use crate::store::Store;
use crate::world::World;

const LISTEN: &str = "SHIPMARK_LISTEN";
const DATA_DIR: &str = "SHIPMARK_DATA_DIR";
const DEFAULT: &str = "127.0.0.1:8080";

/// Run the registry: API and board
///
/// On a loopback address anyone on this machine may write. The server stops on SIGTERM or Ctrl-C after it
/// has answered what it was asked.
#[derive(Args)]
pub(super) struct Serve {
    /// Where to listen; port 0 takes a free one (also `SHIPMARK_LISTEN`; default 127.0.0.1:8080)
    #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
    listen: Option<SocketAddr>,
    /// The folder of the embedded database (also `SHIPMARK_DATA_DIR`; default: `shipmark` in your data folder)
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Let anyone who reaches the address write
    #[arg(long)]
    anonymous_writes: bool,
}

impl Serve {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let address = self.address(context.world)?;
        if Exposure::of(address) == Exposure::Network && !self.anonymous_writes {
            let message = format!("`{address}` can be reached from the network, where anyone could write");
            return Err(Error::new(Exit::Configuration, message)
                .hint("listen on a loopback address such as `127.0.0.1:8080`, or allow it with `--anonymous-writes`"));
        }
        let folder = self.data_dir(context.world)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::from_source(Exit::Io, &error))?;
        runtime.block_on(run(context, address, &folder))
    }

    fn address(&self, world: &World) -> Result<SocketAddr, Error> {
        if let Some(address) = self.listen {
            return Ok(address);
        }
        let Some(text) = world.var(LISTEN) else { return parse_default() };
        address(text.trim()).map_err(|why| {
            let message = format!("the environment variable `{LISTEN}` is `{text}`: {why}");
            Error::new(Exit::Configuration, message)
        })
    }

    /// A relative folder is below the working directory.
    fn data_dir(&self, world: &World) -> Result<PathBuf, Error> {
        let named = self.data_dir.clone().or_else(|| world.var(DATA_DIR).map(PathBuf::from));
        let folder = named.or_else(|| world.data_home().map(|home| home.join("shipmark")));
        folder.map(|folder| world.cwd().join(folder)).ok_or_else(|| {
            Error::new(Exit::Configuration, "there is no home folder to keep the database in")
                .hint("name a folder with `--data-dir DIR`")
        })
    }
}

fn parse_default() -> Result<SocketAddr, Error> {
    address(DEFAULT).map_err(|why| Error::new(Exit::Bug, why))
}

/// `ADDR:PORT`, where the address may be `localhost`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let literal = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    literal.parse().map_err(|_| "not an address and a port, such as `127.0.0.1:8080`".to_owned())
}

async fn run(context: &Context<'_>, address: SocketAddr, folder: &std::path::Path) -> Result<Status, Error> {
    // The signals are caught before anything is opened, so that a stop at any time is a clean one.
    let mut stop = Stop::new().map_err(|error| Error::from_source(Exit::Io, &error))?;
    let listener = TcpListener::bind(address).await.map_err(|error| unbound(address, &error))?;
    let store = Store::open(folder, context.world.now()).await?;
    let at = listener.local_addr().map_err(|error| unbound(address, &error))?;
    let registry = Registry::new(store, context.world.clone());
    if Exposure::of(at) == Exposure::Loopback {
        context.ui.note("anyone on this machine may write to this registry");
    } else {
        context.ui.warn(&format!("anyone who reaches {at} may write to this registry"));
    }
    context.ui.note(&format!("listening on http://{at}/ (data in {})", folder.display()));
    let (told, tell) = tokio::sync::oneshot::channel();
    let serving = server::serve(listener, registry, async {
        // Whether it is told to stop or the teller is gone, the server stops.
        let _ = tell.await;
    });
    let stopping = async {
        stop.asked().await;
        let _ = told.send(());
        // Asked again, the user does not want to wait for those who are still being answered.
        stop.asked().await;
    };
    tokio::select! {
        done = serving => done?,
        () = stopping => {}
    }
    Ok(Exit::Done.into())
}

/// A registry on a free port of this machine, inside this process, for as long as the value lives.
pub(super) struct Embedded {
    pub(super) url: String,
    stop: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<Result<(), Error>>,
}

impl Embedded {
    /// Serves from a folder of its own.
    pub(super) fn start(world: &World, folder: &std::path::Path) -> Result<Self, Error> {
        let (stop, asked) = tokio::sync::oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let (world, folder) = (world.clone(), folder.to_owned());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
                let store = Store::open(&folder, world.now()).await?;
                // Nobody waits for the address any more if the other end is gone.
                let _ = tell.send(listener.local_addr()?);
                let serving = server::serve(listener, Registry::new(store, world), async {
                    let _ = asked.await;
                });
                Ok(serving.await?)
            })
        });
        match told.recv() {
            Ok(address) => Ok(Self { url: format!("http://{address}/"), stop, thread }),
            Err(_) => Err(ended(thread)
                .err()
                .unwrap_or_else(|| Error::new(Exit::Bug, "the registry did not start"))),
        }
    }

    /// Stops it after it has answered what it was asked.
    pub(super) fn stop(self) -> Result<(), Error> {
        // A registry that ended by itself tells why below.
        let _ = self.stop.send(());
        ended(self.thread)
    }
}

fn ended(thread: std::thread::JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    thread.join().unwrap_or_else(|_| Err(Error::new(Exit::Bug, "the registry broke off")))
}

fn unbound(address: SocketAddr, error: &std::io::Error) -> Error {
    let bad = Error::new(Exit::Io, format!("`{address}` cannot be listened on: {error}"));
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            bad.hint("stop the program that listens there, or choose another port with `--listen`")
        }
        std::io::ErrorKind::PermissionDenied => bad.hint("choose a port above 1023 with `--listen`"),
        _ => bad.hint("choose an address of this machine with `--listen`"),
    }
}

/// The signals that ask this process to end.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
