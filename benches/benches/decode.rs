//! Inflating, at sizes that the objects of a history have: most are deltas of some hundred bytes.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stanch_benches::deflated;
use stanch_rules::corpus;
use stanch_scanner::doors::Inflating;

fn inflate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("inflate");
    for (name, length) in [("100 bytes", 100), ("1 KB", 1_000), ("30 KB", 30_000), ("1 MB", 1_000_000)] {
        let bytes = corpus().get(..length).unwrap_or(corpus());
        let stream = deflated(bytes);
        let mut inflating = Inflating::default();
        assert!(inflating.inflate(&stream, bytes.len()), "{name}");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bench| bench.iter(|| inflating.inflate(black_box(&stream), bytes.len())));
    }
    group.finish();
}

criterion_group!(benches, inflate);
criterion_main!(benches);
