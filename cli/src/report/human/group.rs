//! Findings, grouped by credential.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use stanch_model::{Finding, Fingerprint, GitPlace, ObjectKind, Severity, Source};

use super::super::history::only_in_history;

/// The places of one credential: the current ones, then those of the history, both in order.
pub(super) struct Group<'a> {
    pub(super) places: Vec<Place<'a>>,
    /// The finding that says most: the highest severity, then confidence, then the first.
    pub(super) best: &'a Finding,
}

/// A place of a credential, as people count places.
pub(super) struct Place<'a> {
    pub(super) finding: &'a Finding,
    /// The finding in history that a place of the working tree came from.
    pub(super) since: Option<&'a Finding>,
}

impl Group<'_> {
    pub(super) fn severity(&self) -> Severity {
        self.best.severity
    }

    /// Whether it stands in no current file.
    pub(super) fn only_in_history(&self) -> bool {
        self.places.iter().all(|place| only_in_history(place.finding))
    }

    /// The page that shows the first of the places that have one.
    pub(super) fn link(&self) -> Option<&str> {
        let findings = self.places.iter().flat_map(|place| [Some(place.finding), place.since]);
        findings.flatten().find_map(|finding| finding.permalink.as_deref())
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
            None => groups.push(Group { places: vec![Place { finding, since: None }], best: finding }),
        }
    }
    groups.iter_mut().for_each(Group::settle);
    // The sort is stable: equals stay in order of their first place.
    groups.sort_by_key(|group| Reverse(rank(group.best)));
    groups
}

impl<'a> Group<'a> {
    fn add(&mut self, finding: &'a Finding) {
        self.places.push(Place { finding, since: None });
        if rank(finding) > rank(self.best) {
            self.best = finding;
        }
    }

    /// Makes one place of a file that is there and the history of the same file, and puts what is there first.
    fn settle(&mut self) {
        fn file(finding: &Finding) -> (Option<&str>, &str) {
            (finding.locator.root.as_deref(), &finding.path)
        }
        let past = self.places.iter().map(|place| place.finding).filter(|finding| is_past(finding));
        let past: HashMap<_, _> = past.map(|finding| (file(finding), finding)).collect();
        let mut there = HashSet::new();
        for place in self.places.iter_mut().filter(|place| place.finding.locator.source == Source::File) {
            // Of several places in a file the first tells its history.
            if there.insert(file(place.finding)) {
                place.since = past.get(&file(place.finding)).copied();
            }
        }
        self.places.retain(|place| !is_past(place.finding) || !there.contains(&file(place.finding)));
        self.places.sort_by_key(|place| age(place.finding));
    }
}

/// Whether a finding is of a file in a commit.
fn is_past(finding: &Finding) -> bool {
    let of_commit = |git: &GitPlace| git.object == ObjectKind::Blob && git.commit.is_some();
    finding.locator.source == Source::Object && finding.git.as_ref().is_some_and(of_commit)
}

/// What is there comes first, what no ref reaches last.
fn age(finding: &Finding) -> (bool, bool) {
    let lost = finding.git.as_ref().is_some_and(|git| git.reachable == Some(false));
    (only_in_history(finding), lost)
}

fn rank(finding: &Finding) -> (Severity, stanch_model::Confidence) {
    (finding.severity, finding.confidence)
}
