//! Child processes: an argument vector, never a shell. Values reach a command as variables of its environment.

mod foreground;

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

pub use self::foreground::{Ended, Watch};

/// The variables that tie a process to one repository (`git rev-parse --local-env-vars`, git 2.39). A child
/// that works on another repository, or on ours by its path, must not see them: `GIT_DIR` beats `-C`.
const GIT_LOCAL: [&str; 12] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
];

/// How often a child with a deadline is looked at.
const POLL: Duration = Duration::from_millis(2);

/// Why a child did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("cannot start `{program}`")]
    Start { program: String, source: std::io::Error },
    #[error("`{program}` broke off")]
    Io { program: String, source: std::io::Error },
    #[error("`{program}` was still running after {}", in_words(*.limit))]
    Deadline { program: String, limit: Duration },
}

fn in_words(limit: Duration) -> String {
    format!("{} s", limit.as_secs())
}

/// A command that is not yet running.
#[derive(Debug)]
pub struct Invocation {
    program: String,
    command: Command,
}

/// What a finished child left.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Finished {
    /// Its stdout as text, without the line end.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }

    /// Its stderr as text, without the line end.
    pub fn complaint(&self) -> String {
        String::from_utf8_lossy(&self.stderr).trim_end().to_owned()
    }
}

impl Invocation {
    /// A command in the folder `cwd`, with our environment but for git's local variables.
    pub fn new(program: impl AsRef<OsStr>, args: &[impl AsRef<OsStr>], cwd: &Path) -> Self {
        GIT_LOCAL.into_iter().fold(Self::in_hook(program, args, cwd), Self::without)
    }

    /// A command that gets git's local variables too: another hook of the same repository.
    #[expect(clippy::disallowed_methods, reason = "this module starts every child process")]
    pub fn in_hook(program: impl AsRef<OsStr>, args: &[impl AsRef<OsStr>], cwd: &Path) -> Self {
        let mut command = Command::new(program.as_ref());
        command.args(args).current_dir(cwd);
        Self { program: program.as_ref().to_string_lossy().into_owned(), command }
    }

    /// Sets a variable of the child's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// Takes a variable away from the child's environment.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs to the end with `input` on stdin and keeps what it writes; kills it at the deadline.
    pub fn capture(mut self, input: &[u8], limit: Duration) -> Result<Finished, ProcessError> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.start()?;
        let stdout = child.stdout.take().map(drain);
        let stderr = child.stderr.take().map(drain);
        if let Some(mut stdin) = child.stdin.take() {
            // A child that does not read its input has decided without it; its status says what it decided.
            let _ = stdin.write_all(input);
        }
        let status = self.wait(&mut child, limit)?;
        Ok(Finished { status, stdout: collect(stdout), stderr: collect(stderr) })
    }

    /// Starts with our own stdin, stdout and stderr, in our process group, so that prompts, Ctrl-C and
    /// Ctrl-Z reach the child as they would without us.
    pub fn inherit(mut self) -> Result<Child, ProcessError> {
        self.start()
    }

    fn start(&mut self) -> Result<Child, ProcessError> {
        self.command.spawn().map_err(|source| ProcessError::Start { program: self.program.clone(), source })
    }

    fn wait(&self, child: &mut Child, limit: Duration) -> Result<ExitStatus, ProcessError> {
        let broken = |source| ProcessError::Io { program: self.program.clone(), source };
        let mut waited = Duration::ZERO;
        loop {
            if let Some(status) = child.try_wait().map_err(broken)? {
                return Ok(status);
            }
            if waited >= limit {
                child.kill().map_err(broken)?;
                child.wait().map_err(broken)?;
                return Err(ProcessError::Deadline { program: self.program.clone(), limit });
            }
            std::thread::sleep(POLL);
            waited += POLL;
        }
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before a pipe broke is all there is to show.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

fn collect(reader: Option<JoinHandle<Vec<u8>>>) -> Vec<u8> {
    reader.and_then(|handle| handle.join().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> &'static Path {
        Path::new("/")
    }

    #[test]
    fn input_output_and_status_arrive() {
        let done = Invocation::new("cat", &[] as &[&str], here())
            .capture(b"hello", Duration::from_secs(10))
            .unwrap();
        assert!(done.status.success());
        assert_eq!(done.text(), "hello");
    }

    #[test]
    fn a_child_that_hangs_is_ended() {
        let error =
            Invocation::new("sleep", &["60"], here()).capture(b"", Duration::from_millis(20)).unwrap_err();
        assert!(matches!(error, ProcessError::Deadline { .. }), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Invocation::new("no-such-program", &[] as &[&str], here())
            .capture(b"", Duration::from_secs(1))
            .unwrap_err();
        assert_eq!(error.to_string(), "cannot start `no-such-program`");
    }

    #[test]
    fn git_variables_do_not_leak() {
        let done = Invocation::new("env", &[] as &[&str], here())
            .env("KEPT", "1")
            .capture(b"", Duration::from_secs(10))
            .unwrap();
        assert!(done.text().contains("KEPT=1"));
        assert!(!done.text().contains("GIT_DIR="));
    }
}
