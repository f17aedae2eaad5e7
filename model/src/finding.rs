//! One credential at one place.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Category, Confidence, Evidence, Fingerprint, GitPlace, Location, Locator, Secret, Sensitivity, Severity, Source,
    Suppression,
};

/// The id of a rule, `<provider>.<kind>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(Cow<'static, str>);

impl RuleId {
    /// An id from its text.
    pub fn new(id: impl Into<Cow<'static, str>>) -> Self {
        Self(id.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What the provider said of the credential. Only its own documented answer makes it `Active` or `Inactive`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Verification {
    /// Nobody asked.
    #[default]
    NotAttempted,
    /// The provider accepts it.
    Active {
        /// What the provider tells of it, its blast radius: account, user, scopes, last use and the like, by name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        identity: BTreeMap<String, Vec<String>>,
    },
    /// The provider refuses it.
    Inactive,
    /// The answer proves nothing.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// One credential at one place, with the evidence for it.
///
/// The secret itself is inside, to be fingerprinted, previewed and redacted elsewhere; it is never serialised.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that found it.
    pub rule: RuleId,
    /// What a person calls this kind of credential.
    pub title: Cow<'static, str>,
    /// Who issues it.
    pub provider: Cow<'static, str>,
    /// The provider's field.
    pub category: Category,
    /// Whether it is secret at all.
    pub sensitivity: Sensitivity,
    /// The damage that it can do.
    pub severity: Severity,
    /// How sure we are.
    pub confidence: Confidence,
    /// Which credential it is, under the installation's key.
    pub fingerprint: Fingerprint,
    /// The credential.
    pub secret: Secret,
    /// What may be shown of it.
    pub preview: String,
    /// The path of the file or blob, relative to the target, `/` between its parts; bytes that are no UTF-8 are replaced.
    pub path: String,
    /// The place in it.
    pub location: Location,
    /// Where the secret can be read again.
    pub locator: Locator,
    /// Where in history, for objects of a repository.
    pub git: Option<GitPlace>,
    /// Whether the file is ignored by git.
    pub ignored: bool,
    /// Whether it still stands in the current tree, where that is known.
    pub in_head: Option<bool>,
    /// A page of the repository's host that shows the place, where the host is known.
    pub permalink: Option<String>,
    /// Why we believe it.
    pub evidence: Evidence,
    /// What the provider said.
    pub verification: Verification,
    /// Why it does not count, if it does not.
    pub suppression: Option<Suppression>,
    /// A name of the place that needs no key and does not depend on the secret: from the rule, the path and the rest of the line.
    pub line_hash: String,
}

impl Finding {
    /// A finding of a secret that somebody names, without a place. What is not known of its kind is taken for the worst.
    pub fn named(rule: RuleId, secret: Secret, fingerprint: Fingerprint) -> Self {
        Self {
            rule,
            title: Cow::Borrowed(""),
            provider: Cow::Borrowed(""),
            category: Category::Generic,
            sensitivity: Sensitivity::Secret,
            severity: Severity::High,
            confidence: Confidence::Low,
            fingerprint,
            preview: secret.preview(0),
            secret,
            path: String::new(),
            location: Location { line: 0, column: 1, end_line: 0, end_column: 1 },
            locator: Locator { source: Source::File, root: None, blob: None, start: 0, end: 0, decode: Vec::new() },
            git: None,
            ignored: false,
            in_head: None,
            permalink: None,
            evidence: Evidence::default(),
            verification: Verification::NotAttempted,
            suppression: None,
            line_hash: String::new(),
        }
    }
}
