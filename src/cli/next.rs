//! `shipmark next`: which version comes next, and why.

use clap::Args;
use semver::Version;

use super::Context;
use crate::config::Config;
use crate::domain::decide::{self, DecideError, Rules};
use crate::domain::message::Source;
use crate::domain::plan::{Decision, History, Wish};
use crate::domain::text;
use crate::domain::version::Bump;
use crate::error::{Error, Exit, Status};
use crate::git::Repo;
use crate::ui::Tone;

/// Print the next version
///
/// Prints the next version alone on stdout. Where nothing asks for a release, it prints the current one and
/// says so on stderr.
#[derive(Args)]
pub(super) struct Next {
    /// Say which commits decided, by which rule, and which were ignored
    #[arg(long)]
    explain: bool,
    /// Take this level instead of that of the commits
    #[arg(long, value_name = "LEVEL", conflicts_with = "graduate")]
    bump: Option<Level>,
    /// Leave 0.x: the next version is 1.0.0
    #[arg(long)]
    graduate: bool,
}

/// A level as an option writes it.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Level {
    Major,
    Minor,
    Patch,
}

impl From<Level> for Bump {
    fn from(level: Level) -> Self {
        match level {
            Level::Major => Self::Major,
            Level::Minor => Self::Minor,
            Level::Patch => Self::Patch,
        }
    }
}

/// The settings that decide.
pub(super) fn rules(config: &Config) -> Rules {
    Rules {
        tag_format: config.tag_format.clone(),
        initial: config.initial.clone(),
        zero: config.zero,
        types: config.types.clone(),
        unlisted: config.unlisted,
        own: config.rules.clone(),
    }
}

/// Decides and passes the warnings on. Where the next version is taken by a release of the same line that HEAD
/// does not contain, it counts from that one: the history that comes back is the one that was decided on.
pub(super) fn decide(
    context: &Context,
    repo: &Repo,
    config: &Config,
    mut history: History,
    wish: &Wish,
) -> Result<(History, Decision), Error> {
    let rules = rules(config);
    let decision = loop {
        match decide::decide(&history, &rules, wish) {
            Err(DecideError::Collision { version, tag }) => {
                let side = repo.commits(&tag.commit, Some(&history.head))?;
                let side = config.reading.apply(side, &tag.commit);
                let Some(copies) = decide::same_line(&history, &side, &rules) else {
                    return Err(DecideError::Collision { version, tag }.into());
                };
                history = super::read_as(config, repo.history_from(&history, &tag, copies)?);
            }
            other => break other?,
        }
    };
    for warning in &decision.warnings {
        context.ui.warn(warning);
    }
    Ok((history, decision))
}

impl Next {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        if !self.explain
            && !context.ui.json
            && self.bump.is_none()
            && !self.graduate
            && config.reading.is_plain()
            && let Some(version) = settled(&repo, &config)?
        {
            context.ui.answer(&version.to_string())?;
            return Ok(Exit::Done.into());
        }
        let history = super::history(&repo, &config)?;
        let wish = Wish { set: None, bump: self.bump.map(Bump::from), graduate: self.graduate };
        let (_, decision) = decide(context, &repo, &config, history, &wish)?;
        if context.ui.json {
            context.ui.document(&decision)?;
            return Ok(Exit::Done.into());
        }
        if self.explain {
            explain(context, &decision);
        } else if !decision.released {
            context.ui.note(&format!("nothing to release: {}", decision.reason));
        }
        context.ui.answer(&decision.next.to_string())?;
        Ok(Exit::Done.into())
    }
}

/// The answer where a pre-release gives it without a look at the whole window.
fn settled(repo: &Repo, config: &Config) -> Result<Option<Version>, Error> {
    let Some(promise) = repo.promise(&config.tag_format)? else { return Ok(None) };
    let version_file = repo.version_file(&repo.head()?.oid)?;
    Ok(decide::settled(&promise, version_file.as_ref(), &rules(config)))
}

/// How many commits of a kind are listed; `--json` has them all.
const LISTED: usize = 20;

/// Renders the decision for a person. It goes to stderr, so that stdout stays the version alone.
pub(super) fn explain(context: &Context, decision: &Decision) {
    let ui = &context.ui;
    let verdict = if decision.released { "release" } else { "nothing to release" };
    ui.note(&format!("{}: {}", ui.err(Tone::Strong, verdict), decision.reason));
    let base = decision.base.as_ref().map_or_else(
        || "no stable release yet".to_owned(),
        |tag| format!("{} ({})", tag.name, text::short(&tag.commit)),
    );
    let commits = match decision.commits {
        1 => "1 commit".to_owned(),
        n => format!("{n} commits"),
    };
    ui.note(&match decision.base {
        Some(_) => format!("base      {base}, {commits} since"),
        None => format!("base      {base}, {commits} in all"),
    });
    if decision.current.major == 0 {
        ui.note(&format!("policy    bump.zero = {}", decision.zero.name()));
    }
    for commit in decision.deciding.iter().take(LISTED) {
        let level = match commit.level == commit.effective {
            true => commit.level.name().to_owned(),
            false => format!("{} as {}", commit.level.name(), commit.effective.name()),
        };
        let source = match commit.message_source {
            Source::Note => "  (corrected by a note)",
            Source::Commit => "",
        };
        ui.note(&line(context, Tone::Good, &level, &commit.oid, &commit.header, source));
    }
    rest(context, decision.deciding.len(), "deciding");
    for commit in decision.ignored.iter().take(LISTED) {
        let why = format!("  ({})", commit.reason.words());
        ui.note(&line(context, Tone::Dim, "ignored", &commit.oid, &commit.header, &why));
    }
    rest(context, decision.ignored.len(), "ignored");
}

fn line(context: &Context, tone: Tone, label: &str, oid: &str, header: &str, after: &str) -> String {
    let label = context.ui.err(tone, &format!("{label:<9}"));
    format!("{label} {}  {}{}", text::short(oid), text::line(header), context.ui.err(Tone::Dim, after))
}

fn rest(context: &Context, count: usize, kind: &str) {
    if count > LISTED {
        context.ui.note(&format!("          … and {} more {kind}; `--json` lists them all", count - LISTED));
    }
}
