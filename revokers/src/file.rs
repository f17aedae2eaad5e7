//! A provider's file.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::answer::Line;
use crate::kind::Kind;
use crate::request::Request;

/// What one provider's file holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its id.
    pub provider: String,
    /// What people call it.
    pub name: String,
    /// Credentials of ours that may act.
    #[serde(default, rename = "responder")]
    pub responders: Vec<ResponderSpec>,
    /// Its kinds of credentials.
    #[serde(default, rename = "kind")]
    pub kinds: Vec<Kind>,
}

/// A credential of ours that may revoke others.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponderSpec {
    /// Its id in the configuration.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// The least it needs, in the provider's words.
    pub scopes: Vec<String>,
    /// Pages of the provider that say so.
    pub docs: OneOrSeveral,
    /// More parts than its main secret, and what they are.
    #[serde(default)]
    pub parts: BTreeMap<String, String>,
    /// A request that only shows whether it works.
    pub check: Option<CheckSpec>,
}

/// One page or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrSeveral {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl OneOrSeveral {
    /// As a list.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

/// How a responder is tested.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    /// What is sent.
    pub request: Request,
    /// What the answers mean.
    pub answers: Vec<Line>,
}

/// A file that is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {message}")]
pub struct Defect {
    /// The file's name.
    pub file: String,
    /// What is wrong with it, and where.
    pub message: String,
}

impl File {
    /// Reads a file's text.
    ///
    /// # Errors
    /// If it is no TOML, or holds something else than a provider's file does.
    pub fn parse(name: &str, text: &str) -> Result<Self, Defect> {
        toml::from_str(text).map_err(|error| Defect { file: name.to_owned(), message: error.to_string() })
    }

    /// The responder that a kind uses.
    pub fn responder(&self, kind: &Kind) -> Option<&ResponderSpec> {
        match &kind.responder {
            Some(id) => self.responders.iter().find(|responder| responder.id == *id),
            None => self.responders.first(),
        }
    }
}
