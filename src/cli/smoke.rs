//! Tries what a deployed program must do.

use std::path::Path;
use std::time::Duration;

use super::Context;
use crate::domain::smoke::Smoke;
use crate::http::{Act, Allowed, Http, Question};
use crate::process::Invocation;

/// How long a page or a command may take.
const LIMIT: Duration = Duration::from_mins(1);
/// The most that is read of a page.
const CAP: usize = 1024 * 1024;

/// What is wrong, if anything.
pub(super) fn wrong(context: &Context, smoke: &Smoke, folder: &Path) -> Option<String> {
    match smoke {
        Smoke::Page { url, .. } => {
            let http = match Http::new(url, Allowed { plain_http: true, ..Allowed::default() }) {
                Ok(http) => http,
                Err(error) => return Some(error.to_string()),
            };
            let watch = context.world.stopwatch();
            let question = Question {
                url: url.clone(),
                act: Act::Get,
                token: None,
                headers: &[],
                limit: LIMIT,
                cap: CAP,
            };
            match http.ask(&question) {
                Err(error) => Some(error.to_string()),
                Ok(answer) => {
                    let took = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
                    smoke.judge_page(answer.status, &String::from_utf8_lossy(&answer.body), took)
                }
            }
        }
        Smoke::Command { words, .. } => {
            let (program, arguments) = words.split_first()?;
            match Invocation::new(program, arguments, folder).capture(b"", LIMIT) {
                Err(error) => Some(error.to_string()),
                Ok(done) if !done.status.success() => {
                    let complaint = done.complaint();
                    let last = complaint.lines().last().unwrap_or_default().to_owned();
                    Some(format!("`{}` failed: {last}", words.join(" ")))
                }
                Ok(done) => smoke.judge_output(&format!("{}\n{}", done.text(), done.complaint())),
            }
        }
    }
}
