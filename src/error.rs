//! The one error that a user sees, and the exit codes of the command line.

use std::fmt::Display;

use crate::config::ConfigError;
use crate::domain::assemble::AssembleError;
use crate::domain::decide::DecideError;
use crate::files::FileError;
use crate::git::GitError;
use crate::git::push::PushError;
use crate::process::ProcessError;
use crate::template::TemplateError;

/// The exit codes; the README's table is checked against this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    CheckFailed = 1,
    Usage = 2,
    Configuration = 3,
    Repository = 4,
    Push = 5,
    Undelivered = 6,
    Registry = 7,
    Bug = 70,
    Io = 74,
    Locked = 75,
}

impl Exit {
    /// Every code, in ascending order.
    pub const ALL: [Self; 11] = [
        Self::Done,
        Self::CheckFailed,
        Self::Usage,
        Self::Configuration,
        Self::Repository,
        Self::Push,
        Self::Undelivered,
        Self::Registry,
        Self::Bug,
        Self::Io,
        Self::Locked,
    ];

    /// The number that the process returns.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What the code means, as the README's table says it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::CheckFailed => "a check failed",
            Self::Usage => "usage",
            Self::Configuration => "configuration",
            Self::Repository => "repository state (dirty, detached, shallow, unborn, unsupported)",
            Self::Push => "push rejected or failed, race lost",
            Self::Undelivered => "report not delivered, kept in the outbox (only with `--require-report`)",
            Self::Registry => "the registry refused, or gave no answer and none is cached",
            Self::Bug => "a bug in shipmark",
            Self::Io => "reading or writing failed",
            Self::Locked => "another shipmark holds the lock",
        }
    }
}

/// How a command ended: one of our codes, or the status of the command that `deploy` ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ours(Exit),
    Child(u8),
}

impl From<Exit> for Status {
    fn from(exit: Exit) -> Self {
        Self::Ours(exit)
    }
}

impl From<Status> for std::process::ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Ours(exit) => exit.code().into(),
            Status::Child(code) => code.into(),
        }
    }
}

/// What went wrong, its causes from the outside in, and what to do about it.
#[derive(Debug)]
pub struct Error {
    pub exit: Exit,
    pub message: String,
    pub causes: Vec<String>,
    pub hints: Vec<String>,
}

impl Error {
    /// An error of one kind; `message` is a lower-case fragment that names the thing in backticks.
    pub fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Adds one imperative sentence that says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// The same chain of causes as `source`, under one kind.
    pub fn from_source(exit: Exit, source: &dyn std::error::Error) -> Self {
        let mut error = Self::new(exit, source);
        let mut next = source.source();
        while let Some(cause) = next {
            error.causes.push(cause.to_string());
            next = cause.source();
        }
        error
    }
}

impl From<crate::world::BadVariable> for Error {
    fn from(error: crate::world::BadVariable) -> Self {
        Self::from_source(Exit::Configuration, &error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::from_source(Exit::Io, &error)
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        let exit = match &error {
            FileError::Io { .. } => Exit::Io,
            FileError::NotPlain { .. } | FileError::TooLarge { .. } => Exit::Repository,
        };
        Self::from_source(exit, &error)
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        match &error {
            ConfigError::File(FileError::Io { .. }) => Self::from_source(Exit::Io, &error),
            ConfigError::UnknownKey { nearest: Some(nearest), .. } => {
                Self::from_source(Exit::Configuration, &error).hint(format!("write `{nearest}`"))
            }
            ConfigError::UnknownKey { .. } => Self::from_source(Exit::Configuration, &error)
                .hint("remove it; the README lists every key under \"Configuration\""),
            _ => Self::from_source(Exit::Configuration, &error),
        }
    }
}

impl From<GitError> for Error {
    fn from(error: GitError) -> Self {
        let exit = match &error {
            GitError::File(FileError::Io { .. }) => Exit::Io,
            GitError::Locked(_) => Exit::Locked,
            GitError::RefMoved(_) => Exit::Push,
            _ => Exit::Repository,
        };
        let plain = Self::from_source(exit, &error);
        match &error {
            GitError::NotFound(_) => plain.hint("run it inside a repository, or name one with `--repo PATH`"),
            GitError::ForeignOwner(path) => {
                plain.hint(format!("run `git config --global --add safe.directory {}`", path.display()))
            }
            GitError::Unborn => plain.hint("make the first commit"),
            GitError::Detached => plain.hint("check out a branch, or name it with `--branch NAME`"),
            GitError::Bare => plain.hint("run it in a clone that has a worktree"),
            GitError::Shallow(_) => {
                plain.hint("fetch the whole history: `git fetch --unshallow --tags`, in CI `fetch-depth: 0`")
            }
            GitError::UnderWay(_) => plain.hint("finish it or abort it first; `git status` shows how"),
            GitError::Dirty(path) => {
                plain.hint(format!("commit it, or put it aside with `git stash push -- {path}`"))
            }
            GitError::NoIdentity => plain.hint("set `git config user.name` and `git config user.email`"),
            GitError::RefMoved(_) => plain.hint("run `shipmark release` again"),
            GitError::IndexLocked(paths) => {
                plain.hint(format!("run `git checkout HEAD -- {paths}` when it is done"))
            }
            GitError::Locked(_) => plain.hint("wait for it to end, then run this again"),
            GitError::Manifest { .. } => {
                plain.hint("write one version into it, such as 1.2.3, and commit it")
            }
            GitError::UnknownRevision(_) => plain.hint("run `git fetch --tags` if another clone has it"),
            _ => plain,
        }
    }
}

impl From<PushError> for Error {
    fn from(error: PushError) -> Self {
        let plain = |error: &PushError| Self::from_source(Exit::Push, error);
        match error {
            PushError::Git(error) => error.into(),
            PushError::Rejected { .. } => plain(&error)
                .hint("nothing was changed, here or there; see what the server asks for, then release again"),
            PushError::Taken { .. } => {
                Self::from_source(Exit::Repository, &error).hint("run `git fetch --tags`")
            }
            PushError::Behind { .. } => {
                Self::from_source(Exit::Repository, &error).hint("run `git pull` first")
            }
            PushError::Unreachable { .. } => plain(&error)
                .hint("nothing was changed here; check the remote with `git ls-remote`, then release again"),
        }
    }
}

impl From<DecideError> for Error {
    fn from(error: DecideError) -> Self {
        let plain = Self::from_source(Exit::Repository, &error);
        match &error {
            DecideError::Collision { tag, .. } => plain.hint(format!(
                "merge `{}` into this branch, or choose another version with `--set`",
                tag.name
            )),
            DecideError::NotAbove { .. } => plain.hint("choose a higher version"),
            DecideError::BadReleaseAs { .. } => {
                plain.hint("choose the version by hand with `--set`, which beats the footer")
            }
        }
    }
}

impl From<ProcessError> for Error {
    fn from(error: ProcessError) -> Self {
        Self::from_source(Exit::Io, &error)
    }
}

impl From<AssembleError> for Error {
    fn from(error: AssembleError) -> Self {
        let plain = Self::from_source(Exit::Repository, &error);
        match &error {
            AssembleError::Manifest { .. } => {
                plain.hint("write one version into it, such as 1.2.3, and commit it")
            }
            AssembleError::Changelog { .. } => plain.hint("save it as UTF-8"),
        }
    }
}

impl From<TemplateError> for Error {
    fn from(error: TemplateError) -> Self {
        Self::from_source(Exit::Bug, &error)
    }
}

impl From<crate::store::OpenError> for Error {
    fn from(error: crate::store::OpenError) -> Self {
        use crate::store::OpenError;
        match &error {
            OpenError::Folder { .. } | OpenError::File { .. } => Self::from_source(Exit::Io, &error)
                .hint("choose a folder that you may write to with `--data-dir DIR`"),
            OpenError::Database { .. } => Self::from_source(Exit::Io, &error).hint(
                "if the file is damaged, put a backup in its place; if it is busy, stop the other program",
            ),
            OpenError::Newer { .. } => Self::from_source(Exit::Configuration, &error)
                .hint("run the shipmark that made this database, or a newer one"),
        }
    }
}

impl From<crate::server::ServeError> for Error {
    fn from(error: crate::server::ServeError) -> Self {
        use crate::server::ServeError;
        match &error {
            ServeError::Listener(_) => Self::from_source(Exit::Io, &error),
            ServeError::Template(_) => Self::from_source(Exit::Bug, &error),
        }
    }
}
