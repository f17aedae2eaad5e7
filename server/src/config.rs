//! The section `[serve]` of the configuration.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How the server behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Where it listens: an address with a port, or `unix:` and a path.
    pub listen: Listen,
    /// The certificate that it shows. Without one it speaks plain HTTP, and only to this machine or to proxies.
    pub tls: Option<TlsFiles>,
    /// The proxies in front of it, as addresses or networks. Of them alone `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The address under which people reach it, for links and cookies.
    pub public_url: Option<String>,
    /// Who belongs to which group of approvers: the names of tokens, by group.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Where spans are sent: a collector of OpenTelemetry, as OTLP over HTTP. Builds without the feature `otel` refuse it.
    pub traces: Option<String>,
    /// How much it takes on at a time.
    pub limits: Limits,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: Listen::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8470)),
            tls: None,
            trusted_proxies: Vec::new(),
            public_url: None,
            groups: BTreeMap::new(),
            traces: None,
            limits: Limits::default(),
        }
    }
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Tokens would travel in clear.
    #[error("`{0}` can be reached from other machines, and there is neither `tls` nor `trusted_proxies`")]
    Plain(SocketAddr),
}

impl ServerConfig {
    /// Whether it is safe to run.
    ///
    /// # Errors
    /// [`ConfigError::Plain`] if others could read what is said.
    pub fn check(&self) -> Result<(), ConfigError> {
        match &self.listen {
            Listen::Tcp(address)
                if self.tls.is_none() && self.trusted_proxies.is_empty() && !is_local(address.ip()) =>
            {
                Err(ConfigError::Plain(*address))
            }
            Listen::Tcp(_) | Listen::Unix(_) => Ok(()),
        }
    }

    /// The groups of a person.
    pub fn groups_of(&self, person: &str) -> Vec<String> {
        groups_of(&self.groups, person)
    }

    /// Whether a peer may speak to it in clear.
    pub(crate) fn may_be_plain(&self, peer: Option<IpAddr>) -> bool {
        self.tls.is_some() || peer.is_none_or(|peer| is_local(peer) || self.trusts(peer))
    }

    /// Whether a peer is a proxy of ours.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }
}

/// The groups in which a person is.
pub(crate) fn groups_of(groups: &BTreeMap<String, Vec<String>>, person: &str) -> Vec<String> {
    let of = groups.iter().filter(|(_, people)| people.iter().any(|one| one == person));
    of.map(|(group, _)| group.clone()).collect()
}

pub(crate) fn is_local(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// At an address.
    Tcp(SocketAddr),
    /// At a socket in the file system, which its owner and group may use.
    Unix(PathBuf),
}

/// The text names no place to listen at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an address with a port (`127.0.0.1:8470`), or `unix:` and a path")]
pub struct ParseListenError;

impl FromStr for Listen {
    type Err = ParseListenError;

    fn from_str(text: &str) -> Result<Self, ParseListenError> {
        match text.strip_prefix("unix:") {
            Some("") => Err(ParseListenError),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp).map_err(|_| ParseListenError),
        }
    }
}

impl TryFrom<String> for Listen {
    type Error = ParseListenError;

    fn try_from(text: String) -> Result<Self, ParseListenError> {
        text.parse()
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        match listen {
            Listen::Tcp(address) => address.to_string(),
            Listen::Unix(path) => format!("unix:{}", path.display()),
        }
    }
}

/// A certificate and its key, in PEM. They are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate, and those that lead to an authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// An address, or all that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The text names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an address, or a network such as `10.0.0.0/8`")]
pub struct ParseNetworkError;

impl Network {
    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(mine), IpAddr::V4(other)) => same(mine.to_bits().into(), other.to_bits().into(), self.bits, 32),
            (IpAddr::V6(mine), IpAddr::V6(other)) => same(mine.to_bits(), other.to_bits(), self.bits, 128),
            _ => false,
        }
    }
}

/// Whether two numbers of so many bits begin with the same ones.
fn same(one: u128, other: u128, bits: u8, of: u8) -> bool {
    (one ^ other).checked_shr(u32::from(of.saturating_sub(bits))).unwrap_or(0) == 0
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| ParseNetworkError)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| ParseNetworkError)?;
        if bits <= most { Ok(Self { address, bits }) } else { Err(ParseNetworkError) }
    }
}

impl TryFrom<String> for Network {
    type Error = ParseNetworkError;

    fn try_from(text: String) -> Result<Self, ParseNetworkError> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        format!("{}/{}", network.address, network.bits)
    }
}

/// How much a server takes on at a time. What is above is refused at once, so that what was taken on is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections.
    pub connections: usize,
    /// Requests.
    pub requests: usize,
    /// MiB of bodies that are held.
    pub body_mib: usize,
    /// Seconds in which a request's head has to be there, and for which an idle connection is kept.
    pub head_seconds: u64,
    /// Seconds in which a body has to be there.
    pub body_seconds: u64,
    /// Seconds for which a peer may take nothing of an answer.
    pub write_seconds: u64,
    /// Seconds that requests have to end when the server stops.
    pub grace_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            requests: 256,
            body_mib: 256,
            head_seconds: 10,
            body_seconds: 30,
            write_seconds: 30,
            grace_seconds: 20,
        }
    }
}

impl Limits {
    pub(crate) const fn head(&self) -> Duration {
        Duration::from_secs(self.head_seconds)
    }

    pub(crate) const fn body(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    pub(crate) const fn write(&self) -> Duration {
        Duration::from_secs(self.write_seconds)
    }

    pub(crate) const fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().expect("a network")
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_network_holds_what_begins_alike() {
        assert!(network("10.0.0.0/8").contains(address("10.255.0.1")));
        assert!(!network("10.0.0.0/8").contains(address("11.0.0.1")));
        assert!(network("192.0.2.1").contains(address("192.0.2.1")));
        assert!(!network("192.0.2.1").contains(address("192.0.2.2")));
        assert!(network("0.0.0.0/0").contains(address("203.0.113.9")));
        assert!(!network("0.0.0.0/0").contains(address("2001:db8::1")));
        assert!(network("2001:db8::/32").contains(address("2001:db8:1::")));
        assert!(!network("2001:db8::/32").contains(address("2001:db9::")));
        assert!(network("::/0").contains(address("2001:db9::")));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1", "example.com"] {
            assert_eq!(text.parse::<Network>(), Err(ParseNetworkError), "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_or_behind_a_proxy() {
        let at = |listen: &str| ServerConfig { listen: listen.parse().expect("a place"), ..ServerConfig::default() };
        assert_eq!(ServerConfig::default().check(), Ok(()));
        assert_eq!(at("unix:/run/stanch.sock").check(), Ok(()));
        assert_eq!(at("[::1]:1").check(), Ok(()));
        let open = at("0.0.0.0:8470");
        assert!(matches!(open.check(), Err(ConfigError::Plain(_))));
        let behind = ServerConfig { trusted_proxies: vec![network("10.0.0.0/8")], ..open };
        assert_eq!(behind.check(), Ok(()));
        assert!(behind.may_be_plain(Some(address("10.1.1.1"))));
        assert!(behind.may_be_plain(Some(address("::ffff:10.1.1.1"))));
        assert!(!behind.may_be_plain(Some(address("192.0.2.1"))));
    }
}
