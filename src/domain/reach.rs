//! Which addresses the registry may ask by itself. Its clients name the URLs, so it must not be led to what only
//! its own machine or network can reach (SSRF).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// What is no public address of IPv4, by the registry of IANA (RFC 6890 and its followers), and the one public
/// address at which Azure answers its own machines.
const CLOSED: [(Ipv4Addr, u8); 17] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only block of IPv6 that is given out to the public network.
const GLOBAL: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is not public within it: protocols of the IETF with Teredo, two blocks for documents, and 6to4, which
/// holds an address of IPv4. The form of NAT64 lies outside of the block.
const CLOSED_GLOBAL: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The public network, and the ranges that the operator opened beside it.
#[derive(Debug, Clone, Default)]
pub struct Reach(Vec<IpNet>);

impl Reach {
    /// The public network and these ranges.
    pub fn with(opened: Vec<IpNet>) -> Self {
        Self(opened)
    }

    /// Whether this address may be asked. One of IPv4 that is written as one of IPv6 is the same address.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.0.iter().any(|range| range.contains(&address))
    }
}

/// The address that stands in a URL itself, in whatever notation it came: the URL standard makes `0x7f.1` and
/// `2130706433` the address that they are. Nothing for a name.
pub fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

fn is_public(address: IpAddr) -> bool {
    let four = |(start, length)| Ipv4Net::new(start, length).ok();
    let six = |(start, length)| Ipv6Net::new(start, length).ok();
    match address {
        IpAddr::V4(address) => !CLOSED.into_iter().filter_map(four).any(|range| range.contains(&address)),
        IpAddr::V6(address) => {
            six(GLOBAL).is_some_and(|range| range.contains(&address))
                && !CLOSED_GLOBAL.into_iter().filter_map(six).any(|range| range.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: &str) -> Option<IpAddr> {
        literal(&Url::parse(&format!("http://{host}/health")).unwrap())
    }

    /// Loopback, private, link-local and metadata addresses in every way to write them.
    const DENIED: [&str; 64] = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0x7f.1",
        "127.255.255.254",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "0.0.0.0",
        "0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "167772161",
        "0x0a.1",
        "012.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "0xac100001",
        "192.168.0.1",
        "192.168.1",
        "0xc0a80001",
        "0300.0250.0.1",
        "169.254.169.254",
        "169.254.1.1",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::a00:1]",
        "[2002:7f00:1::1]",
        "[2001:0:7f00:1::1]",
        "[2001:db8::1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
        "[ff02::1]",
    ];

    #[test]
    fn what_is_not_public_is_denied_however_it_is_written() {
        for host in DENIED {
            let address = address(host).unwrap_or_else(|| panic!("{host} is no address"));
            assert!(!Reach::default().allows(address), "{host} is {address}");
        }
    }

    #[test]
    fn the_public_network_is_allowed() {
        for host in ["1.1.1.1", "9.9.9.9", "172.32.0.1", "100.128.0.1", "[2606:4700::1]", "[2a00::1]"] {
            assert!(Reach::default().allows(address(host).unwrap()), "{host}");
        }
        assert!(Reach::default().allows(address("[::ffff:1.1.1.1]").unwrap()));
    }

    #[test]
    fn a_range_that_the_operator_opened_is_allowed_in_any_notation_and_no_more() {
        let reach = Reach::with(vec!["10.1.0.0/16".parse().unwrap(), "::1/128".parse().unwrap()]);
        for (host, allowed) in [
            ("10.1.2.3", true),
            ("0x0a.1.2.3", true),
            ("[::ffff:10.1.2.3]", true),
            ("[::1]", true),
            ("10.2.0.1", false),
            ("[2002:a01:203::1]", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(reach.allows(address(host).unwrap()), allowed, "{host}");
        }
    }
}
