//! Finding places where a rule may match: literals and naming words, and token-like runs; on the reference corpus, and on bytes that are
//! made to be hard.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stanch_benches::{Kind, of_kind};
use stanch_rules::{RuleSet, corpus};
use stanch_scanner::Engine;
use stanch_scanner::doors::{find_literals, find_tokens};

/// What is searched, by name. Each is of a million bytes.
fn inputs() -> [(&'static str, Vec<u8>); 4] {
    let repeated = |bytes: &[u8]| bytes.iter().copied().cycle().take(1_000_000).collect();
    [
        ("reference corpus", corpus().to_vec()),
        ("one prefix repeated", repeated(concat!("gh", "p_").as_bytes())),
        ("one run", repeated(b"Zm9vYmFyYmF6")),
        ("zeros", vec![0; 1_000_000]),
    ]
}

fn literals(criterion: &mut Criterion) {
    let engine = Engine::new(RuleSet::builtin());
    let mut group = criterion.benchmark_group("find literals");
    for (name, bytes) in inputs() {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bench| bench.iter(|| find_literals(&engine, black_box(&bytes))));
    }
    for kind in [Kind::Literal, Kind::Assignment] {
        let engine = Engine::new(of_kind(kind));
        group.throughput(Throughput::Bytes(corpus().len() as u64));
        let name = format!("reference corpus, {} rules", kind.name());
        group.bench_function(name, |bench| bench.iter(|| find_literals(&engine, black_box(corpus()))));
    }
    group.finish();
}

fn tokens(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("find tokens");
    for (name, bytes) in inputs() {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bench| bench.iter(|| find_tokens(black_box(&bytes))));
    }
    group.finish();
}

criterion_group!(benches, literals, tokens);
criterion_main!(benches);
