//! `shipmark serve`: the registry.

mod address;
mod backup;
mod cache;
mod database;
mod embedded;
mod stop;
mod token;

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use tokio::net::TcpListener;
use url::Url;

pub(super) use self::backup::Backup;
use self::cache::{Beside, Redis};
use self::database::{Database, Named};
pub(super) use self::embedded::Embedded;
use self::stop::Stop;
pub(super) use self::token::TokenArgs;
use super::Context;
use crate::domain::reach::Reach;
use crate::error::{Error, Exit, Status};
use crate::log::{self, Level};
use crate::process;
use crate::registry::{Issuer, Registry};
use crate::server::{self, Access, Exposure, Listeners, Options, Rates};
use crate::ui;
use crate::world::World;

/// The longest wait before the start, in seconds.
const SLEEP: u64 = 300;

/// How long connections are still taken after the signal to stop.
const LINGER: Duration = Duration::from_secs(1);

/// Run the registry: API and board
///
/// On a loopback address anyone on this machine may write until there is a token (`shipmark token`). The server stops on SIGTERM or Ctrl-C after it
/// has answered what it was asked.
#[derive(Args)]
pub(super) struct Serve {
    /// Where to listen; port 0 takes a free one (also `SHIPMARK_LISTEN`; default 127.0.0.1:8080)
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::parse)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    database: Named,
    #[command(flatten)]
    redis: Redis,
    /// Serve Prometheus metrics here (also `SHIPMARK_METRICS_LISTEN`, or by `APP_PROMETHEUS` on port 9101)
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::parse)]
    metrics_listen: Option<SocketAddr>,
    /// Let anyone who reaches the address write
    #[arg(long)]
    anonymous_writes: bool,
    /// Let nobody read without a token either
    #[arg(long)]
    private: bool,
    /// Manage tokens through the address of the API too, where the network reaches it
    #[arg(long, conflicts_with = "admin_listen")]
    admin_on_main: bool,
    /// Where else to manage tokens, trusts, probes and webhooks then, and to read who changed what
    #[arg(long, value_name = "ADDR:PORT", value_parser = address::parse, default_value = "127.0.0.1:9102")]
    admin_listen: SocketAddr,
    /// Where others reach the registry, as behind a proxy, such as `https://registry.example` (also `SHIPMARK_PUBLIC_URL`). It is
    /// the audience of the id tokens of GitHub, which are taken only with it
    #[arg(long, value_name = "URL", value_parser = address::public)]
    public_url: Option<Url>,
    /// Whose id tokens of jobs are taken (also `SHIPMARK_GITHUB_ISSUER`; a GitHub Enterprise Server has its own)
    #[arg(long, value_name = "URL", value_parser = address::public)]
    github_issuer: Option<Url>,
    /// How many requests may come with one token within a minute; 0 for any number
    #[arg(long, value_name = "N", default_value_t = Rates::USUAL.token)]
    token_rate: u32,
    /// How many may come from one other machine without a token; 0 for any number
    #[arg(long, value_name = "N", default_value_t = Rates::USUAL.address)]
    address_rate: u32,
    /// How many connections one other machine may have at a time; 0 for any number
    #[arg(long, value_name = "N", default_value_t = Rates::USUAL.connections)]
    address_connections: u32,
    /// Let probes and webhooks reach these addresses too, which are not public, such as 10.0.0.0/8 (repeatable)
    #[arg(long, value_name = "CIDR", value_parser = address::range)]
    probe_allow: Vec<IpNet>,
}

impl Serve {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let address = address::api(self.listen, context.world)?;
        let metrics = address::metrics(self.metrics_listen, address, context.world)?;
        let pause = pause(context.world)?;
        let database = Database::choose(&self.database, context.world)?;
        let beside = self.redis.choose(context.world)?;
        let access = Access {
            private: self.private,
            anonymous_writes: self.anonymous_writes,
            admin_on_main: self.admin_on_main,
        };
        let places = Places { api: address, metrics, admin: self.admin_listen };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::from_source(Exit::Io, &error))?;
        let reach = Reach::with(self.probe_allow);
        let public_url = address::url(self.public_url, "SHIPMARK_PUBLIC_URL", context.world)?;
        let issuer = address::url(self.github_issuer, "SHIPMARK_GITHUB_ISSUER", context.world)?;
        let rates = Rates {
            token: self.token_rate,
            address: self.address_rate,
            connections: self.address_connections,
        };
        let known = Known { access, reach, rates, public_url, issuer };
        let done = runtime.block_on(run(context, &places, (&database, beside.as_ref()), known, pause));
        // A name that is being looked up holds a thread, for which nobody need wait.
        runtime.shutdown_background();
        done
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

/// Where to listen.
struct Places {
    api: SocketAddr,
    metrics: Option<SocketAddr>,
    admin: SocketAddr,
}

impl Places {
    /// Takes them all, before anything is opened.
    async fn bind(&self, access: Access) -> Result<Listeners, Error> {
        let api = bind(self.api).await?;
        let metrics = match self.metrics {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        // Where only this machine reaches the API, tokens are managed there.
        let apart = Exposure::of(self.api) == Exposure::Network && !access.admin_on_main;
        let admin = if apart { Some(bind(self.admin).await?) } else { None };
        Ok(Listeners { api, metrics, admin })
    }
}

/// Who may do what, what may be asked, and by which names.
struct Known {
    access: Access,
    reach: Reach,
    rates: Rates,
    public_url: Option<Url>,
    issuer: Option<Url>,
}

/// Where GitHub itself makes id tokens.
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Whose id tokens are taken, if they are meant for this address.
fn believed(issuer: Option<Url>, public: &Url) -> Result<Issuer, Error> {
    let github = || Url::parse(GITHUB).map_err(|error| Error::from_source(Exit::Bug, &error));
    let issuer = issuer.map_or_else(github, Ok)?;
    Ok(Issuer::new(&issuer, public.as_str().trim_end_matches('/')))
}

async fn run(
    context: &Context<'_>,
    places: &Places,
    (database, beside): (&Database, Option<&Beside>),
    Known { access, reach, rates, public_url, issuer }: Known,
    pause: Duration,
) -> Result<Status, Error> {
    process::use_small_pages();
    // The signals are caught before anything is opened, so that a stop at any time is a clean one.
    let mut stop = Stop::new().map_err(|error| Error::from_source(Exit::Io, &error))?;
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = stop.asked() => return Ok(Exit::Done.into()),
    }
    let listeners = places.bind(access).await?;
    let store = database.open(context.world).await?;
    let store = match beside {
        Some(beside) => beside.join(store, context.world).await?,
        None => store,
    };
    let at = listeners.api.local_addr().map_err(|error| unbound(places.api, &error))?;
    let registry = Registry::new(store, context.world.clone()).reaching(reach);
    let registry = match &public_url {
        Some(url) => registry.believing(believed(issuer, url)?),
        None => registry,
    };
    let exposure = Exposure::of(at);
    let writers = Writers::of(&registry, exposure, access).await?;
    if writers == Writers::Nobody {
        registry.close().await;
        return Err(unclaimed(places.api));
    }
    log::start(level(context), context.world);
    announce(context, &listeners, writers, database);
    if let Some(beside) = beside {
        tell(context, &beside.words());
    }
    for warning in database.warnings().iter().chain(registry.warnings()) {
        warn(context, warning);
    }
    let log_probes = context.world.var("APP_SKIP_PATH_DISABLED").is_some();
    let options = Options { exposure, access, public_url, rates, log_probes, linger: LINGER };
    let (told, tell) = tokio::sync::oneshot::channel();
    let serving = server::serve(listeners, registry, options, async {
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

/// Who may write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writers {
    /// Who brings a token.
    Tokens,
    /// Anyone on this machine.
    Here,
    /// Anyone who reaches the address.
    Anyone,
    /// The network reaches the address, and there is neither a token nor the wish to let everyone write.
    Nobody,
}

impl Writers {
    async fn of(registry: &Registry, exposure: Exposure, access: Access) -> Result<Self, Error> {
        Ok(match exposure {
            Exposure::Loopback if access.anonymous_writes => Self::Here,
            Exposure::Network if access.anonymous_writes => Self::Anyone,
            _ if registry.has_tokens().await? => Self::Tokens,
            Exposure::Loopback => Self::Here,
            Exposure::Network => Self::Nobody,
        })
    }
}

fn unclaimed(address: SocketAddr) -> Error {
    let message = format!("`{address}` can be reached from the network, where anyone could write");
    Error::new(Exit::Configuration, message).hint(
        "make a token with `shipmark token create NAME`, listen on a loopback address such as `127.0.0.1:8080`, \
         or allow it with `--anonymous-writes`",
    )
}

/// `--quiet` leaves the failures.
fn level(context: &Context<'_>) -> Level {
    if context.ui.quiet { Level::ERROR } else { Level::of(context.world.var("APP_LOG_LEVEL")) }
}

/// Says where the server listens and who may write: to a person in words, else in the log.
fn announce(context: &Context<'_>, listeners: &Listeners, writers: Writers, database: &Database) {
    let at = |listener: &TcpListener| listener.local_addr().map_or(String::new(), |at| at.to_string());
    let api = at(&listeners.api);
    match writers {
        Writers::Here => tell(context, "anyone on this machine may write to this registry"),
        Writers::Tokens => tell(context, "writing to this registry needs a token"),
        _ => warn(context, &format!("anyone who reaches {api} may write to this registry")),
    }
    tell(context, &format!("listening on http://{api}/ (data in {})", database.name()));
    if let Some(metrics) = &listeners.metrics {
        tell(context, &format!("metrics on http://{}/metrics", at(metrics)));
    }
    if let Some(admin) = &listeners.admin {
        tell(context, &format!("tokens are managed on http://{}/api/v2/tokens", at(admin)));
    }
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
