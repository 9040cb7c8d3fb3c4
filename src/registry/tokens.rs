//! Who may do what: tokens are made, checked and revoked here.

use subtle::ConstantTimeEq;

use super::holds::text;
use super::report::NAME;
use super::{Fault, Registry, RegistryError};
use crate::domain::audit::Act;
use crate::domain::token::{NewToken, Scope, Secret, Token};

/// How exactly the last use of a token is known, in milliseconds: each note of it is a write.
const USE: i64 = 60 * 60 * 1_000;

impl Registry {
    /// Makes a token. The secret goes to its owner and is nowhere else.
    pub(crate) async fn make_token(&self, new: &NewToken) -> Result<(Token, Secret), RegistryError> {
        let now = self.world().now().as_millisecond();
        let mut faults = Vec::new();
        text("name", Some(&new.name), 1..=NAME, &mut faults);
        if new.expires_at.is_some_and(|at| at <= now || jiff::Timestamp::from_millisecond(at).is_err()) {
            let detail = "must be later than now, in milliseconds since 1970".to_owned();
            faults.push(Fault { pointer: "/expires_at".to_owned(), detail });
        }
        faults.extend(limits(new));
        if !faults.is_empty() {
            return Err(RegistryError::FaultyToken(faults));
        }
        let random = |source: std::io::Error| RegistryError::NoRandomness(source);
        let secret =
            Secret::of(self.world().random().map_err(random)?, self.world().random().map_err(random)?);
        let token = Token {
            id: secret.id.clone(),
            name: new.name.clone(),
            scope: new.scope,
            limits: new.limits.clone(),
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        let trace = self.trace(Act::TokenMade, &token.id);
        self.store.enter_token(&token, &secret.digest(), &trace).await?;
        self.seen.forget();
        Ok((token, secret))
    }

    /// The token that a text is, if it opens anything now. The database is asked once a second, so that a
    /// revocation holds soon on all replicas, and at once where it was made.
    pub(crate) async fn check_token(&self, text: &str) -> Result<Option<Token>, RegistryError> {
        let Some(secret) = Secret::parse(text) else { return Ok(None) };
        let now = self.world().now().as_millisecond();
        let seen = self.seen.token(&secret.id, now);
        let is_seen = seen.is_some();
        let found = if is_seen { seen } else { self.store.token(&secret.id).await? };
        let Some((token, digest)) = found else { return Ok(None) };
        let same: bool = secret.digest().as_bytes().ct_eq(digest.as_bytes()).into();
        if !same || !token.is_good(now) {
            return Ok(None);
        }
        // What was read now is kept, and for no longer than that: whoever revokes it elsewhere waits a second at most.
        if !is_seen {
            if token.last_used_at.is_none_or(|at| now - at >= USE) {
                self.store.token_used(&token.id, now).await?;
            }
            self.seen.keep(&token, &digest, now);
        }
        Ok(Some(token))
    }

    /// Every token, newest first.
    pub(crate) async fn tokens(&self) -> Result<Vec<Token>, RegistryError> {
        Ok(self.store.tokens().await?)
    }

    /// Whether there ever was a token; then nobody writes without one.
    pub(crate) async fn has_tokens(&self) -> Result<bool, RegistryError> {
        let now = self.world().now().as_millisecond();
        if self.seen.is_unclaimed(now) {
            return Ok(false);
        }
        let found = self.store.has_tokens().await?;
        if !found {
            self.seen.keep_unclaimed(now);
        }
        Ok(found)
    }

    /// Revokes a token for good, and gives it as it is then.
    pub(crate) async fn revoke_token(&self, id: &str) -> Result<Token, RegistryError> {
        const MISSING: RegistryError = RegistryError::NoSuch("there is no such token");
        if self.store.token(id).await?.is_none() {
            return Err(MISSING);
        }
        let trace = self.trace(Act::TokenRevoked, id);
        self.store.revoke_token(id, trace.at, &trace).await?;
        self.seen.forget();
        self.store.token(id).await?.map(|(token, _)| token).ok_or(MISSING)
    }
}

/// What is wrong with the limits of a wish.
fn limits(new: &NewToken) -> Vec<Fault> {
    let Some(limits) = &new.limits else { return Vec::new() };
    let fault = |(pointer, detail): (String, String)| Fault { pointer: format!("/limits{pointer}"), detail };
    if new.scope == Scope::Admin {
        // Who makes tokens can make one without limits.
        let detail = "must be absent for the scope `admin`, which is never limited".to_owned();
        return vec![fault((String::new(), detail))];
    }
    limits.faults().into_iter().map(fault).collect()
}
