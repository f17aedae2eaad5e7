//! The only way to the network. Whatever a request is for, here it is held to the rules: https only, allowed hosts, public addresses,
//! no redirects, bounded bodies and times, limited rates, and nothing repeated that may have changed something.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;
use sha2::Digest as _;
use tracing::Instrument as _;
use zeroize::Zeroizing;

use crate::Why;
use crate::calls::{Calls, Came};
use crate::config::{Config, HttpConfig};
use crate::dial::is_tcp;
use crate::hosts::Hosts;
use crate::limit::Limits;
use crate::reading::{ListId, Readings};
use crate::tls;
use crate::together::Together;

/// The most that is read of an answer, in bytes.
pub const MOST: usize = 8 << 20;

/// The client of all revokers.
pub struct Client {
    direct: reqwest::Client,
    /// For configured endpoints on loopback, which no proxy reaches.
    local: reqwest::Client,
    /// For connections that are not HTTP.
    pub(crate) tls: Arc<rustls::ClientConfig>,
    pub(crate) hosts: Hosts,
    pub(crate) limits: Limits,
    pub(crate) endpoints: Vec<(String, Url)>,
    /// Credentials that go by one request.
    pub(crate) together: Together,
    /// Lists that many look at.
    pub(crate) readings: Readings,
    config: HttpConfig,
    offline: bool,
    calls: Calls,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("offline", &self.offline).finish_non_exhaustive()
    }
}

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The TLS library is not usable.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] reqwest::Error),
    /// An endpoint of the configuration is none.
    #[error("the endpoint `{0}` is neither an https origin nor http or tcp on a loopback address")]
    Endpoint(String),
    /// The certificate authorities cannot be read.
    #[error("{0}")]
    Authorities(String),
}

/// For whom a request is counted.
#[derive(Debug, Clone)]
pub struct Payer {
    /// The provider.
    pub provider: String,
    /// The account there: a responder's, or nothing.
    pub account: String,
    /// Requests a minute.
    pub per_minute: u32,
    /// Requests of this sort an hour, where the provider counts them.
    pub per_hour: Option<NonZeroU32>,
}

impl Default for Payer {
    /// Nobody in particular, who asks once a second.
    fn default() -> Self {
        Self { provider: String::new(), account: String::new(), per_minute: 60, per_hour: None }
    }
}

/// Whether a request may be sent again when it is not known what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing.
    Safe,
    /// It may change something: sent once.
    Never,
}

/// A request on its way.
pub struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Zeroizing<Vec<u8>>>,
    /// Whether its host came from a leak.
    pub leaked_host: bool,
    /// Whether it goes to a service of this machine: http to a loopback address, which the user's configuration names.
    near: bool,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Path, query, headers and body may hold the secret.
        write!(f, "Call({} {})", self.method, self.url.host_str().unwrap_or_default())
    }
}

impl Call {
    /// A request without headers and body.
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None, leaked_host: false, near: false }
    }

    /// A request to an address of the user's own configuration, such as a webhook of theirs. Besides what [`Self::new`] may call, it may
    /// be `http` to a loopback address.
    ///
    /// # Errors
    /// If the verb or the address is none. What is wrong is told without the address, which may hold a secret.
    pub fn configured(method: &str, address: &str) -> Result<Self, Why> {
        let fail = |part: &str| Why::Malformed { part: part.to_owned() };
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| fail("verb"))?;
        let url = Url::parse(address).map_err(|_| fail("address"))?;
        let near = url.scheme() == "http" && is_loopback(&url);
        Ok(Self { near, ..Self::new(method, url) })
    }

    /// Adds a header; its value is marked so that no library prints it.
    ///
    /// # Errors
    /// If name or value cannot stand in a header.
    pub fn header(&mut self, name: &str, value: &str) -> Result<(), Why> {
        let fail = || Why::Malformed { part: format!("header {name}") };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| fail())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| fail())?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    /// Sets the body, and its type unless that is empty or set already.
    ///
    /// # Errors
    /// If the type cannot stand in a header.
    pub fn body(&mut self, kind: &str, text: String) -> Result<(), Why> {
        if !kind.is_empty() && !self.headers.contains_key("content-type") {
            self.header("content-type", kind)?;
        }
        self.body = Some(Zeroizing::new(text.into_bytes()));
        Ok(())
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The verb.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// A header that was set.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The names of the headers that were set, in lower case.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.keys().map(HeaderName::as_str)
    }

    /// The bytes of the body; none if there is no body.
    pub fn body_bytes(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], |body| body.as_slice())
    }

    /// What tells it from every other request of its payer that is read in some way, `how`, or that may go elsewhere.
    pub(crate) fn list_id(&self, payer: &Payer, how: usize) -> ListId {
        let mut digest = sha2::Sha256::new();
        let mut add = |part: &[u8]| {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        };
        for part in [payer.provider.as_str(), &payer.account, self.method.as_str(), self.url.as_str()] {
            add(part.as_bytes());
        }
        for (name, value) in &self.headers {
            add(name.as_str().as_bytes());
            add(value.as_bytes());
        }
        add(self.body_bytes());
        add(&how.to_le_bytes());
        add(&[u8::from(self.leaked_host), u8::from(self.near)]);
        digest.finalize().into()
    }

    /// The address, to be changed.
    pub fn url_mut(&mut self) -> &mut Url {
        &mut self.url
    }

    #[cfg(test)]
    pub(crate) fn body_text(&self) -> Option<String> {
        self.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned())
    }
}

/// An answer, read whole. It may hold secrets (of a new key, say) and is wiped.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

impl Answer {
    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The bytes of the body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// A header's first value, where it is text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name)?.to_str().ok().map(str::to_owned)
    }

    /// Why this answer proves nothing whatever it says, if so.
    pub fn proves_nothing(&self) -> Option<Why> {
        let status = self.status;
        match status {
            429 => Some(Why::Throttled { after: self.retry_after() }),
            300..=399 => Some(Why::Redirect),
            407 | 408 | 425 | 500.. => Some(Why::Answer { status }),
            _ if self.is_page() => Some(Why::Page { status }),
            _ => None,
        }
    }

    /// How far the provider's clock is from ours, in seconds, if it says so.
    pub(crate) fn clock_skew(&self) -> Option<u64> {
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(self.header("date")?).ok()?;
        Some(date.as_second().abs_diff(jiff::Timestamp::now().as_second()))
    }

    /// Seconds to wait, if the provider says so.
    fn retry_after(&self) -> Option<u64> {
        self.header("retry-after")?.trim().parse().ok()
    }

    fn is_page(&self) -> bool {
        const STARTS: [&[u8]; 2] = [b"<!doctype html", b"<html"];
        let html = self.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("text/html"));
        let body = self.body.trim_ascii_start();
        // Some frameworks call even nothing a page, where all that counts is that it went well.
        let nothing = body.is_empty() && (200..300).contains(&self.status);
        (html && !nothing)
            || STARTS.iter().any(|start| body.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn fake(status: u16, headers: &[(&'static str, &str)], body: &str) -> Self {
        let headers = headers
            .iter()
            .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?)))
            .collect();
        Self { status, headers, body: Zeroizing::new(body.as_bytes().to_vec()) }
    }
}

impl Client {
    /// A client under a configuration. An offline client calls nobody.
    ///
    /// # Errors
    /// If TLS cannot be set up, or an endpoint of the configuration is none.
    pub fn new(config: &Config, offline: bool) -> Result<Self, ClientError> {
        // Whoever embeds us may have installed another provider before; either serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let hosts = Hosts::new(config);
        let endpoints = config
            .endpoints
            .iter()
            .map(|(host, origin)| {
                Ok((host.clone(), endpoint(origin).ok_or_else(|| ClientError::Endpoint(origin.clone()))?))
            })
            .collect::<Result<Vec<_>, ClientError>>()?;
        let tls = tls::config(config.http.ca.as_deref()).map_err(ClientError::Authorities)?;
        let base = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls::of_requests(&tls))
                .user_agent(concat!("stanch/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(Duration::from_millis(config.http.connect_ms))
                .timeout(Duration::from_millis(config.http.timeout_ms))
        };
        Ok(Self {
            direct: base().https_only(true).dns_resolver(Arc::new(hosts.clone())).build()?,
            local: base().no_proxy().build()?,
            tls: Arc::new(tls),
            hosts,
            limits: Limits::new(config.http.concurrency, config.http.per_minute),
            endpoints,
            together: Together::default(),
            readings: Readings::default(),
            config: config.http.clone(),
            offline,
            calls: Calls::default(),
        })
    }

    /// Limits that others wait by, too.
    pub fn config(&self) -> &HttpConfig {
        &self.config
    }

    /// How often whom was called by name, and what came of it.
    pub fn calls(&self) -> Vec<(String, Came, u64)> {
        self.calls.all()
    }

    /// Whether nobody is called.
    pub const fn is_offline(&self) -> bool {
        self.offline
    }

    /// Sends a request and reads the answer whole.
    ///
    /// # Errors
    /// If it may not be sent, or no whole answer came. An answer of any status is an answer.
    pub async fn send(&self, call: &Call, payer: &Payer, repeat: Repeat) -> Result<Answer, Why> {
        if self.offline {
            return Err(Why::Offline);
        }
        if !call.near {
            self.hosts.check(&call.url, call.leaked_host)?;
        }
        let attempts = if repeat == Repeat::Safe { self.config.attempts.max(1) } else { 1 };
        let mut wait = Duration::from_millis(self.config.backoff_ms);
        for attempt in 1.. {
            let span = tracing::info_span!("call", provider = payer.provider, status = tracing::field::Empty);
            let outcome = self.once(call, payer).instrument(span.clone()).await;
            let status = outcome.as_ref().map(|answer| answer.status).map_err(drop);
            if let Ok(status) = status {
                span.record("status", status);
            }
            self.calls.count(&payer.provider, Came::of(status));
            let again = attempt < attempts && passes(&outcome);
            let Some(pause) = again.then(|| self.pause(&outcome, wait)).flatten() else { return outcome };
            tokio::time::sleep(pause).await;
            wait *= 2;
        }
        Err(Why::Offline)
    }

    /// How long to wait before the next try; `None` if the provider asks for more patience than we have.
    fn pause(&self, outcome: &Result<Answer, Why>, wait: Duration) -> Option<Duration> {
        let asked = outcome.as_ref().ok().and_then(Answer::retry_after).map(Duration::from_secs);
        let pause = asked.unwrap_or(wait).max(wait);
        (pause <= Duration::from_secs(self.config.longest_wait_s)).then(|| pause + jitter(wait))
    }

    async fn once(&self, call: &Call, payer: &Payer) -> Result<Answer, Why> {
        let host = call.url.host_str().unwrap_or_default();
        let _turn = self.limits.turn(payer, host).await;
        let endpoint =
            self.endpoints.iter().find(|(name, to)| !is_tcp(to) && name.eq_ignore_ascii_case(host)).map(|(_, to)| to);
        let client = if endpoint.is_some() || call.near { &self.local } else { &self.direct };
        let mut request = client.request(call.method.clone(), place(&call.url, endpoint)).headers(call.headers.clone());
        if endpoint.is_some() {
            request = request.header("host", authority(&call.url));
        }
        if !call.headers.contains_key("accept") {
            request = request.header("accept", "application/json");
        }
        if let Some(body) = &call.body {
            request = request.body(body.to_vec());
        }
        tracing::debug!(method = %call.method, host, "request");
        let mut response = request.send().await.map_err(|error| transport(&error, host))?;
        let (status, headers) = (response.status(), response.headers().clone());
        tracing::debug!(host, status = status.as_u16(), "answer");
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error, host))? {
            if body.len() + chunk.len() > MOST {
                return Err(Why::TooLarge { limit: MOST });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: status.as_u16(), headers, body })
    }
}

/// Whether a request that changes nothing should be tried again.
fn passes(outcome: &Result<Answer, Why>) -> bool {
    const PASSING: [StatusCode; 4] = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    match outcome {
        Ok(answer) => PASSING.iter().any(|status| status.as_u16() == answer.status),
        Err(Why::Transport { .. }) => true,
        Err(_) => false,
    }
}

/// Up to half of the wait, so that many clients do not come back at once.
fn jitter(wait: Duration) -> Duration {
    let mut byte = [0; 1];
    // Without randomness the wait is only less even.
    let _ = getrandom::fill(&mut byte);
    wait * u32::from(byte[0]) / 512
}

/// An origin of the configuration: https anywhere, http and the near ends of tunnels on loopback only.
fn endpoint(origin: &str) -> Option<Url> {
    let url = Url::parse(origin).ok()?;
    let near = url.scheme() == "http" || (is_tcp(&url) && url.port().is_some());
    let allowed = url.scheme() == "https" || (near && is_loopback(&url));
    (allowed && matches!(url.path(), "" | "/") && url.query().is_none()).then_some(url)
}

/// Whether an address names this machine by number. A name would have to be looked up, and may lead elsewhere the next time.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Where a request really goes.
fn place(url: &Url, endpoint: Option<&Url>) -> Url {
    let Some(origin) = endpoint else { return url.clone() };
    let mut place = origin.clone();
    place.set_path(url.path());
    place.set_query(url.query());
    place
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What went wrong, without the address, which may hold the secret.
fn transport(error: &reqwest::Error, host: &str) -> Why {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if cause.is::<crate::hosts::NotPublic>() {
            return Why::Host { host: host.to_owned(), detail: cause.to_string() };
        }
        source = cause.source();
    }
    let detail = match error {
        error if error.is_timeout() => "it took too long",
        error if error.is_connect() => "cannot connect",
        error if error.is_body() || error.is_decode() => "the connection broke off in the answer",
        _ => "the connection broke off",
    };
    Why::Transport { detail: detail.to_owned(), sent: !error.is_connect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configuration_may_name_a_service_of_this_machine() {
        let near = |address: &str| Call::configured("POST", address).map(|call| call.near).ok();
        for address in ["http://127.0.0.1:8080/hook", "http://[::1]/hook"] {
            assert_eq!(near(address), Some(true), "{address}");
        }
        for address in
            ["http://localhost/hook", "http://10.0.0.1/", "http://127.0.0.1.example.com/", "https://127.0.0.1/"]
        {
            assert_eq!(near(address), Some(false), "{address}");
        }
        assert_eq!(near("/hook"), None);
        let url = Url::parse("http://127.0.0.1/");
        assert_eq!(url.map(|url| Call::new(Method::POST, url).near), Ok(false));
    }
}
