//! The database engines under test. A server is named by the environment, as `scripts/databases` does; without
//! one its tests are left out with a word, and fail where `CI` is `true`.

use std::io::Write;

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    MySql,
}

impl Engine {
    /// The URL of a new, empty database; nothing if there is no server to make it on.
    pub(crate) async fn fresh(self) -> Option<String> {
        let variable = match self {
            Self::Sqlite => return None,
            Self::Postgres => "SHIPMARK_TEST_POSTGRES",
            Self::MySql => "SHIPMARK_TEST_MYSQL",
        };
        let Ok(server) = std::env::var(variable) else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{variable} is not set");
            // Past the test harness, which would swallow it.
            let _ = writeln!(std::io::stderr(), "LEFT OUT on {self:?}: set {variable}, or run scripts/test");
            return None;
        };
        let name = format!("sm_{}", uuid::Uuid::new_v4().simple());
        self.run(&server, &format!("CREATE DATABASE {name}")).await;
        let (place, _) = server.rsplit_once('/').unwrap();
        Some(format!("{place}/{name}"))
    }

    /// Runs SQL on a database, as a console would; several statements are parted by semicolons.
    pub(crate) async fn run(self, url: &str, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        match self {
            Self::Sqlite => {
                let mut connection = SqliteConnection::connect(url).await.unwrap();
                sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Postgres => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::MySql => {
                let mut connection = MySqlConnection::connect(url).await.unwrap();
                sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// How many rows there are; `what` is a table and perhaps a condition.
    pub(crate) async fn count(self, url: &str, what: &str) -> i64 {
        let text = AssertSqlSafe(format!("SELECT COUNT(*) FROM {what}"));
        let row = match self {
            Self::Sqlite => panic!("SQLite has no server"),
            Self::Postgres => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(text).fetch_one(&mut connection).await
            }
            Self::MySql => {
                let mut connection = MySqlConnection::connect(url).await.unwrap();
                sqlx::query_scalar(text).fetch_one(&mut connection).await
            }
        };
        row.unwrap()
    }

    /// The name in v1's health answer.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
            Self::MySql => "mysql",
        }
    }
}

/// Makes a test of a function over a `Service`, on each engine.
macro_rules! each_engine {
    ($name:ident) => {
        mod $name {
            use $crate::support::engine::Engine;
            use $crate::support::registry::Service;

            #[tokio::test]
            async fn sqlite() {
                super::$name(Service::start().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(service) = Service::on(Engine::Postgres).await {
                    super::$name(service).await;
                }
            }

            #[tokio::test]
            async fn mysql() {
                if let Some(service) = Service::on(Engine::MySql).await {
                    super::$name(service).await;
                }
            }
        }
    };
}
pub(crate) use each_engine;
