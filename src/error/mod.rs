//! The one error that a user sees, and the exit codes of the command line.

mod kinds;

use std::fmt::Display;

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
