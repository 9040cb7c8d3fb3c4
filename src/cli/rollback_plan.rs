//! What a rollback would do: from what to what, what is taken back with it, and what it cannot undo.

use std::ffi::OsString;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::Context;
use super::compare_list;
use super::next::rules;
use crate::config::Config;
use crate::deploy::subject::{Source, tagged};
use crate::domain::compare::{Side, tally};
use crate::domain::deployment::{Attempt, Current, State};
use crate::domain::dotenv::word;
use crate::domain::health::same_commit;
use crate::domain::past::Past;
use crate::domain::rollback::{Candidate, candidates};
use crate::domain::{span, text};
use crate::error::{Error, Exit};
use crate::git::Repo;

/// How many other versions are named.
const NAMED: usize = 5;

/// The plan of a rollback.
pub(super) struct Plan {
    from: Attempt,
    to: Past,
    /// The commit of `to`.
    pub(super) commit: String,
    /// What `from` has and `to` lacks, and the other way round; nothing if the commit of `from` is unknown.
    back: Option<Side>,
    again: usize,
    migrations: Vec<String>,
    /// Other versions that succeeded there.
    others: Vec<Other>,
}

/// A version that could be put back instead.
#[derive(Serialize)]
struct Other {
    #[serde(flatten)]
    row: Past,
    /// Whether an earlier rollback took it away, for which there was a reason.
    taken_back: bool,
}

impl Plan {
    /// The plan, or nothing if that version is what is recorded there and nothing else was tried since.
    pub(super) fn make(
        item: &Current,
        rows: &[Past],
        to: Option<&str>,
        config: &Config,
        repo: &Repo,
    ) -> Result<Option<Self>, Error> {
        let from = &item.newest;
        let settled = item.recorded.as_ref().is_some_and(|recorded| recorded.id == from.id);
        let all = candidates(rows);
        let chosen = match to {
            Some(wanted) => {
                let wanted =
                    config.tag_format.version_of(wanted).map_or(wanted.to_owned(), |v| v.to_string());
                let named = |candidate: &&Candidate| candidate.row.version == wanted;
                all.iter().find(named).ok_or_else(|| never(item, &wanted, &all))?
            }
            None => {
                let good = |candidate: &&Candidate| !candidate.taken_back && !is(candidate.row, from);
                all.iter().find(good).ok_or_else(|| nothing(item, &all))?
            }
        };
        if is(chosen.row, from) && settled {
            return Ok(None);
        }
        let to = chosen.row.clone();
        let commit = commit_of(&to, config, repo)?;
        let from_commit = match from.sha.as_deref() {
            Some(sha) => repo.resolve(sha).ok(),
            None => tagged(&from.version, config, repo)?,
        };
        let (mut back, mut again, mut migrations) = (None, 0, Vec::new());
        if let Some(newer) = &from_commit {
            let between = repo.between(newer, Some(&commit))?;
            let base = to.version.parse().ok();
            back =
                Some(Side::new(between.commits, between.cut, base.as_ref(), &rules(config), &config.reading));
            again = repo.between(&commit, Some(newer))?.commits.len();
            let patterns =
                config.environments.get(&item.environment).map(|found| found.migrations.as_slice());
            migrations = repo.differing(&commit, newer, patterns.unwrap_or_default())?;
        }
        let others = all.iter().filter(|other| other.row.id != to.id && !is(other.row, from)).take(NAMED);
        let others =
            others.map(|other| Other { row: other.row.clone(), taken_back: other.taken_back }).collect();
        Ok(Some(Self { from: from.clone(), to, commit, back, again, migrations, others }))
    }

    /// What is deployed.
    pub(super) fn source(&self) -> Source {
        Source {
            version: self.to.version.clone(),
            sha: Some(self.commit.clone()),
            branch: self.to.r#ref.clone(),
            dirty: Some(false),
        }
    }

    /// What went wrong, so that it is held: what is taken back. A way forward takes nothing back, and the same
    /// release again would be held with it.
    pub(super) fn bad(&self) -> Option<&Attempt> {
        let takes_back = self.back.as_ref().is_none_or(|side| side.count > 0);
        (takes_back && !is(&self.to, &self.from)).then_some(&self.from)
    }

    pub(super) fn print(
        &self,
        context: &Context,
        command: &[OsString],
        asks_program: bool,
        list: bool,
    ) -> Result<(), Error> {
        if context.ui.json {
            return Ok(context.ui.document(&self.document(command))?);
        }
        Ok(context.ui.answer(&self.lines(context, command, asks_program, list).join("\n"))?)
    }

    pub(super) fn lines(
        &self,
        context: &Context,
        command: &[OsString],
        asks_program: bool,
        list: bool,
    ) -> Vec<String> {
        let now = context.world.now().as_millisecond();
        let from = &self.from;
        let age = span::age(now - from.finished_at.unwrap_or(from.started_at));
        let state = match from.state {
            State::Succeeded => format!("live {age}"),
            _ => format!("{} {age} ago", text::line(&from.status)),
        };
        let sha =
            from.sha.as_deref().map_or(String::new(), |sha| format!("  {}", text::line(text::short(sha))));
        let mut lines = vec![
            format!("from   {}{sha}  deployment {}, {state}", text::line(&from.version), from.id),
            format!("to     {}", described(&self.to, text::short(&self.commit))),
        ];
        lines.extend(self.back.as_ref().map_or_else(unknown, |side| self.taken_back(side)));
        if let Some(side) = self.back.as_ref().filter(|_| list) {
            lines.extend(compare_list::lines(side, now, true).iter().map(|line| format!("       {line}")));
        }
        for path in &self.migrations {
            lines.push(format!("warn   {} is among them; a rollback does not undo it", text::line(path)));
        }
        let words: Vec<String> = command.iter().map(|part| word(&part.to_string_lossy())).collect();
        lines.push(format!(
            "runs   {}   in a clean worktree of {}",
            words.join(" "),
            text::short(&self.commit)
        ));
        let check = if asks_program { "ask the program, " } else { "" };
        let hold = self.bad().map(|bad| format!(", mark {} bad", text::line(&bad.version)));
        lines.push(format!("then   {check}record the rollback{}", hold.unwrap_or_default()));
        for other in &self.others {
            let short = other.row.sha.as_deref().map_or("", text::short);
            let back = if other.taken_back { ", taken back since" } else { "" };
            lines.push(format!("or     {}{back}", described(&other.row, short)));
        }
        lines
    }

    fn taken_back(&self, side: &Side) -> Vec<String> {
        let all: Vec<_> = side.commits.iter().collect();
        let commits = if side.count == 1 { "commit is" } else { "commits are" };
        let list = if side.count == 0 { String::new() } else { format!(": {} (--list)", tally(&all)) };
        let mut lines = vec![format!("back   {} {commits} taken back{list}", side.number())];
        if self.again > 0 {
            lines.push(format!("again  {} commits come back that are not in it", self.again));
        }
        lines
    }

    fn document(&self, command: &[OsString]) -> Value {
        let words: Vec<_> = command.iter().map(|part| part.to_string_lossy()).collect();
        json!({
            "from": self.from,
            "to": self.to,
            "commit": self.commit,
            "marks": self.bad().map(|bad| &bad.version),
            "taken_back": self.back,
            "come_back": self.again,
            "migrations": self.migrations,
            "command": words,
            "others": self.others,
        })
    }
}

fn unknown() -> Vec<String> {
    vec!["back   unknown: the commit that runs there is not in this clone, run git fetch".to_owned()]
}

/// `1.0.1  764c119  deployment 41, succeeded 2025-10-10 08:45:12 UTC`
fn described(row: &Past, short: &str) -> String {
    let time = Timestamp::from_millisecond(row.at()).unwrap_or_default().strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("{}  {}  deployment {}, succeeded {time}", text::line(&row.version), text::line(short), row.id)
}

/// Whether an attempt put the same there.
fn is(row: &Past, attempt: &Attempt) -> bool {
    let commits = row.sha.as_deref().zip(attempt.sha.as_deref());
    commits.and_then(|(a, b)| same_commit(a, b)).unwrap_or(row.version == attempt.version)
}

fn commit_of(to: &Past, config: &Config, repo: &Repo) -> Result<String, Error> {
    let found = match to.sha.as_deref().filter(|sha| same_commit(sha, sha).is_some()) {
        Some(sha) => repo.resolve(sha).ok(),
        None => tagged(&to.version, config, repo)?,
    };
    found.ok_or_else(|| {
        let short = to.sha.as_deref().map_or("no commit", text::short);
        let message = format!("{} ({short}) is not in this clone", to.version);
        Error::new(Exit::Repository, text::line(&message)).hint("run `git fetch --tags`")
    })
}

fn never(item: &Current, wanted: &str, all: &[Candidate]) -> Error {
    let message = format!("{wanted} never succeeded on {}", item.environment);
    Error::new(Exit::CheckFailed, text::line(&message)).hint(choices(all))
}

fn nothing(item: &Current, all: &[Candidate]) -> Error {
    let message = format!("{} has no earlier good version", item.environment);
    Error::new(Exit::CheckFailed, text::line(&message)).hint(choices(all))
}

fn choices(all: &[Candidate]) -> String {
    let versions: Vec<String> = all.iter().take(NAMED).map(|found| text::line(&found.row.version)).collect();
    match versions.is_empty() {
        true => "deploy a version with `shipmark deploy`".to_owned(),
        false => format!("these succeeded there, and `--to` takes any of them: {}", versions.join(", ")),
    }
}
