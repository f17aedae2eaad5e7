//! `stanch hook run`: as a hook of git or pre-commit.
//!
//! pre-commit runs a hook in three ways: before a commit with the staged files, with `--all-files`, and with `--from-ref` and `--to-ref`. Only
//! what a change adds may stop it, so staged files are compared with HEAD and the files of a range with its base; a file that is
//! named without being part of a change is scanned whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use stanch_scanner::{
    Control, Coverage, Outcome, SourceError, StagedOptions, TreeOptions, scan_range_trees, scan_staged, scan_tree, sort_findings, staged_paths,
};

use crate::args::{Hook, HookArgs, HookCommand, TargetArgs};
use crate::commands::scan::{Scanned, Scanner, for_people, suppress};
use crate::env;
use crate::exit::{CliError, Exit};
use crate::report::{self, Format, Look, Redactor, Report};
use crate::rules::selected;
use crate::shell::{Shell, width};

pub(crate) fn run(args: &HookArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let HookCommand::Run { hook: Hook::PreCommit, files } = &args.command;
    let started = Instant::now();
    let scanner = Scanner::new(selected(&crate::args::RuleArgs::default(), shell)?);
    let here = Path::new(".");
    let outcome = scanner.with_control(1, |control| changes(control, here, files)).map_err(|error| for_people(&error, here))?;
    let mut scanned = Scanned { outcome, names: vec![".".to_owned()], failed_targets: false };
    sort_findings(&mut scanned.outcome.findings);
    suppress(&mut scanned, &TargetArgs::here(), None, shell)?;
    let findings = &mut scanned.outcome.findings;
    let before = findings.len();
    findings.retain(|finding| finding.confidence >= stanch_model::Confidence::Medium);
    let hidden_low = before - findings.len();
    let leaks = findings.iter().any(|finding| finding.suppression.is_none());
    let failed = scanned.outcome.coverage.notes.iter().any(|note| note.gap.failed());
    if leaks || failed {
        let redactor = Redactor::new(scanner.redaction(), &scanned.outcome.findings);
        let report = Report {
            findings: &scanned.outcome.findings,
            hidden_low,
            coverage: &scanned.outcome.coverage,
            rules: scanner.engine.rules(),
            redactor: &redactor,
            targets: &scanned.names,
            elapsed: started.elapsed(),
            reveal: false,
        };
        let mut text = Vec::new();
        report::write(Format::Human, &report, &Look { colour: shell.colours_stdout(), width: width() }, &mut text)?;
        std::io::Write::write_all(&mut shell.stdout(), &text)?;
    }
    if leaks {
        shell.note(ADVICE);
    }
    Ok(match (failed, leaks) {
        (true, _) => Exit::Failed,
        (_, true) => Exit::Findings,
        _ => Exit::Clean,
    })
}

const ADVICE: &str = "\
The commit was stopped because it would add the credentials above to the history.
  1. Take them out of the files, and read them from the environment or a secret store.
  2. If one has ever been pushed or shared, revoke it: taking it out of the files does not make it dead.
  3. If one is no secret, say so: `stanch ignore FINGERPRINT --staged --reason \"…\"`, then `git add .stanchignore`.";

/// What the change adds, by how the hook was called.
fn changes(control: &Control<'_>, here: &Path, files: &[PathBuf]) -> Result<Outcome, SourceError> {
    let range = env::get(env::PRE_COMMIT_FROM_REF).zip(env::get(env::PRE_COMMIT_TO_REF));
    if let Some((from, to)) = range {
        return scan_range_trees(control, here, &from.to_string_lossy(), &to.to_string_lossy(), files);
    }
    if files.is_empty() {
        return scan_staged(control, here, &StagedOptions { paths: Vec::new() });
    }
    let staged: BTreeSet<PathBuf> = staged_paths(control, here)?.into_iter().collect();
    let (changed, whole): (Vec<PathBuf>, Vec<PathBuf>) = files.iter().cloned().partition(|file| staged.contains(file));
    let mut all = Outcome::default();
    if !changed.is_empty() {
        join(&mut all, scan_staged(control, here, &StagedOptions { paths: changed })?);
    }
    for file in &whole {
        join(&mut all, scan_tree(control, file, &TreeOptions { exclude: Vec::new() })?);
    }
    Ok(all)
}

fn join(all: &mut Outcome, one: Outcome) {
    all.findings.extend(one.findings);
    let Coverage { files, bytes, notes, interrupted } = one.coverage;
    all.coverage.files += files;
    all.coverage.bytes += bytes;
    all.coverage.notes.extend(notes);
    all.coverage.interrupted |= interrupted;
}
