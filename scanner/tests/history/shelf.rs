//! A state in memory, and whether scans with it say what scans without it say.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use stanch_scanner::{Control, Events, HistoryOptions, Outcome, StateOptions, Vault, scan_history};

use crate::sources::control;

/// What scans leave, by name.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Vault for Shelf {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        self.kept.lock().expect("nobody panicked").get(name).cloned()
    }

    fn save(&self, name: &str, bytes: Vec<u8>) {
        assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
        self.kept.lock().expect("nobody panicked").insert(name.to_owned(), bytes);
    }
}

impl Shelf {
    /// Puts something in place of what was kept.
    pub(crate) fn put(&self, name: &str, bytes: Vec<u8>) {
        self.save(name, bytes);
    }

    /// Drops what was kept under names that start so.
    pub(crate) fn drop_all(&self, start: &str) {
        self.kept.lock().expect("nobody panicked").retain(|name, _| !name.starts_with(start));
    }

    /// What was kept under names that start so.
    pub(crate) fn all(&self, start: &str) -> BTreeMap<String, Vec<u8>> {
        let kept = self.kept.lock().expect("nobody panicked");
        kept.iter().filter(|(name, _)| name.starts_with(start)).map(|(name, all)| (name.clone(), all.clone())).collect()
    }

    /// Options with which a repository is known by this shelf under a name.
    pub(crate) fn options(self: &Arc<Self>, options: &HistoryOptions) -> HistoryOptions {
        let vault: Arc<dyn Vault> = self.clone();
        HistoryOptions { state: Some(StateOptions { vault, name: "a repository".to_owned() }), ..options.clone() }
    }

    /// Scans with this shelf, and says how many objects were decoded to be scanned.
    pub(crate) fn scan(self: &Arc<Self>, path: &Path, options: &HistoryOptions) -> (Outcome, u64) {
        let counter = Counter::default();
        let control = Control { events: &counter, ..control(2) };
        let outcome = scan_history(&control, path, &self.options(options)).expect("the repository can be scanned");
        (outcome, counter.0.into_inner())
    }

    /// Scans with what is known of objects, and then with the answer; both must say what a scan without any state says. How many objects
    /// were decoded to be scanned, each time.
    pub(crate) fn agrees(self: &Arc<Self>, path: &Path, options: &HistoryOptions) -> (u64, u64) {
        let whole = scan_history(&control(2), path, options).expect("the repository can be scanned");
        self.agrees_with(&whole, path, options)
    }

    pub(crate) fn agrees_with(self: &Arc<Self>, whole: &Outcome, path: &Path, options: &HistoryOptions) -> (u64, u64) {
        self.drop_all("answer");
        let (recalled, looked_at) = self.scan(path, options);
        assert_same(&recalled, whole, "with what is known of objects");
        let (again, looked_at_again) = self.scan(path, options);
        assert_same(&again, whole, "once more");
        (looked_at, looked_at_again)
    }
}

#[derive(Default)]
struct Counter(AtomicU64);

impl Events for Counter {
    fn scanned(&self, files: u64, _bytes: u64) {
        self.0.fetch_add(files, Ordering::Relaxed);
    }
}

/// Whether two outcomes are the same in everything, secrets too.
pub(crate) fn assert_same(one: &Outcome, other: &Outcome, how: &str) {
    assert_eq!(format!("{:#?}", one.coverage), format!("{:#?}", other.coverage), "{how}");
    assert_eq!(format!("{:#?}", one.findings), format!("{:#?}", other.findings), "{how}");
    let secrets = one.findings.iter().zip(&other.findings);
    assert!(secrets.into_iter().all(|(one, other)| one.secret == other.secret), "{how}");
}
