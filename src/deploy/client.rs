//! The calls that a laptop or a CI job makes to a registry (API v2).

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::courier::{self, Patience, Round};
use super::outbox::{Outbox, OutboxError};
use super::secret;
use super::whereabouts::Known;
use crate::config::Registry;
use crate::domain::delivery::{self, Accepted, Delivery, Wait};
use crate::domain::deployment::{Current, Report};
use crate::domain::fact::Fact;
use crate::domain::hold::{Hold, NewHold};
use crate::domain::incident::Incident;
use crate::domain::lists::Told;
use crate::domain::observation::Sighting;
use crate::domain::past::Past;
use crate::domain::released::Released;
use crate::domain::text;
use crate::files::FileError;
use crate::http::{Act, Allowed, Answer, Http, HttpError, Question, Token};
use crate::world::World;

/// No answer to a report is longer.
pub(super) const ACCEPTED_CAP: usize = 256 * 1024;
/// A matrix of a thousand apps on ten environments is about 5 MiB.
const CURRENT_CAP: usize = 16 * 1024 * 1024;

/// The pages of a history that are read: what came before them is hardly ever asked for.
const PAGES: usize = 5;
/// As many pages as a history may have that is read to its beginning.
pub const WHOLE: usize = 200;

/// Why a registry gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the registry's address holds a user name or a password")]
    Credentials,
    #[error("`{0}` holds no token: it is not one word of visible ASCII characters")]
    BadToken(String),
    #[error("the token file `{}` can be read by others", .0.display())]
    TokenExposed(PathBuf),
    #[error("`{variable}` names a file that cannot be used")]
    Unreadable { variable: &'static str, source: FileError },
    #[error("`{variable}` names `{}`, which is not there", .path.display())]
    NoFile { variable: &'static str, path: PathBuf },
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("`{url}` answered {answer}")]
    Refused { url: String, status: u16, answer: String },
}

impl ClientError {
    /// Whether the registry may answer later, so that an older answer is worth showing.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Http(error) => error.is_passing(),
            Self::Refused { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            _ => false,
        }
    }
}

/// Which holds are asked for; what is absent filters nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    pub app: Option<&'a str>,
    pub platform: Option<&'a str>,
    pub environment: Option<&'a str>,
    /// Those too that were lifted or have ended.
    pub ended: bool,
}

/// Where something is deployed.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    pub app: &'a str,
    pub platform: &'a str,
    pub environment: &'a str,
}

impl<'a> From<&'a Current> for Spot<'a> {
    fn from(cell: &'a Current) -> Self {
        Self { app: &cell.app, platform: &cell.platform, environment: &cell.environment }
    }
}

/// A version that is bad, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    pub app: String,
    pub version: String,
    pub sha: Option<String>,
    pub reason: String,
    pub actor: Option<String>,
}

/// One registry, as a client sees it.
#[derive(Debug)]
pub struct Client<'a> {
    http: Http,
    base: Url,
    token: Option<Token>,
    withheld: bool,
    /// Whether the server speaks API v1 alone; unknown until it matters.
    v1_only: OnceLock<bool>,
    pub(super) world: &'a World,
}

/// By which means a registry may be spoken to.
#[derive(Debug, Clone, Default)]
pub struct Means {
    /// Plain http also to another machine.
    pub allow_http: bool,
    /// Certificates that may sign the registry's own, beside those of the system.
    pub ca_file: Option<PathBuf>,
}

impl<'a> Client<'a> {
    /// A client for a registry; the token goes only where it may.
    pub fn new(registry: &Registry, means: &Means, world: &'a World) -> Result<Self, ClientError> {
        let authorities = secret::authorities(means.ca_file.as_deref(), world)?;
        let http = Http::new(&registry.url, Allowed { plain_http: means.allow_http, authorities })?;
        if !registry.url.username().is_empty() || registry.url.password().is_some() {
            return Err(ClientError::Credentials);
        }
        let token = secret::token(world)?;
        let withheld = token.is_some() && !registry.takes_token;
        let token = token.filter(|_| registry.takes_token);
        let v1_only = OnceLock::new();
        Ok(Self { http, base: registry.url.clone(), token, withheld, v1_only, world })
    }

    /// The registry's address, which names it in files and messages.
    pub fn name(&self) -> &str {
        self.base.as_str()
    }

    /// Whether there is a token that this registry must not get: only a file of the repository names it.
    pub fn token_withheld(&self) -> bool {
        self.withheld
    }

    /// Delivers what waits for this registry, for at most `limit` in all.
    pub fn deliver_from(
        &self,
        outbox: &Outbox,
        patience: Patience,
        limit: Duration,
    ) -> Result<Round, OutboxError> {
        let post = |fact: &Fact, limit| self.deliver(fact, limit);
        courier::send(outbox, self.name(), self.world, patience, limit, &post)
    }

    /// Delivers one fact within `limit`.
    fn deliver(&self, fact: &Fact, limit: Duration) -> Delivery {
        match fact {
            Fact::Deployment(report) => self.report(report, limit),
            Fact::Release(release) => self.release(release, limit),
        }
    }

    /// Tells of a release. A server that knows only API v1 has no place for it, and nobody shall be bothered with
    /// that at each release.
    fn release(&self, release: &Released, limit: Duration) -> Delivery {
        let watch = self.world.stopwatch();
        let body = match serde_json::to_vec(release) {
            Ok(body) => body,
            Err(error) => return Delivery::Refused { status: 0, reason: error.to_string() },
        };
        let url = self.url(&["api", "v2", "apps", &release.app, "versions", &release.version]);
        let delivery = match self.ask(url, Act::Put(body), limit, ACCEPTED_CAP) {
            Ok(answer) => delivery::classify(&answer),
            Err(error) => return self.undelivered(&error),
        };
        if self.is_v1(&delivery, limit.saturating_sub(watch.elapsed())) {
            let state = "which API v1 does not keep".to_owned();
            return Delivery::Done(Accepted { id: None, state, version: release.version.clone() });
        }
        delivery
    }

    /// Delivers one report within `limit`, by API v1 to a server that knows no other.
    pub fn report(&self, report: &Report, limit: Duration) -> Delivery {
        let watch = self.world.stopwatch();
        if self.v1_only.get() == Some(&true) {
            return self.report_by_v1(report, limit);
        }
        let body = match serde_json::to_vec(report) {
            // Without a key of its own a report that is sent again is another one.
            Ok(body) if cfg!(feature = "weak") => {
                let text = String::from_utf8_lossy(&body).replace(&report.run_key, &self.world.nonce());
                text.into_bytes()
            }
            Ok(body) => body,
            Err(error) => return Delivery::Refused { status: 0, reason: error.to_string() },
        };
        let url = self.url(&["api", "v2", "deployments"]);
        let delivery = match self.ask(url, Act::Post(body), limit, ACCEPTED_CAP) {
            Ok(answer) => delivery::classify(&answer),
            Err(error) => return self.undelivered(&error),
        };
        let left = || limit.saturating_sub(watch.elapsed());
        if self.is_v1(&delivery, left()) { self.report_by_v1(report, left()) } else { delivery }
    }

    /// Whether what came of a call of API v2 is due to a server that knows only v1. The original one answers an
    /// unknown address with a page.
    fn is_v1(&self, delivery: &Delivery, limit: Duration) -> bool {
        matches!(delivery, Delivery::Refused { status: 200 | 404 | 405, .. })
            && *self.v1_only.get_or_init(|| self.speaks_v1_alone(limit))
    }

    /// What became of a report that got no answer.
    pub(super) fn undelivered(&self, error: &HttpError) -> Delivery {
        let reason = self.clean(&error.to_string());
        match error {
            HttpError::TooLarge { .. } => Delivery::Refused { status: 0, reason },
            _ => Delivery::Retry { wait: Wait::Backoff, reason, reached: false },
        }
    }

    /// What runs where, of one app or of all.
    pub fn current(&self, app: Option<&str>, limit: Duration) -> Result<Vec<Current>, ClientError> {
        #[derive(Deserialize)]
        struct Matrix {
            items: Vec<Current>,
        }
        let mut url = self.url(&["api", "v2", "current"]);
        if let Some(app) = app {
            url.query_pairs_mut().append_pair("app", app);
        }
        Ok(self.document::<Matrix>(url, limit)?.items)
    }

    /// What was deployed to the place of a cell, newest first: the newest few hundred deployments.
    pub fn history<'p>(&self, place: impl Into<Spot<'p>>, limit: Duration) -> Result<Known, ClientError> {
        self.history_of(place, PAGES, limit)
    }

    /// The same, of at most so many pages.
    pub fn history_of<'p>(
        &self,
        place: impl Into<Spot<'p>>,
        pages: usize,
        limit: Duration,
    ) -> Result<Known, ClientError> {
        #[derive(Deserialize)]
        struct Page {
            items: Vec<Past>,
            next: Option<String>,
        }
        let place = place.into();
        let mut known = Known::default();
        let mut cursor: Option<String> = None;
        for _ in 0..pages {
            let mut url = self.url(&["api", "v2", "deployments"]);
            url.query_pairs_mut()
                .append_pair("app", place.app)
                .append_pair("platform", place.platform)
                .append_pair("environment", place.environment)
                .append_pair("limit", "100");
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let page: Page = self.document(url, limit)?;
            known.rows.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                known.whole = true;
                break;
            }
        }
        Ok(known)
    }

    /// The incidents of the place of a cell, newest first.
    pub fn incidents(&self, place: &Current, limit: Duration) -> Result<Vec<Incident>, ClientError> {
        let mut url = self.url(&["api", "v2", "incidents"]);
        url.query_pairs_mut()
            .append_pair("app", &place.app)
            .append_pair("platform", &place.platform)
            .append_pair("environment", &place.environment)
            .append_pair("limit", "100");
        self.pages(&url, limit)
    }

    /// What was seen running at the place of a cell since a time in milliseconds since 1970 UTC, newest first.
    pub fn sightings(
        &self,
        place: &Current,
        from: i64,
        limit: Duration,
    ) -> Result<Vec<Sighting>, ClientError> {
        let mut url = self.url(&["api", "v2", "observations"]);
        url.query_pairs_mut()
            .append_pair("app", &place.app)
            .append_pair("platform", &place.platform)
            .append_pair("environment", &place.environment)
            .append_pair("from", &from.to_string())
            .append_pair("limit", "100");
        self.pages(&url, limit)
    }

    /// What holds back deployments to a place, newest first: all of it, since a part could hide a no.
    pub fn holds(&self, wanted: &Wanted, limit: Duration) -> Result<Vec<Hold>, ClientError> {
        let mut url = self.url(&["api", "v2", "holds"]);
        url.query_pairs_mut().append_pair("limit", "100");
        for (name, value) in
            [("app", wanted.app), ("platform", wanted.platform), ("environment", wanted.environment)]
        {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        if wanted.ended {
            url.query_pairs_mut().append_pair("all", "true");
        }
        self.pages(&url, limit)
    }

    /// Every item of a list, page by page.
    fn pages<T: DeserializeOwned>(&self, url: &Url, limit: Duration) -> Result<Vec<T>, ClientError> {
        #[derive(Deserialize)]
        struct Page<T> {
            items: Vec<T>,
            next: Option<String>,
        }
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut page = url.clone();
            if let Some(cursor) = &cursor {
                page.query_pairs_mut().append_pair("cursor", cursor);
            }
            let Page { items, next } = self.document(page, limit)?;
            let last = items.is_empty() || next.is_none();
            all.extend(items);
            // A page that leads nowhere would be asked for again and again.
            if last {
                return Ok(all);
            }
            cursor = next;
        }
    }

    /// Tells which commits a deployment brings.
    pub fn tell_commits(&self, id: i64, told: &Told, limit: Duration) -> Result<(), ClientError> {
        let url = self.url(&["api", "v2", "deployments", &id.to_string(), "commits"]);
        let body = serde_json::json!(told).to_string().into_bytes();
        self.answer_to::<Told>(url, Act::Put(body), limit).map(|_| ())
    }

    /// Holds a version, locks or freezes an environment.
    pub fn hold(&self, new: &NewHold, limit: Duration) -> Result<Hold, ClientError> {
        let body = serde_json::to_vec(new).map_err(|error| ClientError::Refused {
            url: text::line(self.name()),
            status: 0,
            answer: error.to_string(),
        })?;
        self.answer_to(self.url(&["api", "v2", "holds"]), Act::Post(body), limit)
    }

    /// Marks a version as bad, wherever it runs.
    pub fn mark(&self, bad: &Bad, limit: Duration) -> Result<Hold, ClientError> {
        let Bad { app, version, sha, reason, actor } = bad;
        let body = serde_json::json!({ "bad": true, "sha": sha, "reason": reason, "actor": actor });
        let url = self.url(&["api", "v2", "apps", app, "versions", version, "mark"]);
        self.answer_to(url, Act::Put(body.to_string().into_bytes()), limit)
    }

    /// Lifts a hold.
    pub fn lift(
        &self,
        id: &str,
        reason: &str,
        actor: Option<&str>,
        limit: Duration,
    ) -> Result<Hold, ClientError> {
        let mut url = self.url(&["api", "v2", "holds", id]);
        url.query_pairs_mut().append_pair("reason", reason);
        if let Some(actor) = actor {
            url.query_pairs_mut().append_pair("actor", actor);
        }
        self.answer_to(url, Act::Delete, limit)
    }

    /// Asks for a JSON document.
    fn document<T: DeserializeOwned>(&self, url: Url, limit: Duration) -> Result<T, ClientError> {
        self.answer_to(url, Act::Get, limit)
    }

    /// The JSON document that a server answers with when it did what was asked.
    fn answer_to<T: DeserializeOwned>(&self, url: Url, act: Act, limit: Duration) -> Result<T, ClientError> {
        let answer = self.ask(url, act, limit, CURRENT_CAP)?;
        let document = serde_json::from_slice(&answer.body).ok();
        let good = matches!(answer.status, 200 | 201) && answer.media == "application/json";
        match document {
            Some(document) if good => Ok(document),
            _ => Err(ClientError::Refused {
                url: text::line(self.name()),
                status: answer.status,
                answer: delivery::describe(&answer),
            }),
        }
    }

    pub(super) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        // An http or https address always has a path to add to.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    pub(super) fn ask(
        &self,
        url: Url,
        act: Act,
        limit: Duration,
        cap: usize,
    ) -> Result<delivery::Answer, HttpError> {
        let question = Question { url, act, token: self.token.as_ref(), headers: &[], limit, cap };
        let Answer { status, media, retry_after, body, .. } = self.http.ask(&question)?;
        let retry_after = retry_after.and_then(|text| delivery::retry_after(&text, self.world.now()));
        let body = match &self.token {
            Some(token) => token.redact(&String::from_utf8_lossy(&body)).into_bytes(),
            None => body,
        };
        Ok(delivery::Answer { status, media, retry_after, body })
    }

    fn clean(&self, text: &str) -> String {
        let text = text::line(text);
        self.token.as_ref().map_or_else(|| text.clone(), |token| token.redact(&text))
    }
}
