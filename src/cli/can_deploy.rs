//! `shipmark can-deploy`: yes, or no with the reasons.

use clap::Args;
use serde_json::json;

use super::reporting::{Place, Reach};
use super::{Context, asking, gate};
use crate::ci;
use crate::deploy::subject::{Source, SubjectError, Target};
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::ui::Tone;

/// Say whether a version may be deployed; exits with 1 and the reasons if not
#[derive(Args)]
pub(super) struct CanDeploy {
    /// The environment; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "ENV")]
    environment: String,
    /// The version, instead of what `VERSION.txt` holds at HEAD
    #[arg(value_name = "VERSION")]
    version: Option<String>,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl CanDeploy {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        let repo = place.repo.as_ref();
        let target = Target::named(&place.config, repo, self.app.as_deref(), &self.environment)?;
        let source = match (&self.version, repo) {
            (Some(version), _) => named(version, &place)?,
            (None, Some(repo)) => Source::of_head(repo)?.in_job(ci::detect(context.world).as_ref()),
            (None, None) => return Err(SubjectError::Unsaid("version").into()),
        };
        let client = place.client(context, &self.reach)?;
        let (holds, stale) = asking::holds(context, &place, &client, &target, asking::LIMIT, true)?;
        let reasons = gate::against(context, &place, Some(&client), &target, &source, &holds.items)?;
        let allowed = reasons.is_empty();
        let exit = if allowed { Exit::Done } else { Exit::CheckFailed };
        if context.ui.json {
            context.ui.document(&json!({
                "registry": client.name(), "answered_at": holds.at,
                "stale_seconds": stale.map(|age| age / 1000),
                "app": target.app, "platform": target.platform, "environment": target.environment,
                "version": source.version, "sha": source.sha, "allowed": allowed, "reasons": reasons,
            }))?;
            return Ok(exit.into());
        }
        let what = format!("{} {}", text::line(&target.app), text::line(&source.version));
        let (tone, verdict) = if allowed { (Tone::Good, "yes") } else { (Tone::Bad, "NO") };
        let verdict = context.ui.out(tone, &format!("{verdict:<7}"));
        let mut lines = Vec::from_iter(asking::stale_line(stale));
        lines.push(format!("{verdict} {what} on {}", text::line(&target.environment)));
        lines.extend(gate::lines(&reasons));
        context.ui.answer(&lines.join("\n"))?;
        Ok(exit.into())
    }
}

/// A version that a person names, also by its tag.
pub(super) fn named(version: &str, place: &Place) -> Result<Source, SubjectError> {
    let tag = place.config.tag_format.version_of(version).map(|version| version.to_string());
    Source::of_version(tag.as_deref().unwrap_or(version), &place.config, place.repo.as_ref())
}
