//! Every kind of credential that has a double is put through the same cases: what is alive, what is dead, what a provider's bad day looks
//! like, and that nothing is killed but what was meant.
//!
//! What is sent in it is held to the providers' published descriptions of their APIs, where a registry has them (`described/`).
//!
//! What came of it is kept in `docs/conformance.tsv`, and what there is in `docs/providers.md`. `bash .ci/conformance` writes both anew.

mod cases;
mod data;
mod described;
mod ledger;
mod providers;
mod resuming;
mod revoking;
mod rotating;
mod scene;
mod secrets;
mod suite;
mod verifying;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::thread;

use stanch_revokers::registry;
use stanch_testkit::double::Double;

use suite::Tally;

/// How many kinds are put through their cases at once. Much of it is waiting.
const THREADS: usize = 6;

fn doubles() -> Vec<Double> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/doubles");
    Double::load(&folder).unwrap_or_else(|defects| panic!("{defects}"))
}

/// What came of all cases of all kinds that have a double. The tests share it.
static TALLIES: LazyLock<BTreeMap<String, Tally>> = LazyLock::new(|| {
    let doubles = doubles();
    let known: Vec<&Double> = doubles.iter().filter(|double| registry::by_id(double.kind()).is_some()).collect();
    run_all(&known)
});

#[test]
fn every_kind_conforms() {
    let mut failures: Vec<&String> = TALLIES.values().flat_map(|tally| &tally.failures).collect();
    failures.sort();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), ledger::lines(failures));
    ledger::compare(&TALLIES);
}

#[test]
fn every_double_is_of_a_kind() {
    let orphans =
        doubles().into_iter().map(|double| double.kind().to_owned()).filter(|id| registry::by_id(id).is_none());
    assert_eq!(orphans.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn every_kind_is_tested_or_says_why_not() {
    let doubles: Vec<String> = doubles().iter().map(|double| double.kind().to_owned()).collect();
    let untested = ledger::untested(&doubles);
    assert!(untested.is_empty(), "{}", untested.join("\n"));
}

/// The tallies of all kinds, by kind.
fn run_all(doubles: &[&Double]) -> BTreeMap<String, Tally> {
    let next = AtomicUsize::new(0);
    let tallies = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(double) = doubles.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tally = suite::run(double);
                    tallies.lock().unwrap_or_else(|error| panic!("{error}")).insert(double.kind().to_owned(), tally);
                }
            });
        }
    });
    tallies.into_inner().unwrap_or_else(|error| panic!("{error}"))
}
