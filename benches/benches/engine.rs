//! The engine alone, on one thread: how long it takes to make, and how fast it goes over the reference corpus, for all rules and for
//! each kind of anchor.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stanch_benches::{Kind, of_kind};
use stanch_rules::{RuleSet, corpus};
use stanch_scanner::{Engine, Scratch};

fn make(criterion: &mut Criterion) {
    criterion.bench_function("make the engine", |bench| bench.iter(|| black_box(Engine::new(RuleSet::builtin()))));
}

fn scan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scan the reference corpus");
    group.throughput(Throughput::Bytes(corpus().len() as u64));
    for kind in Kind::EACH {
        let engine = Engine::new(of_kind(kind));
        let mut scratch = Scratch::default();
        group.bench_function(kind.name(), |bench| bench.iter(|| engine.scan(black_box(corpus()), &mut scratch).len()));
    }
    group.finish();
}

criterion_group!(benches, make, scan);
criterion_main!(benches);
