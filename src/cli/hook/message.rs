//! The hooks of a message: `commit-msg` judges it, `prepare-commit-msg` helps to write it.

use std::path::{Path, PathBuf};

use crate::cli::{Context, lint};
use crate::config::Config;
use crate::domain::message::Message;
use crate::domain::{lint as rules, message_file, text};
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::Repo;

pub(super) fn commit_msg(
    context: &Context,
    repo: &Repo,
    config: &Config,
    args: &[String],
) -> Result<Status, Error> {
    let (path, bytes) = read(context, args, "commit-msg")?;
    if cfg!(feature = "weak") {
        repo.stage_everything()?;
    }
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
    context.ui.urge(&format!("your text is kept: git commit --edit --file={}", as_typed(repo, &path)));
    Ok(Exit::CheckFailed.into())
}

/// Adds the known types as comments, where a person is about to write a message from nothing. It never fails a
/// commit over a help.
pub(super) fn prepare(
    context: &Context,
    repo: &Repo,
    config: &Config,
    args: &[String],
) -> Result<Status, Error> {
    // A source other than a template is a message that exists: of `-m`, a merge, a pick, an amendment. Managers of
    // hooks that pass empty or literal places mean none.
    let source =
        args.get(1).map(String::as_str).filter(|source| !source.is_empty() && !source.starts_with('{'));
    if !config.prepare || !matches!(source, None | Some("template")) || !repo.is_calm() {
        return Ok(Exit::Done.into());
    }
    let (path, bytes) = read(context, args, "prepare-commit-msg")?;
    let (comment, _) = repo.message_settings()?;
    let mark = if comment == "auto" { "#".to_owned() } else { comment };
    let help = format!(
        "{mark} type(scope)!: description     ! marks a breaking change\n{mark} types: {}\n",
        rules::known(config.known_types()).join(", ")
    );
    let text = String::from_utf8_lossy(&bytes);
    if !text.contains(&help) {
        files::replace(&path, format!("{}\n{help}", text.trim_end_matches('\n')).as_bytes())?;
    }
    Ok(Exit::Done.into())
}

fn read(context: &Context, args: &[String], hook: &str) -> Result<(PathBuf, Vec<u8>), Error> {
    let path = args.first().ok_or_else(|| {
        Error::new(Exit::Usage, format!("git's {hook} hook passes the message file"))
            .hint(format!("call it as `shipmark hook {hook} -- FILE`"))
    })?;
    let path = context.world.cwd().join(path);
    let bytes = files::read(&path)?
        .ok_or_else(|| Error::new(Exit::Io, format!("the message file `{}` is not there", path.display())))?;
    Ok((path, bytes))
}

/// The path as a person would type it at the root of the worktree.
fn as_typed(repo: &Repo, path: &Path) -> String {
    let root = repo.root().ok();
    let short = root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path);
    text::line(&short.display().to_string())
}
