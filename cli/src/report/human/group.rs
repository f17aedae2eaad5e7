//! Findings, grouped by credential.

use std::cmp::Reverse;
use std::collections::HashMap;

use stanch_model::{Finding, Fingerprint, Severity};

/// The places of one credential, in order.
pub(super) struct Group<'a> {
    pub(super) findings: Vec<&'a Finding>,
    /// The finding that says most: the highest severity, then confidence, then the first.
    pub(super) best: &'a Finding,
}

impl Group<'_> {
    pub(super) fn severity(&self) -> Severity {
        self.best.severity
    }

    /// The fingerprint, as far as people type it.
    pub(super) fn short(&self) -> String {
        short(self.best.fingerprint)
    }
}

/// The first 12 digits of a fingerprint.
pub(super) fn short(fingerprint: Fingerprint) -> String {
    const DIGITS: usize = 12;
    let mut text = fingerprint.to_string();
    text.truncate(DIGITS);
    text
}

/// The findings that count, by credential: the worst first, then in order of the first place.
pub(super) fn groups(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut index: HashMap<Fingerprint, usize> = HashMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.suppression.is_none()) {
        let at = *index.entry(finding.fingerprint).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.add(finding),
            None => groups.push(Group { findings: vec![finding], best: finding }),
        }
    }
    // The sort is stable: equals stay in order of their first place.
    groups.sort_by_key(|group| Reverse(rank(group.best)));
    groups
}

impl<'a> Group<'a> {
    fn add(&mut self, finding: &'a Finding) {
        self.findings.push(finding);
        if rank(finding) > rank(self.best) {
            self.best = finding;
        }
    }
}

fn rank(finding: &Finding) -> (Severity, stanch_model::Confidence) {
    (finding.severity, finding.confidence)
}
