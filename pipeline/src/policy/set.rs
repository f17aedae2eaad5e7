//! A set of policies that can be asked.

use std::collections::BTreeMap;

use cedar_policy::PolicySet;
use serde::Serialize;

use super::terms::Terms;

/// What is known of one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Its name: `@id`.
    pub id: String,
    /// Why it is there, for people: `@why`.
    pub why: String,
    /// Whether it forbids; else it permits.
    pub forbids: bool,
    /// The actions that it names; empty is every one.
    pub actions: Vec<String>,
    /// What it asks for.
    pub terms: Terms,
    /// The file that it stands in.
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: usize,
}

/// Policies that were held against the schema. What permits and what forbids are kept apart, so that both can be told of.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    pub(super) permits: PolicySet,
    pub(super) forbids: PolicySet,
    pub(super) known: BTreeMap<String, Policy>,
}

impl Policies {
    /// Every policy, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.known.values()
    }

    /// The policy of an id.
    pub fn get(&self, id: &str) -> Option<&Policy> {
        self.known.get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there is none; then everything is asked.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}
