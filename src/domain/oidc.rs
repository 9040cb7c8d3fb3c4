//! Which job of GitHub gets a token: what its id token must say, and the rules of an administrator that it must fit.
//! The signature was checked before anything here is asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::glob::Glob;
use super::limits::Limits;
use super::token::{Scope, Token};

/// How far two clocks may be apart, in seconds.
const SKEW: i64 = 60;
/// The longest life of an id token, in seconds; GitHub's live for minutes.
const LIFE: i64 = 60 * 60;

/// For whom a token is, as one name or as several (RFC 7519 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn holds(&self, wanted: &str) -> bool {
        match self {
            Self::One(name) => name == wanted,
            Self::Several(names) => names.iter().any(|name| name == wanted),
        }
    }
}

/// What an id token says of its job; times in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: Audience,
    pub exp: i64,
    pub nbf: i64,
    pub iat: i64,
    pub jti: String,
    pub repository: String,
    /// Names can be registered anew by others; these two cannot.
    pub repository_id: String,
    pub repository_owner_id: String,
    pub event_name: String,
    pub r#ref: String,
    #[serde(default)]
    pub environment: Option<String>,
    #[serde(default)]
    pub job_workflow_ref: Option<String>,
}

impl Claims {
    /// Why the token says nothing here and now; `now` in seconds since 1970.
    pub fn refusal(&self, issuer: &str, audience: &str, now: i64) -> Option<&'static str> {
        let is_id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if self.iss != issuer {
            return Some("another issuer made it");
        }
        if !self.aud.holds(audience) {
            return Some("it is for another audience");
        }
        if now >= self.exp.saturating_add(SKEW) {
            return Some("it has expired");
        }
        if now < self.nbf.saturating_sub(SKEW) || now < self.iat.saturating_sub(SKEW) {
            return Some("it is not valid yet");
        }
        if self.exp.saturating_sub(self.iat) > LIFE {
            return Some("it lives too long");
        }
        if self.jti.trim().is_empty() {
            return Some("it has no id");
        }
        if !is_id(&self.repository_id) || !is_id(&self.repository_owner_id) {
            return Some("it names no repository");
        }
        None
    }

    /// Whether anyone with a fork may have written what runs.
    fn is_of_a_proposal(&self) -> bool {
        self.event_name.starts_with("pull_request") || self.r#ref.starts_with("refs/pull/")
    }
}

/// A wish for a rule, the body of `POST /api/v2/trusts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTrust {
    /// What it is for.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The number of the repository, which it keeps when it is renamed.
    #[schemars(regex(pattern = "^[0-9]{1,20}$"))]
    pub repository_id: String,
    /// The number of its owner.
    #[schemars(regex(pattern = "^[0-9]{1,20}$"))]
    pub repository_owner_id: String,
    /// The environment of the job at GitHub; absent: any, or none.
    #[serde(default)]
    #[schemars(length(min = 1, max = 2048))]
    pub environment: Option<String>,
    /// The branch or tag, such as `refs/heads/main` or `refs/tags/v*`; absent: any.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub r#ref: Option<Glob>,
    /// The file of the workflow, such as `octo/ci/.github/workflows/deploy.yml@refs/heads/main`; absent: any.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub job_workflow_ref: Option<Glob>,
    /// What the token allows, `read` or `write`; a job of a pull request reads at most.
    pub scope: Scope,
    /// What the token sees and touches; absent: everything.
    #[serde(default)]
    pub limits: Option<Limits>,
}

/// A rule, as `GET /api/v2/trusts` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Trust {
    pub id: String,
    #[serde(flatten)]
    pub rule: NewTrust,
    /// Milliseconds since 1970 UTC.
    pub created_at: i64,
}

/// The token of a job, as the log of changes keeps it.
#[derive(Debug, Clone, Serialize)]
pub struct Given {
    #[serde(flatten)]
    pub token: Token,
    /// The id of the rule.
    pub trust: String,
    pub repository: String,
    pub repository_id: String,
    pub r#ref: String,
}

impl NewTrust {
    /// What the job of these claims may do by this rule; nothing if it is another job.
    pub fn grants(&self, claims: &Claims) -> Option<Scope> {
        let fits = |glob: &Option<Glob>, text: Option<&str>| {
            glob.as_ref().is_none_or(|glob| text.is_some_and(|text| glob.fits(text)))
        };
        let same = self.repository_id == claims.repository_id
            && self.repository_owner_id == claims.repository_owner_id
            && (self.environment.is_none() || self.environment == claims.environment)
            && fits(&self.r#ref, Some(&claims.r#ref))
            && fits(&self.job_workflow_ref, claims.job_workflow_ref.as_deref());
        let most = if claims.is_of_a_proposal() { Scope::Read } else { Scope::Write };
        same.then_some(self.scope.min(most))
    }
}

/// The rule that counts for a job, and what it grants: the one that allows most, and among those the oldest. The rules
/// come in the order in which they were made.
pub fn granted<'a>(trusts: &'a [Trust], claims: &Claims) -> Option<(&'a Trust, Scope)> {
    let fitting = trusts.iter().filter_map(|trust| Some((trust, trust.rule.grants(claims)?)));
    fitting.rev().max_by_key(|(_, scope)| *scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            iss: "https://issuer".to_owned(),
            aud: Audience::One("https://registry".to_owned()),
            exp: 1_300,
            nbf: 1_000,
            iat: 1_000,
            jti: "j".to_owned(),
            repository: "octo/shop".to_owned(),
            repository_id: "11".to_owned(),
            repository_owner_id: "22".to_owned(),
            event_name: "push".to_owned(),
            r#ref: "refs/heads/main".to_owned(),
            environment: None,
            job_workflow_ref: None,
        }
    }

    fn trust(id: &str, scope: Scope) -> Trust {
        let rule = NewTrust {
            name: "shop".to_owned(),
            repository_id: "11".to_owned(),
            repository_owner_id: "22".to_owned(),
            environment: None,
            r#ref: None,
            job_workflow_ref: None,
            scope,
            limits: None,
        };
        Trust { id: id.to_owned(), rule, created_at: 0 }
    }

    #[test]
    fn the_clocks_may_be_a_minute_apart() {
        let at = |now| claims().refusal("https://issuer", "https://registry", now);
        assert_eq!([939, 940, 1_359, 1_360].map(|now| at(now).is_none()), [false, true, true, false]);
        let long = Claims { exp: 1_000 + LIFE + 1, ..claims() };
        assert_eq!(long.refusal("https://issuer", "https://registry", 1_000), Some("it lives too long"));
    }

    #[test]
    fn the_widest_rule_counts_and_then_the_oldest() {
        let trusts = [trust("r", Scope::Read), trust("w1", Scope::Write), trust("w2", Scope::Write)];
        let (found, scope) = granted(&trusts, &claims()).unwrap();
        assert_eq!((found.id.as_str(), scope), ("w1", Scope::Write));
    }

    #[test]
    fn a_job_of_a_proposal_never_writes() {
        let rule = trust("w", Scope::Write).rule;
        for event in ["pull_request", "pull_request_target", "pull_request_review"] {
            let claims = Claims { event_name: event.to_owned(), ..claims() };
            assert_eq!(rule.grants(&claims), Some(Scope::Read), "{event}");
        }
        let merge = Claims { r#ref: "refs/pull/7/merge".to_owned(), ..claims() };
        assert_eq!(rule.grants(&merge), Some(Scope::Read));
    }
}
