//! Whole trees, on one thread and on all: the corpora that have been fetched.

use std::sync::atomic::AtomicBool;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use stanch_benches::{corpora, folder};
use stanch_model::FingerprintKey;
use stanch_rules::RuleSet;
use stanch_scanner::{Control, Engine, TreeOptions, scan_tree};

fn trees(criterion: &mut Criterion) {
    let engine = Engine::new(RuleSet::builtin());
    let key = FingerprintKey::from_bytes([7; 32]);
    let stop = AtomicBool::new(false);
    let mut group = criterion.benchmark_group("scan a tree");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for corpus in corpora() {
        let root = folder().join(&corpus.name);
        if !root.is_dir() {
            continue;
        }
        for jobs in [1, cores] {
            let control = Control { engine: &engine, key: &key, stop: &stop, events: &(), jobs };
            let scan = || {
                scan_tree(&control, &root, &TreeOptions::default())
                    .unwrap_or_else(|error| panic!("{}: {error}", corpus.name))
            };
            group.throughput(Throughput::Bytes(scan().coverage.bytes));
            group.bench_function(format!("{}, {jobs} threads", corpus.name), |bench| bench.iter(scan));
        }
    }
    group.finish();
}

criterion_group!(benches, trees);
criterion_main!(benches);
