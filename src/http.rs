//! The one HTTP client. Async inside, with a blocking door that starts its runtime on first use, so that a
//! command without a request starts none. It follows no redirect, since that could carry a token away.

pub mod guarded;
mod token;

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use tokio::runtime::Runtime;
use url::{Host, Url};

pub use self::token::Token;

/// The time to reach a server at all.
const CONNECT: Duration = Duration::from_secs(2);

/// How long a connection is kept for the next question.
const IDLE: Duration = Duration::from_secs(1);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("`{0}` is neither https nor on this machine")]
    Insecure(String),
    #[error("the client cannot be built: {0}")]
    Setup(String),
    #[error("the file of certificate authorities cannot be used: {0}")]
    Authorities(String),
    #[error("no answer from `{host}` within {:.0} s", .limit.as_secs_f32())]
    Late { host: String, limit: Duration },
    #[error("cannot reach `{host}`: {reason}")]
    Unreachable { host: String, reason: String },
    #[error("the answer of `{host}` is larger than {limit} bytes")]
    TooLarge { host: String, limit: usize },
    #[error("`{host}` leads to {address}, which is not public and not opened by `--probe-allow`")]
    Closed { host: String, address: IpAddr },
}

impl HttpError {
    /// Whether the same question may get an answer later.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Insecure(_) | Self::Setup(_) | Self::Authorities(_))
    }
}

/// What a question wants of the server.
#[derive(Debug)]
pub enum Act {
    Get,
    /// Posts this JSON.
    Post(Vec<u8>),
    /// Puts this JSON.
    Put(Vec<u8>),
    Delete,
}

/// One question to a server.
#[derive(Debug)]
pub struct Question<'a> {
    pub url: Url,
    pub act: Act,
    pub token: Option<&'a Token>,
    pub headers: &'a [(&'static str, String)],
    /// The time from start to the last byte of the answer.
    pub limit: Duration,
    /// The most bytes an answer may have.
    pub cap: usize,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The media type without its parameters; empty if there is none.
    pub media: String,
    /// The header `Retry-After` as it came.
    pub retry_after: Option<String>,
    /// The header `Location` as it came; it is never followed here.
    pub location: Option<String>,
    pub body: Vec<u8>,
}

/// What a client may do that it may not by itself.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// Plain http beyond this machine.
    pub plain_http: bool,
    /// Certificates (PEM) that may sign a server's own, beside those that the system trusts.
    pub authorities: Option<Vec<u8>>,
}

/// Asks one server over HTTP. Beyond this machine it goes through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and
/// `NO_PROXY` name; those three are read by reqwest, since what they mean is its business.
#[derive(Debug)]
pub struct Http {
    server: Url,
    authorities: Option<Vec<u8>>,
    client: OnceLock<reqwest::Client>,
    runtime: OnceLock<Runtime>,
}

impl Http {
    /// A client for one server, as far as that is allowed.
    pub fn new(server: &Url, allowed: Allowed) -> Result<Self, HttpError> {
        if server.scheme() != "https" && !allowed.plain_http && !is_loopback(server) {
            return Err(HttpError::Insecure(host_of(server)));
        }
        let authorities = allowed.authorities;
        Ok(Self { server: server.clone(), authorities, client: OnceLock::new(), runtime: OnceLock::new() })
    }

    /// Asks and waits for the whole answer.
    pub fn ask(&self, question: &Question) -> Result<Answer, HttpError> {
        let client = self.client(question)?;
        self.runtime()?.block_on(exchange(client, question))
    }

    /// The same within a runtime that is there.
    pub async fn ask_within(&self, question: &Question<'_>) -> Result<Answer, HttpError> {
        exchange(self.client(question)?, question).await
    }

    /// The client, for a question to its server and to no other.
    fn client(&self, question: &Question<'_>) -> Result<&reqwest::Client, HttpError> {
        if question.url.origin() != self.server.origin() {
            return Err(HttpError::Insecure(host_of(&question.url)));
        }
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let built = client_for(&self.server, self.authorities.as_deref())?;
        Ok(self.client.get_or_init(|| built))
    }

    fn runtime(&self) -> Result<&Runtime, HttpError> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| HttpError::Setup(error.to_string()))?;
        Ok(self.runtime.get_or_init(|| runtime))
    }
}

impl Drop for Http {
    /// A name lookup that hangs in the C library must not hold up the command after its deadline.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn client_for(url: &Url, authorities: Option<&[u8]>) -> Result<reqwest::Client, HttpError> {
    let mut builder = builder_for(url, authorities)?;
    if is_loopback(url) {
        // A proxy would take a request that must stay on this machine off it.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| HttpError::Setup(innermost(&error)))
}

/// What every client keeps to.
fn builder_for(url: &Url, authorities: Option<&[u8]>) -> Result<reqwest::ClientBuilder, HttpError> {
    // A second installation fails and changes nothing, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("shipmark/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        // Between two questions nobody looks at a connection, so an older one may be closed unseen.
        .pool_idle_timeout(IDLE)
        .redirect(Policy::none())
        .tls_version_min(reqwest::tls::Version::TLS_1_2);
    if url.scheme() == "http" {
        // The certificates of the system are not wanted here, and a bare container has none to load.
        builder = builder.tls_certs_only([]);
    } else if let Some(authorities) = authorities {
        let certificates = reqwest::Certificate::from_pem_bundle(authorities)
            .map_err(|error| HttpError::Authorities(innermost(&error)))?;
        if certificates.is_empty() {
            return Err(HttpError::Authorities("it holds no certificate in PEM".to_owned()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

/// Why a question has no answer.
fn failed(question: &Question<'_>, error: &reqwest::Error) -> HttpError {
    let host = host_of(&question.url);
    if error.is_timeout() && !error.is_connect() {
        HttpError::Late { host, limit: question.limit }
    } else {
        HttpError::Unreachable { host, reason: innermost(error) }
    }
}

/// Sends a question; the answer has come as far as its head.
async fn begin(client: &reqwest::Client, question: &Question<'_>) -> Result<reqwest::Response, HttpError> {
    let url = question.url.clone();
    let mut request = match &question.act {
        Act::Post(body) => client.post(url).header(CONTENT_TYPE, "application/json").body(body.clone()),
        Act::Put(body) => client.put(url).header(CONTENT_TYPE, "application/json").body(body.clone()),
        Act::Get => client.get(url),
        Act::Delete => client.delete(url),
    };
    if let Some(header) = question.token.and_then(Token::header) {
        request = request.header(AUTHORIZATION, header);
    }
    for (name, value) in question.headers {
        request = request.header(*name, value);
    }
    let request = request.header(ACCEPT, "application/json").timeout(question.limit);
    request.send().await.map_err(|error| failed(question, &error))
}

async fn exchange(client: &reqwest::Client, question: &Question<'_>) -> Result<Answer, HttpError> {
    let mut response = begin(client, question).await?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let media = header(CONTENT_TYPE).unwrap_or_default();
    let mut answer = Answer {
        status: response.status().as_u16(),
        media: media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase(),
        retry_after: header(RETRY_AFTER),
        location: header(LOCATION),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(question, &error))? {
        if answer.body.len() + chunk.len() > question.cap {
            return Err(HttpError::TooLarge { host: host_of(&question.url), limit: question.cap });
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// The cause that says most: reqwest's own words are "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(cause) = inner.source() {
        inner = cause;
    }
    inner.to_string()
}

/// Scheme, host and port: what may be shown of an address that could hold a password.
fn host_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Whether an address stays on this machine; `localhost` does by RFC 6761.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for (address, allowed) in [
            ("https://registry.example", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost", true),
            ("http://registry.example", false),
            ("http://127.0.0.1.example", false),
            ("http://10.0.0.1", false),
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(Http::new(&url, Allowed::default()).is_ok(), allowed, "{address}");
            let open = Allowed { plain_http: true, ..Allowed::default() };
            assert!(Http::new(&url, open).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_question_never_shows_its_token() {
        let token = Token::parse("smk_a").unwrap();
        let question = Question {
            url: Url::parse("https://r.example").unwrap(),
            act: Act::Get,
            token: Some(&token),
            headers: &[],
            limit: CONNECT,
            cap: 1,
        };
        assert!(!format!("{question:?}").contains("smk"));
    }

    #[test]
    fn a_closed_port_is_named_with_its_cause() {
        let url = Url::parse("http://127.0.0.1:1/api").unwrap();
        let http = Http::new(&url, Allowed::default()).unwrap();
        let question = Question { url, act: Act::Get, token: None, headers: &[], limit: CONNECT, cap: 1 };
        let error = http.ask(&question).unwrap_err().to_string();
        assert_eq!(error, "cannot reach `http://127.0.0.1:1`: Connection refused (os error 111)");
        let url = Url::parse("http://127.0.0.1:2/api").unwrap();
        assert!(matches!(http.ask(&Question { url, ..question }), Err(HttpError::Insecure(_))));
    }

    #[test]
    fn a_client_for_tls_can_be_built() {
        let url = Url::parse("https://registry.example").unwrap();
        client_for(&url, None).unwrap();
        let error = client_for(&url, Some(b"no certificate")).unwrap_err().to_string();
        assert_eq!(
            error,
            "the file of certificate authorities cannot be used: it holds no certificate in PEM"
        );
    }
}
