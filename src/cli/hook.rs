//! `shipmark hook NAME -- ARGS`: what the scripts in `hooks/` call. A hook never releases and never reports:
//! git has fixed the references of a push before its hook runs, and knows no hook after it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Context, lint, next};
use crate::config::Config;
use crate::domain::message::Message;
use crate::domain::message_file;
use crate::domain::plan::Wish;
use crate::domain::pushed::Pushed;
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::Repo;
use crate::git::read::VERSION_FILE;
use crate::process::Invocation;

/// Run one git hook; the scripts that `hooks install` writes call this
#[derive(Args)]
pub(super) struct Hook {
    name: Name,
    /// The folder of the calling script; a hook that was there before stands beside it as NAME.legacy
    #[arg(long, value_name = "DIR")]
    hook_dir: Option<PathBuf>,
    /// What git passed
    #[arg(last = true)]
    args: Vec<String>,
}

/// The hooks that shipmark serves.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Name {
    CommitMsg,
    PrePush,
    PostMerge,
}

impl Name {
    /// Every hook with the script that calls it.
    pub(super) const SCRIPTS: [(Self, &'static str); 3] = [
        (Self::CommitMsg, include_str!("../../hooks/commit-msg")),
        (Self::PrePush, include_str!("../../hooks/pre-push")),
        (Self::PostMerge, include_str!("../../hooks/post-merge")),
    ];

    /// The name that git knows it by.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::CommitMsg => "commit-msg",
            Self::PrePush => "pre-push",
            Self::PostMerge => "post-merge",
        }
    }
}

/// A legacy hook may run a test suite.
const LEGACY: Duration = Duration::from_hours(1);

impl Hook {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let mut input = Vec::new();
        if self.name == Name::PrePush {
            std::io::stdin().lock().read_to_end(&mut input)?;
        }
        if let Some(status) = self.legacy(context, &input)? {
            return Ok(status);
        }
        if self.skipped(context) {
            return Ok(Exit::Done.into());
        }
        let start = context.global.repo.as_deref().unwrap_or_else(|| context.world.cwd());
        let repo = Repo::open(start, context.global.repo.is_none())?;
        let config = context.config(Some(&repo))?;
        match self.name {
            Name::CommitMsg => self.commit_msg(context, &repo, &config),
            Name::PrePush => self.pre_push(context, &repo, &config, &String::from_utf8_lossy(&input)),
            Name::PostMerge => {
                // git ignores how this hook ends, and the merge is made: nothing may look like a failure of it.
                if let Err(error) = preview(context, &repo, &config) {
                    context.ui.warn(&error.message);
                }
                Ok(Exit::Done.into())
            }
        }
    }

    /// Runs the hook that was there before us, first and with everything that git gave us; its failure is ours.
    fn legacy(&self, context: &Context, input: &[u8]) -> Result<Option<Status>, Error> {
        let Some(script) =
            self.hook_dir.as_ref().map(|dir| dir.join(format!("{}.legacy", self.name.as_str())))
        else {
            return Ok(None);
        };
        let script = if script.is_absolute() { script } else { context.world.cwd().join(script) };
        if context.world.var("SHIPMARK_IN_LEGACY").is_some() || files::read(&script)?.is_none() {
            return Ok(None);
        }
        let done = Invocation::in_hook(&script, &self.args, context.world.cwd())
            .env("SHIPMARK_IN_LEGACY", "1")
            .capture(input, LEGACY)?;
        for text in [done.text(), done.complaint()].iter().filter(|text| !text.is_empty()) {
            context.ui.urge(text);
        }
        let code = done.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        Ok((code != 0).then_some(Status::Child(code)))
    }

    fn skipped(&self, context: &Context) -> bool {
        let var = |name| context.world.var(name).unwrap_or_default();
        let named =
            var("SHIPMARK_SKIP").split(',').any(|name| name.trim() == self.name.as_str() || name == "1");
        named || var("SHIPMARK") == "0" || !var("SHIPMARK_HOOK_ACTIVE").is_empty()
    }

    fn commit_msg(&self, context: &Context, repo: &Repo, config: &Config) -> Result<Status, Error> {
        let path = self.args.first().ok_or_else(|| {
            Error::new(Exit::Usage, "git's commit-msg hook passes the message file")
                .hint("call it as `shipmark hook commit-msg -- FILE`")
        })?;
        let path = context.world.cwd().join(path);
        let bytes = files::read(&path)?.ok_or_else(|| {
            Error::new(Exit::Io, format!("the message file `{}` is not there", path.display()))
        })?;
        let (comment, cleanup) = repo.message_settings()?;
        let message = message_file::clean(&String::from_utf8_lossy(&bytes), &comment, cleanup);
        // git aborts by itself on an empty message, and a merge's message is git's own.
        if message.is_empty() || repo.is_merging() {
            return Ok(Exit::Done.into());
        }
        let finding = lint::judge(None, &Message::parse(&message), config);
        if !lint::report(context, &[finding]) {
            return Ok(Exit::Done.into());
        }
        context.ui.urge(&format!("your text is kept: git commit --edit --file={}", kept(repo, &path)));
        Ok(Exit::CheckFailed.into())
    }

    fn pre_push(
        &self,
        context: &Context,
        repo: &Repo,
        config: &Config,
        lines: &str,
    ) -> Result<Status, Error> {
        let remote = self.args.first().map_or(config.remote.as_str(), String::as_str);
        let mut refused = false;
        let mut pushes_head = false;
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let pushed = Pushed::parse(line).ok_or_else(|| {
                Error::new(Exit::Usage, format!("`{}` is no line of git's pre-push hook", text::line(line)))
                    .hint("pass on git's own stdin, unchanged")
            })?;
            let Some(tip) = pushed.local_oid.filter(|_| pushed.remote_ref.starts_with("refs/heads/")) else {
                continue;
            };
            pushes_head |= repo.head().is_ok_and(|head| head.oid == tip);
            let known = known_to(repo, config, remote, pushed.remote_oid.as_deref())?;
            refused |= lint::report(context, &lint::judge_range(repo, config, &tip, &known)?);
        }
        if refused {
            context.ui.urge("push refused: mend the messages with `git rebase -i`, or push with --no-verify");
            return Ok(Exit::CheckFailed.into());
        }
        if pushes_head {
            preview(context, repo, config)?;
        }
        Ok(Exit::Done.into())
    }
}

/// The commits whose history the remote has already, so that the pusher is not blamed for it. A remote without
/// any branch gets what is older than the newest release, or than VERSION.txt, unjudged.
fn known_to(repo: &Repo, config: &Config, remote: &str, tip: Option<&str>) -> Result<Vec<String>, Error> {
    if let Some(tip) = tip.filter(|tip| repo.has_commit(tip)) {
        return Ok(vec![tip.to_owned()]);
    }
    let tracked = repo.tracked(remote)?;
    if !tracked.is_empty() {
        return Ok(tracked);
    }
    let base = repo.history(&config.tag_format)?.base.map(|base| base.commit);
    Ok(match base {
        Some(base) => vec![base],
        None => repo.added(VERSION_FILE)?.into_iter().collect(),
    })
}

/// One line on what the commits amount to.
fn preview(context: &Context, repo: &Repo, config: &Config) -> Result<(), Error> {
    let history = repo.history(&config.tag_format)?;
    let decision = next::decide(context, config, &history, &Wish::default())?;
    if decision.released {
        context.ui.note(&format!("next: {} ({})", decision.next, decision.reason));
    }
    Ok(())
}

/// The path as a person would type it at the root of the worktree.
fn kept(repo: &Repo, path: &Path) -> String {
    let root = repo.root().ok();
    let short = root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path);
    text::line(&short.display().to_string())
}
