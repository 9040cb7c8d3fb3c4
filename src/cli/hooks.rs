//! `shipmark hooks install`: writes the scripts of `hooks/` to where git looks for them.

use std::path::Path;

use clap::{Args, Subcommand};

use super::Context;
use super::hook::Name;
use crate::domain::text;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::Repo;

/// Install the git hooks
#[derive(Args)]
pub(super) struct Hooks {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write the hooks to where git looks for them; a hook of someone else's is kept and still runs
    Install {
        /// Say what would be written, and write nothing
        #[arg(long)]
        dry_run: bool,
        /// Install even where `CI` is set
        #[arg(long)]
        force: bool,
    },
}

/// The line by which a script of ours is known.
const MARK: &str = "# shipmark-hook ";

/// What is done with one hook.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Write,
    /// Ours, from another version or another place.
    Renew,
    /// Someone else's: it becomes NAME.legacy, which our script runs first.
    Chain,
    Keep,
}

impl Hooks {
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let Action::Install { dry_run, force } = self.action;
        if context.world.var("CI").is_some() && !force {
            context.ui.note("CI is set: no hook is needed here (`--force` installs them all the same)");
            return Ok(Exit::Done.into());
        }
        install(context, &repo, dry_run)?;
        Ok(Exit::Done.into())
    }
}

/// Installs every hook; a second run changes nothing.
pub(super) fn install(context: &Context, repo: &Repo, dry_run: bool) -> Result<(), Error> {
    if let Some((manager, snippet)) = other_manager(repo) {
        context.ui.note(&format!("{manager} manages the hooks here; add to it:\n{snippet}"));
        return Ok(());
    }
    let hooks = repo.hooks_dir()?;
    if let Some((scope, value)) = &hooks.setting
        && matches!(scope.as_str(), "global" | "system")
    {
        let message =
            format!("core.hooksPath is set for all repositories ({scope}: `{}`)", text::line(value));
        return Err(Error::new(Exit::Repository, message)
            .hint("give this repository its own: `git config core.hooksPath .git/hooks`")
            .hint("or call `shipmark hook NAME -- \"$@\"` from the hooks there"));
    }
    let exe = context.world.program()?;
    for (name, script) in Name::SCRIPTS {
        let script = script.replace("@BIN@", &exe.display().to_string().replace('\'', r"'\''"));
        let path = hooks.path.join(name.as_str());
        let step = step(&path, &script)?;
        if !dry_run {
            perform(step, &path, &script)?;
        }
        let what = match step {
            Step::Write => "written",
            Step::Renew => "renewed",
            Step::Chain => "written; the hook that was there runs first, as",
            Step::Keep => "is up to date",
        };
        let legacy = if step == Step::Chain { format!(" {}.legacy", name.as_str()) } else { String::new() };
        let would = if dry_run && step != Step::Keep { "would be " } else { "" };
        context.ui.note(&format!("hook {:<11} {would}{what}{legacy}", name.as_str()));
    }
    Ok(())
}

fn step(path: &Path, script: &str) -> Result<Step, Error> {
    Ok(match files::read(path)? {
        None => Step::Write,
        Some(found) if found == script.as_bytes() => Step::Keep,
        Some(found) if String::from_utf8_lossy(&found).contains(MARK) => Step::Renew,
        Some(_) => {
            let legacy = legacy(path);
            if files::read(&legacy)?.is_some() {
                let message = format!(
                    "both `{}` and `{}` are hooks of someone else's",
                    path.display(),
                    legacy.display()
                );
                return Err(Error::new(Exit::Repository, message)
                    .hint("merge them into one file and remove the other"));
            }
            Step::Chain
        }
    })
}

fn legacy(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".legacy");
    name.into()
}

fn perform(step: Step, path: &Path, script: &str) -> Result<(), Error> {
    match step {
        Step::Keep => return Ok(()),
        Step::Chain => files::rename(path, &legacy(path))?,
        Step::Write | Step::Renew => {}
    }
    Ok(files::replace_executable(path, script.as_bytes())?)
}

/// Another hook manager writes this folder itself and would undo ours.
fn other_manager(repo: &Repo) -> Option<(&'static str, &'static str)> {
    const MANAGERS: [(&str, &str, &str); 4] = [
        (".husky", "husky", HUSKY),
        ("lefthook.yml", "lefthook", LEFTHOOK),
        (".lefthook.yml", "lefthook", LEFTHOOK),
        (".pre-commit-config.yaml", "pre-commit", PRE_COMMIT),
    ];
    let root = repo.root().ok()?;
    MANAGERS
        .into_iter()
        .find(|(path, ..)| root.join(path).exists())
        .map(|(_, manager, snippet)| (manager, snippet))
}

const HUSKY: &str = "  .husky/commit-msg: shipmark hook commit-msg -- \"$1\"
  .husky/pre-push:   shipmark hook pre-push -- \"$1\" \"$2\"
  .husky/post-merge: shipmark hook post-merge -- \"$1\"";
const LEFTHOOK: &str = "  commit-msg: {jobs: [{run: 'shipmark hook commit-msg -- {1}'}]}
  pre-push: {jobs: [{run: 'shipmark hook pre-push -- {1} {2}', use_stdin: true}]}
  post-merge: {jobs: [{run: 'shipmark hook post-merge -- {1}'}]}";
const PRE_COMMIT: &str = "  - repo: local
    hooks:
      - {id: shipmark, name: commit message, entry: shipmark hook commit-msg --, language: system, stages: [commit-msg]}";
