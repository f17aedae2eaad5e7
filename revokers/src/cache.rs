//! What providers said lately, by fingerprint, so that the same credential at many places is asked about once.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Liveness, Probe};

/// Answers and when they came. It holds no secret: fingerprints are keyed, and identities are what the provider tells of its account.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Cache {
    #[serde(default)]
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    probe: Probe,
}

impl Cache {
    /// Reads a cache file; what is missing or damaged is an empty cache.
    pub fn load(path: &Path) -> Self {
        std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// The text of the cache file.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    /// What was said of a credential and how long ago, if that is not too long. An answer from the future is not believed.
    pub fn get(
        &self,
        kind: &str,
        fingerprint: &str,
        now: Timestamp,
        ttl: SignedDuration,
    ) -> Option<(&Probe, SignedDuration)> {
        let entry = self.entries.get(&key(kind, fingerprint))?;
        let age = now.duration_since(entry.at);
        (age >= SignedDuration::ZERO && age <= ttl).then_some((&entry.probe, age))
    }

    /// Keeps an answer. What proves nothing is not kept.
    pub fn put(&mut self, kind: &str, fingerprint: &str, now: Timestamp, probe: &Probe) {
        if !matches!(probe.liveness, Liveness::Unknown { .. }) {
            self.entries.insert(key(kind, fingerprint), Entry { at: now, probe: probe.clone() });
        }
    }

    /// Forgets what was said of a credential, of whichever kind. Gives whether anything was.
    pub fn forget_one(&mut self, fingerprint: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|key, _| key.split_once(' ').is_none_or(|(_, of)| of != fingerprint));
        self.entries.len() < before
    }

    /// Forgets what is older than `ttl`.
    pub fn forget(&mut self, now: Timestamp, ttl: SignedDuration) {
        self.entries.retain(|_, entry| now.duration_since(entry.at) <= ttl);
    }
}

fn key(kind: &str, fingerprint: &str) -> String {
    format!("{kind} {fingerprint}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, Why};

    #[test]
    fn an_answer_is_kept_for_its_time_and_an_unknown_never() {
        let mut cache = Cache::default();
        let (then, ttl) = (Timestamp::UNIX_EPOCH, SignedDuration::from_secs(60));
        let at = |seconds| then + SignedDuration::from_secs(seconds);
        cache.put("acme.key", "f1", then, &Probe::active(Identity::default()));
        cache.put("acme.key", "f2", then, &Probe::unknown(Why::Offline));
        let mut read: Cache =
            cache.to_bytes().ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let age = |told: Option<(&Probe, SignedDuration)>| told.map(|(_, age)| age.as_secs());
        assert_eq!(age(read.get("acme.key", "f1", at(60), ttl)), Some(60));
        assert!(read.get("acme.key", "f1", at(61), ttl).is_none() && read.get("acme.key", "f1", at(-1), ttl).is_none());
        assert!(read.get("other.key", "f1", at(0), ttl).is_none() && read.get("acme.key", "f2", at(0), ttl).is_none());
        assert!(!read.forget_one("f"));
        assert!(read.forget_one("f1") && read.get("acme.key", "f1", at(0), ttl).is_none());
    }
}
