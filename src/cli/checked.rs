//! What `deploy` and `rollback` say of the program that they put somewhere: is it the right one?

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Context, smoke};
use crate::deploy::subject::{Source, Target};
use crate::deploy::verify::{Verified, verify};
use crate::domain::health::{Proof, Wanted};
use crate::domain::smoke::Smoke;
use crate::domain::way::Way;
use crate::domain::{span, text};
use crate::probe::Probe;
use crate::process::Watch;

/// What came of asking the program.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// Nothing where no way to ask is configured.
    result: Option<Result<Verified, String>>,
    /// How many things were tried, or what went wrong; nothing where none is configured.
    smoke: Option<Result<usize, String>>,
}

impl Checked {
    /// Asks until the program is what it should be; without a configured way nothing is asked.
    pub(super) fn now(
        context: &Context,
        way: Option<&Way>,
        target: &Target,
        source: &Source,
        watch: &mut Watch,
    ) -> Self {
        let Some(way) = way else { return Self::default() };
        let probe = match Probe::new(way) {
            Ok(probe) => probe,
            Err(error) => return Self { result: Some(Err(error.to_string())), smoke: None },
        };
        let wanted =
            Wanted { version: &source.version, sha: source.sha.as_deref(), environment: &target.environment };
        context.ui.detail(&format!("asking {} for its version", text::line(&way.place())));
        // A signal that came before the program was there has ended the command already.
        let before = watch.count();
        let mut interrupted = || watch.count() > before;
        let verified = verify(way, &wanted, context.world, &|left| probe.look(left), &mut interrupted);
        Self { result: Some(Ok(verified)), smoke: None }
    }

    /// Tries what is to be tried, unless the program is not there at all.
    pub(super) fn with(mut self, context: &Context, smokes: &[Smoke], folder: &Path) -> Self {
        if !smokes.is_empty() && !self.failed() && !self.interrupted() {
            let wrong = smokes.iter().find_map(|smoke| smoke::wrong(context, smoke, folder));
            self.smoke = Some(wrong.map_or(Ok(smokes.len()), Err));
        }
        self
    }

    /// Whether the program was asked and is not what it should be, or does not what it should.
    pub(super) fn failed(&self) -> bool {
        matches!(self.result, Some(Ok(Verified::Bad { .. }) | Err(_))) || matches!(self.smoke, Some(Err(_)))
    }

    /// Whether somebody ended the wait, so that nothing is known.
    pub(super) fn interrupted(&self) -> bool {
        matches!(self.result, Some(Ok(Verified::Interrupted)))
    }

    /// `confirmed by commit after 24 s (2 answers were still 1.0.1)`
    pub(super) fn words(&self) -> Option<String> {
        let smoke = self.smoke.as_ref().map(|smoke| match smoke {
            Ok(count) => format!("{} passed", text::counted(*count, "check")),
            Err(wrong) => format!("check failed: {}", text::line(wrong)),
        });
        let words: Vec<String> = self.program().into_iter().chain(smoke).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    fn program(&self) -> Option<String> {
        Some(match self.result.as_ref()? {
            Err(reason) => format!("health cannot be asked: {}", text::line(reason)),
            Ok(Verified::Interrupted) => "not verified: interrupted".to_owned(),
            Ok(Verified::Bad { reason, after }) => {
                format!("not confirmed within {}: {reason}", span::age(milliseconds(*after)))
            }
            Ok(Verified::Good { proof, after, others, .. }) => {
                let after = span::age(milliseconds(*after));
                let proved = match proof {
                    Proof::Commit => format!("confirmed by commit after {after}"),
                    Proof::Version => format!("confirmed by version after {after}"),
                    Proof::Reachable => format!("reachable after {after}, version unproved"),
                };
                let still = |(name, count): (&String, &u32)| match count {
                    1 => format!("1 answer was still {name}"),
                    count => format!("{count} answers were still {name}"),
                };
                let others: Vec<String> = others.iter().map(still).collect();
                if others.is_empty() { proved } else { format!("{proved} ({})", others.join(", ")) }
            }
        })
    }

    /// What is odd about a program that is right.
    pub(super) fn warning(&self) -> Option<&str> {
        match self.result.as_ref()? {
            Ok(Verified::Good { warning, .. }) => warning.as_deref(),
            _ => None,
        }
    }

    /// What came of the tries, for the record in JSON; null where nothing was tried.
    pub(super) fn checks(&self) -> Value {
        match &self.smoke {
            None => Value::Null,
            Some(Ok(count)) => json!({ "good": true, "count": count }),
            Some(Err(wrong)) => json!({ "good": false, "reason": wrong }),
        }
    }

    /// For the record in JSON; null where nothing was asked.
    pub(super) fn document(&self) -> Value {
        match &self.result {
            None => Value::Null,
            Some(Ok(Verified::Good { proof, after, .. })) => {
                json!({ "good": true, "proof": proof, "after": milliseconds(*after) })
            }
            Some(Ok(Verified::Bad { reason, after })) => {
                json!({ "good": false, "reason": reason, "after": milliseconds(*after) })
            }
            Some(Ok(Verified::Interrupted)) => json!({ "good": null, "reason": "interrupted" }),
            Some(Err(reason)) => json!({ "good": false, "reason": reason }),
        }
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
