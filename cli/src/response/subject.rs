//! A credential that something was found of: by this run, an earlier one, or another scanner.

use std::collections::BTreeMap;

use stanch_model::{Finding, Fingerprint, RuleId, Secret};
use stanch_revokers::Credential;

/// A credential, and what is said of it to people.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The rule that found it.
    pub(crate) rule: String,
    /// What a person calls its kind.
    pub(crate) title: String,
    /// What may be shown of it.
    pub(crate) preview: String,
    /// Where it stands, as `path:line`.
    pub(crate) places: Vec<String>,
    /// The credential.
    pub(crate) credential: Credential,
}

/// The credentials of findings, each once, in the order in which they were found, with their companions, which stand among `all`.
pub(crate) fn of_findings<'a>(findings: impl IntoIterator<Item = &'a Finding>, all: &[Finding]) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    let mut at: BTreeMap<(Fingerprint, String), usize> = BTreeMap::new();
    for finding in findings {
        let key = (finding.fingerprint, finding.rule.as_str().to_owned());
        let index = *at.entry(key).or_insert_with(|| {
            subjects.push(subject(finding));
            subjects.len() - 1
        });
        let Some(subject) = subjects.get_mut(index) else { continue };
        subject.places.push(format!("{}:{}", finding.path, finding.location.line));
        for (rule, secret) in belongings(finding, all) {
            if !subject.credential.companions.iter().any(|(known, _)| known == rule) {
                subject.credential.companions.push((rule.clone(), secret.clone()));
            }
        }
    }
    subjects
}

/// The companions of a finding, and theirs: a session token belongs to a secret, which belongs to a key id.
fn belongings<'a>(finding: &'a Finding, all: &'a [Finding]) -> Vec<(&'a RuleId, &'a Secret)> {
    let mut found: Vec<(&RuleId, &Secret)> = Vec::new();
    let mut open = vec![finding];
    while let Some(one) = open.pop() {
        for companion in &one.evidence.companions {
            let same = |other: &&Finding| other.fingerprint == companion.fingerprint && other.rule == companion.rule;
            let Some(other) = all.iter().find(same) else { continue };
            if other.fingerprint != finding.fingerprint && !found.iter().any(|(rule, _)| **rule == other.rule) {
                found.push((&other.rule, &other.secret));
                open.push(other);
            }
        }
    }
    found
}

fn subject(finding: &Finding) -> Subject {
    let mut credential = Credential::new(finding.secret.clone(), finding.fingerprint);
    credential.facts = finding.evidence.facts.iter().map(|fact| (fact.name.to_string(), fact.value.clone())).collect();
    Subject {
        rule: finding.rule.as_str().to_owned(),
        title: finding.title.to_string(),
        preview: finding.preview.clone(),
        places: Vec::new(),
        credential,
    }
}
