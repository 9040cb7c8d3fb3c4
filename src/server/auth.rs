//! Who may do what: the credentials of a request, what its route needs, and whether the one allows the other.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::buckets::{Sender, network};
use super::problem::Problem;
use super::{App, Exposure, refuse};
use crate::domain::token::{Scope, Token};
use crate::registry::RegistryError;

/// Where a job gets a token.
pub(super) const EXCHANGE: &str = "/api/v2/oidc/github";
/// What who guesses is told.
const GUESSES: &str = "too many tokens of this address were wrong; wait a second";
/// Failures that one address may have within a second before it has to wait.
const FAILURES: u32 = 5;
/// Addresses that are remembered; each is forgotten with its second.
const ADDRESSES: usize = 10_000;

/// What this server lets anyone do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    /// Whether reading needs a token too.
    pub private: bool,
    /// Whether writing needs none even if there are tokens.
    pub anonymous_writes: bool,
    /// Whether tokens may be managed through the listener that the network reaches.
    pub admin_on_main: bool,
}

/// Marks a request that came through the listener of its own for the routes of administration.
#[derive(Debug, Clone, Copy)]
pub(super) struct AdminDoor;

/// What a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential {
    None,
    /// A page cannot make a browser send this one unasked.
    Bearer,
    /// A browser adds this one by itself once a person typed it.
    Basic,
    /// Something else, or what cannot be read.
    Other,
}

/// What a route needs; nothing for what tells a proxy or a supervisor that we live.
pub(super) fn need(method: &Method, route: &str) -> Option<Scope> {
    match route {
        // What a job brings for its exchange is looked at there.
        "/api/v1/health" | "/api/v1/healthz" | "/readyz" | EXCHANGE => None,
        _ if is_admin(route) => Some(Scope::Admin),
        _ if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) => Some(Scope::Read),
        _ => Some(Scope::Write),
    }
}

fn is_admin(route: &str) -> bool {
    let first = route.strip_prefix("/api/v2/").and_then(|rest| rest.split('/').next());
    // Who sets a probe or a webhook has this machine send requests.
    first.is_some_and(|first| ["audit", "tokens", "trusts", "webhooks"].contains(&first))
        || route.ends_with("/{env}/probe")
}

/// The kind of credential, and the token that it holds if it can be read.
pub(super) fn credential(headers: &HeaderMap) -> (Credential, Option<String>) {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return (Credential::None, None) };
    let (kind, rest) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or(("", ""));
    if kind.eq_ignore_ascii_case("bearer") {
        return (Credential::Bearer, Some(rest.trim().to_owned()));
    }
    if kind.eq_ignore_ascii_case("basic") {
        // For clients that know only user and password; the user's name says nothing.
        let pair = BASE64_STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let password = pair.and_then(|pair| pair.split_once(':').map(|(_, password)| password.to_owned()));
        return (Credential::Basic, password);
    }
    (Credential::Other, None)
}

/// What decides about a request.
pub(super) struct Asked {
    path: String,
    /// What its route needs.
    needed: Scope,
    /// Whether it came through the listener that the network may reach.
    main: bool,
    kind: Credential,
    token: Option<String>,
    address: Option<IpAddr>,
}

impl Asked {
    fn of(request: &Request) -> Option<Self> {
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let needed = need(request.method(), route)?;
        let (kind, token) = credential(request.headers());
        Some(Self {
            path: request.uri().path().to_owned(),
            needed,
            main: request.extensions().get::<AdminDoor>().is_none(),
            kind,
            token,
            address: request.extensions().get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip()),
        })
    }
}

/// Refuses an address that sent too many id tokens which open nothing, and counts them.
pub(super) async fn exchange(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.extensions().get::<MatchedPath>().is_none_or(|route| route.as_str() != EXCHANGE) {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip());
    let second = app.registry.world().now().as_second();
    if app.failures.of(address, second) >= FAILURES {
        return slow_down(&app, &path, GUESSES, 1);
    }
    if let Some(refused) = too_many(&app, &path, None, address) {
        return refused;
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        app.failures.note(address, second);
    }
    response
}

fn slow_down(app: &App, path: &str, why: &str, seconds: i64) -> Response {
    let mut response = refuse(app, path, StatusCode::TOO_MANY_REQUESTS, why);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Counts a request to its token, or to the address of who sent none; the answer if those are too many. Whoever is on this machine may be a proxy that
/// speaks for many.
fn too_many(app: &App, path: &str, token: Option<&Token>, address: Option<IpAddr>) -> Option<Response> {
    let address = address.filter(|address| !address.to_canonical().is_loopback());
    let sender = match (token, address) {
        (Some(token), _) => Sender::Token(token.id.clone()),
        (None, Some(address)) => Sender::Address(network(address)),
        (None, None) => return None,
    };
    let why = match sender {
        Sender::Token(_) => "too many requests with this token; Retry-After says when to come back",
        Sender::Address(_) => "too many requests of this address; Retry-After says when to come back",
    };
    let now = app.registry.world().now().as_millisecond();
    app.buckets.take(sender, now).err().map(|seconds| slow_down(app, path, why, seconds))
}

/// Lets through what may be done.
pub(super) async fn check(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if let Some(asked) = Asked::of(&request) {
        let verdict = verdict(&app, &asked).await;
        let (Ok(sender) | Err(Refused { sender, .. })) = &verdict;
        // What is refused costs us as much as another request.
        if let Some(refused) = too_many(&app, &asked.path, sender.as_ref(), asked.address) {
            return refused;
        }
        match verdict {
            Ok(None) => {}
            Ok(Some(token)) => _ = request.extensions_mut().insert(token),
            Err(refused) => return refused.response,
        }
        // For what outlasts this moment.
        request.extensions_mut().insert(Arc::new(asked));
    }
    next.run(request).await
}

/// Whether what was let through still would be.
pub(super) async fn still(app: &App, asked: &Asked) -> bool {
    verdict(app, asked).await.is_ok()
}

/// Why something may not be done.
struct Refused {
    /// The token that is not enough.
    sender: Option<Token>,
    response: Response,
}

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Self { sender: None, response }
    }
}

/// The token of who may do it, or nothing where it is open to everyone.
async fn verdict(app: &App, asked: &Asked) -> Result<Option<Token>, Refused> {
    let away = app.exposure == Exposure::Network && !app.access.admin_on_main;
    if asked.needed == Scope::Admin && asked.main && away {
        return Err(
            refuse(app, &asked.path, StatusCode::NOT_FOUND, "there is nothing at this address").into()
        );
    }
    if asked.kind != Credential::None {
        return bearer(app, asked).await;
    }
    let open = match asked.needed {
        Scope::Read => !app.access.private,
        Scope::Write => app.access.anonymous_writes || is_unclaimed(app).await?,
        Scope::Admin => false,
    };
    if open { Ok(None) } else { Err(unauthorized(app, &asked.path, "a token is needed").into()) }
}

/// Of a request that brings a token the token decides, also where none is needed: a client that sends a wrong
/// one shall hear of it. A good one is taken from wherever it comes, since a stranger may share the address; nobody
/// guesses 256 bits, and who tries is put off.
async fn bearer(app: &App, asked: &Asked) -> Result<Option<Token>, Refused> {
    let second = app.registry.world().now().as_second();
    let token = match &asked.token {
        Some(text) => app.registry.check_token(text).await.map_err(failed)?,
        None => None,
    };
    match token {
        Some(token) if token.scope >= asked.needed => Ok(Some(token)),
        Some(token) => {
            let (may, needed) = (token.scope.word(), asked.needed.word());
            let why = format!("this token may {may}, and this needs {needed}");
            let response = refuse(app, &asked.path, StatusCode::FORBIDDEN, &why);
            Err(Refused { sender: Some(token), response })
        }
        None if app.failures.of(asked.address, second) >= FAILURES => {
            Err(slow_down(app, &asked.path, GUESSES, 1).into())
        }
        None => {
            app.failures.note(asked.address, second);
            Err(unauthorized(app, &asked.path, "the token is wrong, revoked or expired").into())
        }
    }
}

fn failed(error: RegistryError) -> Response {
    Problem::from(error).into_response()
}

/// On this machine anyone may write as long as there never was a token.
async fn is_unclaimed(app: &App) -> Result<bool, Response> {
    if app.exposure == Exposure::Network {
        return Ok(false);
    }
    let claimed = app.registry.has_tokens().await;
    claimed.map(|claimed| !claimed).map_err(failed)
}

/// A browser asks its user on a page; elsewhere the client is told the kind that it should send.
fn unauthorized(app: &App, path: &str, why: &str) -> Response {
    let mut response = refuse(app, path, StatusCode::UNAUTHORIZED, why);
    let challenge = if path.starts_with("/api/") { "Bearer" } else { "Basic realm=\"shipmark\"" };
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// How many wrong tokens each address sent in the present second.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<BTreeMap<Option<IpAddr>, (i64, u32)>>);

impl Failures {
    fn of(&self, address: Option<IpAddr>, second: i64) -> u32 {
        let address = address.map(network);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&address).filter(|(at, _)| *at == second).map_or(0, |(_, count)| *count)
    }

    fn note(&self, address: Option<IpAddr>, second: i64) {
        let address = address.map(network);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES {
            known.retain(|_, (at, _)| *at == second);
        }
        if known.len() >= ADDRESSES {
            // So many within a second come from no one machine; whoever is forgotten has its guesses again.
            known.clear();
        }
        let entry = known.entry(address).or_insert((second, 0));
        *entry = if entry.0 == second { (second, entry.1.saturating_add(1)) } else { (second, 1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> (Credential, Option<String>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        credential(&headers)
    }

    #[test]
    fn a_token_comes_as_bearer_or_as_password() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(credential(&HeaderMap::new()), (Credential::None, None));
        assert_eq!(read("Bearer smk_x"), (Credential::Bearer, some("smk_x")));
        assert_eq!(read("bearer  smk_x"), (Credential::Bearer, some("smk_x")));
        assert_eq!(read("Basic OnNta194"), (Credential::Basic, some("smk_x")));
        assert_eq!(read("basic bWF5YTpzbWtfeA=="), (Credential::Basic, some("smk_x")));
        for bad in ["Basic smk", "Basic bWF5YQ==", "Digest x", "smk_x"] {
            assert_eq!(read(bad).1, None, "{bad}");
        }
    }

    #[test]
    fn an_address_waits_for_the_next_second_and_others_do_not() {
        let failures = Failures::default();
        let (one, other) = ("10.0.0.1".parse().ok(), "10.0.0.2".parse().ok());
        (0..6).for_each(|_| failures.note(one, 7));
        assert_eq!((failures.of(one, 7), failures.of(other, 7), failures.of(one, 8)), (6, 0, 0));
        failures.note(one, 8);
        assert_eq!(failures.of(one, 8), 1);
    }
}
