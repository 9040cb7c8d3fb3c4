//! Writes and removes the scripts. Everything is decided before the first file is touched.

use std::path::PathBuf;

use serde::Serialize;

use super::{is_ours, legacy};
use crate::cli::Context;
use crate::cli::hook::Name;
use crate::domain::text;
use crate::error::{Error, Exit};
use crate::files;
use crate::git::Repo;

/// What is done with one hook.
struct Step {
    name: &'static str,
    path: PathBuf,
    script: String,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
enum What {
    #[serde(rename = "written")]
    Write,
    /// Someone else's: it becomes NAME.legacy, which our script runs first.
    #[serde(rename = "chained")]
    Chain,
    #[serde(rename = "kept")]
    Keep,
}

/// What an installation did, as `--json` says it.
#[derive(Serialize)]
pub(in crate::cli) struct Installed {
    installed: bool,
    dry_run: bool,
    /// Why nothing was installed.
    reason: Option<String>,
    hooks: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    hook: &'static str,
    path: String,
    action: What,
}

impl Installed {
    /// Nothing was installed.
    pub(in crate::cli) fn not(reason: impl Into<String>) -> Self {
        Self { installed: false, dry_run: false, reason: Some(reason.into()), hooks: Vec::new() }
    }
}

/// Installs every hook; a second run changes nothing.
pub(in crate::cli) fn install(context: &Context, repo: &Repo, dry_run: bool) -> Result<Installed, Error> {
    if let Some((manager, snippet)) = other_manager(repo) {
        let reason = format!("{manager} manages the hooks here");
        context.ui.note(&format!("{reason}; add to it:\n{snippet}"));
        return Ok(Installed::not(reason));
    }
    let steps = plan(context, repo)?;
    if !dry_run {
        for step in &steps {
            perform(step)?;
        }
    }
    announce(context, &steps, dry_run);
    let line =
        |step: &Step| Line { hook: step.name, path: step.path.display().to_string(), action: step.what };
    Ok(Installed { installed: !dry_run, dry_run, reason: None, hooks: steps.iter().map(line).collect() })
}

fn announce(context: &Context, steps: &[Step], dry_run: bool) {
    let names = |what: What| {
        let names: Vec<&str> = steps.iter().filter(|step| step.what == what).map(|step| step.name).collect();
        names.join(", ")
    };
    let would = if dry_run { "would be " } else { "" };
    for step in steps.iter().filter(|step| step.what == What::Chain) {
        context.ui.note(&format!(
            "hook {name}: {would}written; the one that was there runs first, as {name}.legacy",
            name = step.name
        ));
    }
    for (what, words) in [(What::Write, format!("{would}written")), (What::Keep, "up to date".to_owned())] {
        let names = names(what);
        if !names.is_empty() {
            context.ui.note(&format!("hooks            {words}: {names}"));
        }
    }
}

/// Every step, or the reason why none may be taken.
fn plan(context: &Context, repo: &Repo) -> Result<Vec<Step>, Error> {
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
    let step = |(name, script): (Name, &str)| {
        let path = hooks.path.join(name.as_str());
        let script = filled(context, script)?;
        let what = match files::read(&path)? {
            Some(found) if found == script.as_bytes() && files::is_executable(&path) => What::Keep,
            Some(found) if !is_ours(&found) => What::Chain,
            _ => What::Write,
        };
        let kept = legacy(&path);
        if what == What::Chain && files::read(&kept)?.is_some() {
            let message =
                format!("`{}` and `{}` are both hooks of someone else's", path.display(), kept.display());
            return Err(Error::new(Exit::Repository, message)
                .hint("merge them into one file and remove the other; nothing was written"));
        }
        Ok(Step { name: name.as_str(), path, script, what })
    };
    Name::SCRIPTS.into_iter().map(step).collect()
}

/// The script with the path of this binary in it, quoted for the shell.
pub(super) fn filled(context: &Context, script: &str) -> Result<String, Error> {
    let program = context.world.program()?.display().to_string();
    Ok(script.replace("@BIN@", &program.replace('\'', r"'\''")))
}

fn perform(step: &Step) -> Result<(), Error> {
    match step.what {
        What::Keep => return Ok(()),
        What::Chain => files::rename(&step.path, &legacy(&step.path))?,
        What::Write => {}
    }
    Ok(files::replace_executable(&step.path, step.script.as_bytes())?)
}

/// Removes what is ours and puts back what was there before; everything else stays.
pub(super) fn uninstall(context: &Context, repo: &Repo) -> Result<(), Error> {
    let hooks = repo.hooks_dir()?;
    let (mut removed, mut restored) = (Vec::new(), Vec::new());
    for (name, _) in Name::SCRIPTS {
        let path = hooks.path.join(name.as_str());
        if !files::read(&path)?.is_some_and(|found| is_ours(&found)) {
            continue;
        }
        if files::read(&legacy(&path))?.is_some() {
            files::rename(&legacy(&path), &path)?;
            restored.push(name.as_str());
        } else {
            files::remove(&path)?;
            removed.push(name.as_str());
        }
    }
    for (what, names) in [("removed", &removed), ("put back", &restored)] {
        if !names.is_empty() {
            context.ui.note(&format!("hooks            {what}: {}", names.join(", ")));
        }
    }
    if removed.is_empty() && restored.is_empty() {
        context.ui.note("no hook of shipmark's is installed here");
    }
    if context.ui.json {
        context.ui.document(&serde_json::json!({ "removed": removed, "restored": restored }))?;
    }
    Ok(())
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
