//! A job of GitHub shows who it is and gets a token for a quarter of an hour, so that no secret has to be kept there.

mod keys;
mod signature;

use url::Url;

use self::keys::KeySet;
use super::holds::text;
use super::report::{Fault, NAME, TEXT};
use super::{Registry, RegistryError};
use crate::domain::audit::{Act, Who};
use crate::domain::chain::digest;
use crate::domain::glob::Glob;
use crate::domain::oidc::{Claims, Given, NewTrust, Trust, granted};
use crate::domain::token::{Scope, Secret, Token};
use crate::store::{ExchangeEntry, StoreError, Trace};

/// How long a token lives that a job got, in milliseconds.
const LIFE: i64 = 15 * 60 * 1_000;
/// How long the ids of those tokens are kept, in milliseconds: longer than any id token is good.
const KEPT: i64 = 24 * 60 * 60 * 1_000;
/// The longest id token in bytes.
const LONGEST: usize = 16 * 1024;

/// Whom the registry believes.
#[derive(Debug)]
pub struct Issuer {
    /// As it stands in its tokens.
    name: String,
    /// The name of this registry, which a token must be meant for.
    audience: String,
    keys: KeySet,
}

impl Issuer {
    /// An issuer by its address, and the name that tokens for this registry bear.
    pub fn new(address: &Url, audience: &str) -> Self {
        let name = address.as_str().trim_end_matches('/').to_owned();
        Self { keys: KeySet::of(&name), name, audience: audience.to_owned() }
    }
}

impl Registry {
    /// Makes a rule.
    pub(crate) async fn make_trust(&self, rule: &NewTrust) -> Result<Trust, RegistryError> {
        let faults = faults(rule);
        if !faults.is_empty() {
            return Err(RegistryError::FaultyTrust(faults));
        }
        let id = self.world().new_id();
        let trace = self.trace(Act::TrustMade, &id);
        let trust = Trust { id, rule: rule.clone(), created_at: trace.at };
        self.store.enter_trust(&trust, &trace).await?;
        Ok(trust)
    }

    /// Every rule, in the order in which they were made.
    pub(crate) async fn trusts(&self) -> Result<Vec<Trust>, RegistryError> {
        Ok(self.store.trusts().await?)
    }

    /// Takes a rule away. A token that a job got by it lives on for minutes.
    pub(crate) async fn remove_trust(&self, id: &str) -> Result<(), RegistryError> {
        let there = self.store.remove_trust(id, &self.trace(Act::TrustRemoved, id)).await?;
        there.then_some(()).ok_or(RegistryError::NoSuch("there is no such trust"))
    }

    /// Gives a token for the id token of a job.
    pub(crate) async fn exchange(&self, id_token: &str) -> Result<(Token, Secret), RegistryError> {
        let issuer = self.issuer.as_ref().ok_or(RegistryError::NoSuch("no id tokens are taken here"))?;
        let now = self.world().now();
        let claims = self.claims(issuer, id_token).await?;
        let trusts = self.store.trusts().await?;
        let (trust, scope) =
            granted(&trusts, &claims).ok_or(RegistryError::Untrusted("no rule fits its job"))?;
        let now = now.as_millisecond();
        let secret = self.secret()?;
        let token = Token {
            id: secret.id.clone(),
            name: name(&claims),
            scope,
            limits: trust.rule.limits.clone(),
            created_at: now,
            expires_at: Some(now + LIFE),
            revoked_at: None,
            last_used_at: None,
        };
        let entry = ExchangeEntry { jti: digest([issuer.name.as_str(), &claims.jti]), until: now + KEPT };
        let who = Who { token: None, name: "github".to_owned(), ..self.who.as_ref().clone() };
        let trace = Trace { who, ..self.trace(Act::TokenMade, &token.id) };
        let Claims { repository, repository_id, r#ref, .. } = claims;
        let given = Given { token, trust: trust.id.clone(), repository, repository_id, r#ref };
        match self.store.exchange(&given, &secret.digest(), &entry, &trace).await {
            Err(StoreError::Taken) => Err(RegistryError::Untrusted("it was used before")),
            done => done.map(|()| (given.token, secret)).map_err(RegistryError::from),
        }
    }

    /// What an id token says, if the issuer said it, to us, and now.
    async fn claims(&self, issuer: &Issuer, id_token: &str) -> Result<Claims, RegistryError> {
        const ODD: RegistryError = RegistryError::Untrusted("it is no id token of RS256");
        if id_token.len() > LONGEST {
            return Err(ODD);
        }
        let kid = signature::key_id(id_token).ok_or(ODD)?;
        let now = self.world().now();
        let key = issuer.keys.key(&kid, now.as_millisecond()).await.map_err(RegistryError::Issuer)?;
        let key = key.ok_or(RegistryError::Untrusted("the issuer has no such key"))?;
        let claims: Claims = signature::claims(id_token, &key)
            .ok_or(RegistryError::Untrusted("its signature or its form is wrong"))?;
        match claims.refusal(&issuer.name, &issuer.audience, now.as_second()) {
            Some(why) => Err(RegistryError::Untrusted(why)),
            None => Ok(claims),
        }
    }
}

/// The name of the token of a job, by which the log of changes shows it.
fn name(claims: &Claims) -> String {
    let words = format!("github {}", claims.repository);
    words.chars().filter(|c| !c.is_control()).take(NAME).collect()
}

fn faults(rule: &NewTrust) -> Vec<Fault> {
    let mut faults = Vec::new();
    text("name", Some(&rule.name), 1..=NAME, &mut faults);
    text("environment", rule.environment.as_deref(), 1..=TEXT, &mut faults);
    for (field, glob) in [("ref", &rule.r#ref), ("job_workflow_ref", &rule.job_workflow_ref)] {
        text(field, glob.as_ref().map(Glob::as_str), 1..=TEXT, &mut faults);
    }
    let mut fault = |field: &str, detail: &str| {
        faults.push(Fault { pointer: format!("/{field}"), detail: detail.to_owned() });
    };
    for (field, id) in
        [("repository_id", &rule.repository_id), ("repository_owner_id", &rule.repository_owner_id)]
    {
        if !(1..=20).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            fault(field, "must be the number of it at GitHub, as a text of digits");
        }
    }
    if rule.scope == Scope::Admin {
        fault("scope", "must be `read` or `write`");
    }
    let limits = rule.limits.iter().flat_map(crate::domain::limits::Limits::faults);
    faults.extend(limits.map(|(pointer, detail)| Fault { pointer: format!("/limits{pointer}"), detail }));
    faults
}
