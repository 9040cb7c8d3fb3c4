//! Makes a planned release visible. The remote decides first; here only what it accepted becomes visible. From the
//! journal on, a run that dies is finished by the next one.

use super::announce;
use crate::cli::Context;
use crate::config::Config;
use crate::domain::plan::{Decision, Plan};
use crate::domain::text;
use crate::error::Error;
use crate::git::apply::Left;
use crate::git::journal::{Journal, JournalTag, State};
use crate::git::object::Objects;
use crate::git::push::{PushError, RemoteTips};
use crate::git::recover::Recovery;
use crate::git::{Head, Repo};

/// Where a release becomes visible.
pub(super) struct Publish<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) repo: &'a Repo,
    pub(super) config: &'a Config,
}

impl Publish<'_> {
    /// Makes a release, here and with `push` on the remote; returns its objects and the tags of earlier
    /// releases that the remote lacked and has now.
    pub(super) fn release(
        &self,
        plan: &Plan,
        head: &Head,
        push: bool,
    ) -> Result<(Objects, Vec<String>), Error> {
        let repo = self.repo;
        let identity = repo.identity()?;
        repo.refuse_in_the_way(&plan.tag_ref)?;
        let seen = if push {
            let owed = self.unpushed(&plan.base)?;
            let (tips, owed) = self.ask(&plan.branch_ref, owed, Some(&plan.tag_ref))?;
            repo.check_remote(&self.config.remote, plan, &tips)?;
            Some((tips, owed))
        } else {
            None
        };
        let objects = repo.write_objects(plan, &identity)?;
        let (tips, owed) = seen.unzip();
        let remote = tips.as_ref().map(|tips| (self.config.remote.as_str(), tips));
        let journal = Journal::of(plan, &objects, remote, owed.unwrap_or_default(), head.branch.is_none())?;
        let earlier = names(&journal.earlier);
        self.carry_out(journal)?;
        Ok((objects, earlier))
    }

    /// Pushes the releases that were made here before and that the remote lacks; returns their tags.
    pub(super) fn earlier(
        &self,
        head: &Head,
        branch: &str,
        decision: &Decision,
    ) -> Result<Vec<String>, Error> {
        let branch_ref = format!("refs/heads/{branch}");
        let owed = self.unpushed(&head.oid)?;
        if owed.is_empty() {
            return Ok(Vec::new());
        }
        let (tips, owed) = self.ask(&branch_ref, owed, None)?;
        let tags = names(&owed);
        let push = (self.config.remote.as_str(), &tips);
        let Some(journal) = Journal::of_earlier(&head.oid, &branch_ref, &decision.current, owed, push) else {
            return Ok(tags);
        };
        self.repo.check_branch(&self.config.remote, &branch_ref, &head.oid, &tips)?;
        self.carry_out(journal)?;
        Ok(tags)
    }

    /// The releases made here that nobody may have yet.
    fn unpushed(&self, head: &str) -> Result<Vec<JournalTag>, Error> {
        Ok(self.repo.unpushed(&self.config.remote, head, &self.config.tag_format)?)
    }

    /// What the remote has, and which of the earlier releases it lacks.
    fn ask(
        &self,
        branch_ref: &str,
        mut owed: Vec<JournalTag>,
        tag_ref: Option<&str>,
    ) -> Result<(RemoteTips, Vec<JournalTag>), Error> {
        let remote = &self.config.remote;
        let asked = owed.iter().map(|owed| owed.tag_ref.as_str()).chain(tag_ref);
        let tips = self.repo.remote_tips(remote, branch_ref, asked)?;
        owed.retain(|owed| tips.tag(&owed.tag_ref) != Some(&owed.tag));
        match owed.iter().find_map(|owed| Some((owed, tips.tag(&owed.tag_ref)?))) {
            Some((owed, found)) => Err(PushError::Taken {
                remote: remote.clone(),
                reference: owed.tag_ref.clone(),
                found: text::short(found).to_owned(),
            }
            .into()),
            None => Ok((tips, owed)),
        }
    }

    fn carry_out(&self, mut journal: Journal) -> Result<(), Error> {
        let repo = self.repo;
        repo.keep_journal(&journal)?;
        if let Some(remote) = journal.remote.clone() {
            match repo.push(&remote.name, &journal, remote.tip.as_deref()) {
                Ok(()) => {}
                // Whether the remote took it is for the next run to find out.
                Err(unknown @ PushError::Unknown { .. }) => return Err(unknown.into()),
                Err(error) => {
                    repo.drop_journal()?;
                    return Err(error.into());
                }
            }
            journal.state = State::Pushed;
            repo.keep_journal(&journal)?;
        }
        let left = match repo.finish(&journal) {
            Ok(left) => left,
            Err(error) => {
                // Nothing of a local release is visible before its tag, so there is nothing to finish.
                if journal.remote.is_none()
                    && repo.reference(&journal.tag_ref)?.as_ref() != Some(&journal.tag)
                {
                    repo.drop_journal()?;
                }
                return Err(error.into());
            }
        };
        announce::keep(repo, self.config, &journal)?;
        repo.drop_journal()?;
        warn_of(self.context, &journal, &left);
        Ok(())
    }
}

fn names(tags: &[JournalTag]) -> Vec<String> {
    tags.iter().map(|tag| tag.tag_ref.trim_start_matches("refs/tags/").to_owned()).collect()
}

/// Settles what a run that died left behind, and says so.
pub(in crate::cli) fn recover(context: &Context, repo: &Repo, config: &Config) -> Result<(), Error> {
    match repo.recover()? {
        Recovery::Nothing => {}
        Recovery::Finished(journal, left) => {
            announce::keep(repo, config, &journal)?;
            repo.drop_journal()?;
            context.ui.note(&format!("finished the release of {} that was cut short", journal.version));
            warn_of(context, &journal, &left);
        }
        Recovery::Forgotten(journal, why) => context.ui.warn(&format!(
            "a release of {} was cut short and is forgotten: {}; nothing of it was visible",
            journal.version,
            text::line(&why)
        )),
    }
    Ok(())
}

fn warn_of(context: &Context, journal: &Journal, left: &[Left]) {
    for left in left {
        match left {
            Left::Branch => context.ui.warn(&format!(
                "{} moved meanwhile, so the release commit is not on it; run `git merge {}`",
                journal.moving_ref(),
                text::short(&journal.commit)
            )),
            Left::File(path) => context
                .ui
                .warn(&format!("`{path}` was edited meanwhile and stays as it is; see `git diff -- {path}`")),
        }
    }
}
