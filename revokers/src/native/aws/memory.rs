//! What one run has learned of a credential and needs again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::Aws;
use super::partition::Partition;
use crate::Credential;

/// By fingerprint.
pub(super) type Memory = BTreeMap<String, Known>;

/// What is known of one credential. Nothing of it is secret.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// The partition that accepted it.
    pub(super) partition: Option<Partition>,
    /// Its target, once that was found.
    pub(super) target: BTreeMap<String, String>,
    /// The keys that there were before a successor was minted, by the successor's name.
    pub(super) before: BTreeMap<String, BTreeSet<String>>,
}

impl Aws {
    /// What is known of a credential.
    pub(super) fn known(&self, credential: &Credential) -> Known {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.get(&credential.fingerprint.to_string()).cloned().unwrap_or_default()
    }

    /// Keeps something about a credential.
    pub(super) fn remember(&self, credential: &Credential, change: impl FnOnce(&mut Known)) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        change(memory.entry(credential.fingerprint.to_string()).or_default());
    }
}
