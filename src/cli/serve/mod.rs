//! `shipmark serve`: the registry.

mod address;
mod database;
mod embedded;
mod stop;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;

use self::database::Database;
pub(super) use self::embedded::Embedded;
use self::stop::Stop;
use super::Context;
use crate::error::{Error, Exit, Status};
use crate::log::{self, Level};
use crate::registry::Registry;
use crate::server::{self, Exposure, Listeners, Options};
use crate::ui;
use crate::world::World;

/// The longest wait before the start, in seconds.
const SLEEP: u64 = 300;

/// How long connections are still taken after the signal to stop.
const LINGER: Duration = Duration::from_secs(1);

/// Run the registry: API and board
///
/// On a loopback address anyone on this machine may write. The server stops on SIGTERM or Ctrl-C after it
/// has answered what it was asked.
#[derive(Args)]
pub(super) struct Serve {
    /// Where to listen; port 0 takes a free one (also `SHIPMARK_LISTEN`; default 127.0.0.1:8080)
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::parse)]
    listen: Option<SocketAddr>,
    /// The folder of the embedded database (also `SHIPMARK_DATA_DIR`; default: `shipmark` in your data folder)
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The database, instead of the embedded one: `postgres://…`, `mysql://…` or `sqlite://FILE` (also
    /// `SHIPMARK_DATABASE_URL`, or `SQL_DRIVER` and `DB_URI`); a variable keeps the password out of `ps`
    #[arg(long, value_name = "URL", conflicts_with = "data_dir")]
    database: Option<String>,
    /// Serve Prometheus metrics here (also `SHIPMARK_METRICS_LISTEN`, or by `APP_PROMETHEUS` on port 9101)
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::parse)]
    metrics_listen: Option<SocketAddr>,
    /// Let anyone who reaches the address write
    #[arg(long)]
    anonymous_writes: bool,
}

impl Serve {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let address = address::api(self.listen, context.world)?;
        let metrics = address::metrics(self.metrics_listen, address, context.world)?;
        let pause = pause(context.world)?;
        if Exposure::of(address) == Exposure::Network && !self.anonymous_writes {
            let message = format!("`{address}` can be reached from the network, where anyone could write");
            return Err(Error::new(Exit::Configuration, message)
                .hint("listen on a loopback address such as `127.0.0.1:8080`, or allow it with `--anonymous-writes`"));
        }
        let database = Database::choose(&self, context.world)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::from_source(Exit::Io, &error))?;
        runtime.block_on(run(context, (address, metrics), &database, pause))
    }
}

/// The wait before the start that the charts of Lord-Y/versions ask for, so that a database can come up.
fn pause(world: &World) -> Result<Duration, Error> {
    let Some(text) = world.var("SLEEP").map(str::trim) else { return Ok(Duration::ZERO) };
    match text.parse() {
        Ok(seconds) if seconds <= SLEEP => Ok(Duration::from_secs(seconds)),
        _ => {
            let message = format!(
                "the environment variable `SLEEP` is `{text}`, not a number of seconds up to {SLEEP}"
            );
            Err(Error::new(Exit::Configuration, message))
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    let bound = match (TcpListener::bind(address).await, address::without_ipv6(address)) {
        (Err(error), Some(other)) if error.kind() != std::io::ErrorKind::AddrInUse => {
            TcpListener::bind(other).await
        }
        (bound, _) => bound,
    };
    bound.map_err(|error| unbound(address, &error))
}

async fn run(
    context: &Context<'_>,
    (address, metrics): (SocketAddr, Option<SocketAddr>),
    database: &Database,
    pause: Duration,
) -> Result<Status, Error> {
    // The signals are caught before anything is opened, so that a stop at any time is a clean one.
    let mut stop = Stop::new().map_err(|error| Error::from_source(Exit::Io, &error))?;
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = stop.asked() => return Ok(Exit::Done.into()),
    }
    let listener = bind(address).await?;
    let metrics = match metrics {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let store = database.open(context.world).await?;
    let at = listener.local_addr().map_err(|error| unbound(address, &error))?;
    let registry = Registry::new(store, context.world.clone());
    log::start(level(context), context.world);
    announce(context, at, database);
    if let Some(warning) = uncached(context.world) {
        warn(context, warning);
    }
    for warning in database.warnings().iter().chain(registry.warnings()) {
        warn(context, warning);
    }
    if let Some(at) = metrics.as_ref().and_then(|metrics| metrics.local_addr().ok()) {
        tell(context, &format!("metrics on http://{at}/metrics"));
    }
    let options = Options {
        exposure: Exposure::of(at),
        log_probes: context.world.var("APP_SKIP_PATH_DISABLED").is_some(),
        linger: LINGER,
    };
    let (told, tell) = tokio::sync::oneshot::channel();
    let serving = server::serve(Listeners { api: listener, metrics }, registry, options, async {
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

/// The original caches in Redis if it is told to, by what Go's `ParseBool` takes as true.
fn uncached(world: &World) -> Option<&'static str> {
    let wanted = world.var("REDIS_ENABLED").map(str::trim);
    let yes = matches!(wanted, Some("1" | "t" | "T" | "true" | "TRUE" | "True"));
    yes.then_some("REDIS_ENABLED is set, but this version has no cache: every answer comes from the database")
}

/// `--quiet` leaves the failures.
fn level(context: &Context<'_>) -> Level {
    if context.ui.quiet { Level::ERROR } else { Level::of(context.world.var("APP_LOG_LEVEL")) }
}

/// Says where the server listens and who may write: to a person in words, else in the log.
fn announce(context: &Context<'_>, at: SocketAddr, database: &Database) {
    let open = Exposure::of(at) == Exposure::Loopback;
    let who = if open { "on this machine".to_owned() } else { format!("who reaches {at}") };
    let writers = format!("anyone {who} may write to this registry");
    let listening = format!("listening on http://{at}/ (data in {})", database.name());
    if open {
        tell(context, &writers);
    } else {
        warn(context, &writers);
    }
    tell(context, &listening);
}

/// The same for what should be mended.
fn warn(context: &Context<'_>, words: &str) {
    if ui::terminals().err {
        context.ui.warn(words);
    } else {
        tracing::warn!("{words}");
    }
}

/// One line for the operator: to a person in words, else in the log.
fn tell(context: &Context<'_>, words: &str) {
    if ui::terminals().err {
        context.ui.note(words);
    } else {
        tracing::info!("{words}");
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
