//! Finds out what runs. A program is asked without any secret and its answer read up to a limit; its machine is
//! asked by commands of fixed forms.

use std::path::Path;
use std::time::Duration;

use url::Url;

use crate::domain::health::{Health, Observed};
use crate::domain::readout::Readout;
use crate::domain::text;
use crate::domain::way::Way;
use crate::http::{Act, Allowed, Answer, Http, HttpError, Question};
use crate::process::Invocation;

/// The most that is read of an answer.
const CAP: usize = 64 * 1024;
/// How many redirects are followed: a program may move its pages below itself.
const REDIRECTS: usize = 3;

/// The way to one program, ready to be gone.
#[derive(Debug)]
pub struct Probe<'a>(Means<'a>);

#[derive(Debug)]
enum Means<'a> {
    Ask { http: Box<Http>, health: &'a Health, patience: Duration },
    Read { readout: &'a Readout, patience: Duration },
}

impl<'a> Probe<'a> {
    /// A probe by the way that is configured. Plain http is allowed: nothing secret is sent or received.
    pub fn new(way: &'a Way) -> Result<Self, HttpError> {
        let patience = way.patience();
        Ok(Self(match way {
            Way::Health(health) => {
                let allowed = Allowed { plain_http: true, ..Allowed::default() };
                Means::Ask { http: Box::new(Http::new(&health.url, allowed)?), health, patience }
            }
            Way::Readout(readout) => Means::Read { readout, patience },
        }))
    }

    /// Looks once, for at most `limit`; an error is a fragment that says why nothing was observed.
    pub fn look(&self, limit: Duration) -> Result<Observed, String> {
        match &self.0 {
            Means::Ask { http, health, patience } => ask(http, health, limit.min(*patience)),
            Means::Read { readout, patience } => read(readout, limit.min(*patience)),
        }
    }
}

fn ask(http: &Http, health: &Health, limit: Duration) -> Result<Observed, String> {
    let mut url = health.url.clone();
    for _ in 0..=REDIRECTS {
        let question =
            Question { url: url.clone(), act: Act::Get, token: None, headers: &[], limit, cap: CAP };
        let answer = http.ask(&question).map_err(|error| text::line(&error.to_string()))?;
        match onward(health, &url, &answer)? {
            Some(next) => url = next,
            None => return health.read(answer.status, &answer.body),
        }
    }
    Err(format!("it redirects more than {REDIRECTS} times"))
}

/// Where a redirect leads. Another origin is another program, whose answer would prove nothing.
fn onward(health: &Health, from: &Url, answer: &Answer) -> Result<Option<Url>, String> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let target = answer.location.as_deref().and_then(|target| from.join(target).ok());
    let Some(target) = target else { return Ok(None) };
    if target.origin() == health.url.origin() {
        return Ok(Some(target));
    }
    Err(format!("it redirects to another origin, `{}`", target.origin().ascii_serialization()))
}

/// Runs the commands one after the other: one login at a time is what a machine expects.
fn read(readout: &Readout, limit: Duration) -> Result<Observed, String> {
    let mut outputs = Vec::new();
    for (fact, words) in readout.commands() {
        let Some((program, arguments)) = words.split_first() else { continue };
        let done = Invocation::new(program, arguments, Path::new("/"))
            .capture(b"", limit)
            .map_err(|error| text::line(&error.to_string()))?;
        if !done.status.success() {
            let complaint = done.complaint();
            let last = complaint.lines().last().map(text::line).unwrap_or_default();
            let colon = if last.is_empty() { "" } else { ": " };
            return Err(format!("`{}` failed{colon}{last}", words.join(" ")));
        }
        let output = done.stdout.get(..CAP).unwrap_or(&done.stdout);
        outputs.push((fact, String::from_utf8_lossy(output).into_owned()));
    }
    readout.read(&outputs)
}
