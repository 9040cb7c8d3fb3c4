//! `shipmark changelog`: what changed, from the commits.

use clap::Args;

use super::{Context, lint};
use crate::config::Config;
use crate::domain::changelog;
use crate::domain::decide;
use crate::domain::links::Links;
use crate::domain::notes::{self, Subject};
use crate::domain::plan::{Commit, Decision};
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::Repo;
use crate::git::read::CHANGELOG_FILE;
use crate::template::Templates;

/// Print what changed since the last release
#[derive(Args)]
pub(super) struct Changelog {
    /// The commits since the last release; this is what happens without an option too
    #[arg(long, conflicts_with = "range")]
    unreleased: bool,
    /// The commits that B has and A lacks
    #[arg(long, value_name = "A..B")]
    range: Option<String>,
    /// Put the section into CHANGELOG.md instead of printing it
    #[arg(long, conflicts_with = "range")]
    write: bool,
}

impl Changelog {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        let links = links(&repo, &config);
        let section = match &self.range {
            Some(range) => section_of_range(&repo, range, links.as_ref())?,
            None => unreleased(&repo, &config, links.as_ref())?,
        };
        if self.write {
            write(context, &repo, &section)?;
        } else if context.ui.json {
            context.ui.document(&serde_json::json!({ "markdown": section }))?;
        } else {
            context.ui.answer(&section)?;
        }
        Ok(Exit::Done.into())
    }
}

/// The forge of the remote that releases go to.
pub(super) fn links(repo: &Repo, config: &Config) -> Option<Links> {
    Links::of_remote(&repo.remote_url(&config.remote)?)
}

/// The section of the version that a decision names.
pub(super) fn section(
    decision: &Decision,
    commits: &[Commit],
    time: jiff::Timestamp,
    links: Option<&Links>,
) -> Result<String, Error> {
    let subject = Subject {
        version: Some((&decision.next, time)),
        tag: Some(&decision.tag),
        previous_tag: decision.base.as_ref().map(|base| base.name.as_str()),
        links,
    };
    render(&subject, commits, notes::shown(decision))
}

fn unreleased(repo: &Repo, config: &Config, links: Option<&Links>) -> Result<String, Error> {
    let history = repo.history(&config.tag_format)?;
    let previous_tag = history.base.as_ref().map(|base| base.name.as_str());
    let subject = Subject { version: None, tag: None, previous_tag, links };
    render_live(&subject, &history.window)
}

fn section_of_range(repo: &Repo, range: &str, links: Option<&Links>) -> Result<String, Error> {
    let (from, to) = lint::range(range)?;
    let commits = repo.commits(&repo.resolve(to)?, Some(&repo.resolve(from)?))?;
    let subject = Subject { version: None, tag: Some(to), previous_tag: Some(from), links };
    render_live(&subject, &commits)
}

/// Renders what no later commit took back.
fn render_live(subject: &Subject, commits: &[Commit]) -> Result<String, Error> {
    let taken_back = decide::taken_back(commits);
    render(subject, commits, |commit| !taken_back.contains(&commit.oid))
}

fn render(subject: &Subject, commits: &[Commit], shown: impl Fn(&Commit) -> bool) -> Result<String, Error> {
    let notes = notes::notes(subject, commits, shown);
    Ok(Templates::markdown()?.render("changelog", &notes)?.trim_end().to_owned() + "\n")
}

fn write(context: &Context, repo: &Repo, section: &str) -> Result<(), Error> {
    let path = repo.root()?.join(CHANGELOG_FILE);
    let old = files::read_managed(&path)?;
    let new = changelog::splice(old.as_deref(), "unreleased", section).map_err(|error| {
        Error::new(Exit::Repository, format!("`{CHANGELOG_FILE}`: {error}")).hint("save it as UTF-8")
    })?;
    if old.as_deref() == Some(new.as_slice()) {
        context.ui.note(&format!("{CHANGELOG_FILE} says it already"));
    } else {
        files::replace(&path, &new)?;
        context.ui.note(&format!("{CHANGELOG_FILE} updated"));
    }
    Ok(())
}
