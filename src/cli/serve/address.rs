//! Where the server listens: by option, by our own variables, then by those of Lord-Y/versions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use url::Url;

use crate::error::{Error, Exit};
use crate::world::World;

const LISTEN: &str = "SHIPMARK_LISTEN";
const METRICS_LISTEN: &str = "SHIPMARK_METRICS_LISTEN";
const PORT: &str = "APP_PORT";
const PROMETHEUS: &str = "APP_PROMETHEUS";

/// The port of the metrics in the original.
const METRICS_PORT: u16 = 9101;

/// The address of the API. `APP_PORT` means all interfaces, as in the original.
pub(super) fn api(option: Option<SocketAddr>, world: &World) -> Result<SocketAddr, Error> {
    if let Some(address) = option {
        return Ok(address);
    }
    if let Some(address) = variable(LISTEN, world)? {
        return Ok(address);
    }
    let Some(text) = world.var(PORT).map(str::trim) else {
        return Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 8080));
    };
    match text.strip_prefix(':').unwrap_or(text).parse() {
        Ok(port) => Ok(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)),
        Err(_) => Err(bad(PORT, text, "not a port, such as `8080`")),
    }
}

/// The address of the metrics, if anyone wants them. `APP_PROMETHEUS` puts them beside the API, since that is
/// what it means to a scraper on another machine.
pub(super) fn metrics(
    option: Option<SocketAddr>,
    api: SocketAddr,
    world: &World,
) -> Result<Option<SocketAddr>, Error> {
    if option.is_some() {
        return Ok(option);
    }
    let named = variable(METRICS_LISTEN, world)?;
    let original = world.var(PROMETHEUS).map(|_| SocketAddr::new(api.ip(), METRICS_PORT));
    Ok(named.or(original))
}

/// `ADDR:PORT`, where the address may be `localhost`.
pub(super) fn parse(text: &str) -> Result<SocketAddr, String> {
    let literal = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    literal.parse().map_err(|_| "not an address and a port, such as `127.0.0.1:8080`".to_owned())
}

/// An address that others reach.
pub(super) fn public(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| {
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some()
            && plain
            && url.password().is_none()
    });
    url.ok_or_else(|| "not an address such as `https://registry.example`".to_owned())
}

/// Such an address by option or by a variable.
pub(super) fn url(option: Option<Url>, name: &'static str, world: &World) -> Result<Option<Url>, Error> {
    match world.var(name).map(str::trim).filter(|_| option.is_none()) {
        None => Ok(option),
        Some(text) => public(text).map(Some).map_err(|wanted| bad(name, text, &wanted)),
    }
}

/// The same port on all IPv4 interfaces, for a machine without IPv6.
pub(super) fn without_ipv6(address: SocketAddr) -> Option<SocketAddr> {
    (address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED))
        .then(|| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()))
}

/// A range of addresses; an address alone is a range of one.
pub(super) fn range(text: &str) -> Result<IpNet, String> {
    let one = || text.parse().map(|address: IpAddr| IpNet::from(address));
    text.parse().or_else(|_| one()).map_err(|_| "it is no range of addresses such as 10.0.0.0/8".to_owned())
}

fn variable(name: &str, world: &World) -> Result<Option<SocketAddr>, Error> {
    let Some(text) = world.var(name) else { return Ok(None) };
    parse(text.trim()).map(Some).map_err(|why| bad(name, text, &why))
}

fn bad(name: &str, text: &str, why: &str) -> Error {
    Error::new(Exit::Configuration, format!("the environment variable `{name}` is `{text}`: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(vars: &[(&str, &str)]) -> World {
        World::fixed("2026-01-31T12:00:00Z".parse().unwrap(), vars, std::path::Path::new("/"))
    }

    #[test]
    fn the_port_of_the_original_means_all_interfaces() {
        for text in ["8081", ":8081", " 8081 "] {
            let address = api(None, &world(&[("APP_PORT", text)])).unwrap();
            assert_eq!(address.to_string(), "[::]:8081");
        }
        let both = world(&[("APP_PORT", "8081"), ("SHIPMARK_LISTEN", "localhost:1")]);
        assert_eq!(api(None, &both).unwrap().to_string(), "127.0.0.1:1");
        assert_eq!(api(None, &world(&[])).unwrap().to_string(), "127.0.0.1:8080");
        assert_eq!(api(None, &world(&[("APP_PORT", "http")])).unwrap_err().exit, Exit::Configuration);
    }

    #[test]
    fn an_address_alone_is_a_range_of_one() {
        assert_eq!(range("127.0.0.1").unwrap().to_string(), "127.0.0.1/32");
        assert_eq!(range("fd00::/8").unwrap().to_string(), "fd00::/8");
        for bad in ["10.0.0.0/33", "10.0", "localhost", ""] {
            assert_eq!(range(bad).unwrap_err(), "it is no range of addresses such as 10.0.0.0/8", "{bad}");
        }
    }

    #[test]
    fn metrics_stand_beside_the_api_or_where_they_are_put() {
        let api = "0.0.0.0:8080".parse().unwrap();
        let at = |vars: &[(&str, &str)]| metrics(None, api, &world(vars)).unwrap();
        assert_eq!(at(&[]), None);
        assert_eq!(at(&[("APP_PROMETHEUS", " ")]), None);
        assert_eq!(at(&[("APP_PROMETHEUS", "false")]), "0.0.0.0:9101".parse().ok());
        assert_eq!(at(&[("SHIPMARK_METRICS_LISTEN", "localhost:9")]), "127.0.0.1:9".parse().ok());
    }
}
