//! A credential that something was found of: by this run, an earlier one, or another scanner.

use std::collections::BTreeMap;

use stanch_model::{Fact, Finding, RuleId, Secret};
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

impl Subject {
    /// Whether a finding is of it: the same secret, and nothing beside it that says otherwise. One password may be good at two servers.
    pub(crate) fn is_of(&self, finding: &Finding) -> bool {
        let agrees = |fact: &Fact| self.credential.facts.get(&*fact.name).is_none_or(|known| *known == fact.value);
        finding.fingerprint == self.credential.fingerprint
            && finding.rule.as_str() == self.rule
            && finding.evidence.facts.iter().all(agrees)
    }
}

/// The credentials of findings, each once, in the order in which they were found, with what stood beside them anywhere, and their companions,
/// which stand among `all`.
pub(crate) fn of_findings<'a>(findings: impl IntoIterator<Item = &'a Finding>, all: &[Finding]) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    let mut at: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for finding in findings {
        let known = at.entry((finding.fingerprint, finding.rule.as_str())).or_default();
        let of = known.iter().copied().find(|index| subjects.get(*index).is_some_and(|subject| subject.is_of(finding)));
        let index = of.unwrap_or(subjects.len());
        if of.is_none() {
            known.push(index);
            subjects.push(subject(finding));
        }
        let Some(subject) = subjects.get_mut(index) else { continue };
        subject.credential.facts.extend(facts(finding));
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

fn facts(finding: &Finding) -> impl Iterator<Item = (String, String)> {
    finding.evidence.facts.iter().map(|fact| (fact.name.to_string(), fact.value.clone()))
}

fn subject(finding: &Finding) -> Subject {
    let mut credential = Credential::new(finding.secret.clone(), finding.fingerprint);
    credential.facts = facts(finding).collect();
    Subject {
        rule: finding.rule.as_str().to_owned(),
        title: finding.title.to_string(),
        preview: finding.preview.clone(),
        places: Vec::new(),
        credential,
    }
}
