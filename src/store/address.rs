//! Where a database server is, from a URL or from the forms of Lord-Y/versions. The password goes into the
//! options of the connection and is never shown.

mod dsn;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use url::Url;

/// A database on a server.
#[derive(Clone)]
pub struct Server {
    pub(super) kind: Kind,
    /// Parameters that mean nothing here, by name.
    pub ignored: Vec<String>,
}

#[derive(Clone)]
pub(super) enum Kind {
    Postgres(PgConnectOptions),
    MySql(MySqlConnectOptions),
}

/// Why an address cannot be read. The address itself is not repeated, because it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of the database is not {0}")]
pub struct BadAddress(&'static str);

/// What PostgreSQL's parameters are called that sqlx knows.
const POSTGRES: [&str; 9] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "user", "dbname", "application_name"];
const MYSQL: [&str; 8] =
    ["ssl-mode", "sslmode", "ssl-ca", "sslca", "ssl-cert", "sslcert", "ssl-key", "sslkey"];
/// What drivers for Go take and what changes nothing here.
const QUIET: [&str; 10] = [
    "charset",
    "collation",
    "autocommit",
    "multiStatements",
    "maxAllowedPacket",
    "interpolateParams",
    "parseTime",
    "loc",
    "timeout",
    "connect_timeout",
];

impl Server {
    /// By `postgres://…` or `mysql://…`.
    pub fn parse(url: &str) -> Result<Self, BadAddress> {
        let wanted = "`postgres://USER:PASSWORD@HOST:PORT/DATABASE` or the same with `mysql://`";
        let url = Url::parse(url.trim()).map_err(|_| BadAddress(wanted))?;
        match url.scheme() {
            "postgres" | "postgresql" => Self::postgres(url).ok_or(BadAddress(wanted)),
            "mysql" | "mariadb" => Self::mysql(url).ok_or(BadAddress(wanted)),
            _ => Err(BadAddress(wanted)),
        }
    }

    /// By the two variables of Lord-Y/versions.
    pub fn of_driver(driver: &str, uri: &str) -> Result<Self, BadAddress> {
        match driver.trim() {
            "postgres" => {
                let wanted = "`postgres://USER:PASSWORD@HOST:PORT/DATABASE`, as `SQL_DRIVER` says";
                let url = Url::parse(uri.trim()).map_err(|_| BadAddress(wanted))?;
                let known = ["postgres", "postgresql"].contains(&url.scheme());
                known.then(|| Self::postgres(url)).flatten().ok_or(BadAddress(wanted))
            }
            "mysql" => dsn::parse(uri.trim())
                .ok_or(BadAddress("`USER:PASSWORD@tcp(HOST:PORT)/DATABASE`, as `SQL_DRIVER` says")),
            _ => Err(BadAddress("of a known kind: `SQL_DRIVER` is neither `mysql` nor `postgres`")),
        }
    }

    fn postgres(mut url: Url) -> Option<Self> {
        let ignored = strip(&mut url, &POSTGRES);
        Some(Self { kind: Kind::Postgres(url.as_str().parse().ok()?), ignored })
    }

    fn mysql(mut url: Url) -> Option<Self> {
        let ignored = strip(&mut url, &MYSQL);
        Some(Self { kind: Kind::MySql(url.as_str().parse().ok()?), ignored })
    }

    /// What a person may read.
    pub fn name(&self) -> String {
        match &self.kind {
            Kind::Postgres(to) => {
                let database = to.get_database().unwrap_or_default();
                format!("the database `{database}` on `{}:{}` (PostgreSQL)", to.get_host(), to.get_port())
            }
            Kind::MySql(to) => {
                let database = to.get_database().unwrap_or_default();
                format!("the database `{database}` on `{}:{}` (MySQL)", to.get_host(), to.get_port())
            }
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.name())
    }
}

/// Takes out what sqlx does not know, because it would log the values; gives the names that mean something to
/// nobody.
fn strip(url: &mut Url, known: &[&str]) -> Vec<String> {
    let pairs: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let (kept, rest): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(name, _)| known.contains(&name.as_str()));
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    unknown(rest.into_iter().map(|(name, _)| name))
}

fn unknown(names: impl Iterator<Item = String>) -> Vec<String> {
    names.filter(|name| !QUIET.contains(&name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for url in ["postgres://u:s%40cret@h:5/d?x=s@cret", "mysql://u:s%40cret@h:5/d"] {
            let server = Server::parse(url).unwrap();
            let shown = format!("{server:?} {:?}", server.ignored);
            assert!(shown.starts_with("the database `d` on `h:5`") && !shown.contains("cret"), "{shown}");
        }
        let bad = Server::parse("redis://u:secret@h").unwrap_err().to_string();
        assert!(!bad.contains("secret"), "{bad}");
    }

    #[test]
    fn unknown_parameters_are_named_and_those_of_go_are_not() {
        let server = Server::parse("postgres://u@h/d?sslmode=disable&connect_timeout=3&pool=9").unwrap();
        assert_eq!(server.ignored, ["pool"]);
        let Kind::Postgres(options) = server.kind else { panic!() };
        assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::Disable));
    }

    #[test]
    fn the_driver_must_fit_the_address() {
        assert!(Server::of_driver("postgres", "u:p@tcp(h:1)/d").is_err());
        assert!(Server::of_driver("mysql", "postgres://u:p@h/d").is_err());
        assert!(Server::of_driver("sqlite", "x").is_err());
        assert!(Server::of_driver(" postgres ", " postgres://u:p@h/d ").is_ok());
    }
}
