//! Scans every blob of repositories both ways, by hits carried along the deltas and whole, under the built-in rules and under chaff, and says
//! where the two differ.
//!
//! `cargo run --release -p stanch-testkit --example delta_oracle -- REPOSITORY...`

#![expect(clippy::print_stdout, reason = "a developers' command that prints")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use stanch_model::FingerprintKey;
use stanch_rules::RuleSet;
use stanch_scanner::oracle::{Compared, compare_history};
use stanch_scanner::{Control, Engine};
use stanch_testkit::chaff;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (key, stop) = (FingerprintKey::from_bytes([7; 32]), AtomicBool::new(false));
    let jobs = std::thread::available_parallelism()?.get();
    let engines = [("built-in", Engine::new(RuleSet::builtin())), ("chaff", Engine::new(chaff::rules(40, 7)))];
    let mut different = 0;
    for path in std::env::args_os().skip(1) {
        for (name, engine) in &engines {
            let control = Control { engine, key: &key, stop: &stop, events: &(), jobs };
            let start = Instant::now();
            let compared = compare_history(&control, Path::new(&path))?;
            println!("{}, {name}, {:.1?}:", path.display(), start.elapsed());
            tell(&compared);
            different += compared.differences.len();
        }
    }
    Ok(if different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(compared: &Compared) {
    let Compared { blobs, carried, bytes, hits, dead, inherited, weighed, candidates, left_out, differences } =
        compared;
    println!("  {blobs} blobs of {bytes} bytes, {carried} of them carried upon others, {left_out} left out");
    println!(
        "  {hits} hits, {dead} of them known to be dead, {inherited} verdicts inherited, {weighed} weighed ({:.1} %)",
        *weighed as f64 / *hits as f64 * 100.0
    );
    println!("  {candidates} candidates; {} differences", differences.len());
    differences.iter().take(20).for_each(|difference| println!("  {difference}"));
}
