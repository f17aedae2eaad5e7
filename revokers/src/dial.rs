//! Connections that are not HTTP: to databases and other servers. They are held to the same rules as requests: hosts that a leak named must
//! be allowed, names are looked up once and only public addresses are taken, and offline means offline.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Why;
use crate::hosts::is_public;
use crate::http::{Client, Payer};

/// A connection, in clear or not.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A server, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its name or address, in lower case, without brackets.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Whether its name came from a leak.
    pub(crate) leaked: bool,
}

impl Place {
    /// Reads `host`, `host:port`, `[v6]:port`.
    ///
    /// # Errors
    /// If it is no host: a list of hosts, a template, a path.
    pub(crate) fn parse(text: &str, port: u16, leaked: bool) -> Result<Self, Why> {
        let malformed = || Why::Malformed { part: "host".to_owned() };
        let (host, rest) = match text.strip_prefix('[') {
            Some(inner) => inner.split_once(']').ok_or_else(malformed)?,
            None => text.find(':').and_then(|at| text.split_at_checked(at)).unwrap_or((text, "")),
        };
        let port = match rest.strip_prefix(':') {
            Some(digits) => digits.parse().map_err(|_| malformed())?,
            None if rest.is_empty() => port,
            None => return Err(malformed()),
        };
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let legal = if text.starts_with('[') { host.parse::<IpAddr>().is_ok() } else { host.chars().all(name) };
        if !legal || host.is_empty() || port == 0 {
            return Err(malformed());
        }
        Ok(Self { host: host.to_ascii_lowercase(), port, leaked })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A connection that stands.
#[derive(Debug)]
pub(crate) struct Dialled {
    pub(crate) stream: TcpStream,
    /// Whether it goes over the public Internet, so that nothing of ours may pass in clear.
    pub(crate) public: bool,
}

impl Client {
    /// Connects to a server. An endpoint `tcp://…` of the configuration takes the place of its host, as the near end of a tunnel does.
    ///
    /// # Errors
    /// If it may not be called, or cannot be reached.
    pub(crate) async fn dial(&self, place: &Place, payer: &Payer) -> Result<Dialled, Why> {
        if self.is_offline() {
            return Err(Why::Offline);
        }
        self.hosts.check_name(&place.host, place.leaked)?;
        let _turn = self.limits.turn(payer, &place.host).await;
        let tunnel = self.endpoints.iter().find(|(name, url)| is_tcp(url) && name.eq_ignore_ascii_case(&place.host));
        let addresses = match tunnel {
            Some((_, url)) => vec![address(url).ok_or_else(|| Why::Malformed { part: "endpoint".to_owned() })?],
            None => self.hosts.addresses(&place.host, place.port).await?,
        };
        tracing::debug!(host = place.host, port = place.port, "connect");
        let connect =
            tokio::time::timeout(Duration::from_millis(self.config().connect_ms), TcpStream::connect(&*addresses));
        let fail = |detail: &str| Why::Transport { detail: detail.to_owned(), sent: false };
        let stream = connect.await.map_err(|_| fail("it took too long"))?.map_err(|_| fail("cannot connect"))?;
        let public = stream.peer_addr().is_ok_and(|at| is_public(at.ip()));
        Ok(Dialled { stream, public })
    }

    /// Wraps a connection in TLS. The server's certificate must be one for the host, by an authority of the system or of `http.ca`.
    ///
    /// # Errors
    /// If it is not, or the handshake fails.
    pub(crate) async fn encrypt(&self, stream: TcpStream, host: &str) -> Result<Box<dyn Wire>, Why> {
        let fail = |detail: &str| Why::Transport { detail: detail.to_owned(), sent: false };
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Why::Malformed { part: "host".to_owned() })?;
        let shake = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream);
        let stream = self.within(async { Ok(shake.await) }).await?.map_err(|error| fail(tls_failure(&error)))?;
        Ok(Box::new(stream))
    }

    /// Gives something the time of a whole answer.
    ///
    /// # Errors
    /// If it takes longer; what was sent may have had its effect.
    pub(crate) async fn within<T>(&self, doing: impl Future<Output = Result<T, Why>>) -> Result<T, Why> {
        let late = |_| Why::Transport { detail: "it took too long".to_owned(), sent: true };
        tokio::time::timeout(Duration::from_millis(self.config().timeout_ms), doing).await.map_err(late)?
    }
}

/// Whether an endpoint is one of connections, not of requests.
pub(crate) fn is_tcp(url: &Url) -> bool {
    url.scheme() == "tcp"
}

/// The address of an endpoint of connections.
fn address(url: &Url) -> Option<SocketAddr> {
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    Some(SocketAddr::new(host.parse().ok()?, url.port()?))
}

/// What went wrong in a handshake, without names.
fn tls_failure(error: &std::io::Error) -> &'static str {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(_)) => {
            "the server's certificate is not one for this host by a known authority (`http.ca` names more)"
        }
        Some(_) => "the TLS handshake failed",
        None => "the connection broke off in the TLS handshake",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_or_else(|error| panic!("{error}"), |runtime| runtime.block_on(future))
    }

    fn dial(config: &str, offline: bool, place: &str, leaked: bool) -> Result<bool, Why> {
        let config = Config::parse(config).unwrap_or_else(|error| panic!("{error}"));
        let client = Client::new(&config, offline).unwrap_or_else(|error| panic!("{error}"));
        let place = Place::parse(place, 5432, leaked)?;
        run(client.dial(&place, &Payer::default())).map(|dialled| dialled.public)
    }

    fn refused(outcome: Result<bool, Why>) -> String {
        outcome.map_or_else(|why| why.to_string(), |_| "it was called".to_owned())
    }

    #[test]
    fn a_place_is_one_host_with_a_port() {
        let read = |text: &str| Place::parse(text, 5432, true).map(|place| place.to_string()).ok();
        assert_eq!(read("DB.acme.dev").as_deref(), Some("db.acme.dev:5432"));
        assert_eq!(read("10.0.0.1:6432").as_deref(), Some("10.0.0.1:6432"));
        assert_eq!(read("[fd00::1]:6432").as_deref(), Some("[fd00::1]:6432"));
        for text in
            ["", "a,b", "a:1,b:2", "${HOST}", "a/b", "a:0", "a:99999", "[a.example]", "[::1", "::1", "a b", ":5432"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn nobody_is_called_who_may_not_be() {
        let here =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (at, _listener) = here.unwrap_or_else(|error| panic!("{error}"));
        let at = at.to_string();
        let both = "hosts = { allow = ['127.0.0.1'], private = ['127.0.0.1'] }";
        assert_eq!(dial(both, false, &at, true), Ok(false));
        assert_eq!(dial(both, true, &at, true), Err(Why::Offline));
        assert!(refused(dial("hosts = { private = ['127.0.0.1'] }", false, &at, true)).contains("hosts.allow"));
        assert!(refused(dial("hosts = { allow = ['127.0.0.1'] }", false, &at, true)).contains("public"));
        assert!(refused(dial("", false, &at, false)).contains("public"));
        assert!(refused(dial("hosts = { allow = ['*'] }", false, "localhost", false)).contains("local network"));
    }

    #[test]
    fn a_tunnel_takes_the_place_of_a_host_that_is_allowed() {
        let here =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (at, _listener) = here.unwrap_or_else(|error| panic!("{error}"));
        let endpoints = format!("endpoints = {{ 'db.acme.dev' = 'tcp://{at}' }}");
        assert_eq!(dial(&endpoints, false, "db.acme.dev", false), Ok(false));
        assert!(refused(dial(&endpoints, false, "db.acme.dev", true)).contains("hosts.allow"));
        let config = Config::parse("endpoints = { 'db.acme.dev' = 'tcp://192.0.2.1:5432' }").unwrap_or_default();
        assert!(Client::new(&config, false).is_err(), "a tunnel begins on this machine");
    }
}
