//! A PostgreSQL or MariaDB of a test's own, in a temporary folder and on a free port of this machine, so that it can be
//! harmed. Where it is not installed its tests are left out with a word, and fail where `CI` is `true`.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::Connection;
use tempfile::TempDir;

use crate::server::wait_for;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    MariaDb,
}

/// It is killed when it goes out of scope.
pub(crate) struct Database {
    pub(crate) engine: Engine,
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Engine {
    /// The program, if it is installed.
    fn program(self) -> Option<PathBuf> {
        match self {
            Self::Postgres => {
                let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
                let newest = versions.map(|entry| entry.unwrap().path().join("bin/postgres")).max();
                newest.filter(|path| path.exists())
            }
            Self::MariaDb => {
                let path = PathBuf::from("/usr/sbin/mariadbd");
                path.exists().then_some(path)
            }
        }
    }

    /// The user that the package brings, since neither runs as root.
    fn user(self) -> &'static str {
        if self == Self::Postgres { "postgres" } else { "mysql" }
    }

    fn command(self, program: impl AsRef<Path>, folder: &Path) -> Command {
        let program = program.as_ref();
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", self.user(), "--regid", self.user(), "--init-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn make(self, program: &Path, folder: &Path) {
        let data = folder.join("data");
        let mut command = match self {
            Self::Postgres => {
                let mut command = self.command(program.with_file_name("initdb"), folder);
                command.args(["-U", "shipmark", "-A", "trust", "-E", "UTF8", "--no-locale", "-D"]).arg(&data);
                command
            }
            Self::MariaDb => {
                let mut command = self.command("mariadb-install-db", folder);
                command.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]);
                command.arg(format!("--datadir={}", data.display()));
                let user = "CREATE USER IF NOT EXISTS shipmark@'127.0.0.1' IDENTIFIED BY 'shipmark';\n\
                            GRANT ALL ON *.* TO shipmark@'127.0.0.1';\n";
                std::fs::write(folder.join("users.sql"), user).unwrap();
                command
            }
        };
        assert!(command.status().unwrap().success(), "{self:?} cannot be made");
    }

    fn run(self, program: &Path, folder: &Path, port: u16) -> Child {
        let (mut command, data) = (self.command(program, folder), folder.join("data"));
        match self {
            Self::Postgres => {
                command.arg("-D").arg(&data).args(["-p", &port.to_string(), "-k"]).arg(folder);
                command.args(["-c", "listen_addresses=127.0.0.1"]);
            }
            Self::MariaDb => {
                let named = |name: &str, file: &str| format!("--{name}={}", folder.join(file).display());
                command.args(["--no-defaults", "--bind-address=127.0.0.1", &format!("--port={port}")]);
                command.args([named("datadir", "data"), named("socket", "sock"), named("pid-file", "pid")]);
                command.arg(named("init-file", "users.sql"));
            }
        }
        command.spawn().unwrap()
    }
}

impl Database {
    pub(crate) fn start(engine: Engine) -> Option<Self> {
        let Some(program) = engine.program() else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{engine:?} is not installed");
            eprintln!("NOT TRIED on {engine:?}, which is not installed; run scripts/test");
            return None;
        };
        let folder = TempDir::new().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        if rustix::process::getuid().is_root() {
            assert!(Command::new("chown").arg(engine.user()).arg(folder.path()).status().unwrap().success());
        }
        engine.make(&program, folder.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = engine.run(&program, folder.path(), port);
        let mut database = Self { engine, folder, port, child };
        database.wait();
        Some(database)
    }

    /// Its own database, in which there is nothing of ours.
    pub(crate) fn url(&self) -> String {
        match self.engine {
            Engine::Postgres => format!("postgres://shipmark@127.0.0.1:{}/postgres", self.port),
            Engine::MariaDb => format!("mysql://shipmark:shipmark@127.0.0.1:{}/mysql", self.port),
        }
    }

    /// Ends it by a signal and starts it again; gives how long it was away.
    pub(crate) fn restart(&mut self, signal: &str) -> Duration {
        let began = Instant::now();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap();
        self.child = self.run_again();
        self.wait();
        began.elapsed()
    }

    /// Runs SQL, as a console would; `hold` says how long its connection stays open.
    pub(crate) fn sql(&self, url: &str, text: &str, hold: Duration) {
        let text = sqlx::AssertSqlSafe(text.to_owned());
        wait_for(async {
            match self.engine {
                Engine::Postgres => {
                    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                    sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
                    tokio::time::sleep(hold).await;
                }
                Engine::MariaDb => {
                    let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
                    sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
                    tokio::time::sleep(hold).await;
                }
            }
        });
    }

    fn run_again(&self) -> Child {
        self.engine.run(&self.engine.program().unwrap(), self.folder.path(), self.port)
    }

    /// Until it answers. One that finds what a killed one left behind may end, and is started again.
    fn wait(&mut self) {
        let (began, url) = (Instant::now(), self.url());
        let answers = || {
            wait_for(async {
                match self.engine {
                    Engine::Postgres => sqlx::PgConnection::connect(&url).await.is_ok(),
                    Engine::MariaDb => sqlx::MySqlConnection::connect(&url).await.is_ok(),
                }
            })
        };
        let engine = self.engine;
        while !answers() {
            assert!(began.elapsed() < Duration::from_mins(1), "{engine:?} does not answer");
            std::thread::sleep(Duration::from_millis(50));
            if self.child.try_wait().unwrap().is_some() {
                self.child = self.run_again();
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
