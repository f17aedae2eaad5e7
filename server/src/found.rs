//! From what was found to an incident. Whatever brings findings to the server goes through here: the interface, webhooks, the scanner.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use stanch_model::{Evidence, Finding, RuleId, Source};
use stanch_pipeline::engine::sealed;
use stanch_pipeline::{Detected, Exposure, IncidentId, Occurrence, Owner};
use stanch_revokers::{Credential, registry};
use stanch_scanner::{Control, Scratch, scan_bytes};

use crate::{ApiError, App};

/// What is known beside a finding.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Who can read it.
    pub exposure: Exposure,
    /// Facts for policies.
    pub labels: BTreeMap<String, String>,
    /// Where it stands.
    pub occurrences: Vec<Occurrence>,
}

/// The credentials in a text, by all built-in rules. It is work for a processor: longer texts belong on a thread of their own.
pub fn scan(app: &App, path: &str, text: &[u8]) -> Vec<Finding> {
    let stop = AtomicBool::new(false);
    let control = Control { engine: app.scanner(), key: &app.fingerprints, stop: &stop, events: &(), jobs: 1 };
    scan_bytes(&control, path, text, Source::File, None, &mut Scratch::default())
}

/// The credential of a finding, with what the offline checks read out of it.
pub fn credential(finding: &Finding) -> Credential {
    let Evidence { facts, .. } = &finding.evidence;
    let mut credential = Credential::new(finding.secret.clone(), finding.fingerprint);
    credential.facts = facts.iter().map(|fact| (fact.name.to_string(), fact.value.clone())).collect();
    credential
}

/// Makes an incident of a credential, or adds to the one that there is. `finding` says what it is, `credential` is it, with all that belongs to it. It
/// is durable when this answers. Gives the incident, and whether it is new.
///
/// # Errors
/// If the store did not keep it.
pub async fn detect(
    app: &App,
    finding: &Finding,
    credential: &Credential,
    around: Around,
    actor: &str,
) -> Result<(IncidentId, bool), ApiError> {
    let mut what = detected(finding, credential, around.exposure, around.labels);
    what.owner = (app.owner)(&what, &around.occurrences);
    let secret = sealed::of_credential(credential);
    let found = app.store.detect(&what, &around.occurrences, Some(secret), app.now(), actor).await?;
    app.there_is_work();
    Ok(found)
}

fn detected(
    finding: &Finding,
    credential: &Credential,
    exposure: Exposure,
    labels: BTreeMap<String, String>,
) -> Detected {
    let kind = registry::by_rule(finding.rule.as_str(), credential).map(|entry| entry.kind.id.clone());
    Detected {
        fingerprint: finding.fingerprint.to_string(),
        rule: finding.rule.as_str().to_owned(),
        kind,
        provider: finding.provider.to_string(),
        title: finding.title.to_string(),
        preview: finding.preview.clone(),
        confidence: finding.confidence,
        severity: finding.severity,
        exposure,
        labels,
        // Whoever answers is found by what is here.
        owner: Owner::default(),
    }
}

/// The companions of a finding among others of the same text, and theirs: a session token belongs to a secret, which belongs to a key id.
pub fn companions(finding: &Finding, all: &[Finding]) -> Vec<(RuleId, stanch_model::Secret)> {
    let mut found: Vec<(RuleId, stanch_model::Secret)> = Vec::new();
    let mut open = vec![finding];
    while let Some(one) = open.pop() {
        for companion in &one.evidence.companions {
            let same = |other: &&Finding| other.fingerprint == companion.fingerprint && other.rule == companion.rule;
            let Some(other) = all.iter().find(same) else { continue };
            if other.fingerprint != finding.fingerprint && !found.iter().any(|(rule, _)| *rule == other.rule) {
                found.push((other.rule.clone(), other.secret.clone()));
                open.push(other);
            }
        }
    }
    found
}
