//! `shipmark changelog`: what changed, from the commits.

use clap::Args;
use serde_json::json;

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
use crate::git::releases::Brought;
use crate::template::Templates;

/// Print what changed since the last release
#[derive(Args)]
pub(super) struct Changelog {
    #[command(flatten)]
    which: Which,
    /// Put the sections into CHANGELOG.md instead of printing them
    #[arg(long, conflicts_with = "range")]
    write: bool,
}

#[derive(Args)]
#[group(multiple = false)]
struct Which {
    /// The commits since the last release; this is what happens without an option too
    #[arg(long)]
    unreleased: bool,
    /// The newest release
    #[arg(long)]
    latest: bool,
    /// Every release, and what is not released yet
    #[arg(long)]
    all: bool,
    /// The commits that B has and A lacks
    #[arg(long, value_name = "A..B")]
    range: Option<String>,
}

/// A rendered section and the version that it is about, or `unreleased`.
struct Section {
    version: String,
    text: String,
}

impl Changelog {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        let links = links(&repo, &config);
        let sections = match &self.which {
            Which { range: Some(range), .. } => vec![of_range(&repo, range, links.as_ref())?],
            Which { latest, all, .. } if *latest || *all => {
                of_releases(&repo, &config, *all, links.as_ref())?
            }
            _ => vec![of_window(&repo, &config, links.as_ref())?],
        };
        let written = if self.write { Some(write(context, &repo, &sections)?) } else { None };
        if context.ui.json {
            let listed: Vec<_> = sections
                .iter()
                .map(|section| json!({ "version": section.version, "markdown": section.text }))
                .collect();
            context.ui.document(&json!({ "sections": listed, "written": written }))?;
        } else if written.is_none() {
            let texts: Vec<&str> = sections.iter().map(|section| section.text.as_str()).collect();
            context.ui.answer(&texts.join("\n"))?;
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
    render(&Templates::markdown()?, &subject, commits, notes::shown(decision))
}

fn unreleased(text: String) -> Section {
    Section { version: "unreleased".to_owned(), text }
}

fn of_window(repo: &Repo, config: &Config, links: Option<&Links>) -> Result<Section, Error> {
    let history = repo.history(&config.tag_format)?;
    let previous_tag = history.base.as_ref().map(|base| base.name.as_str());
    let subject = Subject { version: None, tag: None, previous_tag, links };
    Ok(unreleased(render_live(&Templates::markdown()?, &subject, &history.window)?))
}

fn of_range(repo: &Repo, range: &str, links: Option<&Links>) -> Result<Section, Error> {
    let (from, to) = lint::range(range)?;
    let commits = repo.commits(&repo.resolve(to)?, Some(&repo.resolve(from)?))?;
    let subject = Subject { version: None, tag: Some(to), previous_tag: Some(from), links };
    Ok(unreleased(render_live(&Templates::markdown()?, &subject, &commits)?))
}

/// Every release from the newest down, or only the newest.
fn of_releases(
    repo: &Repo,
    config: &Config,
    all: bool,
    links: Option<&Links>,
) -> Result<Vec<Section>, Error> {
    let releases = repo.releases(&config.tag_format)?;
    let templates = Templates::markdown()?;
    let mut sections = Vec::new();
    for (at, release) in releases.iter().enumerate() {
        let before = releases.get(at + 1).and_then(|before| before.tag.as_ref());
        let previous_tag = before.map(|tag| tag.name.as_str());
        let commits = &release.commits;
        match &release.tag {
            None if !all || commits.is_empty() => {}
            None => {
                let subject = Subject { version: None, tag: None, previous_tag, links };
                sections.push(unreleased(render_live(&templates, &subject, commits)?));
            }
            Some(_) => sections.push(of_release(repo, &templates, release, previous_tag, links)?),
        }
        if !all && !sections.is_empty() {
            break;
        }
    }
    if sections.is_empty() {
        return Err(Error::new(Exit::Repository, "there is no release yet")
            .hint("run `shipmark changelog` for what is coming"));
    }
    Ok(sections)
}

fn of_release(
    repo: &Repo,
    templates: &Templates,
    release: &Brought,
    previous_tag: Option<&str>,
    links: Option<&Links>,
) -> Result<Section, Error> {
    let Some(tag) = &release.tag else { return Err(Error::new(Exit::Bug, "a release without a tag")) };
    let version = Some((&tag.version, repo.time_of(&tag.commit)?));
    let subject = Subject { version, tag: Some(&tag.name), previous_tag, links };
    Ok(Section {
        version: tag.version.to_string(),
        text: render_live(templates, &subject, &release.commits)?,
    })
}

/// Renders what no later commit took back.
fn render_live(templates: &Templates, subject: &Subject, commits: &[Commit]) -> Result<String, Error> {
    let taken_back = decide::taken_back(commits);
    render(templates, subject, commits, |commit| !taken_back.contains(&commit.oid))
}

fn render(
    templates: &Templates,
    subject: &Subject,
    commits: &[Commit],
    shown: impl Fn(&Commit) -> bool,
) -> Result<String, Error> {
    let notes = notes::notes(subject, commits, shown);
    Ok(templates.render("changelog", &notes)?.trim_end().to_owned() + "\n")
}

/// Says whether the file changed.
fn write(context: &Context, repo: &Repo, sections: &[Section]) -> Result<bool, Error> {
    let path = repo.root()?.join(CHANGELOG_FILE);
    let old = files::read_managed(&path)?;
    let mut new = old.clone();
    for section in sections.iter().rev() {
        let spliced = changelog::splice(new.as_deref(), &section.version, &section.text);
        new = Some(spliced.map_err(|error| {
            Error::new(Exit::Repository, format!("`{CHANGELOG_FILE}`: {error}")).hint("save it as UTF-8")
        })?);
    }
    if old == new {
        context.ui.note(&format!("{CHANGELOG_FILE} says it already"));
        return Ok(false);
    }
    files::replace(&path, &new.unwrap_or_default())?;
    context.ui.note(&format!("{CHANGELOG_FILE} updated"));
    Ok(true)
}
