//! Where Redis is. The password goes into the options of the connection and is never shown.

use redis::{Client, ConnectionAddr, IntoConnectionInfo};
use url::Url;

/// A Redis server.
#[derive(Clone)]
pub struct RedisServer(pub(super) Client);

/// Why an address cannot be read. The address itself is not repeated, because it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of Redis is not `redis://:PASSWORD@HOST:PORT/NUMBER`, or the same with `rediss://`")]
pub struct BadRedis;

impl RedisServer {
    /// By `redis://…`, or by `rediss://…` over TLS. What the library would take beside that (`#insecure`, sockets) is
    /// refused.
    pub fn parse(text: &str) -> Result<Self, BadRedis> {
        let url = Url::parse(text.trim()).map_err(|_| BadRedis)?;
        if !matches!(url.scheme(), "redis" | "rediss") || url.fragment().is_some() || url.query().is_some() {
            return Err(BadRedis);
        }
        let wanted = url.into_connection_info().map_err(|_| BadRedis)?;
        Ok(Self(Client::open(wanted).map_err(|_| BadRedis)?))
    }

    /// What a person may read.
    pub fn name(&self) -> String {
        let info = self.0.get_connection_info();
        let place = match info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                format!("{host}:{port}")
            }
            _ => "a socket".to_owned(),
        };
        format!("Redis on `{place}` (number {})", info.redis_settings().db())
    }
}

impl std::fmt::Debug for RedisServer {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let server = RedisServer::parse(" redis://me:s%40cret@h:5/2 ").unwrap();
        assert_eq!(format!("{server:?}"), "Redis on `h:5` (number 2)");
        assert_eq!(RedisServer::parse("redis://h").unwrap().name(), "Redis on `h:6379` (number 0)");
        assert_eq!(RedisServer::parse("rediss://:p@h").unwrap().name(), "Redis on `h:6379` (number 0)");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_not_repeated() {
        for bad in [
            "",
            "h:6379",
            "http://h",
            "unix:///run/redis",
            "redis://:secret@h:port",
            "redis://:secret@",
            "redis://:secret@h/one",
            "rediss://:secret@h#insecure",
            "redis://:secret@h?timeout=1",
        ] {
            let said = RedisServer::parse(bad).unwrap_err().to_string();
            assert!(!said.contains("secret"), "{bad}: {said}");
        }
    }
}
