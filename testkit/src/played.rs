//! What a revoker needs to act on a stage: the configuration that leads it there, and the credential that leaked.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use stanch_model::{FingerprintKey, Secret};
use stanch_revokers::registry::Entry;
use stanch_revokers::{Credential, Origin};

use crate::double::{Key, Stage};

/// The configuration, as the file of a user would say it, that has a kind's requests go to a stage. `patience` is how many seconds a
/// revoked credential may take until it is refused.
pub fn config(stages: &[(&Entry, &Stage)], patience: f64) -> Value {
    let mut all = Map::new();
    let mut settle = 1;
    for (entry, stage) in stages {
        let provider = entry.file.provider.clone();
        let hosts: Map<String, Value> =
            stage.hosts().iter().map(|host| (host.clone(), json!(stage.origin()))).collect();
        join(&mut all, "endpoints", hosts);
        join(&mut all, "owners", Map::from_iter([(provider.clone(), json!(ours(stage)))]));
        join(&mut all, "settings", Map::from_iter([(provider, json!(settings(entry, stage)))]));
        if let Some(responder) = entry.file.responder(entry.kind) {
            let parts: Map<String, Value> =
                stage.admin().iter().map(|(name, value)| (name.clone(), json!({ "value": value }))).collect();
            join(&mut all, "responders", Map::from_iter([(responder.id.clone(), Value::Object(parts))]));
        }
        settle = entry.kind.revoke.iter().map(|step| step.settle).max().unwrap_or(10).max(settle);
    }
    let allowed: Vec<&String> = stages.iter().flat_map(|(_, stage)| stage.hosts()).collect();
    all.insert("hosts".to_owned(), json!({ "allow": allowed }));
    all.insert(
        "http".to_owned(),
        json!({
            "timeout_ms": 10_000, "attempts": 2, "backoff_ms": 1, "longest_wait_s": 0, "per_minute": 1_000_000,
            "concurrency": 256, "patience": patience / settle as f64,
        }),
    );
    Value::Object(all)
}

fn join(all: &mut Map<String, Value>, section: &str, entries: Map<String, Value>) {
    if let Value::Object(known) = all.entry(section).or_insert_with(|| json!({})) {
        known.extend(entries);
    }
}

/// What the user calls theirs: the owner, and the accounts and names that came with the key.
pub fn ours(stage: &Stage) -> Vec<String> {
    let (owner, fixed) = (stage.owner(), stage.fixed());
    let named = owner.into_iter().chain(fixed).map(|(_, value)| value);
    let key = stage.leaked();
    named.chain(key.parts.values().cloned()).chain([key.id.clone()]).collect()
}

/// What the double has the same for all keys, as far as the configuration may say it.
fn settings(entry: &Entry, stage: &Stage) -> BTreeMap<String, String> {
    let fixed: BTreeMap<String, String> = stage.fixed().into_iter().collect();
    let host = |part: &stanch_revokers::kind::Part| {
        (part.host && part.default.is_none()).then(|| stage.hosts().first().cloned()).flatten()
    };
    let parts = entry.kind.parts.iter().filter(|(_, part)| part.setting);
    parts.filter_map(|(name, part)| Some((name.clone(), fixed.get(name).cloned().or_else(|| host(part))?))).collect()
}

/// A key as it leaked, with what came with it and what the user says of it. Where only a list tells of a key, the user says which id is its
/// own.
pub fn credential(entry: &Entry, stage: &Stage, key: &Key) -> Credential {
    let claims = entry.kind.probe.as_ref().is_some_and(|probe| probe.claims);
    credential_by(entry, stage, key, if claims { Origin::User } else { Origin::Leak })
}

/// A key whose other parts were told by somebody.
pub fn credential_by(entry: &Entry, stage: &Stage, key: &Key, teller: Origin) -> Credential {
    let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
    let value = secret(&key.value);
    let fingerprint = FingerprintKey::from_bytes([7; 32]).fingerprint(&value);
    let mut credential = Credential::new(value, fingerprint);
    let fixed: BTreeMap<String, String> = stage.fixed().into_iter().collect();
    for (name, part) in &entry.kind.parts {
        let derived = !part.ask && (part.secret.is_some() || part.json.is_some() || part.digest.is_some());
        let beside = key.parts.get(name).or_else(|| (part.ask && !fixed.contains_key(name)).then_some(&key.id));
        if let (Some(fact), Some(value)) = (&part.fact, beside.or(fixed.get(name))) {
            credential.facts.insert(fact.clone(), value.clone());
        } else if let (Some(value), false) = (beside, derived) {
            let origin = if part.ask { Origin::User } else { teller };
            credential.give(name.clone(), origin, secret(value));
        } else if let (Some(value), false, false) = (fixed.get(name), derived, part.setting) {
            credential.give(name.clone(), Origin::User, secret(value));
        }
    }
    credential
}
