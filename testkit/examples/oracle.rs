//! Compares the fast engine with the naive one on every file of a folder, under chaff and under the built-in rules.
//!
//! `cargo run --release -p stanch-testkit --example oracle -- FOLDER [chaff rules] [most bytes a file]`

#![expect(clippy::print_stdout, reason = "a developers' command that prints")]

use std::path::Path;
use std::{env, fs};

use stanch_rules::RuleSet;
use stanch_scanner::{Engine, Scratch};
use stanch_testkit::{chaff, naive};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let folder = arguments.first().map_or(".", String::as_str);
    let number = |at: usize, default: usize| arguments.get(at).and_then(|n| n.parse().ok()).unwrap_or(default);
    let engines =
        [("chaff", Engine::new(chaff::rules(number(1, 200), 7))), ("built-in", Engine::new(RuleSet::builtin()))];
    let mut files = Vec::new();
    collect(Path::new(folder), &mut files);
    files.sort();
    for (name, engine) in &engines {
        let mut scratch = Scratch::default();
        let (mut bytes, mut hits, mut rejected, mut different) = (0, 0, 0, 0);
        for file in &files {
            let Ok(mut text) = fs::read(file) else { continue };
            text.truncate(number(2, 1 << 20));
            let trace = engine.trace(&text, &mut scratch);
            bytes += text.len();
            hits += trace.len();
            rejected += trace.iter().filter(|c| c.verdict.rejected.is_some()).count();
            if let Some(difference) = naive::compare(engine, &trace, &naive::trace(engine, &text)) {
                different += 1;
                println!("{}: {difference}", file.display());
            }
        }
        println!(
            "{name}: {} files, {bytes} bytes, {hits} hits, {rejected} of them rejected, {different} files differ",
            files.len()
        );
    }
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && entry.file_name() != ".git" && entry.file_name() != "target" {
            collect(&entry.path(), files);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
}
