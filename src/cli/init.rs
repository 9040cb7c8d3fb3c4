//! `shipmark init`: what a repository needs to begin, and nothing that is there already.

use clap::Args;
use serde_json::json;

use super::Context;
use super::hooks::{self, Installed};
use crate::config::{self, keys};
use crate::domain::changelog;
use crate::error::{Error, Exit, Status};
use crate::files;
use crate::git::read::{CHANGELOG_FILE, VERSION_FILE};
use crate::git::{GitError, Repo};

/// Write VERSION.txt, CHANGELOG.md, a commented shipmark.toml and the git hooks
#[derive(Args)]
pub(super) struct Init {}

impl Init {
    #[expect(clippy::unused_self, reason = "every command runs in the same way")]
    pub(super) fn run(self, context: &Context) -> Result<Status, Error> {
        let repo = context.repo()?;
        let config = context.config(Some(&repo))?;
        let root = repo.root()?.to_owned();
        let released = match repo.history(&config.tag_format) {
            Ok(history) => history.base.map(|base| base.version),
            Err(GitError::Unborn) => None,
            Err(error) => return Err(error.into()),
        };
        let version = released.unwrap_or(config.initial);
        let mut files = Vec::new();
        for (name, text, what) in [
            (VERSION_FILE, format!("{version}\n"), version.to_string()),
            (CHANGELOG_FILE, changelog::PREAMBLE.to_owned(), "filled by `shipmark release`".to_owned()),
            (config::FILE_NAME, commented(), "every key, commented out".to_owned()),
        ] {
            let written = create(context, &root, name, text.as_bytes(), &what)?;
            files.push(json!({ "path": name, "written": written }));
        }
        let hooks = install_hooks(context, &repo)?;
        if context.ui.json {
            context.ui.document(&json!({ "version": version, "files": files, "hooks": hooks }))?;
        }
        Ok(Exit::Done.into())
    }
}

/// Writes a file unless there is one; says whether it did.
fn create(
    context: &Context,
    root: &std::path::Path,
    name: &str,
    bytes: &[u8],
    what: &str,
) -> Result<bool, Error> {
    let path = root.join(name);
    if files::read_managed(&path)?.is_some() {
        context.ui.note(&format!("{name:<16} is there"));
        return Ok(false);
    }
    files::replace(&path, bytes)?;
    context.ui.note(&format!("{name:<16} written: {what}"));
    Ok(true)
}

/// A repository can begin without hooks: where they cannot be installed, the user is told how to go on.
fn install_hooks(context: &Context, repo: &Repo) -> Result<Installed, Error> {
    if context.world.var("CI").is_some() {
        context.ui.note("no hooks: CI is set");
        return Ok(Installed::not("CI is set"));
    }
    match hooks::install(context, repo, false) {
        Err(refused) if refused.exit == Exit::Repository => {
            context.ui.warn_of(&refused);
            Ok(Installed::not(refused.message))
        }
        done => done,
    }
}

/// Every key with its purpose, as comments, so that the file changes nothing until a line is freed.
fn commented() -> String {
    let mut lines =
        vec!["# shipmark's configuration. Every key is optional; free a line to use it (with `##`: in place of the line above).".to_owned()];
    let mut table = String::new();
    for key in keys::KEYS {
        let (in_table, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        let in_table = in_table.replace('*', "production");
        if in_table != table {
            lines.push(String::new());
            lines.push(match in_table.strip_suffix("[]") {
                Some(list) => format!("#[[{list}]]"),
                None => format!("#[{in_table}]"),
            });
            table = in_table;
        }
        let name = name.replace('*', "security");
        let comment = if key.instead { "##" } else { "#" };
        lines.push(format!("{comment}{name} = {}  # {}", key.example, key.purpose));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commented_line_is_valid_when_freed() {
        let freed: String = commented()
            .lines()
            .skip(1)
            .map(|line| line.strip_prefix('#').unwrap_or(line).to_owned() + "\n")
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(config::FILE_NAME);
        files::replace(&path, freed.as_bytes()).unwrap();
        let sources =
            config::Sources { repository_file: Some(path), named: true, ..config::Sources::default() };
        let config = config::load(&sources).unwrap();
        assert_eq!((config.app.as_deref(), config.version_files.len()), (Some("helpdesk"), 1));
    }
}
