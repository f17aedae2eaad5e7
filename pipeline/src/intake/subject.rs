//! From findings to exposed credentials: the one way by which scans, reports of other scanners and webhooks become incidents.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use stanch_model::{Confidence, Fact, Finding, GitPlace, RuleId, Secret, Severity};
use stanch_revokers::{Credential, registry};

use crate::{Detected, Exposure, Occurrence, Owner};

/// A credential that something was found of: by this run, an earlier one, or another scanner.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The rule that found it.
    pub rule: String,
    /// Who issued it.
    pub provider: String,
    /// What a person calls its kind.
    pub title: String,
    /// What may be shown of it.
    pub preview: String,
    /// How sure the scanner is at the place where it is surest.
    pub confidence: Confidence,
    /// The damage that it can do.
    pub severity: Severity,
    /// Where it stands, each place once, in the order in which they were found.
    pub occurrences: Vec<Occurrence>,
    /// The credential.
    pub credential: Credential,
}

/// What is true of everything that stands in one source.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Who can read it.
    pub exposure: Exposure,
    /// Facts for policies: `repository`, `environment`, `test` and the like, by name.
    pub labels: BTreeMap<String, String>,
}

/// The credentials of findings, each once, in the order in which they were found, with what stood beside them anywhere, and their companions,
/// which stand among `all`.
pub fn of_findings<'a>(findings: impl IntoIterator<Item = &'a Finding>, all: &[Finding]) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    let mut at: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for finding in findings {
        let known = at.entry((finding.fingerprint, finding.rule.as_str())).or_default();
        let of = known.iter().copied().find(|index| subjects.get(*index).is_some_and(|subject| subject.is_of(finding)));
        let index = of.unwrap_or(subjects.len());
        if of.is_none() {
            known.push(index);
            subjects.push(Subject::of(finding));
        }
        let Some(subject) = subjects.get_mut(index) else { continue };
        subject.credential.facts.extend(facts(finding));
        subject.confidence = subject.confidence.max(finding.confidence);
        subject.occurrences.push(occurrence(finding));
        for (rule, secret) in belongings(finding, all) {
            if !subject.credential.companions.iter().any(|(known, _)| known == rule) {
                subject.credential.companions.push((rule.clone(), secret.clone()));
            }
        }
    }
    for subject in &mut subjects {
        let mut seen = BTreeSet::new();
        subject.occurrences.retain(|place| seen.insert(place.clone()));
    }
    subjects
}

impl Subject {
    /// The credential of a finding, without its places.
    pub fn of(finding: &Finding) -> Self {
        let mut credential = Credential::new(finding.secret.clone(), finding.fingerprint);
        credential.facts = facts(finding).collect();
        Self {
            rule: finding.rule.as_str().to_owned(),
            provider: finding.provider.to_string(),
            title: finding.title.to_string(),
            preview: finding.preview.clone(),
            confidence: finding.confidence,
            severity: finding.severity,
            occurrences: Vec::new(),
            credential,
        }
    }

    /// Whether a finding is of it: the same secret, and nothing beside it that says otherwise. One password may be good at two servers.
    pub fn is_of(&self, finding: &Finding) -> bool {
        let agrees = |fact: &Fact| self.credential.facts.get(&*fact.name).is_none_or(|known| *known == fact.value);
        finding.fingerprint == self.credential.fingerprint
            && finding.rule.as_str() == self.rule
            && finding.evidence.facts.iter().all(agrees)
    }

    /// Its places, for people.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.occurrences.iter().map(|occurrence| occurrence.place.as_str())
    }

    /// What an incident of it begins with.
    pub fn detected(&self, setting: &Setting, owner: Owner) -> Detected {
        let entry = registry::by_rule(&self.rule, &self.credential);
        Detected {
            fingerprint: self.credential.fingerprint.to_string(),
            rule: self.rule.clone(),
            kind: entry.as_ref().map(|entry| entry.kind.id.clone()),
            provider: entry.map_or_else(|| self.provider.clone(), |entry| entry.file.provider.clone()),
            title: self.title.clone(),
            preview: self.preview.clone(),
            confidence: self.confidence,
            severity: self.severity,
            exposure: setting.exposure,
            labels: setting.labels.clone(),
            owner,
        }
    }
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

/// The place of a finding. A commit has stood there since it was committed, as far as its own word goes.
fn occurrence(finding: &Finding) -> Occurrence {
    let git = finding.git.as_ref();
    let place = match finding.location.line {
        0 => finding.path.clone(),
        line => format!("{}:{line}", finding.path),
    };
    Occurrence {
        source: finding.locator.root.clone().unwrap_or_default(),
        place,
        commit: git.and_then(|git| git.commit.clone()),
        author: git.and_then(author),
        url: finding.permalink.clone(),
        agent: None,
        since: git.and_then(|git| git.committed.as_deref()?.parse::<Timestamp>().ok()),
    }
}

/// `Ann <ann@example.com>`, or what of it is known.
fn author(git: &GitPlace) -> Option<String> {
    match (&git.author, &git.email) {
        (Some(name), Some(mail)) => Some(format!("{name} <{mail}>")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use stanch_model::{
        Category, Companion, Evidence, FingerprintKey, Location, Locator, Sensitivity, Source, Verification,
    };

    use super::*;

    pub(in crate::intake) fn finding(rule: &'static str, secret: &str, path: &str, line: u64) -> Finding {
        let secret = Secret::new(secret.as_bytes().to_vec());
        Finding {
            rule: RuleId::new(rule),
            title: "A token".into(),
            provider: "acme".into(),
            category: Category::Generic,
            sensitivity: Sensitivity::Secret,
            severity: Severity::High,
            confidence: Confidence::Medium,
            fingerprint: FingerprintKey::from_bytes([1; 32]).fingerprint(&secret),
            preview: secret.preview(0),
            secret,
            path: path.to_owned(),
            location: Location { line, column: 1, end_line: line, end_column: 2 },
            locator: Locator {
                source: Source::Object,
                root: Some("https://example.com/a".to_owned()),
                blob: None,
                start: 0,
                end: 1,
                decode: Vec::new(),
            },
            git: None,
            ignored: false,
            in_head: None,
            permalink: None,
            evidence: Evidence::default(),
            verification: Verification::NotAttempted,
            suppression: None,
            line_hash: String::new(),
        }
    }

    #[test]
    fn a_credential_at_many_places_is_one_and_each_place_stands_once() {
        let mut surer = finding("acme.token", "one-secret-of-many", "b", 2);
        surer.confidence = Confidence::High;
        surer.git = Some(GitPlace {
            commit: Some("c0ffee".to_owned()),
            author: Some("Ann".to_owned()),
            email: Some("ann@example.com".to_owned()),
            committed: Some("2026-01-02T03:04:05+01:00".to_owned()),
            ..GitPlace::default()
        });
        let first = finding("acme.token", "one-secret-of-many", "a", 1);
        let all = [first.clone(), surer, first, finding("acme.token", "another-secret-here", "a", 9)];
        let subjects = of_findings(&all, &all);
        assert_eq!(subjects.len(), 2);
        let one = &subjects[0];
        let places: Vec<&str> = one.occurrences.iter().map(|place| place.place.as_str()).collect();
        assert_eq!((places.as_slice(), one.confidence), (&["a:1", "b:2"][..], Confidence::High));
        let second = &one.occurrences[1];
        assert_eq!(second.author.as_deref(), Some("Ann <ann@example.com>"));
        assert_eq!(second.since.map(|since| since.to_string()).as_deref(), Some("2026-01-02T02:04:05Z"));
        assert_eq!(second.source, "https://example.com/a");
    }

    #[test]
    fn companions_and_facts_come_along() {
        let mut key = finding("acme.key-id", "the-key-id-of-it", "a", 1);
        let secret = finding("acme.secret-key", "the-secret-of-the-key", "a", 2);
        key.evidence.facts = vec![Fact { name: "account".into(), value: "12".to_owned() }];
        key.evidence.companions =
            vec![Companion { rule: secret.rule.clone(), fingerprint: secret.fingerprint, line: 2 }];
        let all = [key.clone(), secret.clone()];
        let subjects = of_findings([&key], &all);
        assert_eq!(subjects[0].credential.companions, [(secret.rule, secret.secret)]);
        assert_eq!(subjects[0].credential.facts.get("account").map(String::as_str), Some("12"));
    }

    #[test]
    fn what_is_known_begins_an_incident() {
        let found = finding("acme.token", "one-secret-of-many", "a", 1);
        let subjects = of_findings([&found], &[]);
        let labels = BTreeMap::from([("environment".to_owned(), "production".to_owned())]);
        let setting = Setting { exposure: Exposure::Public, labels: labels.clone() };
        let owner = serde_json::json!({ "name": "@a", "found_by": "fallback" });
        let owner: Owner = serde_json::from_value(owner).unwrap_or_else(|error| panic!("{error}"));
        let detected = subjects[0].detected(&setting, owner);
        assert_eq!((detected.exposure, detected.labels), (Exposure::Public, labels));
        assert_eq!((detected.rule.as_str(), detected.kind), ("acme.token", None));
        assert_eq!(detected.fingerprint, found.fingerprint.to_string());
    }
}
