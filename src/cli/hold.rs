//! `shipmark hold`: holds versions back, locks and freezes environments, and lifts that again.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::can_deploy::named;
use super::reporting::{Place, Reach};
use super::{Context, asking};
use crate::deploy::client::{Client, ClientError, Wanted};
use crate::deploy::subject::{Target, app_of};
use crate::domain::health::same_version;
use crate::domain::hold::{Hold, HoldKind, NewHold};
use crate::domain::weekly::Weekly;
use crate::domain::{span, text};
use crate::error::{Error, Exit, Status};

/// Hold a version back, lock or freeze an environment, and lift that again
#[derive(Args)]
pub(super) struct HoldArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    List(List),
    Set(Set),
    Lift(Lift),
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// One version
    Hold,
    /// All but what you deploy, and with `--ref` all but that
    Lock,
    /// Everything
    Freeze,
}

impl From<Kind> for HoldKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Hold => Self::Hold,
            Kind::Lock => Self::Lock,
            Kind::Freeze => Self::Freeze,
        }
    }
}

/// List what is held
#[derive(Args)]
struct List {
    /// Only what speaks of this environment; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "ENV")]
    environment: Option<String>,
    /// What was lifted or has ended, too
    #[arg(long)]
    all: bool,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Hold a version, lock or freeze an environment
#[derive(Args)]
struct Set {
    /// The environment; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "ENV")]
    environment: String,
    /// The version that is held
    #[arg(value_name = "VERSION")]
    version: Option<String>,
    /// What to do; `hold` where a version is given
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// Why; it is shown to everyone who is stopped
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it ends by itself: a span such as `2h` or `3d`, or a time such as `2025-10-10T16:00:00+02:00`
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The span of every week in which a freeze holds, such as `Fri 16:00 - Mon 08:00`
    #[arg(long, value_name = "SPAN")]
    weekly: Option<String>,
    /// By whose clocks it is; default: the environment's `zone`
    #[arg(long, value_name = "ZONE", requires = "weekly")]
    zone: Option<String>,
    /// The branch or tag that a lock lets through
    #[arg(long = "ref", value_name = "REF")]
    own: Option<String>,
    /// Freeze the environment for every app
    #[arg(long, conflicts_with = "app")]
    all_apps: bool,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Lift a hold, a lock or a freeze
#[derive(Args)]
struct Lift {
    /// The environment; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "ENV", required_unless_present = "id")]
    environment: Option<String>,
    /// The version that is held
    #[arg(value_name = "VERSION")]
    version: Option<String>,
    /// Only what is of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// The very one, by the id that `hold list --json` shows
    #[arg(long, value_name = "ID", conflicts_with_all = ["environment", "version", "kind"])]
    id: Option<String>,
    /// Why; it is kept with the hold
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl HoldArgs {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        match self.action {
            Action::List(list) => list.run(context, &place),
            Action::Set(set) => set.run(context, &place),
            Action::Lift(lift) => lift.run(context, &place),
        }
    }
}

impl List {
    fn run(self, context: &Context, place: &Place) -> Result<Status, Error> {
        let client = place.client(context, &self.reach)?;
        let repo = place.repo.as_ref();
        let target = match &self.environment {
            None => None,
            Some(name) => Some(Target::named(&place.config, repo, self.app.as_deref(), name)?),
        };
        let app = self.app.clone().or_else(|| app_of(&place.config, repo));
        let wanted = Wanted {
            app: app.as_deref(),
            platform: target.as_ref().map(|target| target.platform.as_str()),
            environment: target.as_ref().map(|target| target.environment.as_str()),
            ended: self.all,
        };
        let holds = client.holds(&wanted, asking::LIMIT)?;
        if context.ui.json {
            context.ui.document(&json!({ "registry": client.name(), "items": holds }))?;
            return Ok(Exit::Done.into());
        }
        let now = context.world.now().as_millisecond();
        let mut lines: Vec<String> = holds.iter().map(|hold| line(hold, now)).collect();
        if lines.is_empty() {
            lines.push("nothing is held".to_owned());
        }
        context.ui.answer(&lines.join("\n"))?;
        Ok(Exit::Done.into())
    }
}

/// `helpdesk 1.1.0 is held on production by maya: kpi page answers 500 (38 min)`
fn line(hold: &Hold, now: i64) -> String {
    let sentence = format!("{} ({})", hold.sentence(), span::age(now - hold.created_at));
    match (hold.lifted_at, &hold.lift_reason) {
        (Some(at), reason) => {
            let by = hold.lifted_by.as_deref().map(|by| format!(" by {}", text::line(by)));
            let reason = reason.as_deref().map(text::line).unwrap_or_default();
            format!("{sentence}; lifted{} {} ago: {reason}", by.unwrap_or_default(), span::age(now - at))
        }
        (None, _) if !hold.stands(now) => format!("{sentence}; ended"),
        (None, _) if !hold.is_active(now) => format!("{sentence}; not now"),
        (None, _) => sentence,
    }
}

impl Set {
    fn run(self, context: &Context, place: &Place) -> Result<Status, Error> {
        let new = self.new_hold(context, place)?;
        let client = place.client(context, &self.reach)?;
        let hold = client.hold(&new, asking::LIMIT)?;
        say(context, &json!({ "held": hold }), Some(&hold.sentence()))
    }

    fn new_hold(&self, context: &Context, place: &Place) -> Result<NewHold, Error> {
        let kind = match (self.kind, &self.version) {
            (Some(kind), _) => HoldKind::from(kind),
            (None, Some(_)) => HoldKind::Hold,
            (None, None) => {
                return Err(Error::new(Exit::Usage, "neither a version nor `--kind` is given")
                    .hint("name the version to hold, or use `--kind lock` or `--kind freeze`"));
            }
        };
        let misfit = match kind {
            HoldKind::Hold if self.version.is_none() => Some("`--kind hold` needs a version"),
            HoldKind::Lock | HoldKind::Freeze if self.version.is_some() => {
                Some("a version can be held, but neither locked nor frozen")
            }
            HoldKind::Hold | HoldKind::Freeze if self.own.is_some() => {
                Some("`--ref` belongs to `--kind lock`")
            }
            HoldKind::Hold | HoldKind::Lock if self.all_apps => {
                Some("`--all-apps` belongs to `--kind freeze`")
            }
            HoldKind::Hold | HoldKind::Lock if self.weekly.is_some() => {
                Some("`--weekly` belongs to `--kind freeze`")
            }
            _ => None,
        };
        if let Some(misfit) = misfit {
            return Err(Error::new(Exit::Usage, misfit).hint("see `shipmark hold set --help`"));
        }
        // Where every app is meant, any name does to find the platform.
        let named_app = if self.all_apps { Some("all") } else { self.app.as_deref() };
        let target = Target::named(&place.config, place.repo.as_ref(), named_app, &self.environment)?;
        let source = self.version.as_deref().map(|version| named(version, place)).transpose()?;
        let actor = place.actor(context);
        if kind == HoldKind::Lock && actor.is_none() {
            return Err(Error::new(Exit::Usage, "a lock needs an owner, and nothing says who you are")
                .hint("set it with `git config user.email ADDRESS`"));
        }
        Ok(NewHold {
            kind,
            app: (!self.all_apps).then_some(target.app),
            platform: Some(target.platform),
            environment: Some(target.environment),
            version: source.as_ref().map(|source| source.version.clone()),
            sha: source.and_then(|source| source.sha),
            r#ref: self.own.clone(),
            reason: said(&self.reason)?.to_owned(),
            actor,
            until: self.end(context)?,
            weekly: self.span(place)?,
        })
    }

    fn span(&self, place: &Place) -> Result<Option<Weekly>, Error> {
        let Some(words) = &self.weekly else { return Ok(None) };
        let name = self.environment.split('/').next().unwrap_or_default();
        let configured = place.config.environments.get(name).and_then(|found| found.zone.as_deref());
        let Some(zone) = self.zone.as_deref().or(configured) else {
            return Err(Error::new(Exit::Usage, "nothing says by whose clocks the span is meant")
                .hint("name them with `--zone Europe/Paris`, or as `zone` of the environment"));
        };
        match Weekly::parse(words, zone) {
            Some(weekly) => Ok(Some(weekly)),
            None => {
                let message =
                    format!("`{}` in `{}` is no span of a week", text::line(words), text::line(zone));
                Err(Error::new(Exit::Usage, message)
                    .hint("write it as `Fri 16:00 - Mon 08:00`, in a zone such as `Europe/Paris`"))
            }
        }
    }

    /// Milliseconds since 1970 UTC.
    fn end(&self, context: &Context) -> Result<Option<i64>, Error> {
        let Some(words) = &self.until else { return Ok(None) };
        match span::until(words, context.world.now()) {
            Some(end) => Ok(Some(end.as_millisecond())),
            None => {
                let message = format!("`{}` is no later time", text::line(words));
                Err(Error::new(Exit::Usage, message)
                    .hint("give a span such as `2h` or `3d`, or a time such as `2025-10-10T16:00:00+02:00`"))
            }
        }
    }
}

impl Lift {
    fn run(self, context: &Context, place: &Place) -> Result<Status, Error> {
        let client = place.client(context, &self.reach)?;
        let id = match (&self.id, &self.environment) {
            (Some(id), _) => id.clone(),
            (None, Some(environment)) => match self.find(place, &client, environment)? {
                Some(hold) => hold.id,
                None => {
                    context.ui.note(&format!("nothing of that is held on {}", text::line(environment)));
                    return say(context, &json!({ "lifted": null }), None);
                }
            },
            (None, None) => return Err(Error::new(Exit::Usage, "neither an environment nor an id is given")),
        };
        let actor = place.actor(context);
        let hold = match client.lift(&id, said(&self.reason)?, actor.as_deref(), asking::LIMIT) {
            Err(ClientError::Refused { status: 404, .. }) => {
                return Err(Error::new(Exit::Usage, format!("no hold has the id `{}`", text::line(&id)))
                    .hint("see the ids with `shipmark hold list --json`"));
            }
            answer => answer?,
        };
        say(context, &json!({ "lifted": hold }), Some(&format!("lifted: {}", hold.sentence())))
    }

    /// The only one that is meant.
    fn find(&self, place: &Place, client: &Client, environment: &str) -> Result<Option<Hold>, Error> {
        let target = Target::named(&place.config, place.repo.as_ref(), self.app.as_deref(), environment)?;
        let version = self.version.as_deref().map(|version| named(version, place)).transpose()?;
        let wanted = Wanted {
            app: Some(&target.app),
            platform: Some(&target.platform),
            environment: Some(&target.environment),
            ended: false,
        };
        let meant = |hold: &Hold| {
            let kind = self.kind.is_none_or(|kind| hold.kind == kind.into());
            let named = version.as_ref().is_none_or(|source| {
                hold.version.as_deref().is_some_and(|held| same_version(held, &source.version))
            });
            kind && named
        };
        let mut found = client.holds(&wanted, asking::LIMIT)?;
        found.retain(meant);
        if found.len() > 1 {
            let message = format!("{} holds could be meant", found.len());
            let hint = |hold: &Hold| format!("`--id {}`: {}", text::line(&hold.id), hold.sentence());
            return Err(found
                .iter()
                .fold(Error::new(Exit::Usage, message), |error, hold| error.hint(hint(hold))));
        }
        Ok(found.pop())
    }
}

/// A reason that says something.
fn said(reason: &str) -> Result<&str, Error> {
    let reason = reason.trim();
    match reason.is_empty() {
        true => Err(Error::new(Exit::Usage, "a reason is needed").hint("give it with `--reason TEXT`")),
        false => Ok(reason),
    }
}

/// Answers with a document where one is wanted, else with a sentence if there is one.
fn say(context: &Context, document: &Value, sentence: Option<&str>) -> Result<Status, Error> {
    if context.ui.json {
        context.ui.document(document)?;
    } else if let Some(sentence) = sentence {
        context.ui.answer(sentence)?;
    }
    Ok(Exit::Done.into())
}
