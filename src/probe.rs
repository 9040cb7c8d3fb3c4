//! Asks a running program what it is. No secret goes along, and an answer is read only up to a limit.

use std::time::Duration;

use url::Url;

use crate::domain::health::{Health, Observed};
use crate::domain::text;
use crate::http::{Act, Allowed, Answer, Http, HttpError, Question};

/// The most that is read of an answer.
const CAP: usize = 64 * 1024;
/// How long one try may take.
const TRY: Duration = Duration::from_secs(3);
/// How many redirects are followed: a program may move its pages below itself.
const REDIRECTS: usize = 3;

/// The way to one program.
#[derive(Debug)]
pub struct Probe<'a> {
    http: Http,
    health: &'a Health,
}

impl<'a> Probe<'a> {
    /// A probe of the address that is configured. Plain http is allowed: nothing secret is sent or received.
    pub fn new(health: &'a Health) -> Result<Self, HttpError> {
        Ok(Self { http: Http::new(&health.url, Allowed { plain_http: true, ..Allowed::default() })?, health })
    }

    /// Asks once, for at most `limit`; an error is a fragment that says why nothing was observed.
    pub fn look(&self, limit: Duration) -> Result<Observed, String> {
        let limit = limit.min(TRY);
        let mut url = self.health.url.clone();
        for _ in 0..=REDIRECTS {
            let question = Question { url: url.clone(), act: Act::Get, token: None, limit, cap: CAP };
            let answer = self.http.ask(&question).map_err(|error| text::line(&error.to_string()))?;
            match self.onward(&url, &answer)? {
                Some(next) => url = next,
                None => return self.health.read(answer.status, &answer.body),
            }
        }
        Err(format!("it redirects more than {REDIRECTS} times"))
    }

    /// Where a redirect leads. Another origin is another program, whose answer would prove nothing.
    fn onward(&self, from: &Url, answer: &Answer) -> Result<Option<Url>, String> {
        if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let target = answer.location.as_deref().and_then(|target| from.join(target).ok());
        let Some(target) = target else { return Ok(None) };
        if target.origin() == self.health.url.origin() {
            return Ok(Some(target));
        }
        Err(format!("it redirects to another origin, `{}`", target.origin().ascii_serialization()))
    }
}
