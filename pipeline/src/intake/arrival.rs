//! What arrives, as it is kept until it is done. It may hold secrets: the store seals it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Exposure;
use crate::git::event::New;
use crate::owner::Dialect;

/// Something that arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "arrival", rename_all = "kebab-case")]
pub enum Arrival {
    /// Commits came to a repository.
    Pushed(Push),
    /// A code host found a credential in a repository.
    Alert(Alert),
    /// Somebody tells us of credentials.
    Told(Told),
}

/// A code host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forge {
    /// GitHub, or an Enterprise Server.
    GitHub,
    /// GitLab, wherever it runs.
    GitLab,
}

impl Forge {
    /// How its files of owners are read.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::GitHub => Dialect::GitHub,
            Self::GitLab => Dialect::GitLab,
        }
    }
}

/// A repository at a code host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Where.
    pub forge: Forge,
    /// Its name there: `owner/name`, or `group/subgroup/name`.
    pub name: String,
    /// Who can read it.
    pub exposure: Exposure,
}

/// Commits that came to a repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Push {
    /// Which.
    pub repository: Repository,
    /// Which commits.
    pub new: New,
    /// When.
    pub at: Timestamp,
}

/// A credential that a code host found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// In which repository.
    pub repository: Repository,
    /// The number of the alert there.
    pub number: u64,
    /// What the host calls its kind.
    pub kind: String,
    /// The credential, if it came along; else the host has to be asked.
    pub secret: Option<Text>,
    /// The page of the alert.
    pub url: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Credentials that somebody tells us of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Who.
    pub by: String,
    /// Who can read them.
    pub exposure: Exposure,
    /// The credentials.
    pub all: Vec<Leak>,
    /// When.
    pub at: Timestamp,
}

/// A credential that somebody tells us of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leak {
    /// What they call its kind, or the rule of ours that the configuration names for that.
    pub kind: String,
    /// The credential.
    pub secret: Text,
    /// Where it stands.
    pub url: Option<String>,
}

/// A secret as it arrived. It is wiped when it is dropped, and never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(Zeroizing<String>);

impl Text {
    /// Takes a text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

impl Arrival {
    /// When it arrived.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Pushed(Push { at, .. }) | Self::Alert(Alert { at, .. }) | Self::Told(Told { at, .. }) => *at,
        }
    }

    /// The repository that it is about.
    pub const fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Pushed(Push { repository, .. }) | Self::Alert(Alert { repository, .. }) => Some(repository),
            Self::Told(_) => None,
        }
    }

    /// Who can read what it is about.
    pub const fn exposure(&self) -> Exposure {
        match self {
            Self::Pushed(Push { repository, .. }) | Self::Alert(Alert { repository, .. }) => repository.exposure,
            Self::Told(Told { exposure, .. }) => *exposure,
        }
    }

    /// Its bytes, as they are sealed.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // It has a form in JSON, as all its maps have texts as keys.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// What was sealed; `None` if it is none of ours.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_is_kept_whole_and_shows_no_secret() {
        let repository = Repository { forge: Forge::GitHub, name: "a/b".to_owned(), exposure: Exposure::Public };
        let leak = Leak { kind: "x".to_owned(), secret: Text::new("made-up-value".to_owned()), url: None };
        let all = [
            Arrival::Alert(Alert {
                repository,
                number: 7,
                kind: "x".to_owned(),
                secret: Some(leak.secret.clone()),
                url: None,
                at: Timestamp::UNIX_EPOCH,
            }),
            Arrival::Told(Told {
                by: "somebody".to_owned(),
                exposure: Exposure::Public,
                all: vec![leak],
                at: Timestamp::UNIX_EPOCH,
            }),
        ];
        for arrival in all {
            assert_eq!(Arrival::of_bytes(&arrival.to_bytes()), Some(arrival.clone()));
            assert!(!format!("{arrival:?}").contains("made-up"));
            assert_eq!(arrival.exposure(), Exposure::Public);
        }
        assert_eq!(Arrival::of_bytes(b"{}"), None);
    }
}
