//! Figures for the record: few, plain, and taken the same way each time.

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use stanch_rules::{Look, RuleSet, corpus};
use stanch_scanner::{Engine, Scratch};

/// One measured thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What was done.
    pub work: String,
    /// On how many bytes; 0 if that is not what it depends on.
    pub bytes: usize,
    /// How often.
    pub runs: usize,
    /// The median time.
    pub median: Duration,
}

impl Figure {
    fn of(work: impl Into<String>, bytes: usize, runs: usize, mut run: impl FnMut()) -> Self {
        let mut times: Vec<Duration> = (0..runs.max(1)).map(|_| time(&mut run)).collect();
        times.sort();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        Self { work: work.into(), bytes, runs: times.len(), median }
    }

    /// Megabytes (of a million bytes) a second, where bytes are what it depends on.
    pub fn rate(&self) -> Option<f64> {
        (self.bytes > 0).then(|| self.bytes as f64 / 1e6 / self.median.as_secs_f64())
    }
}

fn time(run: &mut impl FnMut()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

/// The kinds of rules that are measured apart, by what finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All the built-in rules.
    All,
    /// Those found by a literal, with a shape behind it.
    Literal,
    /// Those found by a literal, with a pattern behind it.
    Pattern,
    /// Those found as a run.
    Run,
    /// Those found by the name that a value is given.
    Assignment,
}

impl Kind {
    /// Every kind, all of them first.
    pub const EACH: [Self; 5] = [Self::All, Self::Literal, Self::Pattern, Self::Run, Self::Assignment];

    /// Its name in figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Literal => "literal",
            Self::Pattern => "pattern",
            Self::Run => "run",
            Self::Assignment => "assignment",
        }
    }

    fn has(self, look: &Look) -> bool {
        match self {
            Self::All => true,
            Self::Literal => matches!(look, Look::Literal(_)),
            Self::Pattern => matches!(look, Look::Pattern(_)),
            Self::Run => matches!(look, Look::Run(_)),
            Self::Assignment => matches!(look, Look::Assignment(_)),
        }
    }
}

/// The built-in rules of a kind.
pub fn of_kind(kind: Kind) -> RuleSet {
    RuleSet::builtin().filtered(|rule| kind.has(&rule.look))
}

/// The figures of the engine on the reference corpus, on one thread.
pub fn figures() -> Vec<Figure> {
    let mut figures = vec![Figure::of("make the engine", 0, 51, || drop(black_box(Engine::new(RuleSet::builtin()))))];
    for kind in Kind::EACH {
        let engine = Engine::new(of_kind(kind));
        let mut scratch = Scratch::default();
        let scan = || {
            black_box(engine.scan(corpus(), &mut scratch).len());
        };
        let work = format!("scan the reference corpus, {} rules of kind {}", engine.rules().len(), kind.name());
        figures.push(Figure::of(work, corpus().len(), 21, scan));
    }
    figures
}

/// The time of a whole process that scans one small file, with a state folder that is there.
///
/// # Errors
/// If the binary cannot be run, or does not end as a clean scan does.
pub fn process(binary: &Path, folder: &Path) -> io::Result<Figure> {
    let file = folder.join("small.txt");
    let text = corpus().get(..4096).unwrap_or_default();
    fs::write(&file, text)?;
    let mut failed = None;
    let figure = Figure::of("start, scan one small file, end", 0, 51, || {
        let mut command = Command::new(binary);
        command.arg("scan").arg(&file).env("STANCH_STATE_DIR", folder).stdout(Stdio::null()).stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.code() == Some(0) => {}
            Ok(status) => failed = Some(io::Error::other(format!("{} ended with {status}", binary.display()))),
            Err(error) => failed = Some(error),
        }
    });
    failed.map_or(Ok(figure), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_runs() {
        let mut calls = 0;
        let figure = Figure::of("x", 2_000_000, 3, || calls += 1);
        assert_eq!((calls, figure.runs), (3, 3));
        let figure = Figure { median: Duration::from_millis(500), ..figure };
        assert_eq!(figure.rate(), Some(4.0));
    }

    #[test]
    fn the_kinds_are_all_the_rules() {
        let apart: usize = Kind::EACH.iter().skip(1).map(|kind| of_kind(*kind).len()).sum();
        assert_eq!(apart, of_kind(Kind::All).len());
    }
}
