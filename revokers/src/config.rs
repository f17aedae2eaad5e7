//! What the user configures: what is theirs, who may act for them, which hosts may be called. It is never read from anything that is scanned.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::answer::OneOrMany;

/// The response part of the configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Accounts, organisations, users and mail addresses that are ours, by provider; `*` is every provider. `@example.com` is every address there.
    pub owners: BTreeMap<String, Vec<String>>,
    /// Credentials that may act for us, by responder id.
    pub responders: BTreeMap<String, OneOrMany<ResponderConfig>>,
    /// Parts that are the same for all credentials of a provider, such as the host of an instance.
    pub settings: BTreeMap<String, BTreeMap<String, String>>,
    /// Hosts beyond those of the provider files.
    pub hosts: HostsConfig,
    /// Where a host is really reached, such as a gateway: host to origin.
    pub endpoints: BTreeMap<String, String>,
    /// What may be done without a person.
    pub policy: Policy,
    /// Limits of the network.
    pub http: HttpConfig,
    /// Read by the pipeline: who answers for a credential.
    pub ownership: Elsewhere,
    /// Read by the pipeline: who is told of what.
    pub notify: Elsewhere,
    /// Read by the pipeline: where its store is.
    pub store: Elsewhere,
    /// Read by the server: where it listens, and to whom.
    pub serve: Elsewhere,
    /// Read by the server: who may tell us what.
    pub intake: Elsewhere,
    /// Read by the pipeline: where successors go.
    pub rotation: Elsewhere,
}

/// A section of the same file that another room reads. It stands here so that a misspelt section is still refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct Elsewhere;

impl<'de> Deserialize<'de> for Elsewhere {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// A credential that may act for us.
#[derive(Debug, Clone, Deserialize)]
pub struct ResponderConfig {
    /// The account that it acts for, where there are several.
    pub account: Option<String>,
    /// Its parts: `secret`, and what else its provider asks for.
    #[serde(flatten)]
    pub parts: BTreeMap<String, Source>,
}

/// Where a secret of ours is read.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// The first line that a command prints.
    Command(Vec<String>),
    /// An environment variable.
    Env(String),
    /// The first line of a file that only we can read.
    File(std::path::PathBuf),
    /// The keyring of the operating system: service and account.
    Keyring {
        /// The service.
        service: String,
        /// The account.
        account: String,
    },
    /// A value that is no secret, such as an organisation's id.
    Value(String),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A command may hold a secret, though it should not; a value should not, though it may.
            Self::Command(words) => write!(f, "command `{}`", words.first().map_or("", String::as_str)),
            Self::Env(name) => write!(f, "environment variable `{name}`"),
            Self::File(path) => write!(f, "file `{}`", path.display()),
            Self::Keyring { service, account } => write!(f, "keyring entry `{service}` of `{account}`"),
            Self::Value(_) => f.write_str("value"),
        }
    }
}

/// Hosts beyond those of the provider files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostsConfig {
    /// Hosts that may be called although a leak named them; `*.example.com` is every host there.
    pub allow: Vec<String>,
    /// Hosts that may resolve to addresses that are not public.
    pub private: Vec<String>,
}

/// What may be done without a person.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Providers whose secrets are revoked by their value although they are not ours.
    pub foreign: Vec<String>,
    /// More decoys: AWS accounts, hosts, fingerprints.
    pub canaries: Vec<String>,
    /// Whether canaries are asked about, which tells their owner.
    pub probe_canaries: bool,
}

/// Limits of the network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Milliseconds until a connection stands.
    pub connect_ms: u64,
    /// Milliseconds until an answer is there whole.
    pub timeout_ms: u64,
    /// How often a request that changes nothing is tried.
    pub attempts: u32,
    /// Milliseconds before the second try; twice as long before each next.
    pub backoff_ms: u64,
    /// The longest wait that a provider's Retry-After is given, in seconds.
    pub longest_wait_s: u64,
    /// Requests at once.
    pub concurrency: usize,
    /// Requests a minute, where it shall be more or less than the provider's file says.
    pub per_minute: Option<u32>,
    /// A multiple of the time that a provider is given until it refuses a revoked credential.
    pub patience: f64,
    /// A PEM file of more certificate authorities than the system has, such as a company's own.
    pub ca: Option<std::path::PathBuf>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connect_ms: 5_000,
            timeout_ms: 20_000,
            attempts: 3,
            backoff_ms: 500,
            longest_wait_s: 30,
            concurrency: 16,
            per_minute: None,
            patience: 1.0,
            ca: None,
        }
    }
}

impl Config {
    /// Reads the text of a configuration.
    ///
    /// # Errors
    /// If it is no TOML, or says something unknown. The message shows the line, so a configuration holds no secret.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Whether one of these values is ours at a provider.
    pub fn owns(&self, provider: &str, values: &[String]) -> bool {
        let ours = || self.owners.get(provider).into_iter().chain(self.owners.get("*")).flatten();
        values.iter().any(|value| ours().any(|own| is_ours(own, value)))
    }

    /// Whether anything is said to be ours at a provider.
    pub fn has_owners(&self, provider: &str) -> bool {
        self.owners.contains_key(provider) || self.owners.contains_key("*")
    }
}

fn is_ours(own: &str, value: &str) -> bool {
    if own.starts_with('@') {
        return value.rsplit_once('@').is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(&own[1..]));
    }
    !own.is_empty() && own.eq_ignore_ascii_case(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_what_was_named() {
        let config = Config::parse("owners = { acme = ['org-1'], '*' = ['@example.com'] }");
        let owns = |provider, value: &str| config.as_ref().is_ok_and(|c| c.owns(provider, &[value.to_owned()]));
        assert!(owns("acme", "org-1") && owns("acme", "a@example.com") && owns("other", "A@EXAMPLE.COM"));
        assert!(
            !owns("other", "org-1")
                && !owns("acme", "org-12")
                && !owns("acme", "a@evil-example.com")
                && !owns("acme", "")
        );
    }

    #[test]
    fn a_responder_is_read_with_its_sources() {
        let config = Config::parse(
            "[responders.acme]\naccount = 'org-1'\nsecret = { env = 'ACME_ADMIN' }\nkey_id = { value = 'k1' }\n\
             [[responders.two]]\nsecret = { command = ['pass', 'x'] }\n[[responders.two]]\nsecret = { file = '/x' }",
        );
        assert_eq!(
            config.map(|c| c.responders.values().map(|r| r.as_slice().len()).collect::<Vec<_>>()).ok(),
            Some(vec![1, 2])
        );
    }
}
