//! `shipmark verify`: do VERSION.txt, CHANGELOG.md, the tags and the remote agree?

use clap::Args;
use semver::Version;
use serde_json::json;

use super::{Context, next};
use crate::config::Config;
use crate::domain::checks::{self, Facts, Finding, RemoteFacts, TagFacts};
use crate::domain::manifest::{self, Wrong};
use crate::domain::plan::{Decision, History, Wish};
use crate::error::{Error, Exit, Status};
use crate::git::Repo;
use crate::git::read::{CHANGELOG_FILE, VERSION_FILE};
use crate::git::tags::Named;
use crate::ui::Tone;

/// Check that VERSION.txt, CHANGELOG.md, the tags and the remote agree
#[derive(Args)]
pub(super) struct Verify {
    /// Ask the remote too
    #[arg(long)]
    remote: bool,
}

impl Verify {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        let (findings, decision) = look(context, &repo, &config, self.remote)?;
        if context.ui.json {
            context.ui.document(
                &json!({ "findings": findings, "next": decision.next, "released": decision.released }),
            )?;
        } else {
            for found in &findings {
                let code = context.ui.out(Tone::Bad, &format!("{:<18}", found.code));
                context.ui.answer(&format!("{code} {}\n{:<18} {}", found.problem, "", found.mend))?;
            }
            let due = if decision.released { format!("; {} is due", decision.next) } else { String::new() };
            let count = findings.len();
            context.ui.note(&match count {
                0 => format!("all agree on {}{due}", decision.current),
                1 => format!("1 disagreement{due}"),
                _ => format!("{count} disagreements{due}"),
            });
        }
        Ok(if findings.is_empty() { Exit::Done } else { Exit::CheckFailed }.into())
    }
}

/// What disagrees, and the decision that it was held against.
pub(super) fn look(
    context: &Context,
    repo: &Repo,
    config: &Config,
    remote: bool,
) -> Result<(Vec<Finding>, Decision), Error> {
    let history = super::history(repo, config)?;
    let (history, decision) = next::decide(context, repo, config, history, &Wish::default())?;
    let changelog = repo.file_at(&history.head, CHANGELOG_FILE)?;
    let changelog = changelog.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let tags = repo.version_tags(&config.tag_format)?;
    let released: Vec<Version> = tags.iter().map(|tag| tag.version.clone()).collect();
    let findings = checks::verify(&Facts {
        version: history.version_file.as_ref(),
        changelog: changelog.as_deref(),
        version_files: version_files(repo, config, &history)?,
        released: &released,
        decision: &decision,
        tag: tag_facts(repo, config, &history, &tags)?,
        journal: repo.journal()?.is_some(),
        remote: if remote { Some(remote_facts(repo, config, &decision)?) } else { None },
    });
    Ok((findings, decision))
}

/// Every other version file at HEAD with what is wrong with it.
fn version_files<'a>(
    repo: &Repo,
    config: &'a Config,
    history: &History,
) -> Result<Vec<(&'a str, Option<String>)>, Error> {
    let Some(version) = &history.version_file else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for file in &config.version_files {
        let wrong = match repo.file_at(&history.head, &file.path)? {
            None => Some("it is not there".to_owned()),
            Some(bytes) => match manifest::check(&bytes, &file.places, version) {
                Ok(()) => None,
                Err(Wrong::Differs(why) | Wrong::Unusable(why)) => Some(why),
            },
        };
        files.push((file.path.as_str(), wrong));
    }
    Ok(files)
}

fn tag_facts(
    repo: &Repo,
    config: &Config,
    history: &History,
    tags: &[Named],
) -> Result<Option<TagFacts>, Error> {
    let Some(version) = &history.version_file else { return Ok(None) };
    let name = config.tag_format.tag_of(version);
    let Some(named) = tags.iter().find(|tag| tag.name == name) else { return Ok(None) };
    let Some(tag) = repo.peel(named)? else { return Ok(None) };
    let there = repo.file_at(&tag.commit, VERSION_FILE)?;
    Ok(Some(TagFacts {
        annotated: repo.is_annotated(&name)?,
        on_branch: repo.contains(&history.head, &tag.commit)?,
        version_there: there.and_then(|bytes| manifest::read_plain(&bytes).ok()),
        name,
    }))
}

fn remote_facts(repo: &Repo, config: &Config, decision: &Decision) -> Result<RemoteFacts, Error> {
    let head = repo.head()?;
    let branch_ref = format!("refs/heads/{}", head.branch.ok_or(crate::git::GitError::Detached)?);
    let tag = decision.base.as_ref();
    let tag_ref = tag.map_or_else(|| "refs/tags/none".to_owned(), |tag| format!("refs/tags/{}", tag.name));
    let tips = repo.remote_tips(&config.remote, &branch_ref, [tag_ref.as_str()])?;
    let has_commit = match (&tips.branch, tag) {
        (Some(tip), Some(tag)) if repo.has_commit(tip) => repo.contains(tip, &tag.commit)?,
        _ => false,
    };
    let there = tips.tag(&tag_ref);
    Ok(RemoteFacts {
        name: config.remote.clone(),
        same_tag: there.is_some() && there == repo.reference(&tag_ref)?.as_deref(),
        has_tag: there.is_some(),
        tag: tag.map(|tag| tag.name.clone()),
        has_commit,
    })
}
