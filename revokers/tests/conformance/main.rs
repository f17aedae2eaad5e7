//! Every kind of credential that has a double is put through the same cases: what is alive, what is dead, what a provider's bad day looks
//! like, and that nothing is killed but what was meant.
//!
//! What came of it is kept in `docs/conformance.tsv`, and what there is in `docs/providers.md`. `bash .ci/conformance` writes both anew.

mod cases;
mod data;
mod ledger;
mod providers;
mod revoking;
mod rotating;
mod scene;
mod secrets;
mod suite;
mod verifying;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
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

#[test]
fn every_kind_conforms() {
    let doubles = doubles();
    let known: Vec<&Double> = doubles.iter().filter(|double| registry::by_id(double.kind()).is_some()).collect();
    let tallies = run_all(&known);
    let mut failures: Vec<&String> = tallies.values().flat_map(|tally| &tally.failures).collect();
    failures.sort();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), ledger::lines(failures));
    ledger::compare(&tallies);
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
