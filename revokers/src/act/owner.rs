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

/// Whose a live credential is. Neither the list of our own account nor a person's word outweighs a provider that names another than those who
/// are called ours there.
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
    let foreign = kind.foreign && config.policy.foreign.iter().any(|one| one == provider || *one == kind.id);
    // What is said of every provider says less: there an owner may have a name of another sort.
    if !owners.is_empty() && config.owners.contains_key(provider) && !foreign {
        return Err(Stranger::Other(owners));
    }
    if target.listed {
        return Ok(Ownership::Listed);
    }
    if foreign {
        return Ok(Ownership::Foreign);
    }
    match (owners.is_empty() || !config.has_owners(provider), consent.ours) {
        (true, true) => Ok(Ownership::Asserted),
        (true, false) => Err(Stranger::Unproven),
        (false, _) => Err(Stranger::Other(owners)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    /// What is said of a key that the provider calls `user_me`'s.
    fn judged(owners: &str, listed: bool, policy: &str) -> String {
        let entry = registry::by_id("openrouter.api-key").unwrap_or_else(|| panic!("there is such a kind"));
        let config =
            Config::parse(&format!("owners = {{ {owners} }}\n{policy}")).unwrap_or_else(|error| panic!("{error}"));
        let mut identity = Identity::default();
        identity.add("account", "user_me");
        let target = Target { listed, ..Target::default() };
        match judge(&config, "openrouter", entry.kind, &Probe::active(identity), &target, Consent::default()) {
            Ok(ownership) => ownership.to_string(),
            Err(Stranger::Other(owners)) => format!("another's: {}", owners.join(", ")),
            Err(Stranger::Unproven) => "unproven".to_owned(),
        }
    }

    #[test]
    fn a_provider_that_names_another_outweighs_our_own_list() {
        assert_eq!(judged("openrouter = ['user_other']", true, ""), "another's: user_me");
        assert_eq!(judged("openrouter = ['user_other', 'user_me']", true, ""), "ours: the provider names user_me");
        assert_eq!(judged("openai = ['user_other']", true, ""), Ownership::Listed.to_string());
        // An address is no account.
        assert_eq!(judged("'*' = ['@example.com']", true, ""), Ownership::Listed.to_string());
        assert_eq!(judged("'*' = ['@example.com']", false, ""), "another's: user_me");
    }
}
