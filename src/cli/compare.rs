//! `shipmark compare`: how two of this clone, environments, tags and commits stand to each other.

use clap::Args;
use semver::Version;
use serde_json::json;

use super::asking::{self, Asked};
use super::next::rules;
use super::reporting::{Place, Reach};
use super::{Context, app, compare_list, compare_seen, config};
use crate::deploy::board;
use crate::deploy::observe::Seen;
use crate::deploy::operand::{By, LOCAL, Operand, OperandError, is_revision};
use crate::domain::compare::{Side, Verdict as Standing};
use crate::domain::verdict::Verdict;
use crate::domain::{span, text};
use crate::error::{Error, Exit, Status};
use crate::git::Repo;

/// Say how B stands to A, and what lies between them
///
/// A and B are environments, tags, commits, or `local` for this clone. An environment is the commit that is
/// recorded there, never the branch of that name: a branch proves nothing about a server.
#[derive(Args)]
pub(super) struct Compare {
    /// What is compared with; `ENV/PLATFORM` where several have the name
    #[arg(value_name = "A")]
    a: String,
    /// What is compared
    #[arg(value_name = "B", default_value = LOCAL)]
    b: String,
    /// The app, instead of the configured one
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// List every commit between
    #[arg(long)]
    all: bool,
    /// Exit with 1 unless both are the same
    #[arg(long)]
    exit_code: bool,
    /// Fetch from the remote first
    #[arg(long)]
    fetch: bool,
    /// Do not ask the running programs what they are
    #[arg(long)]
    no_probe: bool,
    #[command(flatten)]
    reach: Reach,
}

/// What came out.
struct Compared {
    a: Operand,
    b: Operand,
    verdict: Standing,
    /// What B has and A lacks, and the other way round; empty where only versions are known.
    ahead: Side,
    behind: Side,
    by_version: bool,
    /// What the programs of A and of B say.
    seen: [Option<Seen>; 2],
    /// A line for each environment where something else runs.
    drift: Vec<String>,
}

impl Compare {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let place = Place::anywhere(context)?;
        let repo = place.repo(context)?;
        if self.fetch {
            repo.fetch(&place.config.remote)?;
        }
        let asked = self.ask(context, &place, repo)?;
        let mut compared = self.compare(&place, repo, asked.as_ref())?;
        if !self.no_probe && asked.is_some() {
            let app = self.app.clone().map_or_else(|| app(repo, &place.config), Ok)?;
            compared.seen = compare_seen::look(
                [&self.a, &self.b],
                &app,
                &place,
                repo,
                asked.as_ref(),
                config::is_trusted(context, Some(repo), &place.config),
            );
            compared.note_drift(repo)?;
        }
        let stale = asked.as_ref().and_then(|asked| asked.stale);
        if context.ui.json {
            context.ui.document(&json!({
                "verdict": compared.verdict,
                "by_version": compared.by_version,
                "a": compared.a,
                "b": compared.b,
                "ahead": compared.ahead,
                "behind": compared.behind,
                "seen": compared.seen,
                "stale_seconds": stale.map(|age| age / 1000),
            }))?;
        } else {
            let mut lines = Vec::from_iter(asking::stale_line(stale));
            lines.extend(compared.lines(context, self.all));
            context.ui.answer(&lines.join("\n"))?;
        }
        if (self.a == LOCAL || self.b == LOCAL) && !repo.changed_files()?.is_empty() {
            context.ui.warn("tracked files differ from HEAD; `local` is HEAD, without them");
        }
        let differs = compared.verdict != Standing::Same;
        Ok(if self.exit_code && differs { Exit::CheckFailed } else { Exit::Done }.into())
    }

    /// The registry is asked only if a name could be an environment.
    fn ask(&self, context: &Context, place: &Place, repo: &Repo) -> Result<Option<Asked>, Error> {
        let open = |name: &&String| *name != LOCAL && !is_revision(name, repo, &place.config);
        let Some(name) = [&self.a, &self.b].into_iter().find(open) else { return Ok(None) };
        if place.config.registry.is_none() && repo.resolve(name).is_ok() {
            return Ok(None);
        }
        let client = place.client(context, &self.reach)?;
        asking::current(context, place, &client).map(Some)
    }

    fn compare(&self, place: &Place, repo: &Repo, asked: Option<&Asked>) -> Result<Compared, Error> {
        let config = &place.config;
        let operand = |name: &str| self.operand(name, place, repo, asked);
        let (a, b) = (operand(&self.a)?, operand(&self.b)?);
        let version = |operand: &Operand| Version::parse(operand.version.as_deref()?).ok();
        let side = |to: &Operand, from: &Operand| -> Result<Side, Error> {
            let nothing = Side::new(Vec::new(), false, None, &rules(config), &config.reading);
            let Some(commit) = &to.sha else { return Ok(nothing) };
            let between = repo.between(commit, from.sha.as_deref())?;
            Ok(Side::new(
                between.commits,
                between.cut,
                version(from).as_ref(),
                &rules(config),
                &config.reading,
            ))
        };
        let by_version = [&a, &b].iter().any(|operand| operand.by == By::Version);
        if by_version {
            let verdict = match (&a.version, &b.version) {
                (Some(a), Some(b)) => Standing::of_versions(a, b),
                (None, _) => Some(Standing::Ahead),
                (_, None) => Some(Standing::Behind),
            };
            let verdict = verdict.ok_or_else(|| unordered(&a, &b))?;
            let empty = || Side::new(Vec::new(), false, None, &rules(config), &config.reading);
            return Ok(Compared {
                a,
                b,
                verdict,
                ahead: empty(),
                behind: empty(),
                by_version,
                seen: [None, None],
                drift: Vec::new(),
            });
        }
        let (ahead, behind) = (side(&b, &a)?, side(&a, &b)?);
        let verdict = Standing::of(ahead.count, behind.count);
        Ok(Compared { a, b, verdict, ahead, behind, by_version, seen: [None, None], drift: Vec::new() })
    }

    fn operand(
        &self,
        name: &str,
        place: &Place,
        repo: &Repo,
        asked: Option<&Asked>,
    ) -> Result<Operand, Error> {
        let config = &place.config;
        if name == LOCAL {
            return Ok(Operand::local(repo, config)?);
        }
        if let Some(asked) = asked.filter(|_| !is_revision(name, repo, config)) {
            let app = self.app.clone().map_or_else(|| app(repo, config), Ok)?;
            let item = board::find(&asked.matrix.items, &app, name)?;
            if item.is_some() || config.environments.contains_key(name) {
                return match Operand::environment(name, item, repo, config) {
                    Err(OperandError::NotHere { environment, sha, .. }) if self.fetch => {
                        Err(OperandError::Gone { environment, sha }.into())
                    }
                    found => Ok(found?),
                };
            }
        }
        Ok(Operand::revision(name, repo, config)?)
    }
}

fn unordered(a: &Operand, b: &Operand) -> Error {
    let shown = |operand: &Operand| operand.shown_version().unwrap_or_default();
    let message = format!("`{}` and `{}` have no order, and no commit is recorded", shown(a), shown(b));
    Error::new(Exit::Repository, message)
        .hint("report deployments from the repository, so that they name a commit")
}

impl Compared {
    fn lines(&self, context: &Context, all: bool) -> Vec<String> {
        let mut lines = vec![self.sentence(context)];
        lines.extend(self.drift.iter().cloned());
        let now = context.world.now().as_millisecond();
        let both = self.verdict == Standing::Diverged;
        for (side, owner) in [(&self.ahead, &self.b), (&self.behind, &self.a)] {
            if both {
                lines.push(format!("only in {}", text::line(&owner.name)));
            }
            lines.extend(compare_list::lines(side, now, all));
        }
        lines
    }

    fn note_drift(&mut self, repo: &Repo) -> Result<(), Error> {
        let [a, b] = &self.seen;
        for (seen, own, other) in [(a, &self.a, &self.b), (b, &self.b, &self.a)] {
            if let Some(seen) = seen {
                self.drift.extend(compare_seen::drift(seen, own, other, repo)?);
            }
        }
        Ok(())
    }

    /// Whether every program that was asked says that it is what is recorded.
    fn is_confirmed(&self) -> bool {
        let mut seen = self.seen.iter().flatten().peekable();
        seen.peek().is_some() && seen.all(|seen| seen.verdict == Verdict::Confirmed)
    }

    fn sentence(&self, context: &Context) -> String {
        let (a, b) = (described(&self.a), described(&self.b));
        let how = match self.verdict {
            Standing::Same => return self.same(context),
            Standing::Ahead => "is AHEAD of",
            Standing::Behind => "is BEHIND",
            Standing::Diverged => "has DIVERGED from",
        };
        if self.by_version {
            return format!("{b} {how} {a}: by version only, since no commit is known");
        }
        let commits =
            |side: &Side| format!("{} commit{}", side.number(), if side.count == 1 { "" } else { "s" });
        let counts = match self.verdict {
            Standing::Behind => format!("{}, 0 ahead", commits(&self.behind)),
            Standing::Diverged => format!("{} ahead, {} behind", self.ahead.number(), self.behind.number()),
            _ => format!("{}, 0 behind", commits(&self.ahead)),
        };
        let side = if self.verdict == Standing::Behind { &self.behind } else { &self.ahead };
        let what = match (self.verdict == Standing::Diverged, side.count) {
            (true, count) => format!("the {count} ahead amount"),
            (false, 1) => "it amounts".to_owned(),
            (false, _) => "they amount".to_owned(),
        };
        let bump = side.bump.map_or("no bump".to_owned(), |bump| format!("a {} bump", bump.name()));
        format!("{b} {how} {a}: {counts}; {what} to {bump}")
    }

    /// `SAME  local and production are 1.2.0 (c09f7aa), recorded 4 min ago`
    fn same(&self, context: &Context) -> String {
        let (a, b) = (&self.a, &self.b);
        let names = format!("{} and {}", text::line(&b.name), text::line(&a.name));
        let Some(sha) = a.sha.as_deref().or(b.sha.as_deref()).map(text::short) else {
            return match a.shown_version() {
                Some(version) => {
                    format!("SAME  {names} are {version}, by version only, since no commit is known")
                }
                None => format!("SAME  {names} were never deployed"),
            };
        };
        let what = match (a.shown_version(), b.shown_version()) {
            (Some(a), Some(b)) if a != b => format!("{sha} ({a} and {b})"),
            (Some(version), _) | (None, Some(version)) => format!("{version} ({sha})"),
            (None, None) => sha.to_owned(),
        };
        let recorded = a
            .recorded_at
            .max(b.recorded_at)
            .map(|at| format!(", recorded {} ago", span::age(context.world.now().as_millisecond() - at)));
        let tag = if [a.by, b.by].contains(&By::Tag) { ", by tag" } else { "" };
        let confirmed = if self.is_confirmed() { ", confirmed" } else { "" };
        format!("SAME  {names} are {what}{tag}{}{confirmed}", recorded.unwrap_or_default())
    }
}

/// `production 764c119 (1.0.1)`
fn described(operand: &Operand) -> String {
    let mut words = vec![text::line(&operand.name)];
    words.extend(operand.sha.as_deref().map(|sha| text::short(sha).to_owned()));
    let facts: Vec<String> = [
        operand.shown_version(),
        (operand.by == By::Tag).then(|| "by tag".to_owned()),
        (operand.by == By::Nothing).then(|| "never deployed".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !facts.is_empty() {
        words.push(format!("({})", facts.join(", ")));
    }
    words.join(" ")
}
