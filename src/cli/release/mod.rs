//! `shipmark release`: version files, changelog, commit and annotated tag, all of it or nothing.

mod announce;
mod publish;
mod show;

use clap::Args;
use semver::Version;
use serde::Serialize;

pub(super) use self::announce::send as announce;
use self::publish::Publish;
pub(super) use self::publish::recover;
pub(super) use self::show::show;
use super::next::Level;
use super::rendering::{self, Rendered, Rendering};
use super::{Context, next};
use crate::config::{self, Config};
use crate::deploy::outbox::Outbox;
use crate::domain::assemble::{self, Managed, Parts};
use crate::domain::plan::{Decision, History, Plan, Wish};
use crate::domain::text;
use crate::domain::version::Bump;
use crate::error::{Error, Exit, Status};
use crate::git::read::{CHANGELOG_FILE, VERSION_FILE};
use crate::git::{Head, Repo};

/// Make the next release: files, commit and annotated tag, all or nothing
#[derive(Args, Default)]
pub(super) struct Release {
    /// Print the plan and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Move branch and tag on the remote, together, before anything moves here
    #[arg(long)]
    push: bool,
    /// Release exactly this version
    #[arg(long, value_name = "VERSION", conflicts_with = "bump")]
    set: Option<Version>,
    /// Take this level instead of that of the commits
    #[arg(long, value_name = "LEVEL")]
    bump: Option<Level>,
    /// Leave 0.x: release 1.0.0
    #[arg(long, conflicts_with_all = ["set", "bump"])]
    graduate: bool,
    /// Fail if nothing asks for a release
    #[arg(long)]
    require_release: bool,
    /// The branch to release on, where HEAD is detached
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// In a CI job, which has said already that the branch is right.
    #[arg(skip)]
    is_job: bool,
    /// No commit: HEAD is tagged with what its VERSION.txt says.
    #[arg(skip)]
    tag_only: bool,
}

/// What a release came to; the answer of `release --json`.
#[derive(Serialize)]
pub(super) struct Outcome {
    pub(super) released: bool,
    pub(super) dry_run: bool,
    pub(super) pushed: bool,
    #[serde(skip)]
    has_remote: bool,
    pub(super) decision: Decision,
    pub(super) plan: Option<Plan>,
    pub(super) commit: Option<String>,
    /// The tags of releases that were made here before and went to the remote now.
    pub(super) earlier: Vec<String>,
    /// The section of the changelog.
    pub(super) notes: String,
}

impl Release {
    /// The release of a CI job: pushed, on a branch that is known to be one for releases.
    pub(super) fn of_job(branch: Option<String>, dry_run: bool) -> Self {
        Self { dry_run, push: true, branch, is_job: true, ..Self::default() }
    }

    /// Only the tag, for what VERSION.txt says.
    pub(super) fn tag_only(dry_run: bool, push: bool, branch: Option<String>) -> Self {
        Self { dry_run, push, branch, tag_only: true, ..Self::default() }
    }

    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        let outcome = self.perform(context, &repo, &config)?;
        // A release that an earlier run pushed and that this one finished is owed too.
        if self.push && !self.dry_run {
            announce::send(context, &repo, &config);
        }
        if context.ui.json {
            context.ui.document(&outcome)?;
        } else {
            show(context, &outcome, &config)?;
        }
        let missing = self.require_release && !outcome.released;
        Ok(if missing { Exit::CheckFailed } else { Exit::Done }.into())
    }

    /// Makes the release, or plans it only, without saying anything but warnings.
    pub(super) fn perform(&self, context: &Context, repo: &Repo, config: &Config) -> Result<Outcome, Error> {
        let _lock = if self.dry_run { None } else { Some(repo.lock()?) };
        if !self.dry_run {
            recover(context, repo, config)?;
        }
        let mut managed = vec![VERSION_FILE, CHANGELOG_FILE];
        managed.extend(config.version_files.iter().map(|file| file.path.as_str()));
        let templates: Vec<String> = config
            .changelog
            .templates
            .iter()
            .flat_map(|folder| rendering::paths(folder))
            .map(|(_, path)| path)
            .collect();
        let read: Vec<&str> = templates.iter().map(String::as_str).chain([config::FILE_NAME]).collect();
        repo.refuse_unready(&[managed.as_slice(), &read].concat())?;
        repo.refuse_unwritable(&managed)?;
        refuse_full_outbox(repo)?;
        let head = repo.head()?;
        let branch = self.branch_of(repo, config, &head)?;
        let history = super::history(repo, config)?;
        let wish = self.wish(&history)?;
        let (history, mut decision) = next::decide(context, repo, config, history, &wish)?;
        if self.tag_only && wish.set.is_none() {
            let reason = format!("VERSION.txt says {}, which is tagged", decision.current);
            decision = decision.withheld(reason);
        }
        if !decision.released {
            let publish = Publish { context, repo, config };
            let pushed = match self.push && !self.dry_run {
                true => publish.earlier(&head, &branch, &decision)?,
                false => Vec::new(),
            };
            return Ok(nothing(self.dry_run, decision, pushed));
        }
        let time = context.world.release_time()?;
        let rendered = Rendering::new(repo, config)?.release(&history, &decision, time)?;
        let mut plan = plan(repo, config, &history, &decision, &branch, &rendered, time)?;
        if self.tag_only {
            plan.files.clear();
        }
        let publish = Publish { context, repo, config };
        let objects = if self.dry_run { None } else { Some(publish.release(&plan, &head, self.push)?) };
        let (commit, earlier) = objects.map(|(objects, earlier)| (objects.commit, earlier)).unzip();
        Ok(Outcome {
            released: true,
            dry_run: self.dry_run,
            pushed: self.push && !self.dry_run,
            has_remote: repo.remote_url(&config.remote).is_some(),
            decision,
            plan: Some(plan),
            commit,
            earlier: earlier.unwrap_or_default(),
            notes: rendered.section,
        })
    }

    /// What was asked for by hand; `tag` asks for what VERSION.txt says.
    fn wish(&self, history: &History) -> Result<Wish, Error> {
        if !self.tag_only {
            return Ok(Wish {
                set: self.set.clone(),
                bump: self.bump.map(Bump::from),
                graduate: self.graduate,
            });
        }
        let version = history.version_file.clone().ok_or_else(|| {
            Error::new(Exit::Repository, format!("`{VERSION_FILE}` is not at HEAD"))
                .hint("commit one that holds the version to tag")
        })?;
        let tagged = history.base.as_ref().is_some_and(|base| base.version == version);
        Ok(if tagged { Wish::default() } else { Wish { set: Some(version), ..Wish::default() } })
    }

    fn branch_of(&self, repo: &Repo, config: &Config, head: &Head) -> Result<String, Error> {
        let branch = match (&head.branch, &self.branch) {
            (Some(branch), Some(named)) if branch != named => {
                let message = format!("HEAD is on `{branch}`, not on `{named}`");
                return Err(Error::new(Exit::Repository, message).hint(format!("run `git switch {named}`")));
            }
            (Some(branch), _) => branch,
            (None, Some(named)) => named,
            (None, None) => return Err(crate::git::GitError::Detached.into()),
        };
        if !self.is_job && repo.is_release_branch(branch, &config.remote)? == Some(false) {
            let message = format!("`{}` is not a branch that releases are made from", text::line(branch));
            return Err(Error::new(Exit::Repository, message).hint("merge it into `main` and release there"));
        }
        Ok(branch.clone())
    }
}

/// A report must never be refused for want of room, so a release, which leads to more of them, is.
fn refuse_full_outbox(repo: &Repo) -> Result<(), Error> {
    let outbox = Outbox::below(&repo.private_dir());
    if !outbox.is_full()? {
        return Ok(());
    }
    let message = format!("the outbox `{}` is full", outbox.folder().display());
    Err(Error::new(Exit::Repository, message)
        .hint("send what waits with `shipmark outbox flush`, or see it with `shipmark outbox list`"))
}

fn nothing(dry_run: bool, decision: Decision, earlier: Vec<String>) -> Outcome {
    Outcome {
        released: false,
        dry_run,
        pushed: !earlier.is_empty(),
        earlier,
        has_remote: false,
        decision,
        plan: None,
        commit: None,
        notes: String::new(),
    }
}

/// Reads the files to edit and assembles the plan.
fn plan(
    repo: &Repo,
    config: &Config,
    history: &History,
    decision: &Decision,
    branch: &str,
    rendered: &Rendered,
    time: jiff::Timestamp,
) -> Result<Plan, Error> {
    let parts = Parts {
        app: &super::app(repo, config)?,
        branch_ref: &format!("refs/heads/{branch}"),
        base: &history.head,
        commit_message: &config.commit_message,
        section: &rendered.section,
        notes: &rendered.notes,
        version_file: managed(repo, &history.head, VERSION_FILE)?,
        changelog: managed(repo, &history.head, CHANGELOG_FILE)?,
        version_files: config
            .version_files
            .iter()
            .map(|file| Ok((managed(repo, &history.head, &file.path)?, file.places.as_slice())))
            .collect::<Result<_, Error>>()?,
        time,
    };
    Ok(assemble::assemble(decision, &parts)?)
}

fn managed<'a>(repo: &Repo, head: &str, path: &'a str) -> Result<Managed<'a>, Error> {
    Ok(Managed { path, bytes: repo.managed(head, path)?, tracked: repo.file_at(head, path)?.is_some() })
}
