//! Which hosts may be called, and at which addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::Why;
use crate::config::Config;

/// What the configuration says of hosts.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    allow: Arc<[String]>,
    private: Arc<[String]>,
}

impl Hosts {
    pub(crate) fn new(config: &Config) -> Self {
        Self { allow: config.hosts.allow.clone().into(), private: config.hosts.private.clone().into() }
    }

    /// Whether an address may be called. A host that a leak named must be on the allow-list.
    pub(crate) fn check(&self, url: &Url, leaked: bool) -> Result<(), Why> {
        let host = url.host_str().unwrap_or_default();
        let refuse = |detail: &str| Err(Why::Host { host: host.to_owned(), detail: detail.to_owned() });
        if url.scheme() != "https" {
            return refuse("credentials go over https only");
        }
        if leaked && !listed(&self.allow, host) {
            return refuse("the leak named it, and it is not among `hosts.allow` of the configuration");
        }
        // A number is never looked up, so the resolver below would not see it.
        match url.host() {
            Some(url::Host::Domain(name)) if name.contains('.') || listed(&self.private, name) => Ok(()),
            Some(url::Host::Domain(_)) => refuse("a name without a domain is one of the local network"),
            Some(url::Host::Ipv4(ip)) => self.check_number(IpAddr::V4(ip), host),
            Some(url::Host::Ipv6(ip)) => self.check_number(IpAddr::V6(ip), host),
            None => refuse("no host"),
        }
    }

    /// Whether a host may be called by another protocol than HTTP. Its addresses are looked at by [`Self::addresses`].
    pub(crate) fn check_name(&self, host: &str, leaked: bool) -> Result<(), Why> {
        let refuse = |detail: &str| Err(Why::Host { host: host.to_owned(), detail: detail.to_owned() });
        if leaked && !listed(&self.allow, host) {
            return refuse("the leak named it, and it is not among `hosts.allow` of the configuration");
        }
        if host.contains(['.', ':']) || listed(&self.private, host) {
            return Ok(());
        }
        refuse("a name without a domain is one of the local network")
    }

    /// The addresses of a host that may be called, looked up once.
    pub(crate) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Why> {
        let fail = |_| Why::Transport { detail: "the name has no address".to_owned(), sent: false };
        let all = tokio::net::lookup_host((host, port)).await.map_err(fail)?;
        let private = listed(&self.private, host);
        let allowed: Vec<SocketAddr> = all.filter(|at| private || is_public(at.ip())).collect();
        if allowed.is_empty() {
            return Err(Why::Host { host: host.to_owned(), detail: NotPublic.to_string() });
        }
        Ok(allowed)
    }

    fn check_number(&self, ip: IpAddr, host: &str) -> Result<(), Why> {
        if is_public(ip) || listed(&self.private, host) {
            return Ok(());
        }
        Err(Why::Host { host: host.to_owned(), detail: "not a public address".to_owned() })
    }
}

fn listed(list: &[String], host: &str) -> bool {
    list.iter().any(|entry| match entry.strip_prefix("*.") {
        Some(domain) => host.len() > domain.len() && ends(host, &format!(".{domain}")),
        None => entry.eq_ignore_ascii_case(host),
    })
}

fn ends(host: &str, tail: &str) -> bool {
    host.to_ascii_lowercase().ends_with(&tail.to_ascii_lowercase())
}

/// Looks a name up once and hands out its public addresses only. The connection is made to what is handed out, so a second look-up cannot
/// give another answer.
impl Resolve for Hosts {
    fn resolve(&self, name: Name) -> Resolving {
        let hosts = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let all: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let private = listed(&hosts.private, &host);
            let allowed: Vec<SocketAddr> = all.into_iter().filter(|at| private || is_public(at.ip())).collect();
            if allowed.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// A name that leads to the local network.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
pub(crate) struct NotPublic;

/// Whether an address is one of the public Internet: none of the special-purpose registries
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>).
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special =
        matches!((a, b, c), (0 | 10 | 127 | 240..=255, ..) | (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _))
            || matches!(
                (a, b, c),
                (192, 0, 0 | 2) | (192, 88, 99) | (192, 168, _) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113)
            );
    !special && !ip.is_multicast()
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    // An address of version 4 in one of the forms that carry it.
    if let Some(v4) = ip.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let v4 = |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => v4(high, low),
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Only 2000::/3 is given out to the public.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        let special = "0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 169.254.169.254 172.31.255.255 192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255 \
                       ::1 :: fe80::1 fc00::1 ::ffff:127.0.0.1 64:ff9b::a00:1 2002:7f00:1:: 2001:db8::1 2001::1 ff02::1 fec0::1";
        for text in special.split_whitespace() {
            assert!(text.parse().is_ok_and(|ip| !is_public(ip)), "{text}");
        }
        for text in "1.1.1.1 172.32.0.1 100.128.0.1 2606:4700::1111 64:ff9b::101:101".split_whitespace() {
            assert!(text.parse().is_ok_and(is_public), "{text}");
        }
    }

    #[test]
    fn a_host_from_a_leak_must_be_allowed() {
        let config = Config::parse("hosts = { allow = ['git.example.com', '*.corp.example'], private = ['vault'] }")
            .unwrap_or_default();
        let hosts = Hosts::new(&config);
        let check = |url: &str, leaked| Url::parse(url).is_ok_and(|url| hosts.check(&url, leaked).is_ok());
        assert!(
            check("https://git.example.com/x", true)
                && check("https://a.corp.example", true)
                && check("https://api.example.org", false)
        );
        for url in [
            "https://evil.example",
            "https://corp.example",
            "https://xcorp.example",
            "https://git.example.com.evil.example",
        ] {
            assert!(!check(url, true), "{url}");
        }
        for url in [
            "http://git.example.com",
            "https://localhost",
            "https://169.254.169.254",
            "https://[::1]/",
            "https://127.1/",
        ] {
            assert!(!check(url, false), "{url}");
        }
        assert!(check("https://vault/v1", false));
    }
}
