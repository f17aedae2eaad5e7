//! From an arrival to incidents. Done twice it comes to the same: the store knows each credential and each of its places.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stanch_model::{Confidence, Finding, Sensitivity};
use stanch_revokers::{Doing, registry};
use tokio::sync::Notify;

use super::arrival::Arrival;
use super::environment::{self, Environment};
use super::subject::{Setting, Subject, of_findings};
use crate::engine::sealed;
use crate::owner::{Codeowners, Facts, Sources};
use crate::store::{NewJob, Result, Store};
use crate::{Occurrence, Owner};

/// The queue of what arrived.
pub const QUEUE: &str = "intake";
/// Who brings what arrives, in the log.
pub const ACTOR: &str = "intake";

/// Finds credentials in what arrived. The pipeline itself knows no scanner: whoever has one hands it in.
pub trait Finder: Send + Sync {
    /// What an arrival holds.
    fn find<'a>(&'a self, arrival: &'a Arrival) -> Doing<'a, std::result::Result<Found, Failure>>;

    /// Whether a path is that of tests and examples.
    fn is_test(&self, path: &str) -> bool;

    /// Ends what it does ([`Failure::Stopped`]), as the program ends. What takes no time needs no end.
    fn stop(&self) {}
}

/// What was found in an arrival.
#[derive(Debug, Default)]
pub struct Found {
    /// The findings, those that do not count included: others may belong to them.
    pub findings: Vec<Finding>,
    /// Who owns which paths, if the repository says so.
    pub codeowners: Option<(String, Codeowners)>,
    /// What could not be read. What was found counts all the same.
    pub incomplete: Option<String>,
}

/// Why nothing was found out. The text holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It may be possible later: not before this pause, if the other side names one.
    Later {
        /// Why not now.
        why: String,
        /// The pause.
        after: Option<Duration>,
    },
    /// It will not be possible.
    Never {
        /// Why not.
        why: String,
    },
    /// It was ended, as the program ends: whoever comes next begins it again.
    Stopped,
}

impl Failure {
    /// It may be possible later.
    pub fn later(why: impl Into<String>) -> Self {
        Self::Later { why: why.into(), after: None }
    }

    /// It will not be possible.
    pub fn never(why: impl Into<String>) -> Self {
        Self::Never { why: why.into() }
    }
}

/// What becomes an incident, and with which facts.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Findings that are less sure are left.
    pub least: Confidence,
    /// Which environment a place belongs to.
    pub environments: Vec<Environment>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { least: Confidence::Medium, environments: Vec::new() }
    }
}

/// Tells whoever leads incidents on that there is work.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Takes in what arrives.
#[derive(Clone)]
pub struct Intake {
    store: Arc<Store>,
    finder: Arc<dyn Finder>,
    owners: Arc<Sources>,
    rules: Rules,
    wake: Wake,
    pub(super) arrived: Arc<Notify>,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Intake {
    /// An intake into a store. `wake` is called when there are new incidents.
    pub fn new(store: Arc<Store>, finder: Arc<dyn Finder>, owners: Arc<Sources>, rules: Rules, wake: Wake) -> Self {
        Self { store, finder, owners, rules, wake, arrived: Arc::default() }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Keeps an arrival until it is done, and tells whether it is new: the same key is the same arrival. It is durable when this answers.
    ///
    /// # Errors
    /// If it was not kept. [`crate::StoreError::Full`] if there is too much to do.
    pub async fn accept(&self, key: &str, arrival: &Arrival, now: Timestamp) -> Result<bool> {
        let job = NewJob { queue: QUEUE.to_owned(), key: key.to_owned(), payload: arrival.to_bytes(), due: now };
        let new = self.store.enqueue(job, now).await?;
        self.arrived.notify_one();
        Ok(new)
    }

    pub(super) async fn find(&self, arrival: &Arrival) -> std::result::Result<Found, Failure> {
        self.finder.find(arrival).await
    }

    /// Ends what is being found.
    pub(super) fn stop(&self) {
        self.finder.stop();
    }

    /// Makes incidents of what was found, and tells how many credentials these are.
    pub(super) async fn take(&self, arrival: &Arrival, found: &Found, now: Timestamp) -> Result<usize> {
        let mut subjects = exposed(&found.findings, self.rules.least);
        for subject in &mut subjects {
            self.date(arrival, subject).await?;
            let setting = self.setting(arrival, subject);
            let mut detected = subject.detected(&setting, Owner::default());
            let mut owners = Sources::clone(&self.owners);
            if let Some((source, file)) = &found.codeowners {
                owners.codeowners(source, file.clone());
            }
            detected.owner = owners.find(&Facts::found(&detected, &subject.occurrences));
            let secret = sealed::of_credential(&subject.credential);
            self.store.detect(&detected, &subject.occurrences, Some(secret), now, ACTOR).await?;
        }
        if !subjects.is_empty() {
            (self.wake)();
        }
        Ok(subjects.len())
    }

    /// Says since when a credential has been exposed: since it arrived, whatever its commit says. A place that is known keeps its time, so that
    /// two messages about one place (a push, and the request that it belongs to) are about one place.
    async fn date(&self, arrival: &Arrival, subject: &mut Subject) -> Result<()> {
        let known = self.store.incident_of(&subject.credential.fingerprint.to_string()).await?;
        let known = known.map(|incident| incident.occurrences).unwrap_or_default();
        let place = |one: &Occurrence| (one.source.clone(), one.place.clone(), one.commit.clone());
        for occurrence in &mut subject.occurrences {
            let same = known.iter().find(|other| place(other) == place(occurrence));
            occurrence.since = same.map_or(Some(arrival.at()), |other| other.since);
        }
        Ok(())
    }

    fn setting(&self, arrival: &Arrival, subject: &Subject) -> Setting {
        let repository = arrival.repository().map(|repository| repository.name.as_str());
        let mut labels = BTreeMap::new();
        labels.extend(repository.map(|name| ("repository".to_owned(), name.to_owned())));
        let environment = environment::of(&self.rules.environments, repository, &subject.occurrences);
        labels.extend(environment.map(|name| ("environment".to_owned(), name.to_owned())));
        if !subject.occurrences.is_empty() && subject.occurrences.iter().all(|place| self.finder.is_test(place.path()))
        {
            // Where it stands does not make it a key of a test mode: a stranger may choose where.
            labels.insert("in-tests".to_owned(), "true".to_owned());
        }
        Setting { exposure: arrival.exposure(), labels }
    }
}

/// The credentials among findings. What a person allowed, what is meant to be seen, and what is not sure enough is left. One half of a pair is no
/// leak alone, and the other half is no credential of its own if it belongs to one that is.
pub fn exposed(findings: &[Finding], least: Confidence) -> Vec<Subject> {
    let counts = |finding: &&Finding| {
        let known = registry::knows_rule(finding.rule.as_str());
        let pair = known && !finding.evidence.companions.is_empty();
        let secret =
            finding.sensitivity == Sensitivity::Secret || (finding.sensitivity == Sensitivity::Identifier && pair);
        finding.suppression.is_none() && finding.confidence >= least && secret
    };
    let all: Vec<&Finding> = findings.iter().filter(counts).collect();
    let is_part = |finding: &Finding| {
        all.iter().any(|other| {
            other.evidence.companions.iter().any(|part| part.fingerprint == finding.fingerprint)
                && leads(other, finding)
        })
    };
    of_findings(all.iter().copied().filter(|finding| !is_part(finding)), findings)
}

/// Whether of two that belong together the first is the credential, and the second a part of it: whoever knows the id knows which key is meant.
fn leads(one: &Finding, other: &Finding) -> bool {
    let rank = |finding: &Finding| {
        let known = registry::knows_rule(finding.rule.as_str());
        (known && finding.sensitivity == Sensitivity::Identifier, known)
    };
    rank(one) > rank(other)
}
