//! Whose is it? Nothing that is not ours is touched, unless its value alone revokes it and a policy says so.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Consent;
use crate::config::Config;
use crate::kind::Kind;
use crate::{Identity, Probe, Target};

/// Why a credential may be acted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ownership", rename_all = "kebab-case")]
pub enum Ownership {
    /// The provider names an owner that the configuration calls ours.
    Ours {
        /// The owner, as the provider names it.
        owner: String,
    },
    /// The account of our responder lists it.
    Listed,
    /// A person says that it is ours.
    Asserted,
    /// It may be anybody's, and a policy lets us revoke it by its value.
    Foreign,
}

impl fmt::Display for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours { owner } => write!(f, "ours: the provider names {owner}"),
            Self::Listed => f.write_str("ours: the responder's own account lists it"),
            Self::Asserted => f.write_str("called ours by whoever ran this"),
            Self::Foreign => f.write_str("maybe another's: the policy lets its value be revoked"),
        }
    }
}

/// Why it may not.
pub(super) enum Stranger {
    /// The provider names another owner.
    Other(Vec<String>),
    /// Nobody says whose it is.
    Unproven,
}

/// Whose a live credential is. That a person calls it ours does not outweigh a provider that names another.
pub(super) fn judge(
    config: &Config,
    provider: &str,
    kind: &Kind,
    probe: &Probe,
    target: &Target,
    consent: Consent,
) -> Result<Ownership, Stranger> {
    let owners: Vec<String> = Identity::OWNERS.iter().flat_map(|field| probe.identity.of(field)).cloned().collect();
    if let Some(owner) = owners.iter().find(|owner| config.owns(provider, std::slice::from_ref(owner))) {
        return Ok(Ownership::Ours { owner: owner.clone() });
    }
    if target.listed {
        return Ok(Ownership::Listed);
    }
    if kind.foreign && config.policy.foreign.iter().any(|one| one == provider || *one == kind.id) {
        return Ok(Ownership::Foreign);
    }
    match (owners.is_empty() || !config.has_owners(provider), consent.ours) {
        (true, true) => Ok(Ownership::Asserted),
        (true, false) => Err(Stranger::Unproven),
        (false, _) => Err(Stranger::Other(owners)),
    }
}
