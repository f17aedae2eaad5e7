//! What the policies say of an incident.

use serde::{Deserialize, Serialize};

/// How much is done without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing, and nobody is told.
    Ignore,
    /// Nothing, but its owner is told.
    Notify,
    /// People approve first.
    Ask,
    /// At once.
    Act,
}

/// How far it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// Off, so that it can be put on again.
    Contain,
    /// Dead.
    Revoke,
    /// Dead, after a successor took its place.
    Rotate,
}

/// What was decided, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// How much is done without asking.
    pub verdict: Verdict,
    /// How far it goes.
    pub means: Means,
    /// The policies that decided, by their ids.
    pub policies: Vec<String>,
    /// How many people have to approve, if they are asked.
    pub approvals: u32,
    /// Who may approve: groups or people; empty is everybody with the role.
    pub approvers: Vec<String>,
    /// Seconds between *contained* and the first step that cannot be undone.
    pub wait: u64,
    /// Seconds for which an approval counts.
    pub approval_lasts: u64,
    /// Why, for people.
    pub why: String,
}
