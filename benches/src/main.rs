//! `cargo run --release -p stanch-benches -- …`: fetches what is measured on, measures, keeps what was measured, and draws it.

#![forbid(unsafe_code)]

mod args;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use clap::Parser;
use stanch_benches::{
    Case, Counted, Figure, Held, Inputs, Load, Machine, Peers, Record, Row, Setup, Way, chart, compare, corpora, count,
    counts_table, crowd, fetch, figures, growth_csv, growth_table, histories, process, pushes, records, response_csv,
    response_table, rules, table, write_budgets,
};

use crate::args::{Args, ComparedArgs, SetupArgs, Verb};

type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run(Args::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if stderr is closed.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Done {
    match verb {
        Verb::Fetch { history, names } => fetch_all(history, &names),
        Verb::Record { stanch } => record(stanch),
        Verb::Compare { setup, compared } => compare_all(&setup.found()?, &compared),
        Verb::Growth { setup, rounds } => growth(&setup.found()?, rounds),
        Verb::Response { stanch, incidents, clients, rounds, pushes, only, dry } => {
            let load = Load { stanch: beside(stanch)?, incidents, clients, rounds, pushes };
            respond(&load, &only, dry)
        }
        Verb::Chart { record, output } => draw(record, &output),
        Verb::Measure { setup, compared } => measure(&setup.found()?, &compared),
        Verb::Instructions { stanch, work, write } => instructions(&stanch, &work, write),
    }
}

fn fetch_all(history: bool, names: &[String]) -> Done {
    let mut out = io::stdout();
    for corpus in corpora().iter().filter(|corpus| names.is_empty() || names.contains(&corpus.name)) {
        let at = fetch(corpus, &stanch_benches::folder(), history && corpus.history)?;
        writeln!(out, "{}: {}", corpus.name, at.display())?;
    }
    Ok(())
}

/// Everything that is kept, in one sitting.
fn measure(setup: &Setup, compared: &ComparedArgs) -> Done {
    record(Some(setup.stanch.clone()))?;
    growth(setup, 3)?;
    compare_all(setup, compared)?;
    draw(None, &args::chart_file())
}

fn record(binary: Option<PathBuf>) -> Done {
    only_release()?;
    let machine = Machine::here();
    let mut all = figures();
    if let Some(binary) = binary {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/benches");
        fs::create_dir_all(&folder)?;
        all.push(process(&binary, &folder)?);
    }
    let text = csv(&machine, &all);
    keep(&machine, "", &text)?;
    write!(io::stdout(), "{text}")?;
    Ok(())
}

fn compare_all(setup: &Setup, compared: &ComparedArgs) -> Done {
    let limit = Duration::from_secs(compared.limit);
    let wanted = |case: &Case| compared.only.is_empty() || compared.only.contains(case);
    for case in Case::ALL.into_iter().filter(wanted) {
        let rows = compare(setup, case, compared.rounds, limit, tell)?;
        table(&mut io::stdout(), &rows)?;
        // Each case is kept as soon as it is done: the next one may fail, or be waited for in vain.
        if !compared.dry {
            keep_rows(rows)?;
        }
    }
    Ok(())
}

fn keep_rows(rows: Vec<Row>) -> Done {
    let path = Record { date: today(), machine: Machine::here(), rows }.keep()?;
    tell(&format!("kept in {}", path.display()));
    Ok(())
}

fn growth(setup: &Setup, rounds: usize) -> Done {
    only_release()?;
    let mut steps = histories(setup, rounds, tell)?;
    steps.extend(rules(rounds * 3, tell));
    let mut out = io::stdout();
    writeln!(out, "\ngrowth:")?;
    growth_table(&mut out, &steps)?;
    let machine = Machine::here();
    keep(&machine, "-growth", &growth_csv(&today(), &machine, &steps))
}

/// How long credentials live: a crowd of each way to die, and pushes.
fn respond(load: &Load, only: &[String], dry: bool) -> Done {
    only_release()?;
    let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
    let mut lines = Vec::new();
    for way in Way::ALL.into_iter().filter(|way| wanted(way.kind())) {
        lines.extend(crowd(load, way, tell)?);
    }
    if wanted("push") {
        lines.extend(pushes(load, tell)?);
    }
    response_table(&mut io::stdout(), &lines)?;
    let machine = Machine::here();
    if dry { Ok(()) } else { keep(&machine, "-response", &response_csv(&today(), &machine, &lines)) }
}

/// Draws a record, the newest comparison if none is named.
fn draw(record: Option<PathBuf>, output: &Path) -> Done {
    let record = record.or_else(newest).ok_or("there is no comparison in benches/record: run `compare`")?;
    let drawn = chart(&Record::of_csv(&fs::read_to_string(&record)?)?);
    fs::write(output, drawn)?;
    tell(&format!("{} of {}", output.display(), record.display()));
    Ok(())
}

/// The comparison of the last day. Of one day, that which was written last.
fn newest() -> Option<PathBuf> {
    let folders = fs::read_dir(records()).ok()?.flatten().filter_map(|folder| fs::read_dir(folder.path()).ok());
    let files = folders.flatten().flatten().map(|file| file.path());
    let compared = files.filter(|path| path.to_string_lossy().ends_with("-compare.csv"));
    compared.max_by_key(|path| {
        // Names begin with the date.
        let name = path.file_name().map(|name| name.to_string_lossy().chars().take(10).collect::<String>());
        (name, fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
    })
}

fn instructions(stanch: &Path, work: &Path, write: bool) -> Done {
    let stanch = fs::canonicalize(stanch).map_err(|error| format!("{}: {error}", stanch.display()))?;
    let counted = count(&stanch, &std::path::absolute(work)?)?;
    counts_table(&mut io::stdout(), &counted)?;
    if write {
        tell(&format!("written to {}", write_budgets(&counted)?.display()));
    } else if !counted.iter().all(|one: &Counted| one.held() == Held::Yes) {
        return Err(
            "the instructions are not within their budgets; `bash .ci/instructions --write` makes new ones".into()
        );
    }
    Ok(())
}

fn only_release() -> Done {
    if cfg!(debug_assertions) {
        return Err("figures are taken of a release build: `cargo run --release -p stanch-benches -- …`".into());
    }
    Ok(())
}

/// Keeps a file of this day and machine.
fn keep(machine: &Machine, suffix: &str, text: &str) -> Done {
    let folder = records().join(machine.folder());
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{}{suffix}.csv", today())), text)?;
    Ok(())
}

fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// Says how far things are.
fn tell(what: &str) {
    // Nobody is left to tell if stderr is closed.
    let _ = writeln!(io::stderr(), "-- {what}");
}

/// The binary that was named, else the one beside this program.
fn beside(stanch: Option<PathBuf>) -> io::Result<PathBuf> {
    let stanch = match stanch {
        Some(stanch) => stanch,
        // Cargo puts the binaries of a profile side by side.
        None => env::current_exe()?.with_file_name("stanch"),
    };
    fs::canonicalize(&stanch).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", stanch.display())))
}

impl SetupArgs {
    /// Where everything stands, with paths that hold in any folder.
    fn found(self) -> io::Result<Setup> {
        let stanch = beside(self.stanch)?;
        let beside = stanch.parent().map(|folder| folder.join("examples")).into_iter().collect();
        let inputs = Inputs { corpora: std::path::absolute(self.corpora)?, work: std::path::absolute(self.work)? };
        fs::create_dir_all(&inputs.work)?;
        Ok(Setup { stanch, inputs, peers: Peers { named: self.peers, beside } })
    }
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
