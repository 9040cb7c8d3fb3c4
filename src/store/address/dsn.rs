//! The address of a MySQL server as the driver of Go writes it: `USER:PASSWORD@tcp(HOST:PORT)/DATABASE?…`.

use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use super::{Kind, Server, unknown};

pub(super) fn parse(text: &str) -> Option<Server> {
    // The last slash begins the name of the database; a password or the path of a socket may hold others.
    let (place, rest) = text.rsplit_once('/')?;
    let (database, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, net) = place.rsplit_once('@').unwrap_or(("", place));
    let mut options = MySqlConnectOptions::new().database(database);
    if let Some((name, password)) = user.split_once(':') {
        options = options.username(name).password(password);
    } else if !user.is_empty() {
        options = options.username(user);
    }
    options = match net.split_once('(') {
        Some(("tcp", address)) => at(options, address.strip_suffix(')')?)?,
        Some(("unix", path)) => options.socket(path.strip_suffix(')')?),
        None if net.is_empty() || net == "tcp" => options,
        _ => return None,
    };
    let mut names = Vec::new();
    for (name, value) in url::form_urlencoded::parse(parameters.as_bytes()) {
        match (name.as_ref(), value.as_ref()) {
            ("tls", "true") => options = options.ssl_mode(MySqlSslMode::VerifyIdentity),
            ("tls", "skip-verify") => options = options.ssl_mode(MySqlSslMode::Required),
            ("tls", "preferred") => options = options.ssl_mode(MySqlSslMode::Preferred),
            ("tls", "false") => options = options.ssl_mode(MySqlSslMode::Disabled),
            ("tls", _) => return None,
            _ => names.push(name.into_owned()),
        }
    }
    (!database.is_empty()).then(|| Server { kind: Kind::MySql(options), ignored: unknown(names.into_iter()) })
}

fn at(options: MySqlConnectOptions, address: &str) -> Option<MySqlConnectOptions> {
    match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => Some(options.host(host).port(port.parse().ok()?)),
        _ => Some(options.host(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Option<MySqlConnectOptions> {
        match parse(text)?.kind {
            Kind::MySql(options) => Some(options),
            Kind::Postgres(_) => None,
        }
    }

    #[test]
    fn the_forms_of_the_go_driver_are_read() {
        let tcp =
            options("versions:p@s/s:w@tcp(db:3307)/versions?charset=utf8&parseTime=true&tls=true").unwrap();
        assert_eq!((tcp.get_username(), tcp.get_host(), tcp.get_port()), ("versions", "db", 3307));
        assert_eq!(tcp.get_database(), Some("versions"));
        assert!(matches!(tcp.get_ssl_mode(), MySqlSslMode::VerifyIdentity));
        let unix = options("u@unix(/run/mysqld/mysqld.sock)/d").unwrap();
        assert_eq!(unix.get_socket().unwrap().to_str(), Some("/run/mysqld/mysqld.sock"));
        assert_eq!(options("/d").unwrap().get_host(), "localhost");
        assert_eq!(parse("u@tcp(h)/d?charset=utf8&odd=1").unwrap().ignored, ["odd"]);
        for bad in ["", "d", "u@udp(h)/d", "u@tcp(h:x)/d", "u@tcp(h)/", "u@tcp(h)/d?tls=own"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
