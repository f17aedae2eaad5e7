//! The sagas that are killed: one of each way in which credentials die.

use std::path::PathBuf;

use stanch_model::{Confidence, Severity};
use stanch_pipeline::engine::sealed;
use stanch_pipeline::store::Store;
use stanch_pipeline::{Detected, Exposure, IncidentId, Means, Occurrence, Owner};
use stanch_revokers::registry::{self, Entry};
use stanch_testkit::double::{Cast, Double, Key, Stage};
use stanch_testkit::played;

use crate::worker::{Place, Scene};

/// A way to die.
pub(crate) struct Saga {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) means: Means,
    /// Whether the successor may be lost with an answer: then a person is asked, and nothing is repeated.
    pub(crate) may_lose_successor: bool,
}

/// All of them.
pub(crate) const SAGAS: &[Saga] = &[
    Saga { name: "off, then deleted", kind: "openrouter.api-key", means: Means::Revoke, may_lose_successor: false },
    Saga { name: "deleted by its id", kind: "datadog.api-key", means: Means::Revoke, may_lose_successor: false },
    Saga { name: "deleted by itself", kind: "gitlab.pat", means: Means::Revoke, may_lose_successor: false },
    Saga { name: "a successor first", kind: "openrouter.api-key", means: Means::Rotate, may_lose_successor: false },
    Saga { name: "replaced", kind: "launchdarkly.sdk-key", means: Means::Rotate, may_lose_successor: true },
];

impl Saga {
    /// A double with a live key, and a store that knows of the leak.
    pub(crate) fn scene(&self, place: &Place, seed: usize) -> Scene {
        let stage = self.stage(seed as u64);
        let scene = Scene::new(place, self.means, vec![(self.entry(), stage)]);
        scene.with_store(async |store| self.leak(store, scene.stage()).await);
        scene
    }

    pub(crate) fn entry(&self) -> Entry {
        registry::by_id(self.kind).unwrap_or_else(|| panic!("no kind {}", self.kind))
    }

    pub(crate) fn stage(&self, seed: u64) -> Stage {
        self.cast(Cast { seed, ..Cast::default() })
    }

    /// A double with these keys.
    pub(crate) fn cast(&self, cast: Cast) -> Stage {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testkit/doubles"));
        let doubles = Double::load(&folder).unwrap_or_else(|defects| panic!("{defects:?}"));
        let double = doubles.iter().find(|double| double.kind() == self.kind);
        let double = double.unwrap_or_else(|| panic!("no double of {}", self.kind));
        Stage::start(double, cast)
    }

    /// The store learns of the key.
    pub(crate) async fn leak(&self, store: &Store, stage: &Stage) -> IncidentId {
        self.leak_key(store, stage, stage.leaked()).await
    }

    /// The store learns of one of the keys.
    pub(crate) async fn leak_key(&self, store: &Store, stage: &Stage, key: &Key) -> IncidentId {
        let entry = self.entry();
        let credential = played::credential(&entry, stage, key);
        let detected = Detected {
            fingerprint: credential.fingerprint.to_string(),
            rule: entry.kind.rules.first().cloned().unwrap_or_default(),
            kind: Some(self.kind.to_owned()),
            provider: entry.file.provider.clone(),
            title: entry.kind.title.clone(),
            preview: "…".to_owned(),
            confidence: Confidence::High,
            severity: Severity::High,
            exposure: Exposure::Public,
            labels: std::collections::BTreeMap::new(),
            owner: Owner { name: "security".to_owned(), found_by: "fallback".to_owned(), business: None },
        };
        let place = Occurrence {
            source: "https://git.example.com/shop".to_owned(),
            place: "app.env:1".to_owned(),
            commit: None,
            author: None,
            url: None,
            agent: None,
            since: None,
        };
        let secret = sealed::of_credential(&credential);
        let found = store.detect(&detected, &[place], Some(secret), jiff::Timestamp::now(), "test").await;
        found.unwrap_or_else(|error| panic!("{error}")).0
    }
}
