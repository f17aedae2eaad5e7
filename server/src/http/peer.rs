//! Who is at the other end.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;

use crate::ServerConfig;

/// Who is at the other end: an address, or `None` at a socket of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(pub Option<IpAddr>);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.pad("local"),
        }
    }
}

impl Peer {
    /// Under what its mistakes are counted: one network of IPv6 is one peer, as it has more addresses than anybody can remember.
    pub(crate) fn key(&self) -> Option<IpAddr> {
        const NETWORK: u128 = u128::MAX << 64;
        self.0.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
            address @ IpAddr::V4(_) => address,
        })
    }

    /// Who asks by way of the proxies that are declared: the last address in `X-Forwarded-For` that is none of them. What stands before it, anybody
    /// could have written.
    pub(crate) fn behind(self, headers: &HeaderMap, config: &ServerConfig) -> Self {
        let is_proxy = |peer: Self| match peer.0 {
            Some(address) => config.trusts(address),
            // Whoever serves through a socket and declares proxies has one at that socket.
            None => !config.trusted_proxies.is_empty(),
        };
        let mut peer = self;
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        for name in lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.rsplit(',')) {
            if !is_proxy(peer) {
                break;
            }
            let Ok(address) = name.trim().parse::<IpAddr>() else { break };
            peer = Self(Some(address.to_canonical()));
        }
        peer
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn peer(text: &str) -> Peer {
        Peer(Some(text.parse().expect("an address")))
    }

    fn behind(from: Peer, forwarded: &[&'static str], proxies: &[&str]) -> Peer {
        let trusted_proxies = proxies.iter().map(|text| text.parse().expect("a network")).collect();
        let config = ServerConfig { trusted_proxies, ..ServerConfig::default() };
        let line = |text: &&'static str| ("x-forwarded-for".parse().expect("a name"), HeaderValue::from_static(text));
        let headers: HeaderMap = forwarded.iter().map(line).collect();
        from.behind(&headers, &config)
    }

    #[test]
    fn nobody_but_a_proxy_names_another() {
        let me = peer("192.0.2.1");
        assert_eq!(behind(me, &["198.51.100.1"], &[]), me);
        assert_eq!(behind(me, &["198.51.100.1"], &["10.0.0.0/8"]), me);
        assert_eq!(behind(Peer(None), &["198.51.100.1"], &[]), Peer(None));
    }

    #[test]
    fn the_last_that_is_no_proxy_asks() {
        let proxies = ["10.0.0.0/8"];
        let from = peer("10.0.0.1");
        assert_eq!(behind(from, &["203.0.113.7, 198.51.100.1"], &proxies), peer("198.51.100.1"));
        assert_eq!(behind(from, &["203.0.113.7", "198.51.100.1, 10.0.0.2"], &proxies), peer("198.51.100.1"));
        assert_eq!(behind(from, &["198.51.100.1, nobody"], &proxies), from);
        assert_eq!(behind(from, &[], &proxies), from);
        assert_eq!(behind(Peer(None), &["198.51.100.1"], &proxies), peer("198.51.100.1"));
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        assert_eq!(peer("2001:db8::1").key(), peer("2001:db8::2").key());
        assert_ne!(peer("2001:db8:0:1::1").key(), peer("2001:db8::1").key());
        assert_eq!(peer("::ffff:192.0.2.1").key(), peer("192.0.2.1").key());
    }
}
