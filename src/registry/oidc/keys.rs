//! The keys of an issuer, kept as long as they serve.

use std::collections::BTreeMap;
use std::time::Duration;

use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::http::{self, Allowed, Http, Question};

/// How often the keys may be asked for, in milliseconds: whoever sends tokens with keys that nobody has makes us ask no
/// more often.
const PAUSE: i64 = 5 * 60 * 1_000;
/// The same after a question that failed.
const RETRY: i64 = 10 * 1_000;
/// How long keys are believed without asking again, in milliseconds, so that one that was taken back serves no longer.
const FRESH: i64 = 60 * 60 * 1_000;
/// How long the issuer has for its answer, and how large that may be.
const LIMIT: Duration = Duration::from_secs(5);
const CAP: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct KeySet {
    address: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: BTreeMap<String, DecodingKey>,
    /// When they came, and when the next question may be asked, in milliseconds since 1970.
    at: Option<i64>,
    next: i64,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_list().entries(self.keys.keys()).finish()
    }
}

/// What an issuer publishes (RFC 7517).
#[derive(Deserialize)]
struct Published {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    r#use: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

impl KeySet {
    /// The keys of an issuer, which publishes them at an address below its own.
    pub(super) fn of(issuer: &str) -> Self {
        Self { address: format!("{issuer}/.well-known/jwks"), known: Mutex::default() }
    }

    /// The key of an id; nothing if the issuer has none. An error says why he could not be asked. `now` in
    /// milliseconds since 1970.
    pub(super) async fn key(&self, kid: &str, now: i64) -> Result<Option<DecodingKey>, String> {
        // Whoever comes meanwhile waits for the same answer.
        let mut known = self.known.lock().await;
        let is_fresh = known.at.is_some_and(|at| (0..FRESH).contains(&(now - at)));
        let is_known = known.keys.contains_key(kid);
        // A clock that went back stops nothing.
        let may_ask = now >= known.next || known.at.is_none_or(|at| now < at);
        if !(is_known && is_fresh) && may_ask {
            known.next = now + RETRY;
            known.keys = self.fetch().await?;
            (known.at, known.next) = (Some(now), now + PAUSE);
        } else if !is_fresh {
            return Err("it did not answer a moment ago".to_owned());
        }
        Ok(known.keys.get(kid).cloned())
    }

    async fn fetch(&self) -> Result<BTreeMap<String, DecodingKey>, String> {
        let url = Url::parse(&self.address).map_err(|error| error.to_string())?;
        let http = Http::new(&url, Allowed::default()).map_err(|error| error.to_string())?;
        let question =
            Question { url, act: http::Act::Get, token: None, headers: &[], limit: LIMIT, cap: CAP };
        let answer = http.ask_within(&question).await.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("it answered {}", answer.status));
        }
        let published: Published =
            serde_json::from_slice(&answer.body).map_err(|_| "its answer is no set of keys".to_owned())?;
        let good = |key: &Key| {
            key.kty == "RSA"
                && !key.kid.is_empty()
                && key.r#use.as_deref().is_none_or(|purpose| purpose == "sig")
                && key.alg.as_deref().is_none_or(|name| name == "RS256")
        };
        let keys = published.keys.into_iter().filter(good);
        let keys = keys.filter_map(|key| {
            let made = DecodingKey::from_rsa_components(&key.n, &key.e).ok()?;
            Some((key.kid, made))
        });
        Ok(keys.collect())
    }
}
