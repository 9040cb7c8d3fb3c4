//! A sealed-off place: an empty environment, a home of its own, real `git`, fixed names and dates, so that object
//! ids are constants. Runs the real binary and compares everything it says.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// 2026-01-01T00:00:00Z; each commit is one minute younger than the one before.
const FIRST_COMMIT: i64 = 1_767_225_600;

/// How long a started command may take to do what a test waits for.
const DEADLINE: Duration = Duration::from_secs(20);

/// Deleted with all that is in it when it goes out of scope.
#[must_use]
pub(crate) struct Sandbox {
    folder: TempDir,
    vars: BTreeMap<String, String>,
    /// Texts that differ from run to run, and what stands for them in expectations.
    aliases: RefCell<Vec<(String, String)>>,
    commits: Cell<i64>,
}

impl Sandbox {
    /// A home and an empty working folder `helpdesk`, which is no repository.
    pub(crate) fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("home")).unwrap();
        fs::create_dir(root.join("helpdesk")).unwrap();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let vars = [
            ("PATH", path_variable()),
            ("HOME", text(root.join("home"))),
            ("GIT_CEILING_DIRECTORIES", text(root.clone())),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("LC_ALL", "C".to_owned()),
            ("GIT_AUTHOR_NAME", "Ada".to_owned()),
            ("GIT_AUTHOR_EMAIL", "ada@example.org".to_owned()),
            ("GIT_COMMITTER_NAME", "Ada".to_owned()),
            ("GIT_COMMITTER_EMAIL", "ada@example.org".to_owned()),
        ];
        let vars = vars.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let aliases = RefCell::new(vec![(text(root), "[ROOT]".to_owned())]);
        Self { folder, vars, aliases, commits: Cell::new(0) }
    }

    /// The working folder as a repository without a commit, on the branch `main`.
    pub(crate) fn repository() -> Self {
        let sandbox = Self::empty();
        sandbox.git(&["init", "--quiet", "--initial-branch", "main"]);
        sandbox
    }

    /// Sets a variable for everything that runs here from now on.
    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Lets programs of this folder be found before those of the machine.
    pub(crate) fn before_path(self, folder: &Path) -> Self {
        let path = format!("{}:{}", folder.display(), path_variable());
        self.var("PATH", &path)
    }

    /// Lets `[name]` stand for `text` in expectations.
    pub(crate) fn alias(self, text: &str, name: &str) -> Self {
        self.aliases.borrow_mut().push((text.to_owned(), format!("[{name}]")));
        self
    }

    /// A path in the working folder.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join("helpdesk").join(relative)
    }

    /// Writes a file in the working folder.
    #[expect(clippy::disallowed_methods, reason = "a test's file need not survive a power cut")]
    pub(crate) fn file(&self, relative: &str, text: &str) -> &Self {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// The text of a file in the working folder.
    #[track_caller]
    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    /// The names in a folder of the working folder, sorted; a folder that is not there has none.
    pub(crate) fn names(&self, relative: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(relative)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Commits all that lies in the working folder, also if nothing changed; returns the object id.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) -> String {
        let date = FIRST_COMMIT + 60 * self.commits.get();
        self.commits.set(self.commits.get() + 1);
        self.commit_at(message, date)
    }

    /// The same at a time, in seconds since 1970.
    #[track_caller]
    pub(crate) fn commit_at(&self, message: &str, date: i64) -> String {
        self.git(&["add", "--all"]);
        let date = format!("{date} +0000");
        let mut git = self.command("git");
        git.args(["commit", "--quiet", "--allow-empty", "--message", message]);
        git.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        succeed(&mut git);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs `git`, which must succeed; returns what it prints, without the line end.
    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        succeed(self.command("git").args(args))
    }

    /// Runs `git`, which must fail; returns what it complains of, without the line end.
    #[track_caller]
    pub(crate) fn git_fails(&self, args: &[&str]) -> String {
        let output = self.command("git").args(args).output().unwrap();
        assert!(!output.status.success(), "{args:?} succeeded");
        String::from_utf8(output.stderr).unwrap().trim_end().to_owned()
    }

    /// Runs `git`, which must succeed; returns what it says on stderr, without the line end.
    #[track_caller]
    pub(crate) fn git_says(&self, args: &[&str]) -> String {
        let output = self.command("git").args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stderr).unwrap().trim_end().to_owned()
    }

    /// Runs `git` with bytes on stdin, which must succeed; returns what it prints, without the line end.
    #[track_caller]
    pub(crate) fn git_with(&self, args: &[&str], input: &[u8]) -> String {
        let mut command = self.command("git");
        let mut child = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Removes a file in the working folder.
    pub(crate) fn remove(&self, relative: &str) {
        fs::remove_file(self.path(relative)).unwrap();
    }

    /// Makes a symbolic link in the working folder.
    pub(crate) fn symlink(&self, target: &str, relative: &str) -> &Self {
        std::os::unix::fs::symlink(target, self.path(relative)).unwrap();
        self
    }

    /// Makes a file in the working folder executable.
    pub(crate) fn executable(&self, relative: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.path(relative), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs `shipmark` to its end.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        self.run_with(args, "")
    }

    /// Runs `shipmark` to its end with a text on stdin.
    #[track_caller]
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Outcome {
        let mut running = self.start(args);
        // A command that does not read its input is free not to.
        let _ = running.child.stdin.take().unwrap().write_all(input.as_bytes());
        running.finish()
    }

    /// Starts `shipmark` and lets it run.
    #[track_caller]
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = self.command(env!("CARGO_BIN_EXE_shipmark"));
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running { child: command.spawn().unwrap(), aliases: self.aliases.borrow().clone() }
    }

    #[expect(clippy::disallowed_methods, reason = "tests start programs as a user would")]
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.vars).current_dir(self.folder.path().join("helpdesk"));
        command
    }
}

#[expect(clippy::disallowed_methods, reason = "programs are found where the tester finds them")]
fn path_variable() -> String {
    std::env::var("PATH").unwrap()
}

#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A command that has not ended yet.
#[must_use]
pub(crate) struct Running {
    child: Child,
    aliases: Vec<(String, String)>,
}

impl Running {
    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Outcome {
        drop(self.child.stdin.take());
        let stderr = self.child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || text_of(stderr));
        let stdout = text_of(self.child.stdout.take().unwrap());
        let status = self.child.wait().unwrap();
        let (status, signal) = (status.code(), status.signal());
        Outcome {
            status,
            signal,
            stdout,
            stderr: stderr.join().unwrap(),
            aliases: self.aliases,
            when: String::new(),
        }
    }
}

fn text_of(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Waits until a file is there.
#[track_caller]
pub(crate) fn wait_for(path: &Path) {
    let step = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    while !path.exists() {
        assert!(waited < DEADLINE, "{} did not appear", path.display());
        std::thread::sleep(step);
        waited += step;
    }
}

/// What a command left. A test that drops it unread has checked nothing.
#[must_use]
pub(crate) struct Outcome {
    status: Option<i32>,
    signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    aliases: Vec<(String, String)>,
    /// At which point of a long story it was.
    when: String,
}

impl Outcome {
    /// Says at which point of a long story it was, for the message of a failure.
    pub(crate) fn during(self, when: &str) -> Self {
        Self { when: format!("\n{when}: "), ..self }
    }

    /// Compares status, stdout and stderr exactly; `[..]` stands for any text within a line, and an alias for
    /// its text. A last line end need not be written.
    #[track_caller]
    pub(crate) fn says(&self, status: i32, stdout: &str, stderr: &str) {
        let (said, complained) = (self.plain(&self.stdout), self.plain(&self.stderr));
        let right = self.status == Some(status) && alike(stdout, &said) && alike(stderr, &complained);
        assert!(
            right,
            "{}\nwanted status {status}, stdout:\n{stdout}\n-- stderr:\n{stderr}\n== got status {:?}, stdout:\n{said}-- stderr:\n{complained}",
            self.when, self.status
        );
    }

    /// Checks the status alone and gives stdout, for tests that look into a document.
    #[track_caller]
    pub(crate) fn exits(&self, status: i32) -> &str {
        assert_eq!(self.status, Some(status), "stdout:\n{}-- stderr:\n{}", self.stdout, self.stderr);
        &self.stdout
    }

    /// Checks that it did not end by itself.
    #[track_caller]
    pub(crate) fn stops_by_signal(&self, signal: i32) {
        assert_eq!(self.signal, Some(signal), "stdout:\n{}-- stderr:\n{}", self.stdout, self.stderr);
    }

    /// Checks the status and reads stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self, status: i32) -> serde_json::Value {
        serde_json::from_str(self.exits(status)).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    fn plain(&self, text: &str) -> String {
        self.aliases.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

fn alike(wanted: &str, got: &str) -> bool {
    let (wanted, got): (Vec<_>, Vec<_>) = (wanted.lines().collect(), got.lines().collect());
    wanted.len() == got.len() && wanted.iter().zip(got).all(|(wanted, got)| line_alike(wanted, got))
}

fn line_alike(wanted: &str, got: &str) -> bool {
    let Some((first, rest)) = wanted.split_once("[..]") else { return wanted == got };
    let Some(mut left) = got.strip_prefix(first) else { return false };
    let parts: Vec<&str> = rest.split("[..]").collect();
    let (last, middle) = parts.split_last().unwrap();
    for part in middle {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}

#[test]
fn a_wildcard_stands_for_a_part_of_one_line() {
    assert!(alike("a[..]c[..]e", "abcde\n"));
    assert!(!alike("a[..]", "a\nb"));
    assert!(!alike("a[..]c", "abcd"));
    assert!(!alike("ab", "abc"));
}
