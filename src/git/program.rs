//! The `git` program, for what only it does right: talking to servers, and finding out who the user is.

use std::time::Duration;

use super::object::{Identity, Person};
use super::{GitError, Repo};
use crate::process::{Finished, Invocation};

/// Longer than any question to the local program takes.
const LOCAL: Duration = Duration::from_secs(30);

impl Repo {
    /// `git ARGS` in this repository, whatever the working directory and git's own variables say. Our own
    /// hooks stay silent, and messages are in English, since some are read.
    pub(super) fn git(&self, args: &[&str]) -> Invocation {
        let folder = self.inner.workdir().unwrap_or_else(|| self.inner.path());
        let mut all = vec!["--git-dir".as_ref(), self.inner.path().as_os_str()];
        if let Some(root) = self.inner.workdir() {
            all.extend(["--work-tree".as_ref(), root.as_os_str()]);
        }
        all.extend(args.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
        Invocation::new("git", &all, folder).env("LC_ALL", "C").env("SHIPMARK_SKIP", "1")
    }

    /// Runs a local question to its end.
    pub(super) fn ask(&self, args: &[&str]) -> Result<Finished, GitError> {
        Ok(self.git(args).capture(b"", LOCAL)?)
    }

    /// Who commits here. git knows it from its variables and from every layer of its configuration.
    pub fn identity(&self) -> Result<Identity, GitError> {
        Ok(Identity {
            author: self.person("GIT_AUTHOR_IDENT")?,
            committer: self.person("GIT_COMMITTER_IDENT")?,
        })
    }

    fn person(&self, variable: &'static str) -> Result<Person, GitError> {
        let answer = self.ask(&["var", variable])?;
        if !answer.status.success() {
            return Err(GitError::NoIdentity);
        }
        // `Name <mail> seconds zone`; a name may hold anything but the angle brackets.
        let text = answer.text();
        let parts = text.rsplit_once('>').and_then(|(person, _)| person.split_once('<'));
        let (name, email) = parts.ok_or(GitError::NoIdentity)?;
        Ok(Person { name: name.trim().to_owned(), email: email.trim().to_owned() })
    }

    /// The commit that added a file, the newest of several.
    pub fn added(&self, path: &str) -> Result<Option<String>, GitError> {
        let answer = self.ask(&["log", "--diff-filter=A", "--format=%H", "-1", "--", path])?;
        if !answer.status.success() {
            return Err(GitError::Refused { what: "log", complaint: answer.complaint() });
        }
        Ok(Some(answer.text()).filter(|oid| !oid.is_empty()))
    }

    /// The folder that git takes hooks from here, which `core.hooksPath` may move, and that setting with its
    /// scope if there is one.
    pub fn hooks_dir(&self) -> Result<HooksDir, GitError> {
        let path = self.ask(&["rev-parse", "--path-format=absolute", "--git-path", "hooks"])?;
        if !path.status.success() {
            return Err(GitError::Refused {
                what: "rev-parse --git-path hooks",
                complaint: path.complaint(),
            });
        }
        let setting = self.ask(&["config", "--show-scope", "--get", "core.hooksPath"])?.text();
        let setting = setting.split_once('\t').map(|(scope, value)| (scope.to_owned(), value.to_owned()));
        Ok(HooksDir { path: path.text().into(), setting })
    }
}

/// Where hooks live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HooksDir {
    pub path: std::path::PathBuf,
    /// Scope and value of `core.hooksPath`.
    pub setting: Option<(String, String)>,
}
