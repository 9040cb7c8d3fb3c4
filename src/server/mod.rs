//! HTTP in, use cases, HTTP out. Every route stands in this file; the listener is a parameter, so that tests
//! and the demo serve on any port.

mod assets;
mod audit;
mod auth;
mod badge;
mod board;
mod body;
mod buckets;
mod cache;
mod can_deploy;
mod commits;
mod deployments;
mod export;
mod feed;
mod guard;
mod guests;
mod history;
mod holds;
mod incidents;
mod keys;
mod list;
mod listen;
mod marks;
mod metrics;
mod notice;
mod observations;
mod observe;
pub mod openapi;
mod pages;
mod probes;
mod problem;
mod question;
mod ready;
mod releases;
mod settings;
mod stream;
mod takeover;
mod tokens;
mod trusts;
mod v1;
mod v2;
mod webhooks;
mod when;

pub use auth::Access;
pub use buckets::Rates;
pub use guard::Exposure;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use url::Url;

use self::assets::Assets;
use self::auth::{AdminDoor, Failures};
use self::buckets::Buckets;
use self::keys::Keys;
use self::metrics::Metrics;
use self::observe::RequestId;
use self::problem::Problem;
use self::stream::Places;
use crate::domain::token::Token;
use crate::registry::Registry;
use crate::template::{TemplateError, Templates};

/// How long a request may take, its body included; then it is answered 408.
const REQUEST: Duration = Duration::from_secs(10);
/// How long running requests may take after the signal to stop; docker kills after 10 s.
const DRAIN: Duration = Duration::from_secs(7);
/// The same after the disk failed, when no write can succeed any more.
const BROKEN_DRAIN: Duration = Duration::from_millis(500);

/// Why the registry cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("the disk failed under the database, so nobody knows what is on it")]
    Broken,
}

/// How the service behaves.
#[derive(Debug, Clone)]
pub struct Options {
    pub exposure: Exposure,
    pub access: Access,
    /// Where others reach it, as behind a proxy; then that name is one of ours.
    pub public_url: Option<Url>,
    /// How much one client may ask.
    pub rates: Rates,
    /// Whether the two health paths of v1 are logged too.
    pub log_probes: bool,
    /// How long connections are still taken after the signal to stop, while `/readyz` says that it came: a
    /// proxy that asks there sends nobody any more by the time that the door closes.
    pub linger: Duration,
}

/// What every handler shares, and the registry as who asks may see it.
#[derive(Clone)]
struct App {
    shared: Arc<Shared>,
    registry: Registry,
}

struct Shared {
    exposure: Exposure,
    access: Access,
    public_url: Option<Url>,
    failures: Failures,
    buckets: Buckets,
    log_probes: bool,
    /// Turns true when the service is about to end.
    stopping: watch::Sender<bool>,
    streams: Places,
    keys: Keys,
    metrics: Metrics,
    templates: Templates,
    assets: Assets,
    /// The paths of the routes, for the redirect of a final slash.
    paths: Vec<&'static str>,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl App {
    /// The address at which a reader finds this service, without a final slash; `host` is what he called it.
    fn address(&self, host: Option<&str>) -> String {
        let named = self.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        named.unwrap_or_else(|| format!("http://{}", host.unwrap_or("127.0.0.1:8080")))
    }
}

/// A handler takes it so, and not as `State`, which is the registry without the limits of the token.
impl FromRequestParts<Self> for App {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Self) -> Result<Self, Infallible> {
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.as_str());
        let registry = app.registry.asked_by(parts.extensions.get::<Token>(), request_id);
        Ok(Self { shared: Arc::clone(&app.shared), registry })
    }
}

/// Every route.
fn routes() -> Vec<(&'static str, MethodRouter<App>)> {
    [v1_routes(), v2_routes(), other_routes()].into_iter().flatten().collect()
}

fn v1_routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/api/v1/health", get(v1::health)),
        ("/api/v1/healthz", get(v1::healthz)),
        ("/api/v1/create", post(v1::write::create)),
        ("/api/v1/update/status", post(v1::write::update_status)),
        ("/api/v1/read/home", get(v1::rows::home)),
        ("/api/v1/read/environment", get(v1::rows::environment)),
        ("/api/v1/read/platform", get(v1::rows::platform)),
        ("/api/v1/read/raw", get(v1::rows::raw)),
        ("/api/v1/read/raw/id", get(v1::rows::raw_by_id)),
        ("/api/v1/read/distinct/workloads", get(v1::rows::distinct_workloads)),
        ("/api/v1/stats/latest", get(v1::rows::stats)),
        ("/api/v1/read/environment/latest", get(v1::rows::latest)),
        ("/api/v1/read/environment/latest/whatever", get(v1::rows::latest_whatever)),
    ]
}

fn v2_routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/api/v2/server", get(v2::server)),
        ("/api/v2/openapi.json", get(openapi::show)),
        ("/api/v2/deployments", get(history::list).post(v2::report)),
        ("/api/v2/deployments/{id}", get(deployments::one).patch(deployments::correct)),
        ("/api/v2/deployments/{id}/events", get(deployments::events).post(deployments::step)),
        ("/api/v2/deployments/{id}/commits", get(commits::of).put(commits::tell)),
        ("/api/v2/compare/{app}/{range}", get(commits::compare)),
        ("/api/v2/export.csv", get(export::csv)),
        ("/api/v2/export.json", get(export::json)),
        ("/api/v2/chain", get(deployments::chain)),
        ("/api/v2/current", get(v2::current)),
        ("/api/v2/stream", get(stream::api)),
        ("/api/v2/apps", get(settings::apps)),
        (
            "/api/v2/apps/{app}",
            get(settings::app).put(settings::put_app).patch(settings::patch_app).delete(settings::archive),
        ),
        ("/api/v2/environments", get(settings::environments)),
        (
            "/api/v2/environments/{env}",
            get(settings::environment)
                .put(settings::put_environment)
                .patch(settings::patch_environment)
                .delete(settings::forget_environment),
        ),
        ("/api/v2/apps/{app}/versions/{version}", get(releases::one).put(releases::enter)),
        ("/api/v2/holds", get(holds::list).post(holds::set)),
        ("/api/v2/holds/{id}", get(holds::one).delete(holds::lift)),
        ("/api/v2/apps/{app}/versions/{version}/mark", put(marks::set).delete(marks::lift)),
        ("/api/v2/can-deploy", get(can_deploy::ask)),
        ("/api/v2/incidents", get(incidents::list).post(incidents::open)),
        ("/api/v2/incidents/{id}", get(incidents::one).patch(incidents::change)),
        ("/api/v2/audit", get(audit::list)),
        ("/api/v2/trusts", get(trusts::list).post(trusts::make)),
        ("/api/v2/trusts/{id}", delete(trusts::remove)),
        ("/api/v2/oidc/github", post(trusts::exchange)),
        ("/api/v2/tokens", get(tokens::list).post(tokens::make)),
        ("/api/v2/tokens/{id}", delete(tokens::revoke)),
        ("/api/v2/webhooks", get(webhooks::list).post(webhooks::make)),
        ("/api/v2/webhooks/{id}", get(webhooks::one).patch(webhooks::change).delete(webhooks::delete)),
        ("/api/v2/observations", get(observations::list).post(observations::observe)),
        (
            "/api/v2/apps/{app}/environments/{env}/probe",
            get(probes::one).put(probes::set).delete(probes::remove),
        ),
    ]
}

/// The pages, and what programs read outside of the API.
fn other_routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/", get(pages::board)),
        // Bookmarks of the original lead here.
        ("/ui", get(pages::board)),
        ("/ui/", get(pages::board)),
        ("/live", get(stream::page)),
        ("/badge/{app}/{file}", get(badge::show)),
        ("/feed.atom", get(feed::all)),
        ("/feed/{file}", get(feed::of_app)),
        ("/feed/{app}/{file}", get(feed::of_environment)),
        ("/readyz", get(ready::ready)),
        ("/static/{file}", get(assets::file)),
    ]
}

/// The paths of all routes, so that a test can ask each who may use it.
pub fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, _)| path).collect()
}

/// Where the service listens.
pub(crate) struct Listeners {
    pub(crate) api: TcpListener,
    /// For Prometheus alone: whoever may scrape need not reach the API, and the other way round.
    pub(crate) metrics: Option<TcpListener>,
    /// For tokens, where the network reaches the API: a token that leaked is useless from there.
    pub(crate) admin: Option<TcpListener>,
}

/// The two services, without a socket.
pub struct Routers {
    pub api: Router,
    pub metrics: Router,
    /// Set when the service is about to end, for `/readyz` and for the streams, which end then.
    pub stopping: watch::Sender<bool>,
}

/// Builds the services over one registry.
pub fn routers(registry: Registry, options: Options) -> Result<Routers, TemplateError> {
    let table = routes();
    let stopping = watch::Sender::new(false);
    let paths = paths();
    let shared = Shared {
        exposure: options.exposure,
        access: options.access,
        public_url: options.public_url,
        failures: Failures::default(),
        buckets: Buckets::new(options.rates),
        log_probes: options.log_probes,
        stopping: stopping.clone(),
        streams: Places::default(),
        keys: Keys::default(),
        metrics: Metrics::default(),
        templates: Templates::html()?,
        assets: Assets::embedded(),
        paths,
    };
    let app = App { shared: Arc::new(shared), registry };
    let mut router = Router::new();
    for (path, methods) in table {
        router = router.route(path, methods);
    }
    let router = router
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(body::LIMIT))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST))
        .layer(middleware::from_fn_with_state(app.clone(), auth::exchange))
        .layer(middleware::from_fn_with_state(app.clone(), auth::check))
        .layer(middleware::from_fn_with_state(app.clone(), guard::check))
        .layer(middleware::from_fn_with_state(app.clone(), observe::watch))
        .with_state(app.clone());
    let scraped = Router::new()
        .route("/metrics", get(metrics::metrics))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::check))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST))
        .with_state(app);
    Ok(Routers { api: with_headers(router), metrics: with_headers(scraped), stopping })
}

fn with_headers(router: Router) -> Router {
    guard::HEADERS.into_iter().fold(router, |router, (name, value)| {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        router.layer(SetResponseHeaderLayer::if_not_present(name, value))
    })
}

/// Serves the registry until `shutdown` is ready, then drains, and closes the database. A database that cannot
/// be trusted any more ends it too.
pub(crate) async fn serve(
    listeners: Listeners,
    registry: Registry,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (linger, most) = (options.linger, options.rates.connections);
    let routers = routers(registry.clone(), options)?;
    let work = [
        tokio::spawn(registry.clone().work()),
        tokio::spawn(registry.clone().ask_all()),
        tokio::spawn(takeover::work(registry.clone(), routers.stopping.subscribe())),
        tokio::spawn(registry.clone().tell_webhooks(webhooks::trouble)),
        tokio::spawn(cache::watch(registry.clone())),
    ];
    let (stop, stopped) = tokio::sync::watch::channel(());
    let beside = |listener: Option<TcpListener>, router: Router| {
        let mut stopped = stopped.clone();
        let stopped = async move {
            // An error means that the server is gone, which is a stop too.
            let _ = stopped.changed().await;
        };
        let cut = tokio::time::sleep(DRAIN);
        listener.map(|listener| tokio::spawn(listen::run(listener, router, most, stopped, cut)))
    };
    let admin = beside(listeners.admin, routers.api.clone().layer(Extension(AdminDoor)));
    let scraped = beside(listeners.metrics, routers.metrics);
    let ending = async {
        tokio::select! {
            () = shutdown => {}
            () = registry.broken() => {}
        }
        routers.stopping.send_replace(true);
        tokio::select! {
            () = tokio::time::sleep(linger) => {}
            () = registry.broken() => {}
        }
    };
    let cut = async {
        tokio::select! {
            () = tokio::time::sleep(DRAIN) => {}
            () = async { registry.broken().await; tokio::time::sleep(BROKEN_DRAIN).await } => {}
        }
    };
    listen::run(listeners.api, routers.api, most, ending, cut).await;
    for work in work {
        work.abort();
        // It is over when it let go of the database.
        let _ = work.await;
    }
    drop(stop);
    for other in [scraped, admin].into_iter().flatten() {
        // A request that broke off there is no reason to leave the database open.
        let _ = other.await;
    }
    if registry.is_broken() {
        return Err(ServeError::Broken);
    }
    registry.close().await;
    Ok(())
}

/// A path that is no route. With its final slash cut it may be one, and then the client is sent there, as the
/// original does.
async fn nowhere(app: App, request: Request) -> Response {
    let path = request.uri().path();
    let bare = path.trim_end_matches('/');
    if bare.len() < path.len() && app.paths.contains(&bare) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let keep = request.method() != Method::GET && request.method() != Method::HEAD;
        let status = if keep { StatusCode::TEMPORARY_REDIRECT } else { StatusCode::MOVED_PERMANENTLY };
        return (status, [(header::LOCATION, format!("{bare}{query}"))]).into_response();
    }
    refuse(&app, path, StatusCode::NOT_FOUND, "there is nothing at this address")
}

/// axum adds the `Allow` header.
async fn wrong_method(app: App, request: Request) -> Response {
    refuse(&app, request.uri().path(), StatusCode::METHOD_NOT_ALLOWED, "this address takes another method")
}

/// A refusal in the form that belongs to the path: a problem document, v1's JSON, or a page.
fn refuse(app: &App, path: &str, status: StatusCode, why: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    if path.starts_with("/api/v2/") {
        let slug = title.to_lowercase().replace(' ', "-");
        Problem::new(status, &slug, title).with("detail", why).into_response()
    } else if path == "/api" || path.starts_with("/api/") {
        let plain = matches!(
            status,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNAUTHORIZED
        );
        v1::answer::error(status, if plain { title } else { why })
    } else {
        pages::error(app, status, why)
    }
}
