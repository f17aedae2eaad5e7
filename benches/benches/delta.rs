//! Making an object of its base and a delta, at sizes that histories have.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stanch_benches::delta;
use stanch_rules::corpus;
use stanch_scanner::doors::{Runs, apply};

fn deltas(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("apply a delta");
    for (name, length, places) in [
        ("30 KB, one new line", 30_000, 1),
        ("30 KB, 30 new lines", 30_000, 30),
        ("1 MB, 10 new lines", 1_000_000, 10),
        ("1 MB, 5,000 new lines", 1_000_000, 5_000),
    ] {
        let base = corpus().get(..length).unwrap_or(corpus());
        let (delta, given) = delta(base, places, 1);
        let (mut out, mut runs) = (Vec::new(), Runs::default());
        assert!(apply(&delta, base, &mut out, &mut runs).is_some(), "{name}");
        group.throughput(Throughput::Bytes(given.len() as u64));
        group.bench_function(name, |bench| {
            bench.iter(|| apply(black_box(&delta), black_box(base), &mut out, &mut runs));
        });
    }
    group.finish();
}

criterion_group!(benches, deltas);
criterion_main!(benches);
