//! Asks an address that somebody else chose. A name is looked up once, every address that it leads to must be
//! open, and the connection goes to one of these and nowhere else: a name that leads elsewhere a moment later (DNS
//! rebinding) gains nothing. No proxy, no redirect, no token.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use super::{Act, Answer, HttpError, Question, begin, builder_for, exchange, host_of, innermost};
use crate::domain::reach::{Reach, literal};

/// The time for everything, the lookup included.
const LIMIT: Duration = Duration::from_secs(3);
/// The most bytes of an answer.
const CAP: usize = 64 * 1024;

/// Looks a name up, once, with the resolver of the system.
pub async fn lookup(name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, port)).await?.collect())
}

/// What is sent to an address.
#[derive(Debug, Clone)]
pub struct Post {
    /// JSON.
    pub body: Vec<u8>,
    pub headers: Vec<(&'static str, String)>,
}

/// Asks `url` as far as it is within `reach`; `lookup` is asked where it names its host.
pub async fn ask<F, L>(url: &Url, reach: &Reach, lookup: F) -> Result<Answer, HttpError>
where
    F: FnOnce(String, u16) -> L,
    L: Future<Output = io::Result<Vec<SocketAddr>>>,
{
    within_limit(url, async {
        let client = pinned(url, reach, lookup).await?;
        exchange(&client, &question(url, Act::Get, &[])).await
    })
    .await
}

/// Posts to `url` as far as it is within `reach`, and gives the status. Whatever else is answered is not waited for: who
/// says that he took it has it.
pub async fn post<F, L>(url: &Url, post: Post, reach: &Reach, lookup: F) -> Result<u16, HttpError>
where
    F: FnOnce(String, u16) -> L,
    L: Future<Output = io::Result<Vec<SocketAddr>>>,
{
    within_limit(url, async {
        let client = pinned(url, reach, lookup).await?;
        let answer = begin(&client, &question(url, Act::Post(post.body), &post.headers)).await?;
        Ok(answer.status().as_u16())
    })
    .await
}

async fn within_limit<T>(
    url: &Url,
    asked: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    let late = |_| HttpError::Late { host: host_of(url), limit: LIMIT };
    tokio::time::timeout(LIMIT, asked).await.map_err(late)?
}

fn question<'a>(url: &Url, act: Act, headers: &'a [(&'static str, String)]) -> Question<'a> {
    Question { url: url.clone(), act, token: None, headers, limit: LIMIT, cap: CAP }
}

/// A client that connects to what the host of an address was found to be.
async fn pinned<F, L>(url: &Url, reach: &Reach, lookup: F) -> Result<reqwest::Client, HttpError>
where
    F: FnOnce(String, u16) -> L,
    L: Future<Output = io::Result<Vec<SocketAddr>>>,
{
    let found = Pinned(within(url, reach, lookup).await?);
    let client = builder_for(url, None)?.no_proxy().dns_resolver(Arc::new(found)).build();
    client.map_err(|error| HttpError::Setup(innermost(&error)))
}

/// Where the host of an address is. All of it must be open: of two addresses a server could offer one for the look and
/// one for the call.
async fn within<F, L>(url: &Url, reach: &Reach, lookup: F) -> Result<Vec<SocketAddr>, HttpError>
where
    F: FnOnce(String, u16) -> L,
    L: Future<Output = io::Result<Vec<SocketAddr>>>,
{
    let host = || host_of(url);
    let unreachable = |reason: String| HttpError::Unreachable { host: host(), reason };
    let port = url.port_or_known_default().unwrap_or(0);
    let found = match (literal(url), url.host_str()) {
        (Some(address), _) => vec![SocketAddr::new(address, port)],
        (None, Some(name)) => {
            lookup(name.to_owned(), port).await.map_err(|error| unreachable(error.to_string()))?
        }
        (None, None) => Vec::new(),
    };
    if found.is_empty() {
        return Err(unreachable("its name leads nowhere".to_owned()));
    }
    for address in &found {
        if !reach.allows(address.ip()) {
            return Err(HttpError::Closed { host: host(), address: address.ip() });
        }
    }
    Ok(found)
}

/// Knows these addresses and no other, whatever name it is asked for.
struct Pinned(Vec<SocketAddr>);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Answers every connection with the same words and counts them.
    fn listen(at: &str, answer: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind(at).unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let mut stream = stream;
                let _ = stream.read(&mut [0; 1_024]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        (address, heard)
    }

    const GOOD: &str = "HTTP/1.1 200 x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

    fn opening(range: &str) -> Reach {
        Reach::with(vec![range.parse().unwrap()])
    }

    /// A name server that says something else each time.
    fn turning(asked: &AtomicUsize, port: u16) -> std::future::Ready<io::Result<Vec<SocketAddr>>> {
        let turn = asked.fetch_add(1, Ordering::SeqCst);
        let address = ["127.0.0.2", "127.0.0.1"][turn.min(1)].parse().unwrap();
        std::future::ready(Ok(vec![SocketAddr::new(address, port)]))
    }

    #[tokio::test]
    async fn a_name_that_turns_to_a_closed_address_is_asked_where_it_was_first() {
        let (open, heard) = listen("127.0.0.2:0", GOOD);
        let (_, inside) = listen(&format!("127.0.0.1:{}", open.port()), GOOD);
        let url = Url::parse(&format!("http://rebind.example:{}/", open.port())).unwrap();
        let (reach, asked) = (opening("127.0.0.2/32"), AtomicUsize::new(0));
        let answer = ask(&url, &reach, |_, port| turning(&asked, port)).await;
        assert_eq!(answer.unwrap().body, b"ok");
        let refused = ask(&url, &reach, |_, port| turning(&asked, port)).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            format!(
                "`http://rebind.example:{}` leads to 127.0.0.1, which is not public and not opened by `--probe-allow`",
                open.port()
            )
        );
        let counts = [&heard, &inside, &Arc::new(asked)].map(|count| count.load(Ordering::SeqCst));
        assert_eq!(counts, [1, 0, 2], "one lookup for each question, and nothing to the closed one");
    }

    #[tokio::test]
    async fn a_closed_address_hears_nothing_until_it_is_opened() {
        let (at, heard) = listen("127.0.0.1:0", GOOD);
        for host in ["127.0.0.1", "0x7f.1", "localhost", "[::ffff:127.0.0.1]", "LOCALHOST"] {
            let url = Url::parse(&format!("http://{host}:{}/", at.port())).unwrap();
            assert!(
                matches!(ask(&url, &Reach::default(), lookup).await, Err(HttpError::Closed { .. })),
                "{host}"
            );
        }
        assert_eq!(heard.load(Ordering::SeqCst), 0);
        let url = Url::parse(&format!("http://{at}/")).unwrap();
        assert_eq!(ask(&url, &opening("127.0.0.0/8"), lookup).await.unwrap().status, 200);
        assert_eq!(heard.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn one_closed_address_of_several_closes_the_name() {
        let both = |_, port| async move {
            Ok(["127.0.0.2", "10.0.0.1"]
                .map(|address| SocketAddr::new(address.parse().unwrap(), port))
                .to_vec())
        };
        let url = Url::parse("http://two.example/").unwrap();
        let refused = ask(&url, &opening("127.0.0.2/32"), both).await;
        assert!(
            matches!(refused, Err(HttpError::Closed { address, .. }) if address.to_string() == "10.0.0.1")
        );
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_a_flood_is_none() {
        const AWAY: &str = "HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        let (at, _) = listen("127.0.0.1:0", AWAY);
        let url = Url::parse(&format!("http://{at}/")).unwrap();
        assert_eq!(ask(&url, &opening("127.0.0.1/32"), lookup).await.unwrap().status, 302);
        let flood: &'static str = Box::leak(
            format!("HTTP/1.1 200 x\r\ncontent-length: {}\r\n\r\n{}", CAP + 1, "x".repeat(CAP + 1)).into(),
        );
        let (at, _) = listen("127.0.0.1:0", flood);
        let url = Url::parse(&format!("http://{at}/")).unwrap();
        assert!(matches!(ask(&url, &opening("127.0.0.1/32"), lookup).await, Err(HttpError::TooLarge { .. })));
    }

    #[tokio::test]
    async fn what_was_posted_was_taken_whatever_follows_the_status() {
        let flood = format!("HTTP/1.1 200 x\r\ncontent-length: 90000\r\n\r\n{}", "x".repeat(90_000));
        let broken = "HTTP/1.1 200 x\r\ncontent-length: 90\r\n\r\nx".to_owned();
        for answer in [flood, broken] {
            let (at, heard) = listen("127.0.0.1:0", Box::leak(answer.into()));
            let url = Url::parse(&format!("http://{at}/")).unwrap();
            let post = super::Post { body: b"{}".to_vec(), headers: Vec::new() };
            assert_eq!(super::post(&url, post, &opening("127.0.0.1/32"), lookup).await.unwrap(), 200);
            assert_eq!(heard.load(Ordering::SeqCst), 1);
        }
    }

    #[tokio::test]
    async fn a_name_server_that_hangs_is_waited_for_three_seconds() {
        let url = Url::parse("http://slow.example/").unwrap();
        let late = ask(&url, &Reach::default(), |_, _| std::future::pending()).await;
        assert_eq!(late.unwrap_err().to_string(), "no answer from `http://slow.example` within 3 s");
    }
}
