//! A credential as it lies in the store, sealed: the secret with all that came with it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use stanch_model::{Fingerprint, RuleId, Secret};
use stanch_revokers::{Credential, Hidden, Origin, Successor};
use zeroize::Zeroizing;

/// The bytes are no credential of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what was kept of the credential cannot be read")]
pub struct Unreadable;

/// A credential in the form in which it is sealed. Every secret is base64, as it may be any bytes.
#[derive(Serialize, Deserialize)]
struct Form {
    fingerprint: String,
    secret: Zeroizing<String>,
    given: BTreeMap<String, (bool, Zeroizing<String>)>,
    companions: Vec<(RuleId, Zeroizing<String>)>,
    facts: BTreeMap<String, String>,
}

/// A successor in the form in which it is sealed.
#[derive(Serialize, Deserialize)]
struct SuccessorForm {
    secret: Zeroizing<String>,
    id: Option<String>,
    parts: BTreeMap<String, Zeroizing<String>>,
    killed_old: bool,
}

/// What is to be sealed of a credential.
pub fn of_credential(credential: &Credential) -> Zeroizing<Vec<u8>> {
    let given = |(name, (origin, value)): (&String, &(Origin, Secret))| {
        (name.clone(), (*origin == Origin::User, encoded(value)))
    };
    let form = Form {
        fingerprint: credential.fingerprint.to_string(),
        secret: encoded(&credential.secret),
        given: credential.given.iter().map(given).collect(),
        companions: credential.companions.iter().map(|(rule, value)| (rule.clone(), encoded(value))).collect(),
        facts: credential.facts.clone(),
    };
    bytes(&form)
}

/// The credential that was sealed.
///
/// # Errors
/// If the bytes are none.
pub fn credential(bytes: &[u8]) -> Result<Credential, Unreadable> {
    let form: Form = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
    let fingerprint: Fingerprint = form.fingerprint.parse().map_err(|_| Unreadable)?;
    let mut credential = Credential::new(decoded(&form.secret)?, fingerprint);
    for (name, (by_user, value)) in &form.given {
        let origin = if *by_user { Origin::User } else { Origin::Leak };
        credential.give(name.clone(), origin, decoded(value)?);
    }
    for (rule, value) in &form.companions {
        credential.companions.push((rule.clone(), decoded(value)?));
    }
    credential.facts = form.facts;
    Ok(credential)
}

/// What is to be sealed of a successor.
pub(super) fn of_successor(successor: &Successor) -> Zeroizing<Vec<u8>> {
    let part = |(name, value): (&String, &String)| (name.clone(), Zeroizing::new(STANDARD.encode(value)));
    bytes(&SuccessorForm {
        secret: encoded(&successor.secret),
        id: successor.id.clone(),
        parts: successor.parts.iter().map(part).collect(),
        killed_old: successor.killed_old,
    })
}

/// The successor that was sealed.
pub(super) fn successor(bytes: &[u8]) -> Result<Successor, Unreadable> {
    let form: SuccessorForm = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
    let part = |(name, value): (&String, &Zeroizing<String>)| {
        let value = STANDARD.decode(value.as_bytes()).map_err(|_| Unreadable)?;
        Ok((name.clone(), String::from_utf8(value).map_err(|_| Unreadable)?))
    };
    let parts = form.parts.iter().map(part).collect::<Result<_, _>>()?;
    Ok(Successor { secret: decoded(&form.secret)?, id: form.id.clone(), parts, killed_old: form.killed_old })
}

/// What is to be sealed of values that were had for a credential.
pub(super) fn of_hidden(hidden: &Hidden) -> Zeroizing<Vec<u8>> {
    bytes(&hidden.0)
}

/// The values that were sealed.
pub(super) fn hidden(bytes: &[u8]) -> Result<Hidden, Unreadable> {
    serde_json::from_slice(bytes).map(Hidden).map_err(|_| Unreadable)
}

fn bytes(form: &impl Serialize) -> Zeroizing<Vec<u8>> {
    // Maps with text as keys and text as values always have a form in JSON.
    Zeroizing::new(serde_json::to_vec(form).unwrap_or_default())
}

#[expect(clippy::disallowed_methods, reason = "it is sealed before it is kept")]
fn encoded(secret: &Secret) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(secret.expose()))
}

fn decoded(text: &str) -> Result<Secret, Unreadable> {
    STANDARD.decode(text).map(Secret::new).map_err(|_| Unreadable)
}
