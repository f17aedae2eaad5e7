//! A credential that something was found of: by this run, an earlier one, or another scanner.

use std::collections::BTreeMap;

use stanch_model::{Finding, Fingerprint, Secret};
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
    let secrets: BTreeMap<Fingerprint, &Secret> =
        all.iter().map(|finding| (finding.fingerprint, &finding.secret)).collect();
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
        for companion in &finding.evidence.companions {
            let known = subject.credential.companions.iter().any(|(rule, _)| *rule == companion.rule);
            if let (Some(secret), false) = (secrets.get(&companion.fingerprint), known) {
                subject.credential.companions.push((companion.rule.clone(), (*secret).clone()));
            }
        }
    }
    subjects
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
