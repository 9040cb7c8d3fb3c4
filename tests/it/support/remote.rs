//! A served remote. libgit2 and git run no server hook over a mere path, so a path proves nothing about a server
//! that refuses.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::Sandbox;

/// A bare repository behind `git daemon`; it ends with the value.
#[must_use]
pub(crate) struct Remote {
    folder: TempDir,
    daemon: Child,
    port: u16,
}

impl Remote {
    /// Serves an empty repository on a free port and makes it `origin` of the sandbox.
    #[track_caller]
    #[expect(clippy::disallowed_methods, reason = "tests start servers as an administrator would")]
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("helpdesk.git");
        sandbox.git(&["init", "--quiet", "--bare", "--initial-branch=main", path.to_str().unwrap()]);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // The program itself, since `git daemon` would leave it behind when it is killed.
        let program = Path::new(&sandbox.git(&["--exec-path"])).join("git-daemon");
        let daemon = Command::new(program)
            .args(["--export-all", "--enable=receive-pack", "--reuseaddr", "--listen=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", folder.path().display()))
            .env("HOME", folder.path())
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let remote = Self { folder, daemon, port };
        remote.wait();
        sandbox.git(&["remote", "add", "origin", &remote.url()]);
        remote
    }

    pub(crate) fn url(&self) -> String {
        format!("git://127.0.0.1:{}/helpdesk.git", self.port)
    }

    /// What its references name, one `oid name` a line.
    #[track_caller]
    pub(crate) fn refs(&self, sandbox: &Sandbox) -> String {
        let path = self.path();
        sandbox.git(&["-C", path.to_str().unwrap(), "for-each-ref", "--format=%(objectname) %(refname)"])
    }

    /// Lets a hook of the server decide on every reference: `script` gets its name, old and new object id.
    #[track_caller]
    #[expect(clippy::disallowed_methods, reason = "a test's file need not survive a power cut")]
    pub(crate) fn update_hook(&self, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path().join("hooks/update");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Sets a setting of the served repository.
    #[track_caller]
    #[expect(clippy::disallowed_methods, reason = "tests configure servers as an administrator would")]
    pub(crate) fn configure(&self, key: &str, value: &str) {
        let git = Command::new("git").arg("-C").arg(self.path()).args(["config", key, value]).status();
        assert!(git.unwrap().success());
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("helpdesk.git")
    }

    #[track_caller]
    fn wait(&self) {
        for _ in 0..1000 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("git daemon does not answer");
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
