//! `shipmark preflight`: the checklist before a deployment.

use clap::Args;
use serde_json::json;

use super::reporting::{Place, Reach};
use super::{Context, asking, gate, lint, verify};
use crate::ci;
use crate::deploy::board::{self, Local};
use crate::deploy::client::Client;
use crate::deploy::subject::{Source, Target};
use crate::domain::deployment::Current;
use crate::domain::health::same_commit;
use crate::domain::preflight::{Facts, Level, Line, Standing, checklist};
use crate::domain::rollback::candidates;
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::git::Repo;
use crate::ui::Tone;

/// Go through the checklist before a deployment of HEAD; exits with 1 if something fails
#[derive(Args)]
pub(super) struct Preflight {
    /// The environment; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "ENV")]
    environment: String,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl Preflight {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        let repo = place.repo(context)?;
        let target = Target::named(&place.config, Some(repo), self.app.as_deref(), &self.environment)?;
        let source = Source::of_head(repo)?.in_job(ci::detect(context.world).as_ref());
        let client = place.client(context, &self.reach)?;
        let (holds, stale) = asking::holds(context, &place, &client, &target, asking::LIMIT, true)?;
        let matrix = asking::current(context, &place, &client)?.matrix;
        let item = matrix.items.iter().find(|item| is_at(item, &target));
        let head = source.sha.clone().unwrap_or_default();
        let standing = standing(&place, repo, &head, item)?;
        let (messages, refused) = messages(&place, repo, &head, item)?;
        let (disagreements, _) = verify::look(context, repo, &place.config, false)?;
        let lines = checklist(&Facts {
            environment: &target.environment,
            version: &source.version,
            paths: &repo.tracked_files()?,
            disagreements: &disagreements,
            messages,
            refused: &refused,
            standing,
            reasons: &gate::against(context, &place, Some(&client), &target, &source, &holds.items)?,
            way_back: way_back(&client, item, &source),
        });
        let failed = lines.iter().filter(|line| line.level == Level::Fail).count();
        let warned = lines.iter().filter(|line| line.level == Level::Warn).count();
        if context.ui.json {
            context.ui.document(&json!({
                "registry": client.name(), "answered_at": holds.at,
                "stale_seconds": stale.map(|age| age / 1000),
                "app": target.app, "platform": target.platform, "environment": target.environment,
                "version": source.version, "sha": source.sha,
                "failed": failed, "warnings": warned, "lines": lines,
            }))?;
        } else {
            let mut shown = Vec::from_iter(asking::stale_line(stale));
            shown.extend(lines.iter().map(|line| self::line(context, line)));
            context.ui.answer(&shown.join("\n"))?;
            let plural = if warned == 1 { "" } else { "s" };
            context.ui.note(&format!("{failed} failed, {warned} warning{plural}"));
        }
        Ok(if failed == 0 { Exit::Done } else { Exit::CheckFailed }.into())
    }
}

fn is_at(item: &Current, target: &Target) -> bool {
    (&item.app, &item.platform, &item.environment) == (&target.app, &target.platform, &target.environment)
}

/// `FAIL  secrets     .env is tracked; take it out with …`
fn line(context: &Context, line: &Line) -> String {
    let (tone, word) = match line.level {
        Level::Ok => (Tone::Good, "ok  "),
        Level::Warn => (Tone::Caution, "warn"),
        Level::Fail => (Tone::Bad, "FAIL"),
        Level::Skip => (Tone::Dim, "skip"),
    };
    let mend = line.mend.as_deref().map(|mend| format!("; {mend}")).unwrap_or_default();
    format!("{}  {:<10}  {}{mend}", context.ui.out(tone, word), line.check, line.text)
}

fn standing(place: &Place, repo: &Repo, head: &str, item: Option<&Current>) -> Result<Standing, Error> {
    let Some(recorded) = item.and_then(|item| item.recorded.as_ref()) else { return Ok(Standing::Nothing) };
    Ok(match board::local(repo, &place.config, head, recorded, true)? {
        None => Standing::Nothing,
        Some(Local::Unknown { .. }) => Standing::Unknown,
        Some(Local::Same) => Standing::Between { ahead: 0, behind: 0 },
        Some(Local::Ahead { ahead }) => Standing::Between { ahead, behind: 0 },
        Some(Local::Behind { behind }) => Standing::Between { ahead: 0, behind },
        Some(Local::Diverged { ahead, behind }) => Standing::Between { ahead, behind },
    })
}

/// How many commits the environment lacks, merges left out, and the headers of those that are not conventional;
/// where no commit of it is known, those since the last release.
fn messages(
    place: &Place,
    repo: &Repo,
    head: &str,
    item: Option<&Current>,
) -> Result<(usize, Vec<String>), Error> {
    let recorded = item.and_then(|item| item.recorded.as_ref()).and_then(|recorded| recorded.sha.as_deref());
    // Only an object id: other text of the network could be a search or a range.
    let known = recorded.filter(|sha| same_commit(sha, sha).is_some()).and_then(|sha| repo.resolve(sha).ok());
    let commits = match known {
        Some(known) => repo.commits(head, Some(&known))?,
        None => repo.history(&place.config.tag_format)?.window,
    };
    let plain = commits.iter().filter(|commit| !commit.is_merge());
    let findings: Vec<_> =
        plain.map(|commit| lint::judge(Some(&commit.oid), &commit.message, &place.config)).collect();
    let refused = findings.iter().filter(|finding| finding.refused());
    Ok((findings.len(), refused.map(|finding| finding.header.clone()).collect()))
}

/// The version that a rollback would put back once HEAD is there.
fn way_back(client: &Client, item: Option<&Current>, source: &Source) -> Result<Option<String>, String> {
    let Some(item) = item else { return Ok(None) };
    let known = client.history(item, asking::LIMIT).map_err(|error| error.to_string())?;
    let is_head = |sha: Option<&str>, version: &str| {
        let commits = sha.zip(source.sha.as_deref());
        commits.and_then(|(a, b)| same_commit(a, b)).unwrap_or(version == source.version)
    };
    let all = candidates(&known.rows);
    let good =
        all.iter().find(|found| !found.taken_back && !is_head(found.row.sha.as_deref(), &found.row.version));
    Ok(good.map(|found| {
        let short = found.row.sha.as_deref().map(|sha| format!(" ({})", text::short(sha)));
        format!("{}{}", found.row.version, short.unwrap_or_default())
    }))
}
