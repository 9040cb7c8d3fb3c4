//! A child in the foreground: it has our terminal, and the signals meant for it reach it.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::tail::{Onward, Tail};
use super::{Invocation, ProcessError};

/// How long a child may live after it was told twice to end.
const GRACE: Duration = Duration::from_secs(10);

/// How often a child is looked at if no signal tells of its end.
const LOOK: Duration = Duration::from_secs(1);

/// The signals that end a process and that a person or a CI system sends.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// How a child in the foreground ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Exited(u8),
    Signalled(u8),
    NotFound,
    NotExecutable,
}

impl Ended {
    /// The status as a shell gives it (POSIX, 2.8.2: 126, 127, and above 128 for a signal).
    pub fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Signalled(signal) => signal.saturating_add(128),
            Self::NotFound => 127,
            Self::NotExecutable => 126,
        }
    }

    /// Whether a signal ended it that asks a process to end, as opposed to a crash.
    pub fn was_asked_to_end(self) -> bool {
        matches!(self, Self::Signalled(signal) if ENDING.contains(&i32::from(signal)))
    }

    fn of(status: ExitStatus) -> Self {
        let narrow = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(narrow(code)),
            (None, Some(signal)) => Self::Signalled(narrow(signal)),
            (None, None) => Self::Exited(u8::MAX),
        }
    }
}

/// Takes the ending signals from now on, so that none of them can end us before the end is recorded.
#[derive(Debug)]
pub struct Watch {
    arriving: Receiver<i32>,
    handle: Handle,
    first: Option<u8>,
    count: u32,
}

impl Watch {
    /// Starts to take signals. A signal that we were told to ignore, as by `nohup`, stays ignored: a handler
    /// of ours would also give it back to the child.
    pub fn start() -> io::Result<Self> {
        let ignored = ignored_signals();
        let wanted = ENDING.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let mut signals = Signals::new(wanted.chain([SIGCHLD]))?;
        let handle = signals.handle();
        let (sender, arriving) = mpsc::channel();
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if sender.send(signal).is_err() {
                    break;
                }
            }
        });
        Ok(Self { arriving, handle, first: None, count: 0 })
    }

    /// The first ending signal that has arrived so far.
    pub fn first(&mut self) -> Option<u8> {
        while let Ok(signal) = self.arriving.try_recv() {
            self.note(signal);
        }
        self.first
    }

    /// How many ending signals have arrived so far.
    pub fn count(&mut self) -> u32 {
        self.first();
        self.count
    }

    fn note(&mut self, signal: i32) {
        if ENDING.contains(&signal) {
            self.count = self.count.saturating_add(1);
            self.first = self.first.or(u8::try_from(signal).ok());
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl Invocation {
    /// Runs to the end with our own stdin, stdout and stderr, in our process group, so that prompts, Ctrl-C
    /// and Ctrl-Z reach the child as they would without us.
    pub fn foreground(self, watch: &mut Watch) -> Result<Ended, ProcessError> {
        let program = self.program.clone();
        match started(self.inherit())? {
            Err(ended) => Ok(ended),
            Ok(mut child) => {
                await_end(&mut child, watch).map_err(|source| ProcessError::Io { program, source })
            }
        }
    }

    /// The same, but what it writes passes through pipes, and its last lines, `most` at most, are given too. A child
    /// that looks whether it writes to a terminal sees none.
    pub fn foreground_with_tail(
        self,
        watch: &mut Watch,
        onward: Onward,
        most: usize,
    ) -> Result<(Ended, Vec<String>), ProcessError> {
        let program = self.program.clone();
        match started(self.inherit_stdin())? {
            Err(ended) => Ok((ended, Vec::new())),
            Ok(mut child) => {
                let tail = Tail::of(&mut child, onward, most);
                let ended = await_end(&mut child, watch);
                Ok((ended.map_err(|source| ProcessError::Io { program, source })?, tail.end()))
            }
        }
    }
}

/// A child that does not start has ended.
fn started(child: Result<Child, ProcessError>) -> Result<Result<Child, Ended>, ProcessError> {
    match child {
        Ok(child) => Ok(Ok(child)),
        Err(ProcessError::Start { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(Err(Ended::NotFound))
        }
        Err(ProcessError::Start { .. }) => Ok(Err(Ended::NotExecutable)),
        Err(other) => Err(other),
    }
}

/// Waits and passes signals on. Only this loop reaps the child, so its id cannot have been given to another
/// process when a signal is sent to it.
fn await_end(child: &mut Child, watch: &mut Watch) -> io::Result<Ended> {
    let has_terminal = std::fs::File::open("/dev/tty").is_ok();
    let mut told = 0;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::of(status));
        }
        let limit = if told >= 2 { GRACE } else { LOOK };
        match watch.arriving.recv_timeout(limit) {
            Ok(SIGCHLD) => {}
            Ok(signal) => {
                watch.note(signal);
                // The terminal sends these two to the whole group; without one they were meant for us alone.
                if !(has_terminal && matches!(signal, SIGINT | SIGQUIT)) {
                    told += 1;
                    pass_on(child, signal, told)?;
                }
            }
            Err(RecvTimeoutError::Timeout) if told >= 2 => child.kill()?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return child.wait().map(Ended::of),
        }
    }
}

/// The third request to end is not a request any more.
fn pass_on(child: &mut Child, signal: i32, told: u32) -> io::Result<()> {
    if told > 2 {
        return child.kill();
    }
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let signal = Signal::from_named_raw(signal);
    if let (Some(pid), Some(signal)) = (pid, signal) {
        kill_process(pid, signal)?;
    }
    Ok(())
}

/// The signals that this process ignores, as a bit set (proc(5), `SigIgn`); none where there is no `/proc`.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn run(program: &str, args: &[&str]) -> Ended {
        let mut watch = Watch::start().unwrap();
        Invocation::new(program, args, Path::new("/")).foreground(&mut watch).unwrap()
    }

    #[test]
    fn a_status_is_what_a_shell_would_say() {
        assert_eq!(run("true", &[]).code(), 0);
        assert_eq!(run("sh", &["-c", "exit 7"]).code(), 7);
        assert_eq!(run("no-such-program", &[]).code(), 127);
        assert_eq!(run("/etc/passwd", &[]).code(), 126);
        let killed = run("sh", &["-c", "kill -KILL $$"]);
        assert_eq!((killed.code(), killed.was_asked_to_end()), (137, false));
        assert!(run("sh", &["-c", "kill -TERM $$"]).was_asked_to_end());
    }
}
