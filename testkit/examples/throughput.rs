//! How fast the engine is on a file, on one thread and from memory: the best of some rounds, with the number of candidates.
//!
//! `cargo run --release -p stanch-testkit --example throughput -- FILE [ROUNDS [RULES]]`, with so many of the first rules

#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::time::{Duration, Instant};

use stanch_rules::RuleSet;
use stanch_scanner::{Engine, Scratch};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let bytes = std::fs::read(arguments.next().ok_or("which file?")?)?;
    let mut number = |default: usize| arguments.next().and_then(|n| n.to_str()?.parse().ok()).unwrap_or(default);
    let (rounds, rules) = (number(3), number(usize::MAX));
    let start = Instant::now();
    let engine = Engine::new(RuleSet::new(RuleSet::builtin().iter().take(rules).cloned().collect()));
    println!("tables made in {:.2?}", start.elapsed());
    let mut scratch = Scratch::default();
    let (mut best, mut candidates) = (Duration::MAX, 0);
    for _ in 0..rounds {
        let start = Instant::now();
        candidates = 0;
        for part in bytes.chunks(1 << 20) {
            engine.scan_part(part, 0..part.len(), &mut scratch, |_| candidates += 1);
        }
        best = best.min(start.elapsed());
    }
    let seconds = best.as_secs_f64();
    println!(
        "{candidates} candidates, {:.0} MB/s, {:.3} ns a byte",
        bytes.len() as f64 / seconds / 1e6,
        seconds * 1e9 / bytes.len() as f64
    );
    Ok(())
}
