//! `shipmark serve`: the registry.

mod embedded;
mod stop;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::net::TcpListener;

pub(super) use self::embedded::Embedded;
use self::stop::Stop;
use super::Context;
use crate::error::{Error, Exit, Status};
use crate::log::{self, Level};
use crate::registry::Registry;
use crate::server::{self, Exposure, Options};
use crate::store::Store;
use crate::ui;
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
    log::start(level(context), context.world);
    announce(context, at, folder);
    let options = Options {
        exposure: Exposure::of(at),
        log_probes: context.world.var("APP_SKIP_PATH_DISABLED").is_some(),
    };
    let (told, tell) = tokio::sync::oneshot::channel();
    let serving = server::serve(listener, registry, options, async {
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
    tracing::info!("stopped");
    Ok(Exit::Done.into())
}

/// `--quiet` leaves the failures.
fn level(context: &Context<'_>) -> Level {
    if context.ui.quiet { Level::ERROR } else { Level::of(context.world.var("APP_LOG_LEVEL")) }
}

/// Says where the server listens and who may write: to a person in words, else in the log.
fn announce(context: &Context<'_>, at: SocketAddr, folder: &std::path::Path) {
    let open = Exposure::of(at) == Exposure::Loopback;
    let who = if open { "on this machine".to_owned() } else { format!("who reaches {at}") };
    let writers = format!("anyone {who} may write to this registry");
    let listening = format!("listening on http://{at}/ (data in {})", folder.display());
    match (ui::terminals().err, open) {
        (true, true) => context.ui.note(&writers),
        (true, false) => context.ui.warn(&writers),
        (false, true) => tracing::info!("{writers}"),
        (false, false) => tracing::warn!("{writers}"),
    }
    if ui::terminals().err {
        context.ui.note(&listening);
    } else {
        tracing::info!("{listening}");
    }
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
