//! Renders commits by the templates: sections of the changelog and release notes.

use std::path::Path;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::config::{Config, Contributors};
use crate::domain::decide;
use crate::domain::grouping;
use crate::domain::links::Links;
use crate::domain::notes::{self, Notes, Style, Subject};
use crate::domain::plan::{Commit, Decision, History};
use crate::error::{Error, Exit};
use crate::files;
use crate::git::Repo;
use crate::template::{Custom, Templates};

/// Everything that notes are made with, whatever they are about.
pub(super) struct Rendering<'a> {
    repo: &'a Repo,
    contributors: Contributors,
    style: Style,
    templates: Templates,
}

/// The two texts of a release.
pub(super) struct Rendered {
    /// The section of the changelog, with its heading.
    pub(super) section: String,
    /// The release notes, without one.
    pub(super) notes: String,
}

impl<'a> Rendering<'a> {
    pub(super) fn new(repo: &'a Repo, config: &Config) -> Result<Self, Error> {
        let changelog = &config.changelog;
        let remote = repo.remote_url(&config.remote);
        let style = Style {
            links: Links::of(remote.as_deref(), changelog.forge, changelog.base.as_ref()),
            trackers: changelog.trackers.clone(),
            groupings: grouping::groupings(&changelog.groups),
        };
        let custom = match &changelog.templates {
            Some(folder) => custom(repo, folder)?,
            None => Vec::new(),
        };
        Ok(Self {
            repo,
            contributors: changelog.contributors,
            style,
            templates: Templates::markdown(custom)?,
        })
    }

    /// The texts of the version that a decision names.
    pub(super) fn release(
        &self,
        history: &History,
        decision: &Decision,
        time: jiff::Timestamp,
    ) -> Result<Rendered, Error> {
        let subject = Subject {
            version: Some((&decision.next, time)),
            tag: Some(&decision.tag),
            previous_tag: decision.base.as_ref().map(|base| base.name.as_str()),
        };
        let notes = notes::notes(&subject, &self.style, &history.window, notes::shown(decision));
        let people = match self.contributors {
            Contributors::None => Vec::new(),
            _ => self.repo.contributors(&history.head, &history.window)?,
        };
        let in_changelog = if self.contributors == Contributors::All { people.clone() } else { Vec::new() };
        let section = self.fill("changelog", &Notes { contributors: in_changelog, ..notes.clone() })?;
        let notes = self.fill("release-notes", &Notes { contributors: people, ..notes })?;
        Ok(Rendered { section, notes })
    }

    /// The section of some commits, without those that a later one took back; `head` is where they are seen from.
    pub(super) fn section(&self, head: &str, subject: &Subject, commits: &[Commit]) -> Result<String, Error> {
        self.fill("changelog", &self.notes(head, subject, commits)?)
    }

    /// What such a section says.
    pub(super) fn notes(&self, head: &str, subject: &Subject, commits: &[Commit]) -> Result<Notes, Error> {
        let taken_back = decide::taken_back(commits);
        let mut notes = notes::notes(subject, &self.style, commits, |commit| {
            taken_back.is_empty()
                || !taken_back.contains(&(commit.oid.clone(), commit.message.header.clone()))
        });
        if self.contributors == Contributors::All {
            notes.contributors = self.repo.contributors(head, commits)?;
        }
        Ok(notes)
    }

    /// The sections of many notes; a long changelog is filled by all processors.
    pub(super) fn sections(&self, notes: &[Notes]) -> Result<Vec<String>, Error> {
        let templates = &self.templates;
        notes.par_iter().map(|notes| fill(templates, "changelog", notes)).collect()
    }

    fn fill(&self, template: &str, notes: &Notes) -> Result<String, Error> {
        fill(&self.templates, template, notes)
    }
}

fn fill(templates: &Templates, template: &str, notes: &Notes) -> Result<String, Error> {
    Ok(templates.render(template, notes)?.trim_end().to_owned() + "\n")
}

/// The paths of the templates of a repository that may take the place of ours.
pub(super) fn paths(folder: &str) -> impl Iterator<Item = (&'static str, String)> {
    Templates::markdown_names().map(move |name| (name, format!("{folder}/{name}.hbs")))
}

/// Reads the templates that the repository has. They come from the worktree, as its configuration does; a folder
/// with none of them, or with one whose name is none of ours, is a mistake.
fn custom(repo: &Repo, folder: &str) -> Result<Vec<Custom>, Error> {
    let root = repo.root()?;
    let mut found = Vec::new();
    for (name, path) in paths(folder) {
        if let Some(bytes) = files::read_managed(&files::inside(root, &path)?)? {
            let text = String::from_utf8(bytes).map_err(|_| {
                Error::new(Exit::Configuration, format!("`{path}` is not UTF-8")).hint("save it as UTF-8")
            })?;
            found.push(Custom { name, place: path, text });
        }
    }
    let names: Vec<String> = Templates::markdown_names().map(|name| format!("`{name}.hbs`")).collect();
    let hint = format!("a template is named {}", names.join(", "));
    let listed = files::names(&files::inside(root, folder)?)?;
    let is_ours = |file: &String| found.iter().any(|own| *file == format!("{}.hbs", own.name));
    let stranger = listed
        .iter()
        .find(|file| Path::new(file).extension().is_some_and(|end| end == "hbs") && !is_ours(file));
    match stranger {
        Some(file) => {
            let message = format!("`{folder}/{}` is no template of ours", crate::domain::text::line(file));
            Err(Error::new(Exit::Configuration, message).hint(hint))
        }
        None if found.is_empty() => {
            let message = format!("`{folder}`, which `templates.dir` names, holds no template");
            Err(Error::new(Exit::Configuration, message).hint(hint))
        }
        None => Ok(found),
    }
}
