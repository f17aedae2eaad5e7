//! What a policy sees of an incident. `docs/policy.md` explains each fact to users; `schema.cedarschema` gives its type.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use stanch_model::{Confidence, Severity};
use stanch_revokers::kind::{Authority, Kind};

use crate::Exposure;

/// Makes an enum of fixed words that policies, files and reports share.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word it is written as.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// What its provider said.
    Verification {
        /// It accepts the credential.
        Active = "active",
        /// It refuses it.
        Inactive = "inactive",
        /// Its answer proves nothing, or none came.
        Unknown = "unknown",
        /// It was not asked.
        NotAsked = "not-asked",
    }
}

words! {
    /// Whose it is. The first four are [`stanch_revokers::act::Ownership`].
    Owned {
        /// The provider names an owner that the configuration calls ours.
        Ours = "ours",
        /// The account of our responder lists it.
        Listed = "listed",
        /// A person says that it is ours.
        Asserted = "asserted",
        /// It may be anybody's, and the configuration lets it be revoked by its value.
        Foreign = "foreign",
        /// The provider names somebody who is not us.
        Other = "other",
        /// Nothing says whose it is.
        Unknown = "unknown",
    }
}

words! {
    /// Why there is no plan. Each is a [`stanch_revokers::act::Refusal`].
    Obstacle {
        /// There is one.
        None = "none",
        /// It is a decoy.
        Canary = "canary",
        /// It is dead.
        Dead = "dead",
        /// Nothing proves that it is alive.
        NotProven = "not-proven",
        /// No call revokes it, a person does.
        ByHand = "by-hand",
        /// Its provider names another owner.
        NotOurs = "not-ours",
        /// Nothing says whose it is.
        OwnerUnknown = "owner-unknown",
        /// Its exact target is not known, or not permitted.
        Target = "target",
    }
}

words! {
    /// A day of the week.
    Weekday {
        /// Day 1 of ISO 8601.
        Monday = "monday",
        /// Day 2.
        Tuesday = "tuesday",
        /// Day 3.
        Wednesday = "wednesday",
        /// Day 4.
        Thursday = "thursday",
        /// Day 5.
        Friday = "friday",
        /// Day 6.
        Saturday = "saturday",
        /// Day 7.
        Sunday = "sunday",
    }
}

/// What can be done with a kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Who may revoke it; [`Authority::None`] if no call does.
    pub authority: Authority,
    /// Whether the first step can be undone.
    pub reversible: bool,
    /// Whether a successor can be had by a call.
    pub rotatable: bool,
}

impl Abilities {
    /// Those of a credential whose kind nobody knows.
    pub const NONE: Self = Self { authority: Authority::None, reversible: false, rotatable: false };

    /// Those of a kind.
    pub fn of(kind: &Kind) -> Self {
        if !kind.revokes() {
            return Self::NONE;
        }
        Self { authority: kind.authority, reversible: kind.reversible(), rotatable: kind.rotates() }
    }
}

/// What a policy sees. What is not given is what lets a policy permit least: nothing is known, and nothing can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// Who issued it.
    pub provider: String,
    /// Its kind, such as `aws.access-key`; empty if revokers do not know it.
    pub kind: String,
    /// The rule that found it.
    pub rule: String,
    /// How sure the scanner is. Policies see the word, and as `confidence_level` 1 to 3.
    pub confidence: Confidence,
    /// The damage that it can do. Policies see the word, and as `severity_level` 1 to 4.
    pub severity: Severity,
    /// Whether it is a decoy.
    pub canary: bool,
    /// Whether it is of a provider's test mode.
    pub test_key: bool,
    /// What its provider said.
    pub verification: Verification,
    /// Whose it is.
    pub ownership: Owned,
    /// What it may do, in the provider's words.
    pub scopes: BTreeSet<String>,
    /// Whole days since it was made, if the provider tells.
    pub age_days: Option<u32>,
    /// Whole days since it was last used, if the provider tells.
    pub last_used_days: Option<u32>,
    /// Who can read it.
    pub exposure: Exposure,
    /// Whole days for which it has been exposed, if that is known.
    pub exposed_days: Option<u32>,
    /// `production`, `staging`, `test` and the like: the label of this name; empty if there is none.
    pub environment: String,
    /// The sources in which it stands.
    pub repositories: BTreeSet<String>,
    /// The agents in whose logs it stands.
    pub agents: BTreeSet<String>,
    /// Who answers for it.
    pub owner: String,
    /// How they were found.
    pub owner_found_by: String,
    /// Who may revoke it; `none` if no call does.
    pub authority: Authority,
    /// Whether the first step can be undone.
    pub reversible: bool,
    /// Whether a successor can be had by a call.
    pub rotatable: bool,
    /// Why there is no plan.
    pub obstacle: Obstacle,
    /// All labels of the incident.
    pub labels: BTreeMap<String, String>,
    /// The hour of the day in UTC, 0 to 23.
    pub hour: u8,
    /// The day in UTC.
    pub weekday: Weekday,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            provider: String::new(),
            kind: String::new(),
            rule: String::new(),
            confidence: Confidence::Low,
            severity: Severity::Medium,
            canary: false,
            test_key: false,
            verification: Verification::NotAsked,
            ownership: Owned::Unknown,
            scopes: BTreeSet::new(),
            age_days: None,
            last_used_days: None,
            exposure: Exposure::Local,
            exposed_days: None,
            environment: String::new(),
            repositories: BTreeSet::new(),
            agents: BTreeSet::new(),
            owner: String::new(),
            owner_found_by: String::new(),
            authority: Authority::None,
            reversible: false,
            rotatable: false,
            obstacle: Obstacle::None,
            labels: BTreeMap::new(),
            hour: 12,
            weekday: Weekday::Monday,
        }
    }
}
