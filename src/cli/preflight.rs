//! `shipmark preflight`: the checklist before a deployment.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::reporting::{Place, Reach};
use super::{Context, asking, config, gate, lint, verify};
use crate::ci;
use crate::config::{Check, Command};
use crate::deploy::board::{self, Local};
use crate::deploy::client::Client;
use crate::deploy::subject::{Source, Target};
use crate::domain::added::{debug_prints, unlocked};
use crate::domain::deployment::Current;
use crate::domain::health::same_commit;
use crate::domain::preflight::{Artifact, Facts, Level, Line, Names, News, Ran, Standing, checklist};
use crate::domain::rollback::candidates;
use crate::domain::tier::Tier;
use crate::domain::{dotenv, text};
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::Repo;
use crate::process::Invocation;
use crate::ui::Tone;

/// How long a command of the checklist may take.
const PATIENCE: Duration = Duration::from_hours(1);

/// Go through the checklist before a deployment of HEAD; exits with 1 if something fails
#[derive(Args)]
pub(super) struct Preflight {
    /// The environment; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "ENV")]
    environment: String,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Say that something was done that no program can see
    #[arg(long, value_name = "WHAT")]
    confirm: Vec<Done>,
    /// Allow the configured commands if this is their hash, as `shipmark config trust --show` gives it
    #[arg(long, value_name = "HASH")]
    trust_config: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// What only a person knows.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Done {
    /// The users know of the deployment
    UsersTold,
}

impl Preflight {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        let repo = place.repo(context)?;
        let checks = self.checks(context, &place, repo)?;
        let target = Target::named(&place.config, Some(repo), self.app.as_deref(), &self.environment)?;
        let source = Source::of_head(repo)?.in_job(ci::detect(context.world).as_ref());
        let client = place.client(context, &self.reach)?;
        let (holds, stale) = asking::holds(context, &place, &client, &target, asking::LIMIT, true)?;
        let matrix = asking::current(context, &place, &client)?.matrix;
        let item = matrix.items.iter().find(|item| is_at(item, &target));
        let head = source.sha.clone().unwrap_or_default();
        let standing = standing(&place, repo, &head, item)?;
        let (messages, refused) = messages(&place, repo, &head, item)?;
        let rank = place.config.rank_of(&target.environment, &target.platform);
        let backup = self.backup(context, &place, repo, &target.environment)?;
        let artifact = self.artifact(context, &place, repo, item)?;
        let names = names(&place, repo, &head, &target.environment)?;
        let news = news(&place, repo, &head, item)?;
        let (disagreements, _) = verify::look(context, repo, &place.config, false)?;
        let lines = checklist(&Facts {
            environment: &target.environment,
            ran: &checks,
            news: news.as_ref(),
            backup: backup.as_ref().ok_or(rank.tier == Tier::Production),
            artifact: &artifact,
            names: names.as_ref(),
            told: self.confirm.contains(&Done::UsersTold),
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

impl Preflight {
    fn checks(&self, context: &Context, place: &Place, repo: &Repo) -> Result<Vec<Ran>, Error> {
        let run = |check: &Check| self.run_one(context, place, repo, (&check.name, &check.command), &[]);
        place.config.preflight.checks.iter().map(run).collect()
    }

    fn backup(
        &self,
        context: &Context,
        place: &Place,
        repo: &Repo,
        environment: &str,
    ) -> Result<Option<Ran>, Error> {
        let command = place.config.environments.get(environment).and_then(|found| found.backup.as_ref());
        command.map(|command| self.run_one(context, place, repo, ("backup", command), &[])).transpose()
    }

    /// Whether what runs can be had again: a command says so, by the version and the commit in its variables, or
    /// the clone has the commit.
    fn artifact(
        &self,
        context: &Context,
        place: &Place,
        repo: &Repo,
        item: Option<&Current>,
    ) -> Result<Artifact, Error> {
        let Some((item, recorded)) = item.and_then(|item| Some((item, item.recorded.as_ref()?))) else {
            return Ok(Artifact::Nothing);
        };
        let sha = recorded.sha.as_deref().unwrap_or_default();
        let environment = place.config.environments.get(&item.environment);
        if let Some(command) = environment.and_then(|found| found.artifact.as_ref()) {
            let variables = [("VERSION", recorded.version.as_str()), ("COMMIT", sha)];
            let ran = self.run_one(context, place, repo, ("artifact", command), &variables)?;
            return Ok(Artifact::Ran(ran));
        }
        let name = match sha {
            "" => recorded.version.clone(),
            sha => format!("{} ({})", recorded.version, text::short(sha)),
        };
        let known = board::local(repo, &place.config, &repo.head()?.oid, recorded, true)?;
        Ok(match known {
            None | Some(Local::Unknown { .. }) => Artifact::Away(name),
            Some(_) => Artifact::Here(name),
        })
    }

    /// Runs a command at the root, and keeps of what it says the last line.
    fn run_one(
        &self,
        context: &Context,
        place: &Place,
        repo: &Repo,
        (name, command): (&str, &Command),
        variables: &[(&str, &str)],
    ) -> Result<Ran, Error> {
        config::require(context, repo, &place.config, command, self.trust_config.as_deref())?;
        let shown = config::shown(command);
        context.ui.detail(&format!("running {shown}"));
        let (program, arguments) =
            command.words.split_first().map_or(("", &[][..]), |(program, rest)| (program.as_str(), rest));
        let watch = context.world.stopwatch();
        let invocation = Invocation::new(program, arguments, repo.root()?);
        let invocation = variables.iter().fold(invocation, |to, (name, value)| to.env(name, *value));
        let failure = match invocation.capture(b"", PATIENCE) {
            Err(error) => Some(error.to_string()),
            Ok(done) if done.status.success() => None,
            Ok(done) => {
                let (complaint, text) = (done.complaint(), done.text());
                let last = complaint.lines().last().or(text.lines().last()).unwrap_or_default();
                let status =
                    done.status.code().map_or("a signal".to_owned(), |code| format!("exit status {code}"));
                Some(if last.is_empty() { status } else { format!("{status}: {last}") })
            }
        };
        let took = i64::try_from(watch.elapsed().as_millis()).unwrap_or(i64::MAX);
        Ok(Ran { name: name.to_owned(), command: shown, took, failure })
    }
}

/// The names of `.env.example` against those of the environment's own file; no value leaves this function.
fn names(place: &Place, repo: &Repo, head: &str, environment: &str) -> Result<Option<Names>, Error> {
    let Some(wanted) = repo.file_at(head, ".env.example")? else { return Ok(None) };
    let environment = place.config.environments.get(environment);
    let Some(file) = environment.and_then(|found| found.env_file.clone()) else {
        return Ok(Some(Names::NoFile));
    };
    let Some(known) = files::read(&repo.root()?.join(&file))? else {
        return Ok(Some(Names::Missing { file }));
    };
    let (wanted, known) = (String::from_utf8_lossy(&wanted), String::from_utf8_lossy(&known));
    let (wanted, known) = (dotenv::names(&wanted), dotenv::names(&known));
    let lacking = wanted.iter().filter(|name| !known.contains(name)).map(|name| (*name).to_owned()).collect();
    Ok(Some(Names::Compared { file, count: wanted.len(), lacking }))
}

/// What HEAD brings to the environment; nothing if nobody knows what that has.
fn news(place: &Place, repo: &Repo, head: &str, item: Option<&Current>) -> Result<Option<News>, Error> {
    let Some(known) = commit_of(repo, item) else { return Ok(None) };
    let changed = repo.differing(&known, head, &["**".to_owned()])?;
    Ok(Some(News {
        debug_prints: debug_prints(&repo.patch(&known, head)?, &place.config.preflight.allow),
        unlocked: unlocked(&changed, &repo.tracked_files()?),
    }))
}

/// The commit that is recorded on the environment, if it is here.
fn commit_of(repo: &Repo, item: Option<&Current>) -> Option<String> {
    let recorded = item.and_then(|item| item.recorded.as_ref()).and_then(|recorded| recorded.sha.as_deref());
    // Only an object id: other text of the network could be a search or a range.
    recorded.filter(|sha| same_commit(sha, sha).is_some()).and_then(|sha| repo.resolve(sha).ok())
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
    format!("{}  {:<12}  {}{mend}", context.ui.out(tone, word), line.check, line.text)
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
    let commits = match commit_of(repo, item) {
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
