//! Instructions of small fixed cases, counted by callgrind and held to a budget. Unlike times, counts are the same on a busy machine.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use stanch_rules::corpus;

use crate::error::BenchError;
use crate::statistics::grouped;
use crate::synthetic::repository;

/// How much more than the budget is let pass, in percent: what counts vary by with the C library and the order of hash maps.
pub const MORE: u64 = 3;

/// How much less than the budget is let pass, in percent. A budget far above what is needed would hold nothing.
pub const LESS: u64 = 10;

/// How often the reference corpus stands in the file that is scanned, so that starting is little beside it.
const COPIES: usize = 8;

/// How many commits the made-up history has.
const COMMITS: usize = 100;

/// The committed budgets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budgets {
    instructions: BTreeMap<String, u64>,
}

/// A case with what was counted, and what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Its name.
    pub case: &'static str,
    /// The instructions of the whole process.
    pub instructions: u64,
    /// The budget; `None` if there is none yet.
    pub budget: Option<u64>,
}

/// How a count stands to its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It is near.
    Yes,
    /// It is above: something got slower.
    Above,
    /// It is far below: the budget must follow, so that what was won is not lost again unseen.
    Below,
    /// There is no budget.
    Unknown,
}

impl Counted {
    /// How it stands to its budget.
    pub fn held(&self) -> Held {
        let counted = self.instructions.saturating_mul(100);
        match self.budget {
            None => Held::Unknown,
            Some(budget) if counted > budget.saturating_mul(100 + MORE) => Held::Above,
            Some(budget) if counted < budget.saturating_mul(100 - LESS) => Held::Below,
            Some(_) => Held::Yes,
        }
    }

    /// How far it is off, in percent.
    fn off(&self) -> Option<f64> {
        let budget = self.budget.filter(|budget| *budget > 0)? as f64;
        Some((self.instructions as f64 / budget - 1.0) * 100.0)
    }
}

/// Counts the instructions of every case: one file with the reference corpus eight times, a made-up history of a hundred commits, and one
/// small file.
///
/// # Errors
/// If valgrind is not there, or stanch fails.
pub fn count(stanch: &Path, work: &Path) -> Result<Vec<Counted>, BenchError> {
    let budgets = budgets(&fs::read_to_string(budget_file()).unwrap_or_default())?;
    let large = work.join("corpus.txt");
    let small = work.join("small.txt");
    fs::create_dir_all(work).map_err(BenchError::at(work))?;
    fs::write(&large, corpus().repeat(COPIES)).map_err(BenchError::at(&large))?;
    fs::write(&small, corpus().get(..4096).unwrap_or_default()).map_err(BenchError::at(&small))?;
    let history = work.join("history.git");
    repository(&history, COMMITS)?;
    let cases: [(&str, &Path, &[&str]); 3] =
        [("engine", &large, &[]), ("history", &history, &["--history-only"]), ("start", &small, &[])];
    let mut counted = Vec::new();
    for (case, path, more) in cases {
        let mut arguments = vec!["scan", "--jobs", "1", "--format", "jsonl", "--progress", "never"];
        arguments.extend(more);
        let path = path.display().to_string();
        arguments.push(&path);
        // The first run makes what a first run makes, the installation's key above all.
        plainly(stanch, &arguments, work)?;
        let instructions = under_callgrind(stanch, &arguments, work)?;
        counted.push(Counted { case, instructions, budget: budgets.get(case).copied() });
    }
    Ok(counted)
}

/// Writes the counts as the new budgets.
///
/// # Errors
/// If the file cannot be written.
pub fn write_budgets(counted: &[Counted]) -> Result<PathBuf, BenchError> {
    let path = budget_file();
    fs::write(&path, budget_text(counted)).map_err(BenchError::at(&path))?;
    Ok(path)
}

fn budget_text(counted: &[Counted]) -> String {
    let mut text = String::from(
        "# How many instructions small fixed cases may take, by callgrind. `bash .ci/instructions --write` makes this file anew;\n\
         # `benches/README.md` says when that is right.\n[instructions]\n",
    );
    for Counted { case, instructions, .. } in counted {
        text.push_str(&format!("{case:<7} = {}\n", grouped(*instructions, '_')));
    }
    text
}

/// The counts as a table for people, with what is wrong.
///
/// # Errors
/// If it cannot be written.
pub fn counts_table(out: &mut impl Write, counted: &[Counted]) -> io::Result<()> {
    for one in counted {
        let budget = one.budget.map_or("no budget".to_owned(), |budget| grouped(budget, '_'));
        let off = one.off().map_or(String::new(), |off| format!("{off:+.2} %"));
        let said = match one.held() {
            Held::Yes => "",
            Held::Above => "  ABOVE its budget",
            Held::Below => "  far below its budget: make that anew",
            Held::Unknown => "  has no budget",
        };
        writeln!(out, "{:<8} {:>16} of {budget:>16} {off:>10}{said}", one.case, grouped(one.instructions, '_'))?;
    }
    Ok(())
}

fn budget_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.toml")
}

fn budgets(text: &str) -> Result<BTreeMap<String, u64>, BenchError> {
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    let budgets: Budgets =
        toml::from_str(text).map_err(|error| BenchError::new(format!("instructions.toml: {error}")))?;
    Ok(budgets.instructions)
}

fn plainly(stanch: &Path, arguments: &[&str], work: &Path) -> Result<(), BenchError> {
    ended(command(stanch, work).args(arguments)).map(drop)
}

fn under_callgrind(stanch: &Path, arguments: &[&str], work: &Path) -> Result<u64, BenchError> {
    let profile = work.join("callgrind.out");
    let mut valgrind = command(Path::new("valgrind"), work);
    valgrind.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", profile.display()));
    let said = ended(valgrind.arg(stanch).args(arguments))?;
    let _ = fs::remove_file(&profile);
    collected(&said).ok_or_else(|| BenchError::new(format!("callgrind counted nothing: {said}")))
}

/// A command with nothing in its environment but what it needs: its size would move the stack, and its content is not ours.
fn command(program: &Path, work: &Path) -> Command {
    let mut command = Command::new(program);
    #[expect(clippy::disallowed_methods, reason = "PATH is the system's table of programs, no setting of ours")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", work).env("STANCH_STATE_DIR", work.join("state"));
    command.env("LC_ALL", "C").current_dir(work).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Runs a command whose end must be that of a scan, and gives what it said on stderr.
fn ended(command: &mut Command) -> Result<String, BenchError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| BenchError::new(format!("{program}: {error}")))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0 | 1) => Ok(said),
        _ => Err(BenchError::new(format!("{program} ended with {}: {said}", output.status))),
    }
}

/// The number that callgrind prints at the end: `==123== Collected : 456`.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().rev().find(|line| line.starts_with("==") && line.contains("Collected"))?;
    line.rsplit_once(':')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(instructions: u64, budget: Option<u64>) -> Counted {
        Counted { case: "engine", instructions, budget }
    }

    #[test]
    fn a_budget_holds_both_ways() {
        let held = |instructions| counted(instructions, Some(1000)).held();
        assert_eq!([held(1000), held(1030), held(900)], [Held::Yes; 3]);
        assert_eq!([held(1031), held(5000)], [Held::Above; 2]);
        assert_eq!(held(899), Held::Below);
        assert_eq!(counted(1, None).held(), Held::Unknown);
        let mut text = Vec::new();
        counts_table(&mut text, &[counted(1100, Some(1000))]).unwrap_or_else(|error| panic!("{error}"));
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains("1_100") && text.contains("+10.00 %  ABOVE"), "{text}");
    }

    #[test]
    fn what_is_written_is_read() {
        let text = budget_text(&[counted(12_345_678, None), Counted { case: "start", ..counted(12, None) }]);
        let read = budgets(&text).unwrap_or_default();
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("engine".to_owned(), 12_345_678), ("start".to_owned(), 12)]);
        assert!(budgets("[instructions]\nengine = -1\n").is_err());
    }

    #[test]
    fn what_callgrind_says() {
        let said = "==7== Callgrind\n==7== Events    : Ir\n==7== Collected : 43912044\n==7== \n";
        assert_eq!(collected(said), Some(43_912_044));
        assert_eq!(collected("stanch: Collected : 5\n"), None);
    }
}
