//! May it be deployed? What `can-deploy` answers and what `deploy` asks before it does anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::reporting::Place;
use super::{Context, asking};
use crate::deploy::PATIENCE;
use crate::deploy::client::{Client, ClientError};
use crate::deploy::subject::{Source, Target};
use crate::domain::checks::Finding;
use crate::domain::gate::{Wish, reasons};
use crate::domain::hold::Hold;
use crate::domain::text;
use crate::domain::tier::Tier;

/// What is known of the way there.
pub(super) struct Gate {
    pub(super) reasons: Vec<Finding>,
    /// The age of the answer in milliseconds if the registry did not give it now.
    pub(super) stale: Option<i64>,
    /// Why nothing is known of holds.
    pub(super) failure: Option<ClientError>,
}

impl Gate {
    /// Asks for no longer than a deployment waits for its registry; `keep` keeps the answer for a time without.
    pub(super) fn ask(
        context: &Context,
        place: &Place,
        client: &Client,
        target: &Target,
        source: &Source,
        keep: bool,
    ) -> Self {
        let (holds, stale, failure) = match asking::holds(context, place, client, target, PATIENCE, keep) {
            Ok((said, stale)) => (said.items, stale, None),
            Err(error) => (Vec::new(), None, Some(error)),
        };
        let actor = place.actor(context);
        let reasons = against(target, source, actor.as_deref(), &holds, context.world.now());
        Self { reasons, stale, failure }
    }

    /// What a dry run shows of it.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.reasons.iter().map(|reason| format!("gate     NO: {}", reason.problem)).collect();
        if let Some(error) = &self.failure {
            lines.push(format!("gate     nothing is known of holds: {}", text::line(&error.to_string())));
        } else if lines.is_empty() {
            lines.push("gate     open".to_owned());
        }
        lines
    }

    /// The same for a document.
    pub(super) fn document(&self) -> Value {
        let unknown = self.failure.as_ref().map(ToString::to_string);
        json!({ "reasons": self.reasons, "unknown": unknown })
    }
}

/// Everything that speaks against a deployment. Changed files do where people work with it; elsewhere they are
/// recorded and no more.
pub(super) fn against(
    target: &Target,
    source: &Source,
    actor: Option<&str>,
    holds: &[Hold],
    now: Timestamp,
) -> Vec<Finding> {
    let production = Tier::guess(&target.platform, &target.environment) == Tier::Production;
    let wish = Wish {
        app: &target.app,
        platform: &target.platform,
        environment: &target.environment,
        version: &source.version,
        sha: source.sha.as_deref(),
        r#ref: source.branch.as_deref(),
        actor,
        dirty: production && source.dirty == Some(true),
    };
    reasons(&wish, holds, now.as_millisecond())
}

/// One line per reason, with the mend below it.
pub(super) fn lines(reasons: &[Finding]) -> Vec<String> {
    let lines = reasons
        .iter()
        .map(|reason| format!("{:<7} {}\n        {}", reason.code, reason.problem, reason.mend));
    lines.collect()
}
