//! Confirming and weighing hits that are known, and a whole scan beside it: by the built-in rules, and by chaff, which hits everywhere.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use stanch_rules::{RuleSet, corpus};
use stanch_scanner::doors::Found;
use stanch_scanner::{Engine, Scratch};
use stanch_testkit::chaff;

fn confirm(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("confirm");
    group.throughput(Throughput::Bytes(corpus().len() as u64));
    for (name, rules) in [("built-in", RuleSet::builtin()), ("40 rules of chaff", chaff::rules(40, 7))] {
        let engine = Engine::new(rules);
        let (found, mut scratch) = (Found::new(&engine, corpus()), Scratch::default());
        // What came to nothing is known afterwards, so each time begins with hits that nobody has looked at.
        group.bench_function(format!("{name}, known hits"), |bench| {
            let confirm = |found: &mut Found| found.confirm(&engine, black_box(corpus()), &mut scratch);
            bench.iter_batched_ref(|| found.clone(), confirm, BatchSize::LargeInput);
        });
        group.bench_function(format!("{name}, every match with its verdict"), |bench| {
            bench.iter(|| engine.trace(black_box(corpus()), &mut scratch).len());
        });
    }
    group.finish();
}

criterion_group!(benches, confirm);
criterion_main!(benches);
