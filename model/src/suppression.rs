//! Why a finding is not counted.

use serde::{Deserialize, Serialize};

/// Where the suppression is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionKind {
    /// A marker on the line itself.
    Inline,
    /// An entry of `.stanchignore`.
    Ignored,
    /// The baseline knew it already.
    Baseline,
}

/// A person's word that a finding is not to be counted. The finding is still carried in machine reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Where it is written.
    pub kind: SuppressionKind,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day on which it holds, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}
