//! May it be deployed? What `can-deploy` answers and what `deploy` asks before it does anything.

use serde_json::{Value, json};

use super::reporting::Place;
use super::{Context, asking};
use crate::config::Config;
use crate::deploy::PATIENCE;
use crate::deploy::client::{Client, ClientError, Spot};
use crate::deploy::subject::{Source, Target};
use crate::domain::checks::Finding;
use crate::domain::gate::{Terms, Wish, reasons};
use crate::domain::hold::Hold;
use crate::domain::past::Past;
use crate::domain::text;
use crate::error::Error;

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
    ) -> Result<Self, Error> {
        let (holds, stale, failure) = match asking::holds(context, place, client, target, PATIENCE, keep) {
            Ok((said, stale)) => (said.items, stale, None),
            Err(error) => (Vec::new(), None, Some(error)),
        };
        let there = (stale.is_none() && failure.is_none()).then_some(client);
        let reasons = against(context, place, there, target, source, &holds)?;
        Ok(Self { reasons, stale, failure })
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

/// Everything that speaks against a deployment. Without a registry to ask, nobody asks what succeeded before:
/// one that is down stops no deployment.
pub(super) fn against(
    context: &Context,
    place: &Place,
    client: Option<&Client>,
    target: &Target,
    source: &Source,
    holds: &[Hold],
) -> Result<Vec<Finding>, Error> {
    let config = &place.config;
    let environment = config.environments.get(&target.environment);
    let branches = environment.map_or(&[][..], |found| found.branches.as_slice());
    let before = environment.and_then(|found| found.require.as_deref());
    let proved = before.zip(client).map(|(before, client)| proved(config, client, target, before));
    let proved = proved.as_ref().map(|rows| rows.as_deref().map_err(String::as_str));
    // Which branches have the commit is a question only where nobody said which one it is.
    let on = match (&place.repo, &source.sha) {
        (Some(repo), Some(sha)) if source.branch.is_none() && !branches.is_empty() => {
            repo.branches_with(sha, &config.remote)?
        }
        _ => Vec::new(),
    };
    let rank = config.rank_of(&target.environment, &target.platform);
    let actor = place.actor(context);
    let wish = Wish {
        app: &target.app,
        platform: &target.platform,
        environment: &target.environment,
        version: &source.version,
        sha: source.sha.as_deref(),
        r#ref: source.branch.as_deref(),
        actor: actor.as_deref(),
        dirty: source.dirty == Some(true),
    };
    let zone = environment.and_then(|found| found.zone.as_deref());
    let terms = Terms { rank, zone, branches, on: &on, before: before.zip(proved) };
    Ok(reasons(&wish, &terms, holds, context.world.now().as_millisecond()))
}

/// What was deployed on the environment that comes before.
fn proved(config: &Config, client: &Client, target: &Target, before: &str) -> Result<Vec<Past>, String> {
    let spot = Spot { app: &target.app, platform: config.platform_of(before), environment: before };
    client.history(spot, PATIENCE).map(|known| known.rows).map_err(|error| error.to_string())
}

/// One line per reason, with the mend below it.
pub(super) fn lines(reasons: &[Finding]) -> Vec<String> {
    let lines = reasons
        .iter()
        .map(|reason| format!("{:<7} {}\n        {}", reason.code, reason.problem, reason.mend));
    lines.collect()
}
