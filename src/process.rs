//! Child processes: an argument vector, never a shell. Values reach a command as variables of its environment.

mod family;
mod foreground;
mod pipe;
mod tail;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

pub use self::foreground::{Ended, Watch};
pub use self::tail::Onward;

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
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.feed(input)?;
        let stdout = child.stdout.take().map(pipe::drain);
        let stderr = child.stderr.take().map(pipe::drain);
        let status = self.wait(&mut child, limit)?;
        let [stdout, stderr] = pipe::collect([stdout, stderr]);
        Ok(Finished { status, stdout, stderr })
    }

    /// Runs to the end with `input` on stdin and our own stdout and stderr, so that what it writes appears at
    /// once; kills it at the deadline.
    pub fn relay(mut self, input: &[u8], limit: Duration) -> Result<ExitStatus, ProcessError> {
        let mut child = self.feed(input)?;
        self.wait(&mut child, limit)
    }

    /// Starts with our own stdin, stdout and stderr, in our process group, so that prompts, Ctrl-C and
    /// Ctrl-Z reach the child as they would without us.
    pub fn inherit(mut self) -> Result<Child, ProcessError> {
        self.start()
    }

    /// The same with pipes in the place of our stdout and stderr.
    fn inherit_stdin(mut self) -> Result<Child, ProcessError> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.start()
    }

    fn feed(&mut self, input: &[u8]) -> Result<Child, ProcessError> {
        self.command.stdin(Stdio::piped());
        let mut child = self.start()?;
        if let Some(stdin) = child.stdin.take() {
            pipe::fill(stdin, input.to_vec());
        }
        Ok(child)
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
                family::kill(child).map_err(broken)?;
                child.wait().map_err(broken)?;
                return Err(ProcessError::Deadline { program: self.program.clone(), limit });
            }
            std::thread::sleep(POLL);
            waited += POLL;
        }
    }
}

/// Keeps the memory of this process, which holds a secret from now on, out of the files that a crash leaves. A child
/// has its own setting again.
pub fn keep_out_of_core_dumps() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A kernel that refuses this writes a core only if the user asked for one.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Has this process use small pages of memory. A page of 2 MiB is taken whole as soon as one byte of it is used, which
/// costs a server that mostly waits more than it gains.
pub fn use_small_pages() {
    // A kernel that knows no other pages refuses this.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
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

    /// Whether a process of this id is there and no zombie.
    fn lives(id: &str) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }

    #[test]
    fn the_deadline_takes_grandchildren_along() {
        let folder = tempfile::tempdir().unwrap();
        let script = "(sh -c 'echo $$ > inner; exec sleep 60') & wait";
        let error = Invocation::new("sh", &["-c", script], folder.path())
            .capture(b"", Duration::from_secs(2))
            .unwrap_err();
        assert!(matches!(error, ProcessError::Deadline { .. }), "{error}");
        let inner = std::fs::read_to_string(folder.path().join("inner")).unwrap();
        for _ in 0..1000 {
            if !lives(&inner) {
                return;
            }
            std::thread::sleep(POLL);
        }
        panic!("process {inner} outlived the deadline");
    }

    #[test]
    fn a_background_process_that_holds_the_pipes_is_not_waited_for() {
        let done = Invocation::new("sh", &["-c", "echo said; sleep 30 & echo $! >&2; exit 3"], here())
            .capture(b"", Duration::from_secs(10))
            .unwrap();
        assert_eq!((done.status.code(), done.text().as_str()), (Some(3), "said"));
        assert!(lives(&done.complaint()), "capture waited for the background process");
        let _ = Invocation::new("kill", &[done.complaint()], here()).capture(b"", Duration::from_secs(10));
    }

    #[test]
    fn input_that_nobody_reads_does_not_outlast_the_deadline() {
        let error = Invocation::new("sleep", &["60"], here())
            .capture(&vec![b'x'; 1 << 20], Duration::from_millis(20))
            .unwrap_err();
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

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_with_a_secret_leaves_no_core() {
        use rustix::process::{DumpableBehavior, dumpable_behavior};
        keep_out_of_core_dumps();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_server_uses_small_pages() {
        use_small_pages();
        assert!(rustix::thread::transparent_huge_pages_are_disabled().unwrap());
    }
}
