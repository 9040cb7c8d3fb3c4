//! `shipmark dora`: the DORA metrics, each with what went into it.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::reporting::{Place, Reach};
use super::{Context, app, asking};
use crate::deploy::client::{Client, WHOLE};
use crate::deploy::{board, lineage};
use crate::domain::deployment::Current;
use crate::domain::dora::{
    Came, Changes, Course, Deployments, Facts, Failure, Measured, Metric, Rule, Unit, looks, measure,
};
use crate::domain::gate::operand;
use crate::domain::tier::Tier;
use crate::domain::{span, text};
use crate::error::{Error, Exit, Status};
use crate::ui::Tone;

const DAY: i64 = 86_400_000;

/// Show the DORA metrics of an app, each with its inputs and with what was left out
#[derive(Args)]
pub(super) struct Dora {
    /// The environment, instead of those of the tier production; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "ENV")]
    environment: Option<String>,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// The days up to now that count: 30, 90 or 180
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = days)]
    days: i64,
    /// Leave out the bands of the report of 2023
    #[arg(long)]
    no_bands: bool,
    #[command(flatten)]
    reach: Reach,
}

fn days(text: &str) -> Result<i64, String> {
    let days = text.parse().ok().filter(|days| [30, 90, 180].contains(days));
    days.ok_or_else(|| "it is 30, 90 or 180".to_owned())
}

/// The metrics of one environment.
struct Found {
    item: Current,
    /// Milliseconds since 1970 UTC.
    from: i64,
    to: i64,
    /// Whether the history is known from its beginning.
    whole: bool,
    measured: Measured,
}

impl Dora {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        let own = match (&self.app, &place.repo) {
            (Some(app), _) => app.clone(),
            (None, Some(repo)) => app(repo, &place.config)?,
            (None, None) => return Err(crate::deploy::subject::SubjectError::Unsaid("app").into()),
        };
        let client = place.client(context, &self.reach)?;
        let items = client.current(Some(&own), asking::LIMIT)?;
        let found = self
            .wanted(&items, &own, &place)?
            .into_iter()
            .map(|item| self.look(context, &place, &client, item))
            .collect::<Result<Vec<Found>, Error>>()?;
        if place.repo.as_ref().is_some_and(crate::git::Repo::is_shallow) {
            context.ui.warn("this clone is shallow, so no commit counts; run `git fetch --unshallow`");
        }
        if context.ui.json {
            let items: Vec<Value> = found.iter().map(|found| self.document(found)).collect();
            context.ui.document(&json!({ "registry": client.name(), "app": own, "items": items }))?;
        } else {
            let blocks: Vec<String> = found.iter().map(|found| self.block(context, found)).collect();
            context.ui.answer(&blocks.join("\n\n"))?;
        }
        Ok(Exit::Done.into())
    }

    /// The environments that are measured: apps and environments are never blended.
    fn wanted<'a>(&self, items: &'a [Current], own: &str, place: &Place) -> Result<Vec<&'a Current>, Error> {
        if let Some(environment) = &self.environment {
            let Some(item) = board::find(items, own, environment)? else {
                let message = format!("{own} was never deployed on {environment}");
                return Err(Error::new(Exit::CheckFailed, text::line(&message)));
            };
            return Ok(vec![item]);
        }
        let rank = |item: &Current| place.config.rank_of(&item.environment, &item.platform).tier;
        let found: Vec<&Current> = items.iter().filter(|item| rank(item) == Tier::Production).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let names: Vec<String> =
            items.iter().map(|item| operand(&item.environment, &item.platform)).collect();
        let error = Error::new(
            Exit::CheckFailed,
            text::line(&format!("{own} was deployed on no environment of the tier production")),
        );
        Err(match names.is_empty() {
            true => error,
            false => error.hint(format!("name one of these, or set its `tier`: {}", names.join(", "))),
        })
    }

    fn look(
        &self,
        context: &Context,
        place: &Place,
        client: &Client,
        item: &Current,
    ) -> Result<Found, Error> {
        let known = client.history_of(item, WHOLE, asking::LIMIT)?;
        let incidents = client.incidents(item, asking::LIMIT)?;
        let now = context.world.now().as_millisecond();
        let (from, to) = (now - self.days * DAY, now);
        let spans = client.sightings(item, from, asking::LIMIT)?;
        let deployments = Deployments::of(&known.rows);
        let inside = |at: usize| {
            let success = deployments.successes.get(at);
            success.is_some_and(|success| (from..to).contains(&success.finished_at))
        };
        // What was just before and just after decides too.
        let matters = |at: usize| inside(at) || inside(at + 1) || at.checked_sub(1).is_some_and(inside);
        let came = match &place.repo {
            Some(repo) => lineage::came(&deployments, known.whole, repo, &place.config, &matters)?,
            None => {
                let unknown = Came { course: Course::Unknown, changes: Changes::Unknown };
                vec![unknown; deployments.successes.len()]
            }
        };
        let measured = measure(&Facts {
            from,
            to,
            now,
            deployments: &deployments,
            came: &came,
            incidents: &incidents,
            looks: &looks(&spans, &deployments),
        });
        Ok(Found { item: item.clone(), from, to, whole: known.whole, measured })
    }

    fn document(&self, found: &Found) -> Value {
        let mut document = json!({
            "environment": found.item.environment, "platform": found.item.platform,
            "from": found.from, "to": found.to, "days": self.days, "history_whole": found.whole,
        });
        let measured = serde_json::to_value(&found.measured).unwrap_or_default();
        if let (Value::Object(document), Value::Object(measured)) = (&mut document, measured) {
            document.extend(measured);
        }
        document
    }

    fn block(&self, context: &Context, found: &Found) -> String {
        let day =
            |at: i64| Timestamp::from_millisecond(at).unwrap_or_default().strftime("%Y-%m-%d").to_string();
        let (app, place) =
            (text::line(&found.item.app), operand(&found.item.environment, &found.item.platform));
        let whole = if found.whole { "" } else { ", the history before it is cut" };
        let mut lines = vec![format!(
            "{app} on {place}, {} to {} ({} d){whole}",
            day(found.from),
            day(found.to),
            self.days
        )];
        let frequency = &found.measured.frequency;
        let mut how = frequency.metric.formula.clone();
        if let Some(days) = frequency.days_a_week {
            how = format!("{how}; on {days} days of a week (median)");
        }
        if let Some(band) = frequency.band_2023.filter(|_| !self.no_bands) {
            how = format!("{how}: {} (2023)", band.word());
        }
        lines.push(line(context, &frequency.metric, &how));
        for metric in &found.measured.metrics {
            lines.push(line(context, metric, &metric.formula));
            lines.extend(metric.notes.iter().map(|note| format!("{:23}{}", "", text::line(note))));
        }
        lines.extend(found.measured.failures.iter().map(failed));
        lines.extend(found.measured.left_out.iter().map(|row| {
            let id = row.deployment.map(|id| id.to_string()).unwrap_or_default();
            let commit =
                row.commit.as_deref().map(|sha| format!(" {}", text::short(sha))).unwrap_or_default();
            format!("left out  {id:>4}  {}{commit}  {}", text::line(&row.version), text::line(&row.reason))
        }));
        lines.join("\n")
    }
}

/// `change lead time       2 d 3 h          median of 47 commits`
fn line(context: &Context, metric: &Metric, how: &str) -> String {
    let value = match (metric.value, metric.enough) {
        (Some(value), true) => shown(metric.unit, value),
        _ => "not enough data".to_owned(),
    };
    let tone = if metric.enough { Tone::Strong } else { Tone::Dim };
    format!("{:<21}  {}  {how}", metric.name, context.ui.out(tone, &format!("{value:<15}")))
}

#[expect(clippy::cast_possible_truncation, reason = "whole milliseconds of some years")]
fn shown(unit: Unit, value: f64) -> String {
    match unit {
        Unit::PerDay => format!("{value:.2} a day"),
        Unit::Share => format!("{:.0} %", value * 100.0),
        Unit::Milliseconds => span::took(value as i64),
    }
}

/// `failed      52  1.1.0  taken back by deployment 53, over after 26 min 0 s`
fn failed(failure: &Failure) -> String {
    let by = failure.by.as_deref().map(text::line).unwrap_or_default();
    let why = match failure.rule {
        Rule::Marked => "marked as failed in use".to_owned(),
        Rule::Rollback => format!("taken back by {by}"),
        Rule::Hotfix => format!("mended at once by {by}"),
        Rule::Incident => format!("incident: {by}"),
        Rule::Probe => "seen wrong after it".to_owned(),
    };
    let end = match (failure.recovered_after, failure.open_for) {
        (Some(after), _) => format!("over after {}", span::took(after)),
        (None, open) => format!("open since {}", span::age(open.unwrap_or_default())),
    };
    format!("failed    {:>4}  {}  {why}, {end}", failure.deployment, text::line(&failure.version))
}
