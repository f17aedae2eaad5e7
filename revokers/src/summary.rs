//! What can be done about a kind of credential, in one line: `stanch providers list` and the server's list of providers.

use serde::Serialize;

use crate::registry::{self, Entry};

/// One kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its name.
    pub id: &'static str,
    /// Who issues it.
    pub provider: &'static str,
    /// What a person calls it.
    pub title: &'static str,
    /// Whose word revokes it: `self`, `admin` or `none`.
    pub authority: &'static str,
    /// Whether its provider can be asked whether it is alive.
    pub verify: bool,
    /// Whether it can be revoked by calls.
    pub revoke: bool,
    /// Whether a call gives a successor.
    pub rotate: bool,
    /// Whether it can be switched off so that it can be put on again.
    pub reversible: bool,
    /// What proves that it is dead.
    pub proof: &'static str,
    /// What the tests run against: a real server, an emulator, a double.
    pub tested_against: &'static str,
    /// The rules that find it.
    pub rules: &'static [String],
    /// The provider's documentation.
    pub docs: &'static [String],
}

impl Summary {
    /// Of a kind.
    pub fn of(entry: &Entry) -> Self {
        let kind = entry.kind;
        Self {
            id: &kind.id,
            provider: &entry.file.provider,
            title: &kind.title,
            authority: kind.authority.as_str(),
            verify: kind.verifies(),
            revoke: kind.revokes(),
            rotate: kind.rotates(),
            reversible: kind.revokes() && kind.reversible(),
            proof: if kind.revokes() { kind.proof().as_str() } else { "none" },
            tested_against: registry::tested_against(&kind.id),
            rules: &kind.rules,
            docs: &kind.docs,
        }
    }
}
