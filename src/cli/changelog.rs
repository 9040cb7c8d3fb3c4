//! `shipmark changelog`: what changed, from the commits.

use clap::Args;
use serde_json::json;

use super::rendering::Rendering;
use super::{Context, lint};
use crate::config::Config;
use crate::domain::assemble::AssembleError;
use crate::domain::changelog;
use crate::domain::notes::Subject;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::Repo;
use crate::git::read::CHANGELOG_FILE;

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
        let rendering = Rendering::new(&repo, &config)?;
        let sections = match &self.which {
            Which { range: Some(range), .. } => vec![of_range(&repo, &config, range, &rendering)?],
            Which { latest, all, .. } if *latest || *all => of_releases(&repo, &config, *all, &rendering)?,
            _ => vec![of_window(&repo, &config, &rendering)?],
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

fn unreleased(text: String) -> Section {
    Section { version: "unreleased".to_owned(), text }
}

fn of_window(repo: &Repo, config: &Config, rendering: &Rendering) -> Result<Section, Error> {
    let history = super::history(repo, config)?;
    let previous_tag = history.base.as_ref().map(|base| base.name.as_str());
    let subject = Subject { version: None, tag: None, previous_tag };
    Ok(unreleased(rendering.section(&history.head, &subject, &history.window)?))
}

fn of_range(repo: &Repo, config: &Config, range: &str, rendering: &Rendering) -> Result<Section, Error> {
    let (from, to) = lint::range(range)?;
    let head = repo.resolve(to)?;
    let commits = config.reading.apply(repo.commits(&head, Some(&repo.resolve(from)?))?, &head);
    let subject = Subject { version: None, tag: Some(to), previous_tag: Some(from) };
    Ok(unreleased(rendering.section(&head, &subject, &commits)?))
}

/// So many releases are in memory at a time, beside what was read of the others.
const TOGETHER: usize = 128;

/// Every release from the newest down, or only the newest.
fn of_releases(
    repo: &Repo,
    config: &Config,
    all: bool,
    rendering: &Rendering,
) -> Result<Vec<Section>, Error> {
    let mut releases = repo.releases(&config.tag_format)?;
    let head = repo.head()?.oid;
    if !all {
        releases.retain(|release| release.tag.is_some());
        releases.truncate(2);
    }
    let tags: Vec<_> = releases.iter().map(|release| release.tag.clone()).collect();
    let mut sections = Vec::new();
    let mut at = 0;
    while !releases.is_empty() {
        let rest = releases.split_off(TOGETHER.min(releases.len()));
        let commits = repo.commits_of(std::mem::replace(&mut releases, rest))?;
        let (mut versions, mut notes) = (Vec::new(), Vec::new());
        for commits in commits {
            let tag = tags.get(at).and_then(Option::as_ref);
            let before = tags.get(at + 1).and_then(Option::as_ref);
            at += 1;
            let tip = tag.map_or(&head, |(tag, _)| &tag.commit);
            let commits = config.reading.apply(commits, tip);
            if tag.is_none() && commits.is_empty() {
                continue;
            }
            let subject = Subject {
                version: tag.map(|(tag, time)| (&tag.version, *time)),
                tag: tag.map(|(tag, _)| tag.name.as_str()),
                previous_tag: before.map(|(tag, _)| tag.name.as_str()),
            };
            versions.push(tag.map_or_else(|| "unreleased".to_owned(), |(tag, _)| tag.version.to_string()));
            notes.push(rendering.notes(&head, &subject, &commits)?);
        }
        let texts = rendering.sections(&notes)?;
        sections.extend(versions.into_iter().zip(texts).map(|(version, text)| Section { version, text }));
    }
    if !all {
        sections.truncate(1);
    }
    if sections.is_empty() {
        return Err(Error::new(Exit::Repository, "there is no release yet")
            .hint("run `shipmark changelog` for what is coming"));
    }
    Ok(sections)
}

/// Says whether the file changed.
fn write(context: &Context, repo: &Repo, sections: &[Section]) -> Result<bool, Error> {
    let path = repo.root()?.join(CHANGELOG_FILE);
    let old = files::read_managed(&path)?;
    let mut new = old.clone();
    for section in sections.iter().rev() {
        let spliced = changelog::splice(new.as_deref(), &section.version, &section.text);
        new = Some(spliced.map_err(|error| {
            Error::from(AssembleError::Changelog { path: CHANGELOG_FILE.to_owned(), source: error })
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
