//! Scans the history of a repository and says how long it took and what there was, by kind of finding.
//!
//! `cargo run --release -p stanch-testkit --example history -- REPOSITORY`

#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use stanch_model::FingerprintKey;
use stanch_rules::RuleSet;
use stanch_scanner::{Control, Engine, HistoryOptions, scan_history};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("which repository?")?.into();
    let (key, stop) = (FingerprintKey::from_bytes([7; 32]), AtomicBool::new(false));
    let engine = Engine::new(RuleSet::builtin());
    let jobs = std::thread::available_parallelism()?.get();
    let control = Control { engine: &engine, key: &key, stop: &stop, events: &(), jobs };
    let start = Instant::now();
    let outcome = scan_history(&control, &path, &HistoryOptions::default())?;
    let coverage = &outcome.coverage;
    println!(
        "{:.2?}: {} objects, {} commits, {} bytes",
        start.elapsed(),
        coverage.objects,
        coverage.commits,
        coverage.bytes
    );
    let mut rules: BTreeMap<(String, String), usize> = BTreeMap::new();
    for finding in &outcome.findings {
        *rules.entry((finding.confidence.to_string(), finding.rule.to_string())).or_default() += 1;
    }
    for ((confidence, rule), count) in &rules {
        println!("{confidence:>8} {count:6} {rule}");
    }
    let mut gaps: BTreeMap<&str, usize> = BTreeMap::new();
    for note in &coverage.notes {
        *gaps.entry(note.gap.as_str()).or_default() += 1;
    }
    for (gap, count) in &gaps {
        println!("{gap}: {count}");
    }
    Ok(())
}
