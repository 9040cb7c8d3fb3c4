//! How a report is known again, what an answer to it means, and when to try once more. The rules and their
//! figures are those of the design of the outbox: every report has exactly one effect, or is listed with a reason.

mod wait;

use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest, Sha256};

pub use self::wait::{Wait, retry_after};
use super::deployment::Report;
use super::text;

/// The facts that make one run of one deployment; the same facts give the same key on any machine.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    pub registry: &'a str,
    pub repository: &'a str,
    pub app: &'a str,
    pub workload: &'a str,
    pub platform: &'a str,
    pub environment: &'a str,
    pub version: &'a str,
    pub commit: &'a str,
    /// What tells two runs of the same version apart: a random word, outside CI.
    pub run: &'a str,
}

impl Run<'_> {
    /// The key by which a later report finds its deployment: 64 hexadecimal digits.
    pub fn key(&self) -> String {
        digest(&[
            self.registry,
            self.repository,
            self.app,
            self.workload,
            self.platform,
            self.environment,
            self.version,
            self.commit,
            self.run,
        ])
    }
}

/// The key of one report: 64 hexadecimal digits.
pub fn report_key(report: &Report) -> String {
    digest(&[&report.run_key, &report.status, &report.seq.to_string()])
}

/// SHA-256 over the parts, each after its length, so that no two lists of parts run together alike.
pub fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// An answer of a server, as far as it matters here.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// The media type, without parameters; empty if none was given.
    pub media: String,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// What the registry says of a report it accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Accepted {
    /// The deployment; a release has no such number.
    #[serde(default)]
    pub id: Option<i64>,
    pub state: String,
    pub version: String,
}

/// What became of one try to deliver a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    Done(Accepted),
    /// Trying again would change nothing.
    Refused {
        status: u16,
        reason: String,
    },
    /// Not now; `reached` says whether the registry was there at all.
    Retry {
        wait: Wait,
        reason: String,
        reached: bool,
    },
}

/// What an answer to a report means.
pub fn classify(answer: &Answer) -> Delivery {
    let reason = describe(answer);
    let refused = |reason| Delivery::Refused { status: answer.status, reason };
    let asked = answer.retry_after.map(Wait::Asked);
    let retry = |wait, reason| Delivery::Retry { wait, reason, reached: true };
    match answer.status {
        200..=299 => match serde_json::from_slice(&answer.body) {
            Ok(accepted) if answer.media == "application/json" => Delivery::Done(accepted),
            _ => refused(reason),
        },
        401 | 403 => retry(asked.unwrap_or(Wait::Slow), reason),
        408 | 425 | 429 | 500 | 502 | 503 | 504 => retry(asked.unwrap_or(Wait::Backoff), reason),
        // An earlier copy of the same report is still being worked on: only that comes with a time to wait.
        409 => asked.map_or_else(|| refused(reason.clone()), |wait| retry(wait, reason.clone())),
        _ => refused(reason),
    }
}

/// A problem document (RFC 9457) with the members that a registry adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
    state: String,
    errors: Vec<Fault>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fault {
    pointer: String,
    detail: String,
}

/// How much of a foreign text a message repeats, in characters.
const EXCERPT: usize = 200;

/// An answer in one line: its status, and the reason that it gives.
pub fn describe(answer: &Answer) -> String {
    let status = answer.status;
    let json = answer.media == "application/json" || answer.media.ends_with("+json");
    if let Some(problem) = json.then(|| serde_json::from_slice::<Problem>(&answer.body).ok()).flatten() {
        let mut parts = vec![problem.title, problem.detail];
        parts.extend(problem.errors.iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)));
        if !problem.state.is_empty() {
            parts.push(format!("it is {} there", problem.state));
        }
        parts.retain(|part| !part.trim().is_empty());
        if !parts.is_empty() {
            return format!("{status}: {}", excerpt(&parts.join("; ")));
        }
    }
    if (300..400).contains(&status) {
        return format!("{status}, a redirect, which is not followed: it could carry a token away");
    }
    // Gateways fail in HTML; what they say below 500 means that something else answers at this address.
    if status >= 500 {
        return format!("{status}");
    }
    let media = if answer.media.is_empty() { "no media type" } else { &answer.media };
    format!("{status} with {}, which is no answer of a shipmark registry (API v2)", excerpt(media))
}

fn excerpt(text: &str) -> String {
    text::line(&text.chars().take(EXCERPT).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, media: &str, body: &str) -> Answer {
        Answer { status, media: media.to_owned(), retry_after: None, body: body.as_bytes().to_owned() }
    }

    fn run<'a>(version: &'a str, run: &'a str) -> Run<'a> {
        Run {
            registry: "https://r.example/",
            repository: "helpdesk",
            app: "helpdesk",
            workload: "helpdesk",
            platform: "production",
            environment: "production",
            version,
            commit: "c0ffee",
            run,
        }
    }

    #[test]
    fn the_same_facts_give_the_same_key_and_others_another() {
        assert_eq!(run("1.0.0", "a").key(), run("1.0.0", "a").key());
        assert_ne!(run("1.0.0", "a").key(), run("1.0.0", "b").key());
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(run("1.0.0", "a").key().len(), 64);
    }

    #[test]
    fn only_a_json_answer_with_an_id_is_done() {
        let good = answer(201, "application/json", r#"{"id":7,"state":"running","version":"1.0.0","x":1}"#);
        let accepted = Accepted { id: Some(7), state: "running".to_owned(), version: "1.0.0".to_owned() };
        assert_eq!(classify(&good), Delivery::Done(accepted));
        for (media, body) in [("text/html", "<html>"), ("application/json", "{}"), ("", "")] {
            let delivery = classify(&answer(200, media, body));
            assert!(matches!(delivery, Delivery::Refused { status: 200, .. }), "{media}: {delivery:?}");
        }
    }

    #[test]
    fn statuses_fall_into_their_classes() {
        for status in [401, 403, 408, 425, 429, 500, 502, 503, 504] {
            let delivery = classify(&answer(status, "", ""));
            assert!(matches!(delivery, Delivery::Retry { .. }), "{status}: {delivery:?}");
        }
        for status in [301, 400, 404, 405, 409, 413, 415, 422] {
            let delivery = classify(&answer(status, "", ""));
            assert!(matches!(delivery, Delivery::Refused { .. }), "{status}: {delivery:?}");
        }
        let in_flight = Answer { retry_after: Some(Duration::from_secs(1)), ..answer(409, "", "") };
        assert!(matches!(classify(&in_flight), Delivery::Retry { .. }));
    }

    #[test]
    fn a_problem_is_told_with_its_parts_and_without_controls() {
        let body = r#"{"title":"invalid","detail":"see \u001b[2J","errors":[{"pointer":"/app","detail":"is empty"}],"state":"failed"}"#;
        assert_eq!(
            describe(&answer(409, "application/problem+json", body)),
            "409: invalid; see \\u{1b}[2J; /app is empty; it is failed there"
        );
        assert_eq!(describe(&answer(502, "text/html", "<html>")), "502");
        assert_eq!(
            describe(&answer(200, "text/html", "<html>")),
            "200 with text/html, which is no answer of a shipmark registry (API v2)"
        );
    }
}
