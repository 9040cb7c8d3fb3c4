//! `shipmark outbox`: the reports that the registry has not acknowledged.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use super::reporting::{Place, Reach};
use crate::config::Registry;
use crate::deploy::client::{Client, ClientError};
use crate::deploy::courier::{Patience, Round};
use crate::deploy::outbox::Outbox;
use crate::deploy::parcel::Parcel;
use crate::domain::fact::Fact;
use crate::domain::{span, text};
use crate::error::{Error, Exit, Status};
use crate::http::HttpError;
use crate::ui::Tone;

/// How long a flush by hand may take for one registry.
const FLUSH: Duration = Duration::from_mins(1);

/// See, send or drop the reports that the registry has not got
#[derive(Args)]
pub(super) struct OutboxArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List what waits and what was refused; exits with 1 if something was refused
    List,
    /// Send what waits, without regard to our own backoff
    Flush {
        /// Tell first of the newest N releases that the remote has, as their tags hold it
        #[arg(long, value_name = "N")]
        reconcile: Option<usize>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Remove one report for good
    Drop {
        /// The report's id, or how it begins
        #[arg(value_name = "ID")]
        id: String,
    },
}

impl OutboxArgs {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        let outbox = Outbox::below(&place.private);
        match self.action {
            Action::List => list(context, &outbox),
            Action::Flush { reconcile, reach } => {
                if let Some(count) = reconcile {
                    rebuild(context, &place, &outbox, count)?;
                }
                flush(context, &place, &outbox, &reach)
            }
            Action::Drop { id } => {
                let id = outbox.drop(&id)?;
                if context.ui.json {
                    context.ui.document(&json!({ "dropped": id }))?;
                } else {
                    context.ui.answer(&format!("dropped {}", text::line(&id)))?;
                }
                Ok(Exit::Done.into())
            }
        }
    }
}

/// Puts the releases that the remote has into the outbox again: the machine that made them may be gone with its own.
/// What the registry knows already has no second effect.
fn rebuild(context: &Context, place: &Place, outbox: &Outbox, count: usize) -> Result<(), Error> {
    let (repo, registry) = (place.repo(context)?, place.registry()?);
    let config = &place.config;
    let releases = repo.told(&config.remote, &config.tag_format, count)?;
    if releases.is_empty() {
        context.ui.note("no tag here holds a release to report");
    }
    for release in releases {
        outbox.put(&Parcel::new(registry.url.as_str(), Fact::Release(release)))?;
    }
    Ok(())
}

/// Sends what an earlier run could not deliver; what still waits is a failure only where delivery is required.
pub(super) fn deliver(context: &Context, required: bool) -> Result<Status, Error> {
    let place = Place::anywhere(context)?;
    let outbox = Outbox::below(&place.private);
    if outbox.waiting()?.is_empty() {
        return Ok(Exit::Done.into());
    }
    flush(context, &place, &outbox, &Reach::default())?;
    let owed = required && !outbox.waiting()?.is_empty();
    Ok(if owed { Exit::Undelivered } else { Exit::Done }.into())
}

fn list(context: &Context, outbox: &Outbox) -> Result<Status, Error> {
    let (waiting, dead) = (outbox.waiting()?, outbox.dead()?);
    let exit = if dead.is_empty() { Exit::Done } else { Exit::CheckFailed };
    if context.ui.json {
        let waiting: Vec<_> =
            waiting.iter().map(|letter| json!({ "id": letter.id, "parcel": letter.parcel })).collect();
        let dead: Vec<_> = dead
            .iter()
            .map(|letter| json!({ "id": letter.id, "parcel": letter.parcel, "reason": letter.reason }))
            .collect();
        context.ui.document(&json!({ "waiting": waiting, "dead": dead }))?;
        return Ok(exit.into());
    }
    if waiting.is_empty() && dead.is_empty() {
        context.ui.note("the outbox is empty");
        return Ok(exit.into());
    }
    let now = context.world.now().as_millisecond();
    let mut lines = Vec::new();
    for letter in &waiting {
        let last = letter.parcel.last.as_deref().unwrap_or("not tried yet");
        lines.push(line(context, (Tone::Caution, "waiting"), &letter.id, Some(&letter.parcel), last, now));
    }
    for letter in &dead {
        let parcel = letter.parcel.as_ref();
        lines.push(line(context, (Tone::Bad, "dead   "), &letter.id, parcel, &letter.reason, now));
    }
    context.ui.answer(&lines.join("\n"))?;
    Ok(exit.into())
}

/// `waiting  1f0c…  production 1.2.0 deployed, 5 min old, 3 tries: reason`
fn line(
    context: &Context,
    (tone, class): (Tone, &str),
    id: &str,
    parcel: Option<&Parcel>,
    reason: &str,
    now: i64,
) -> String {
    let what = parcel.map_or_else(
        || "unreadable".to_owned(),
        |parcel| {
            let age = span::age(now - parcel.report.at());
            format!("{}, {age} old, tries: {}", named(&parcel.report), parcel.attempts)
        },
    );
    format!("{}  {}  {what}: {}", context.ui.out(tone, class), text::line(id), text::line(reason))
}

fn named(fact: &Fact) -> String {
    text::line(&match fact {
        Fact::Deployment(report) => {
            format!("{} {} {} {}", report.environment, report.app, report.version, report.status)
        }
        Fact::Release(release) => format!("{} {} released", release.app, release.version),
    })
}

fn flush(context: &Context, place: &Place, outbox: &Outbox, reach: &Reach) -> Result<Status, Error> {
    let mut registries: Vec<String> =
        outbox.waiting()?.into_iter().map(|letter| letter.parcel.registry).collect();
    registries.sort();
    registries.dedup();
    let mut rounds = Vec::new();
    for name in &registries {
        let client = match Client::new(&registry_of(name, place)?, &reach.means(), context.world) {
            Ok(client) => client,
            // One registry that cannot be asked like this must not hold back the reports to others.
            Err(error @ ClientError::Http(HttpError::Insecure(_))) => {
                context.ui.warn(&format!(
                    "{}; send its reports with `--allow-http`",
                    text::line(&error.to_string())
                ));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        rounds.push(client.deliver_from(outbox, Patience::Asked, FLUSH)?);
    }
    report_on(context, &rounds)?;
    let waiting = outbox.waiting()?.len();
    if waiting > 0 {
        let reports = if waiting == 1 { "1 report waits" } else { &format!("{waiting} reports wait") };
        context.ui.warn(&format!("{reports} still; see `shipmark outbox list`"));
    }
    let refused = rounds.iter().any(|round| !round.refused.is_empty());
    Ok(if refused || waiting > 0 { Exit::Registry } else { Exit::Done }.into())
}

/// The registry that a report names. It gets the token only if it is the one that is configured, and trusted.
fn registry_of(name: &str, place: &Place) -> Result<Registry, Error> {
    match &place.config.registry {
        Some(registry) if registry.url.as_str() == name => Ok(registry.clone()),
        _ => Registry::untrusted(name).ok_or_else(|| {
            Error::new(Exit::Io, format!("`{}` in the outbox is no address", text::line(name)))
                .hint("see it with `shipmark outbox list`, remove it with `shipmark outbox drop ID`")
        }),
    }
}

fn report_on(context: &Context, rounds: &[Round]) -> Result<(), Error> {
    let mut lines = Vec::new();
    let mut results = Vec::new();
    for round in rounds {
        for (letter, accepted) in &round.delivered {
            let class = context.ui.out(Tone::Good, "delivered");
            let entered = match accepted.id {
                Some(id) => format!(", deployment {id}"),
                None if accepted.state == "released" => String::new(),
                None => format!(", {}", text::line(&accepted.state)),
            };
            lines.push(format!("{class}  {}{entered}", named(&letter.parcel.report)));
            results.push(json!({ "id": letter.id, "result": "delivered", "deployment": accepted.id }));
        }
        for (class, tone, letters) in
            [("refused", Tone::Bad, &round.refused), ("kept", Tone::Caution, &round.kept)]
        {
            for (letter, reason) in letters {
                let painted = context.ui.out(tone, &format!("{class:<9}"));
                lines.push(format!("{painted}  {}: {}", named(&letter.parcel.report), text::line(reason)));
                results.push(json!({ "id": letter.id, "result": class, "reason": reason }));
            }
        }
    }
    if context.ui.json {
        context.ui.document(&json!({ "reports": results }))?;
    } else if lines.is_empty() {
        context.ui.note("nothing to send");
    } else {
        context.ui.answer(&lines.join("\n"))?;
    }
    Ok(())
}
