//! The hook before a push: commits must be conventional, and a release tag must tell the truth.

use semver::Version;

use super::sync;
use crate::cli::{Context, lint, next};
use crate::config::Config;
use crate::domain::checks::{self, PushedTag};
use crate::domain::decide;
use crate::domain::manifest::{self, Wrong};
use crate::domain::plan::Wish;
use crate::domain::pushed::Pushed;
use crate::domain::{changelog, text};
use crate::error::{Error, Exit, Status};
use crate::git::Repo;
use crate::git::read::{CHANGELOG_FILE, VERSION_FILE};
use crate::ui::Tone;

pub(super) fn pre_push(
    context: &Context,
    repo: &Repo,
    config: &Config,
    args: &[String],
    lines: &str,
) -> Result<Status, Error> {
    let remote = args.first().map_or(config.remote.as_str(), String::as_str);
    let (mut bad_messages, mut bad_tags, mut pushes_head) = (false, false, false);
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let pushed = Pushed::parse(line).ok_or_else(|| {
            Error::new(Exit::Usage, format!("`{}` is no line of git's pre-push hook", text::line(line)))
                .hint("pass on git's own stdin, unchanged")
        })?;
        if let Some(name) = pushed.remote_ref.strip_prefix("refs/tags/") {
            bad_tags |= judge_tag(context, repo, config, name, &pushed)?;
        }
        let Some(tip) = pushed.local_oid.filter(|_| pushed.remote_ref.starts_with("refs/heads/")) else {
            continue;
        };
        pushes_head |= repo.head().is_ok_and(|head| head.oid == tip);
        let known = known_to(repo, config, remote, pushed.remote_oid.as_deref())?;
        bad_messages |= lint::report(context, &lint::judge_range(repo, config, &tip, &known)?);
    }
    if bad_messages {
        context.ui.urge("push refused: mend the messages with `git rebase -i`, or push with --no-verify");
    }
    if bad_tags {
        context
            .ui
            .urge("push refused: a release tag must say what it holds; push with --no-verify to insist");
    }
    if bad_messages || bad_tags {
        return Ok(Exit::CheckFailed.into());
    }
    if pushes_head {
        // The preview informs; a push is never refused for it.
        if let Err(error) = sync::preview(context, repo, config) {
            context.ui.detail(&format!("no preview: {}", error.message));
        }
    }
    Ok(Exit::Done.into())
}

/// Says what is wrong with a pushed release tag; returns whether anything is.
fn judge_tag(
    context: &Context,
    repo: &Repo,
    config: &Config,
    name: &str,
    pushed: &Pushed,
) -> Result<bool, Error> {
    let Some(version) = config.tag_format.version_of(name) else { return Ok(false) };
    let commit = match &pushed.local_oid {
        None => None,
        Some(object) => Some(repo.resolve(object)?),
    };
    let (mut version_there, mut version_files, mut top, mut asked) = (None, Vec::new(), None, None);
    if let Some(commit) = &commit {
        version_there =
            repo.file_at(commit, VERSION_FILE)?.and_then(|bytes| manifest::read_plain(&bytes).ok());
        version_files = lying(repo, config, commit, &version)?;
        let changelog = repo.file_at(commit, CHANGELOG_FILE)?;
        let sections = changelog.map(|bytes| changelog::versions(&String::from_utf8_lossy(&bytes)));
        top = sections.and_then(|sections| sections.into_iter().next());
        let mut history = repo.history_at(commit, &config.tag_format, Some(name))?;
        history.window = config.reading.apply(history.window, commit);
        let decision = decide::decide(&history, &next::rules(config), &Wish::default()).ok();
        asked = decision
            .filter(|decision| history.base.is_some() && decision.bump.is_some())
            .map(|decision| decision.next);
    }
    let annotated = match &pushed.local_oid {
        Some(object) => repo.is_tag_object(object)?,
        None => true,
    };
    let findings = checks::pushed_tag(&PushedTag {
        name,
        version: &version,
        deleted: commit.is_none(),
        moved: pushed.remote_oid.is_some(),
        annotated,
        version_there,
        version_files,
        changelog_top: top,
        asked,
    });
    for found in &findings {
        let label = context.ui.err(Tone::Bad, "error  ");
        context.ui.urge(&format!("{label} {}: {}\n        {}", found.code, found.problem, found.mend));
    }
    Ok(!findings.is_empty())
}

/// The version files of a commit that say another version. Those that it lacks, or keeps in another form, are
/// from before today's configuration.
fn lying<'a>(
    repo: &Repo,
    config: &'a Config,
    commit: &str,
    version: &Version,
) -> Result<Vec<(&'a str, String)>, Error> {
    let mut lying = Vec::new();
    for file in &config.version_files {
        let Some(bytes) = repo.file_at(commit, &file.path)? else { continue };
        if let Err(Wrong::Differs(why)) = manifest::check(&bytes, &file.places, version) {
            lying.push((file.path.as_str(), why));
        }
    }
    Ok(lying)
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
