//! Why we believe a finding.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Fingerprint, RuleId};

/// What the offline check said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// The checksum or structure holds.
    Valid,
    /// It does not.
    Invalid,
    /// This variant carries none.
    Absent,
}

/// Something read out of the credential that is not itself secret: an account id, an issuer, an expiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is, such as `aws-account`.
    pub name: Cow<'static, str>,
    /// Its value: printable ASCII, at most 128 bytes.
    pub value: String,
}

/// One step of the weighing: what was seen, and what it was worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Points on the scale of the score; negative counts against.
    pub points: i16,
    /// A sentence fragment for people. It never quotes the secret.
    pub text: Cow<'static, str>,
}

/// Another credential that belongs to this one, such as the secret of a key id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Companion {
    /// The rule that found it.
    pub rule: RuleId,
    /// Which credential it is.
    pub fingerprint: Fingerprint,
    /// Its line.
    pub line: u64,
}

/// All that was weighed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The sum of the points: 20 and more is low confidence, 40 medium, 60 high.
    pub score: i16,
    /// Shannon entropy of the secret, bits a byte.
    pub entropy: f32,
    /// The offline check's word, where the rule names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Context words seen near the match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// What the credential says of itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// The decoding layers that led here, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decoded: Vec<String>,
    /// Whether the match reached its bound and may go on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// The steps of the weighing.
    pub reasons: Vec<Reason>,
    /// What belongs to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<Companion>,
}
