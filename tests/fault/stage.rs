//! A clone with a release due, a served remote, and what must be true of both after a release.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;

/// A template of clone and remote, and a daemon that serves every copy of it.
pub(crate) struct Theatre {
    folder: TempDir,
    daemon: Child,
    port: u16,
    stages: AtomicUsize,
}

/// One copy: a clone at v1.0.0 with a feature since, and its remote.
pub(crate) struct Stage {
    pub(crate) clone: PathBuf,
    pub(crate) remote: PathBuf,
    home: PathBuf,
}

impl Theatre {
    pub(crate) fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = Command::new("git").arg("--exec-path").output().unwrap();
        let program = Path::new(String::from_utf8(path.stdout).unwrap().trim()).join("git-daemon");
        let daemon = Command::new(program)
            .args(["--export-all", "--enable=receive-pack", "--reuseaddr", "--listen=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", folder.path().display()))
            .env("HOME", folder.path())
            .envs(configuration(&[("safe.directory", "*")]))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let theatre = Self { folder, daemon, port, stages: AtomicUsize::new(0) };
        let answers = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(answers, "git daemon does not answer");
        theatre.build();
        theatre
    }

    /// The folder that everything lies in.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    fn build(&self) {
        let stage = self.at("template");
        std::fs::create_dir_all(&stage.clone).unwrap();
        // No template of hooks: hundreds of copies are made of this.
        stage.git(&["init", "--quiet", "--template=", "--initial-branch=main"]);
        stage.git(&["init", "--quiet", "--template=", "--bare", "--initial-branch=main", "../remote.git"]);
        for folder in
            [stage.clone.join(".git/hooks"), stage.clone.join(".git/info"), stage.remote.join("hooks")]
        {
            std::fs::create_dir(folder).unwrap();
        }
        stage.git(&["remote", "add", "origin", "nowhere"]);
        std::fs::write(stage.clone.join("VERSION.txt"), "1.0.0\n").unwrap();
        std::fs::write(stage.clone.join("CHANGELOG.md"), "# Log\n\n## 1.0.0\n\n- begin\n").unwrap();
        stage.git(&["add", "--all"]);
        stage.git(&["commit", "--quiet", "-m", "feat: begin"]);
        stage.git(&["tag", "-a", "-m", "1.0.0", "v1.0.0"]);
        stage.git(&["push", "--quiet", "../remote.git", "main", "v1.0.0"]);
        stage.git(&["commit", "--quiet", "--allow-empty", "-m", "feat: a door"]);
    }

    fn at(&self, name: &str) -> Stage {
        let folder = self.folder.path().join(name);
        Stage {
            clone: folder.join("clone"),
            remote: folder.join("remote.git"),
            home: self.folder.path().to_owned(),
        }
    }

    /// A fresh copy.
    pub(crate) fn stage(&self) -> Stage {
        let name = format!("stage-{}", self.stages.fetch_add(1, Ordering::Relaxed));
        let (from, to) = (self.folder.path().join("template"), self.folder.path().join(&name));
        assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
        let stage = self.at(&name);
        stage.git(&[
            "remote",
            "set-url",
            "origin",
            &format!("git://127.0.0.1:{}/{name}/remote.git", self.port),
        ]);
        stage
    }
}

impl Drop for Theatre {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Settings for one process, as git takes them from its environment.
fn configuration(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(at, (key, value)): (usize, &(&str, &str))| {
        [
            (format!("GIT_CONFIG_KEY_{at}"), (*key).to_owned()),
            (format!("GIT_CONFIG_VALUE_{at}"), (*value).to_owned()),
        ]
    };
    let mut all = vec![("GIT_CONFIG_COUNT".to_owned(), settings.len().to_string())];
    all.extend(settings.iter().enumerate().flat_map(pair));
    all
}

impl Stage {
    /// Another clone of the same remote.
    pub(crate) fn sibling(&self, name: &str) -> Self {
        let clone = self.clone.with_file_name(name);
        self.git(&["clone", "--quiet", &self.git(&["remote", "get-url", "origin"]), clone.to_str().unwrap()]);
        Self { clone, remote: self.remote.clone(), home: self.home.clone() }
    }

    /// A program in the clone, in an environment of its own.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("HOME", &self.home)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("SOURCE_DATE_EPOCH", "1769860800")
            .envs(["AUTHOR", "COMMITTER"].iter().flat_map(|role| {
                [(format!("GIT_{role}_NAME"), "Ada"), (format!("GIT_{role}_EMAIL"), "ada@example.org")]
            }))
            .current_dir(&self.clone)
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = self.command("git").args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs git with a text on stdin.
    #[track_caller]
    pub(crate) fn git_with(&self, args: &[&str], input: &str) {
        let mut child = self.command("git").args(args).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "git {args:?}");
    }

    /// Runs `shipmark` to its end.
    pub(crate) fn run(&self, binary: &Path, args: &[&str]) -> Output {
        self.command(binary).args(args).output().unwrap()
    }

    /// Everything that a refused release leaves as it was.
    #[track_caller]
    pub(crate) fn state(&self) -> String {
        // Optional locks are off, or the question itself would refresh the index.
        let status =
            self.command("git").env("GIT_OPTIONAL_LOCKS", "0").args(["status", "--porcelain"]).output();
        let index = Command::new("sha256sum").arg(self.clone.join(".git/index")).output().unwrap();
        format!(
            "{}\n{}\n{}\n{}",
            self.git(&["for-each-ref"]),
            String::from_utf8(status.unwrap().stdout).unwrap(),
            self.remote_refs(),
            String::from_utf8(index.stdout).unwrap()
        )
    }

    #[track_caller]
    pub(crate) fn remote_refs(&self) -> String {
        self.git(&["-C", self.remote.to_str().unwrap(), "for-each-ref", "--format=%(objectname) %(refname)"])
    }

    /// What is wrong after a release of 1.1.0 that was cut short and run again; empty if all is well.
    pub(crate) fn faults(&self, pushed: bool) -> Vec<String> {
        let ask = |args: &[&str]| {
            let output = self.command("git").args(args).output().unwrap();
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let head = ask(&["rev-parse", "HEAD"]);
        let tag = ask(&["rev-parse", "v1.1.0"]);
        let read = |name: &str| std::fs::read_to_string(self.clone.join(name)).unwrap_or_default();
        let fsck = self.command("git").args(["fsck", "--strict", "--no-dangling"]).output().unwrap();
        let mut checks = vec![
            ("the branch", ask(&["symbolic-ref", "HEAD"]), "refs/heads/main".to_owned()),
            ("the tag's kind", ask(&["cat-file", "-t", "v1.1.0"]), "tag".to_owned()),
            ("the tag's commit", ask(&["rev-parse", "v1.1.0^{commit}"]), head.clone()),
            ("the commits", ask(&["rev-list", "--count", "v1.0.0..HEAD"]), "2".to_owned()),
            ("the tags", ask(&["tag"]), "v1.0.0\nv1.1.0".to_owned()),
            ("VERSION.txt", read("VERSION.txt"), "1.1.0\n".to_owned()),
            ("the sections", read("CHANGELOG.md").matches("## 1.1.0").count().to_string(), "1".to_owned()),
            ("the worktree", ask(&["status", "--porcelain"]), String::new()),
            ("git fsck", fsck.status.code().unwrap_or(-1).to_string(), "0".to_owned()),
            (
                "the journal",
                self.clone.join(".git/shipmark/release.json").exists().to_string(),
                "false".to_owned(),
            ),
        ];
        if pushed {
            let refs = self.remote_refs();
            let has = |oid: &str, name: &str| refs.contains(&format!("{oid} {name}")).to_string();
            checks.push(("the remote's branch", has(&head, "refs/heads/main"), "true".to_owned()));
            checks.push(("the remote's tag", has(&tag, "refs/tags/v1.1.0"), "true".to_owned()));
        }
        let commit = self
            .command("git")
            .args(["commit", "--quiet", "--allow-empty", "-m", "fix: on"])
            .output()
            .unwrap();
        checks.push(("the next commit", commit.status.success().to_string(), "true".to_owned()));
        let wrong = checks.into_iter().filter(|(_, got, wanted)| got != wanted);
        wrong.map(|(what, got, wanted)| format!("{what}: `{got}`, not `{wanted}`")).collect()
    }
}
