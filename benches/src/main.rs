//! `cargo run --release -p stanch-benches -- …`: fetches the corpora, and takes the figures that are kept.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use stanch_benches::{Figure, Machine, corpora, fetch, figures, folder, process};

const USAGE: &str = "\
usage: stanch-benches fetch [NAME]...       get the corpora (all, or those named) into target/corpora
       stanch-benches record [BINARY]       measure, and add a file to benches/record; BINARY is a release build of stanch";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["fetch", names @ ..] => fetch_all(names),
        ["record"] => record(None),
        ["record", binary] => record(Some(Path::new(binary))),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if stderr is closed.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn std::error::Error>>;

fn fetch_all(names: &[&str]) -> Done {
    let mut out = io::stdout();
    for corpus in corpora().iter().filter(|corpus| names.is_empty() || names.contains(&corpus.name.as_str())) {
        let at = fetch(corpus, &folder())?;
        writeln!(out, "{}: {}", corpus.name, at.display())?;
    }
    Ok(())
}

fn record(binary: Option<&Path>) -> Done {
    if cfg!(debug_assertions) {
        return Err("figures are taken of a release build: `cargo run --release -p stanch-benches -- record`".into());
    }
    let machine = Machine::here();
    let mut all = figures();
    if let Some(binary) = binary {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/benches");
        fs::create_dir_all(&folder)?;
        all.push(process(binary, &folder)?);
    }
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("record").join(machine.folder()).join(format!("{date}.csv"));
    let text = csv(&machine, &all);
    fs::create_dir_all(path.parent().unwrap_or(&path))?;
    fs::write(&path, &text)?;
    write!(io::stdout(), "{text}")?;
    Ok(())
}

/// The figures as comma-separated values; what they were taken on goes into every line, so that files can be joined.
fn csv(machine: &Machine, figures: &[Figure]) -> String {
    let mut text = String::from("cpu,cores,rustc,commit,work,bytes,runs,median_ms,mb_per_s\n");
    let quoted = |field: &str| format!("\"{}\"", field.replace('"', "\"\""));
    for figure in figures {
        let rate = figure.rate().map(|rate| format!("{rate:.0}")).unwrap_or_default();
        let median = figure.median.as_secs_f64() * 1e3;
        let (cpu, rustc, work) = (quoted(&machine.cpu), quoted(&machine.rustc), quoted(&figure.work));
        let (cores, commit, bytes, runs) = (machine.cores, &machine.commit, figure.bytes, figure.runs);
        text.push_str(&format!("{cpu},{cores},{rustc},{commit},{work},{bytes},{runs},{median:.3},{rate}\n"));
    }
    text
}
