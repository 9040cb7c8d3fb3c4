//! `shipmark report`: records one step of a deployment without running anything.

use clap::Args;
use serde_json::json;

use super::reporting::{Place, Reach, warn_of};
use super::{Context, brought};
use crate::ci;
use crate::deploy::subject::{Source, Target};
use crate::deploy::{Fate, PATIENCE};
use crate::domain::deployment::State;
use crate::domain::text;
use crate::error::{Error, Exit, Status};

/// Record a deployment, or a new status of the newest one, without running anything
#[derive(Args)]
pub(super) struct Report {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,
    /// What became of it: running, succeeded, failed, cancelled and the like
    #[arg(long, value_name = "STATUS")]
    status: String,
    /// The version, instead of the one that `VERSION.txt` holds at HEAD
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Exit with 6 if the report is not delivered
    #[arg(long = "require-report")]
    required: bool,
    #[command(flatten)]
    reach: Reach,
}

impl Report {
    /// The report of a CI job.
    pub(super) fn of(environment: String, status: String, required: bool) -> Self {
        Self { environment, status, required, version: None, app: None, reach: Reach::default() }
    }

    /// Whether a report of this status could be made at all, before anything else is done.
    pub(super) fn check(context: &Context, status: &str) -> Result<(), Error> {
        state_of(status)?;
        let place = Place::anywhere(context)?;
        place.client(context, &Reach::default()).map(|_| ())
    }

    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let state = state_of(&self.status)?;
        let place = Place::anywhere(context)?;
        let repo = place.repo.as_ref();
        let target = Target::of(&place.config, repo, self.app.as_deref(), &self.environment)?;
        let source = match (&self.version, repo) {
            (Some(version), _) => Source::of_version(version, &place.config, repo)?,
            (None, Some(repo)) => Source::of_head(repo)?,
            (None, None) => return Err(crate::deploy::subject::SubjectError::Unsaid("version").into()),
        };
        let source = source.in_job(ci::detect(context.world).as_ref());
        let recorder = place.recorder(context, &self.reach)?;
        if recorder.repeats(&target, &source, state) {
            return repeated(context, &target, &source, &self.status);
        }
        let run = recorder.resume(&target, &source, state).step(state);
        let report = recorder.report(&run, &target, &source, &self.status);
        let fate = recorder.record(&run, &target, &report, PATIENCE);
        if let Fate::Refused(reason) = &fate {
            let message = format!("the registry refused the report: {}", text::line(reason));
            return Err(Error::new(Exit::Registry, message).hint("see it with `shipmark outbox list`"));
        }
        if let Fate::Lost(reason) = &fate {
            let message = format!("the report is lost: {}", text::line(reason));
            return Err(Error::new(Exit::Io, message).hint("mend that, then report it again"));
        }
        let id = if let Fate::Delivered(accepted) = &fate { accepted.id } else { None };
        let is_lost = matches!(state, State::Failed | State::Cancelled);
        if let (Some(id), Some(sha), true) = (id, &report.sha, repo.is_some() && !is_lost) {
            brought::tell_after(context, &recorder.client, (id, sha), &target);
        }
        if context.ui.json {
            context.ui.document(&json!({
                "deployment": id, "delivered": fate.is_delivered(), "report": report,
            }))?;
        } else {
            let (environment, version) = (text::line(&target.environment), text::line(&source.version));
            let number = id.map(|id| format!(", recorded as deployment {id}")).unwrap_or_default();
            context.ui.answer(&format!("{environment}  {version}  {}{number}", self.status))?;
        }
        warn_of(context, &recorder, &self.status, &fate);
        let owed = self.required && !fate.is_delivered();
        Ok(if owed { Exit::Undelivered } else { Exit::Done }.into())
    }
}

/// A step that a CI system tries again has nothing new to say.
fn repeated(context: &Context, target: &Target, source: &Source, status: &str) -> Result<Status, Error> {
    let (environment, version) = (text::line(&target.environment), text::line(&source.version));
    if context.ui.json {
        context.ui.document(&json!({ "deployment": null, "delivered": null, "report": null }))?;
    } else {
        context.ui.answer(&format!("{environment}  {version}  {status}, reported before in this CI run"))?;
    }
    Ok(Exit::Done.into())
}

fn state_of(status: &str) -> Result<State, Error> {
    State::from_report(status).ok_or_else(|| {
        let unknown = format!("`{}` is no status that can be reported", text::line(status));
        Error::new(Exit::Usage, unknown).hint(format!("use one of: {}", State::REPORTABLE.join(", ")))
    })
}
