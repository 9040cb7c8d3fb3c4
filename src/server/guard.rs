//! What every request must pass before it reaches a handler, and what every answer carries.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use super::auth::{Credential, EXCHANGE, credential};
use super::{App, refuse};

/// The longest path and query in bytes.
const URI: usize = 8 * 1024;

/// The headers of every answer; pages need no more than this policy, and nothing else is a page.
pub(super) const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Who can reach the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// This machine only. Web pages that it shows and proxies that it runs must not write here unseen.
    Loopback,
    /// The network, by the operator's own choice.
    Network,
}

impl Exposure {
    /// By the address that the listener is bound to.
    pub(crate) fn of(address: SocketAddr) -> Self {
        if address.ip().to_canonical().is_loopback() { Self::Loopback } else { Self::Network }
    }
}

/// Refuses what no handler should see.
pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if request.uri().path_and_query().is_some_and(|uri| uri.as_str().len() > URI) {
        return refuse(&app, path, StatusCode::URI_TOO_LONG, "the address is longer than 8 KiB");
    }
    // PostgreSQL cannot store a NUL, so nothing that an address names has one, and all engines shall answer alike.
    if path.contains("%00") {
        return refuse(&app, path, StatusCode::NOT_FOUND, "there is nothing at this address");
    }
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        let why = "send the body without a Content-Encoding";
        return refuse(&app, path, StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
    }
    if app.exposure == Exposure::Loopback && !names_us(&app, &request) {
        let why =
            "this registry answers only to localhost, loopback addresses and the name of `--public-url`";
        return refuse(&app, path, StatusCode::MISDIRECTED_REQUEST, why);
    }
    // A page of a stranger makes a browser send what it sends by itself, and that is everything but a bearer.
    let kind = credential(request.headers()).0;
    let unasked =
        kind == Credential::Basic || (kind == Credential::None && app.exposure == Exposure::Loopback);
    // The id token of a job is its credential, and comes through whatever proxy stands in front.
    let brings = kind != Credential::None || path == EXCHANGE;
    if unasked && let Some(why) = foreign(request.method(), request.headers(), brings) {
        return refuse(&app, path, StatusCode::FORBIDDEN, why);
    }
    next.run(request).await
}

/// A name that resolves to a loopback address by a stranger's DNS would let his page read the registry.
fn names_us(app: &App, request: &Request) -> bool {
    let public = app.public_url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let is_ours = |host: &str| is_local(host) || is_host(host, public);
    let host = request.headers().get(header::HOST).map(HeaderValue::to_str);
    let by_header = match host {
        Some(Ok(host)) => is_ours(host),
        Some(Err(_)) => false,
        // HTTP/1.0 has no such header, and a page cannot leave it out.
        None => true,
    };
    by_header && request.uri().authority().is_none_or(|authority| is_ours(authority.as_str()))
}

/// Whether it is this name, at any port: a proxy in front may listen at another than ours.
fn is_host(host: &str, name: &str) -> bool {
    host.parse::<Authority>().is_ok_and(|host| !name.is_empty() && host.host().eq_ignore_ascii_case(name))
}

fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let literal = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name == "0"
        || literal.parse::<IpAddr>().is_ok_and(|ip| {
            let ip = ip.to_canonical();
            ip.is_loopback() || ip.is_unspecified()
        })
}

/// Any web page can post a form to this machine, and a proxy here would publish the open registry.
fn foreign(method: &Method, headers: &HeaderMap, brings: bool) -> Option<&'static str> {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
        return None;
    }
    if !brings
        && headers.keys().any(|name| *name == header::FORWARDED || name.as_str().starts_with("x-forwarded-"))
    {
        return Some("writes without a token are not taken through a proxy");
    }
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Some("writes from another site are not taken");
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    // A proxy in front may speak TLS where we do not.
    let own = |origin: &str| {
        let bare = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        bare.is_some_and(|bare| bare.eq_ignore_ascii_case(host))
    };
    match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
        None => None,
        Some(Ok(origin)) if own(origin) => None,
        Some(_) => Some("writes from another origin are not taken"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_pass() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:8080", "0:8080", "127.9.9.9"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["", "example.org", "localhost.example.org", "10.0.0.1", "[::2]", "127.0.0.1.nip.io"] {
            assert!(!is_local(host), "{host}");
        }
    }

    fn verdict(name: &'static str, value: &'static str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost:8080"));
        headers.insert(name, HeaderValue::from_static(value));
        foreign(&Method::POST, &headers, false)
    }

    #[test]
    fn a_write_from_elsewhere_is_refused() {
        assert!(verdict("origin", "http://localhost:3000").is_some());
        assert!(verdict("origin", "null").is_some());
        assert!(verdict("sec-fetch-site", "cross-site").is_some());
        assert!(verdict("forwarded", "for=1.2.3.4").is_some());
        assert!(verdict("x-forwarded-for", "1.2.3.4").is_some());
        assert_eq!(verdict("origin", "http://localhost:8080"), None);
        assert_eq!(verdict("accept", "*/*"), None);
    }

    #[test]
    fn a_mapped_loopback_address_is_loopback() {
        assert_eq!(Exposure::of("[::ffff:127.0.0.1]:1".parse().unwrap()), Exposure::Loopback);
        assert_eq!(Exposure::of("0.0.0.0:1".parse().unwrap()), Exposure::Network);
    }
}
