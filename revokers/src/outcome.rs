//! What can come of asking and acting. Only a provider's documented answer proves anything.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Hidden;

/// Whether a credential is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Liveness {
    /// The provider accepts it.
    Active,
    /// The provider refuses it.
    Inactive,
    /// The answer proves nothing.
    Unknown {
        /// Why not.
        why: Why,
    },
}

/// Why nothing is known. Its text never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Why {
    /// Nobody may ask.
    #[error("offline: no provider is called")]
    Offline,
    /// No documented way exists to ask.
    #[error("{provider} has no way to ask about this kind")]
    NoWay {
        /// Who issued it.
        provider: String,
    },
    /// A part of the credential is not known.
    #[error("the {part} is missing")]
    Missing {
        /// The part's name.
        part: String,
    },
    /// A value cannot stand where it is needed.
    #[error("the {part} is no valid value here")]
    Malformed {
        /// The part's name.
        part: String,
    },
    /// No responder is configured, or it could not be read.
    #[error("no responder `{id}`: {detail}")]
    NoResponder {
        /// Its id in the configuration.
        id: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The host may not be called.
    #[error("the host `{host}` may not be called: {detail}")]
    Host {
        /// Which host.
        host: String,
        /// Why not.
        detail: String,
    },
    /// No answer came.
    #[error("no answer: {detail}")]
    Transport {
        /// What happened, without the address.
        detail: String,
        /// Whether the request may have reached the provider.
        sent: bool,
    },
    /// Too many requests.
    #[error("the provider limits requests{}", wait(*.after))]
    Throttled {
        /// Seconds to wait, if it said so.
        after: Option<u64>,
    },
    /// The status is not explained by the documentation.
    #[error("the answer {status} proves nothing")]
    Answer {
        /// The HTTP status.
        status: u16,
    },
    /// A page for people: a firewall, a captive portal.
    #[error("a page came in place of an answer (status {status})")]
    Page {
        /// The HTTP status.
        status: u16,
    },
    /// The answer sends us elsewhere; credentials are not carried along.
    #[error("a redirect is not followed")]
    Redirect,
    /// The body is larger than is read.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A made-up key was accepted as well.
    #[error("the provider accepts a made-up key as well")]
    Loose,
    /// A decoy that tells its owner of every use.
    #[error("a canary: asking about it raises an alarm")]
    Canary,
    /// The credential is not in the lists of the responder's account.
    #[error("not listed in the account of the responder")]
    NotListed,
    /// A list has no end that we reach.
    #[error("the provider's list is longer than is read")]
    Incomplete,
    /// Something else that native code tells.
    #[error("{detail}")]
    Other {
        /// What it is.
        detail: String,
    },
}

impl Why {
    /// Whether it may be known if one asks again later, without anybody changing anything.
    pub const fn passes(&self) -> bool {
        matches!(
            self,
            Self::Transport { .. }
                | Self::Throttled { .. }
                | Self::Answer { .. }
                | Self::Page { .. }
                | Self::Redirect
                | Self::TooLarge { .. }
                | Self::Incomplete
                | Self::Other { .. }
        )
    }

    /// Seconds for which the provider asked us to wait.
    pub const fn wait(&self) -> Option<u64> {
        match self {
            Self::Throttled { after } => *after,
            _ => None,
        }
    }
}

fn wait(after: Option<u64>) -> String {
    after.map_or_else(String::new, |seconds| format!("; wait {seconds} s"))
}

/// What the provider tells of the credential: its blast radius. Values are bounded, printable, and never the secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(pub BTreeMap<String, Vec<String>>);

impl Identity {
    /// The fields that say whose a credential is.
    pub const OWNERS: [&str; 4] = ["account", "organization", "user", "email"];
    /// Every field, in the order in which people read them.
    pub const FIELDS: [&str; 10] =
        ["account", "organization", "user", "email", "name", "key_id", "scopes", "created", "last_used", "expires"];

    /// Adds a value, unless it is there.
    pub fn add(&mut self, field: &str, value: impl Into<String>) {
        const MOST: usize = 64;
        let values = self.0.entry(field.to_owned()).or_default();
        let value = printable(&value.into());
        if !value.is_empty() && !values.contains(&value) && values.len() < MOST {
            values.push(value);
        }
    }

    /// The values of a field.
    pub fn of(&self, field: &str) -> &[String] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }

    /// Takes what another answer told.
    pub fn join(&mut self, other: Self) {
        for (field, values) in other.0 {
            for value in values {
                self.add(&field, value);
            }
        }
    }

    /// Whether nothing is known of the owner.
    pub fn is_anonymous(&self) -> bool {
        Self::OWNERS.iter().all(|field| self.of(field).is_empty())
    }
}

/// Text of others as it may be shown: one line, bounded.
pub(crate) fn printable(text: &str) -> String {
    const LONGEST: usize = 200;
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect::<String>().trim().to_owned()
}

/// The answer to *is it alive, and whose is it?*
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Whether it is alive.
    #[serde(flatten)]
    pub liveness: Liveness,
    /// Whose it is, and what it may do.
    #[serde(default)]
    pub identity: Identity,
    /// Values that later requests need, such as an id; never secret.
    #[serde(skip)]
    pub bound: BTreeMap<String, String>,
    /// The same, where they are secret.
    #[serde(skip)]
    pub hidden: Hidden,
}

impl Probe {
    /// Nothing is known.
    pub fn unknown(why: Why) -> Self {
        Self::of(Liveness::Unknown { why })
    }

    /// An answer without an identity.
    pub fn of(liveness: Liveness) -> Self {
        Self { liveness, identity: Identity::default(), bound: BTreeMap::new(), hidden: Hidden::default() }
    }

    /// An answer of a live credential.
    pub fn active(identity: Identity) -> Self {
        Self { identity, ..Self::of(Liveness::Active) }
    }
}

/// What came of an action on a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was alive, and the provider refuses it now.
    Revoked,
    /// It was dead before.
    AlreadyDead,
    /// The provider says that it will be done, or has been done, and nothing proves it yet.
    Accepted,
    /// The provider does not let us.
    NotPermitted {
        /// What it said.
        why: String,
    },
    /// More than one key could be meant. Nothing was done.
    Ambiguous {
        /// How many.
        candidates: usize,
    },
    /// What happened is not known: look again, do not repeat.
    Unknown {
        /// Why not.
        why: Why,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked => f.write_str("revoked: the provider refuses it"),
            Self::AlreadyDead => f.write_str("already dead"),
            Self::Accepted => f.write_str("accepted, not yet proven"),
            Self::NotPermitted { why } => write!(f, "not permitted: {why}"),
            Self::Ambiguous { candidates } => {
                write!(f, "ambiguous: {candidates} keys could be meant, and none was touched")
            }
            Self::Unknown { why } => write!(f, "unknown, look again: {why}"),
        }
    }
}

impl Outcome {
    /// Whether the credential is proven dead.
    pub const fn is_dead(&self) -> bool {
        matches!(self, Self::Revoked | Self::AlreadyDead)
    }
}
