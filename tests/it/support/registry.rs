//! A registry in a temporary folder, and how to speak to it without a socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use shipmark::domain::reach::Reach;
use shipmark::registry::{Issuer, Registry};
use shipmark::server::{self, Access, Exposure, Options, Rates, Routers};
use shipmark::store::{RedisServer, Server, Store, Use};
use shipmark::world::World;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

use super::engine::Engine;
use super::served::run;
use super::stream::Stream;

/// The time of every test.
pub(crate) const NOW: &str = "2026-01-31T12:00:00.250Z";

/// A registry of its own, with the clock stopped at `NOW`.
#[must_use]
pub(crate) struct Service {
    router: Router,
    metrics: Router,
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) engine: Engine,
    store: Store,
    /// Of the database, for a look past the registry.
    url: String,
    /// How many requests there were; each comes from an address of its own.
    peers: AtomicU32,
    /// Kept, because its end removes the database.
    folder: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(&self, status: u16, text: &str) {
        assert_eq!((self.status.as_u16(), self.text.as_str()), (status, text));
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Service {
    /// On SQLite.
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(folder.path(), NOW.parse().unwrap()).await.unwrap();
        Self::over(Engine::Sqlite, store, folder)
    }

    /// On a server, if there is one.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        let url = engine.fresh().await?;
        let server = Server::parse(&url).unwrap();
        let store = Store::connect(&server, NOW.parse().unwrap()).await.unwrap();
        Some(Self { url, ..Self::over(engine, store, TempDir::new().unwrap()) })
    }

    fn over(engine: Engine, store: Store, folder: TempDir) -> Self {
        let url = format!("sqlite://{}", folder.path().join("registry.db").display());
        let (router, metrics, stopping) = Self::routers(&store, Exposure::Loopback, Access::default());
        Self { router, metrics, stopping, engine, store, url, folder, peers: AtomicU32::new(0) }
    }

    /// The same registry, served otherwise.
    pub(crate) fn served(&mut self, exposure: Exposure, access: Access) {
        (self.router, self.metrics, self.stopping) = Self::routers(&self.store, exposure, access);
    }

    fn routers(store: &Store, exposure: Exposure, access: Access) -> (Router, Router, watch::Sender<bool>) {
        let world = World::fixed(NOW.parse().unwrap(), &[], Path::new("/"));
        let linger = std::time::Duration::ZERO;
        let rates = Rates::USUAL;
        let options = Options { exposure, access, public_url: None, rates, log_probes: false, linger };
        let routers = server::routers(Registry::new(store.clone(), world), options).unwrap();
        let Routers { api, metrics, stopping } = routers;
        (api, metrics, stopping)
    }

    /// One more process of the same registry takes its place, which takes the id tokens of an issuer.
    pub(crate) fn believing(&mut self, issuer: &str, audience: &str) {
        let registry =
            Registry::new(self.store.clone(), World::fixed(NOW.parse().unwrap(), &[], Path::new("/")));
        let registry = registry.believing(Issuer::new(&issuer.parse().unwrap(), audience));
        let (exposure, access, linger) = (Exposure::Loopback, Access::default(), std::time::Duration::ZERO);
        let rates = Rates::USUAL;
        let options = Options { exposure, access, public_url: None, rates, log_probes: false, linger };
        let routers = server::routers(registry, options).unwrap();
        (self.router, self.metrics, self.stopping) = (routers.api, routers.metrics, routers.stopping);
    }

    /// The same registry at another time, so many seconds after `NOW`.
    pub(crate) fn at(&mut self, seconds: i64) {
        let now: jiff::Timestamp = NOW.parse().unwrap();
        let world = World::fixed(now + jiff::SignedDuration::from_secs(seconds), &[], Path::new("/"));
        let (exposure, access, linger) = (Exposure::Loopback, Access::default(), std::time::Duration::ZERO);
        let rates = Rates::USUAL;
        let options = Options { exposure, access, public_url: None, rates, log_probes: false, linger };
        let routers = server::routers(Registry::new(self.store.clone(), world), options).unwrap();
        (self.router, self.metrics, self.stopping) = (routers.api, routers.metrics, routers.stopping);
    }

    /// Makes a token by the command, as its operator would.
    pub(crate) fn token(&self, name: &str, scope: &str) -> String {
        self.token_with(&[name, "--scope", scope])
    }

    /// The same with any options.
    pub(crate) fn token_with(&self, options: &[&str]) -> String {
        let arguments = [&["token", "create"], options, &["--database", &self.url]].concat();
        let output = run(&arguments, self.folder.path());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// `NOW` as a date of v1; MySQL keeps whole seconds.
    pub(crate) fn date(&self) -> &'static str {
        if self.engine == Engine::MySql { "2026-01-31T12:00:00Z" } else { "2026-01-31T12:00:00.25Z" }
    }

    /// Does what is due so many seconds after `NOW`.
    pub(crate) async fn work(&self, seconds: i64) {
        let now: jiff::Timestamp = NOW.parse().unwrap();
        let later = now + jiff::SignedDuration::from_secs(seconds);
        Registry::new(self.store.clone(), World::fixed(later, &[], Path::new("/"))).turn().await;
    }

    /// One more process of the same registry, so many seconds after `NOW`, which may ask this machine.
    pub(crate) fn replica(&self, seconds: i64) -> Registry {
        let now: jiff::Timestamp = NOW.parse().unwrap();
        let world = World::fixed(now + jiff::SignedDuration::from_secs(seconds), &[], Path::new("/"));
        let here = Reach::with(vec!["127.0.0.0/8".parse().unwrap()]);
        Registry::new(self.store.clone(), world).reaching(here)
    }

    /// Another process of the same registry. Where the database is a file it shares the connections.
    pub(crate) async fn twin(&self) -> Self {
        let store = match self.engine {
            Engine::Sqlite => self.store.clone(),
            _ => Store::connect(&Server::parse(&self.url).unwrap(), NOW.parse().unwrap()).await.unwrap(),
        };
        Self { url: self.url.clone(), ..Self::over(self.engine, store, TempDir::new().unwrap()) }
    }

    /// The same with Redis beside the database.
    pub(crate) async fn beside(&self, redis: &str, purpose: Use) -> Self {
        let (store, mark) = (self.twin().await.store, uuid::Uuid::new_v4().to_string());
        let store = store.beside(&RedisServer::parse(redis).unwrap(), purpose, &mark).await.unwrap();
        Self { url: self.url.clone(), ..Self::over(self.engine, store, TempDir::new().unwrap()) }
    }

    /// The database, for a registry of the test's own.
    pub(crate) fn store(&self) -> Store {
        self.store.clone()
    }

    /// Runs SQL past the registry.
    pub(crate) async fn sql(&self, text: &str) {
        self.engine.run(&self.url, text).await;
    }

    /// Every byte that the embedded database keeps.
    pub(crate) fn files(&self) -> Vec<u8> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    /// Makes every later read of the database fail.
    pub(crate) fn break_database(&self) {
        for name in ["registry.db", "registry.db-wal"] {
            let file = std::fs::OpenOptions::new().write(true).open(self.folder.path().join(name)).unwrap();
            file.set_len(0).unwrap();
        }
    }

    /// Opens a stream.
    pub(crate) async fn listen(&self, path: &str, headers: &[&str]) -> Stream {
        let request = self.request("GET", path, headers, "");
        Stream::of(self.router.clone().oneshot(request).await.unwrap())
    }

    /// A request that comes from an address that no other comes from, or from that of a line `Peer`.
    fn request(&self, method: &str, path: &str, headers: &[&str], body: impl Into<Body>) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|line| line.starts_with("Host:")) {
            request = request.header("Host", "localhost:8080");
        }
        let mut peer = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + self.peers.fetch_add(1, Ordering::Relaxed)));
        for line in headers {
            let (name, value) = line.split_once(": ").unwrap();
            if name == "Peer" {
                peer = value.parse().unwrap();
                continue;
            }
            request = request.header(name, value);
        }
        let mut request = request.body(body.into()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 1)));
        request
    }

    /// Sends one request; each header is a line `Name: value`. Of a stream, which has no end, nothing is read.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: impl Into<Body>,
    ) -> Answer {
        let request = self.request(method, path, headers, body);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let endless = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if endless { Body::empty() } else { body };
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// What Prometheus would read.
    pub(crate) async fn scrape(&self) -> String {
        Self::scraped(self.metrics.clone()).await
    }

    /// What comes of a look from an address, with headers of its own.
    pub(crate) async fn scrape_from(&self, peer: &str, headers: &[&str]) -> (u16, String) {
        let mut request = Request::builder().uri("/metrics");
        for (name, value) in headers.iter().map(|line| line.split_once(": ").unwrap()) {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let response = self.metrics.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The same of another process.
    pub(crate) async fn scrape_of(&self, replica: Registry) -> String {
        let linger = std::time::Duration::ZERO;
        let (exposure, access) = (Exposure::Loopback, Access::default());
        let rates = Rates::USUAL;
        let options = Options { exposure, access, public_url: None, rates, log_probes: false, linger };
        Self::scraped(server::routers(replica, options).unwrap().metrics).await
    }

    async fn scraped(metrics: Router) -> String {
        let request = Request::builder().uri("/metrics").body(Body::empty()).unwrap();
        let response = metrics.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    pub(crate) async fn form(&self, path: &str, body: &str) -> Answer {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        self.send("POST", path, &[kind], body.to_owned()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &str) -> Answer {
        self.send("PATCH", path, &["Content-Type: application/json"], body.to_owned()).await
    }

    pub(crate) async fn json(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &["Content-Type: application/json"], body.to_owned()).await
    }
}
