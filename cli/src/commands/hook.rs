//! `stanch hook run`: as a hook of git or pre-commit.
//!
//! pre-commit runs a hook in three ways: before a commit with the staged files, with `--all-files`, and with `--from-ref` and `--to-ref`. Only
//! what a change adds may stop it, so staged files are compared with HEAD and the files of a range with its base; a file that is
//! named without being part of a change is scanned whole.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use stanch_model::Confidence;
use stanch_scanner::{
    Control, Gap, Note, Outcome, SourceError, Staged, StagedOptions, TreeOptions, file_at, scan_range_trees,
    scan_staged, scan_tree,
};

use crate::action;
use crate::args::{Hook, HookArgs, HookCommand, RuleArgs};
use crate::env;
use crate::exit::{CliError, Exit};
use crate::report::{self, Format, Look, Redactor, Report};
use crate::rules::selected;
use crate::session::{Scanned, Scanner, for_people, ignore_folder, today, verdict};
use crate::shell::{Shell, width};
use crate::suppress::{IGNORE_FILE, IgnoreFile};

pub(crate) fn run(args: &HookArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let HookCommand::Run { hook, files } = &args.command;
    match hook {
        Hook::PreCommit => pre_commit(files, shell),
        Hook::GithubAction => action::run(shell),
    }
}

fn pre_commit(files: &[PathBuf], shell: &mut Shell) -> Result<Exit, CliError> {
    let started = Instant::now();
    let scanner = Scanner::new(selected(&RuleArgs::default(), shell)?)?;
    let here = Path::new(".");
    let range = Range::of_pre_commit();
    let outcome = changes(&scanner.control(), here, range.as_ref(), files).map_err(|error| for_people(&error))?;
    let mut scanned = Scanned { outcome, names: vec![here.display().to_string()], ..Scanned::default() };
    scanned.sort();
    scanned.suppress(&[(here.display().to_string(), ignore_file(here, range.as_ref())?)], None, shell);
    let redactor = Redactor::new(scanner.redaction(), &scanned.outcome.findings);
    let hidden_low = scanned.drop_below(Confidence::Medium);
    let (findings, coverage) = (&scanned.outcome.findings, &scanned.outcome.coverage);
    let exit = verdict(findings, coverage, false, false, |_| true);
    if exit != Exit::Clean {
        let report = Report {
            findings,
            hidden_low,
            coverage,
            rules: scanner.engine.rules(),
            redactor: &redactor,
            targets: &scanned.names,
            elapsed: started.elapsed(),
            reveal: false,
            lasting: scanner.key_lost.is_none(),
        };
        report::write(
            Format::Human,
            &report,
            &Look { colour: shell.colours_stdout(), width: width() },
            &mut shell.stdout(),
        )?;
    }
    if exit == Exit::Findings {
        shell.note(ADVICE);
    }
    Ok(exit)
}

/// The range of `pre-commit run --from-ref --to-ref`.
struct Range {
    from: String,
    to: String,
}

impl Range {
    fn of_pre_commit() -> Option<Self> {
        let name = |variable| env::get(variable).map(|name| name.to_string_lossy().into_owned());
        Some(Self { from: name(env::PRE_COMMIT_FROM_REF)?, to: name(env::PRE_COMMIT_TO_REF)? })
    }
}

/// The ignore file that counts. A change does not judge itself: for a range it is the one of its base.
fn ignore_file(here: &Path, range: Option<&Range>) -> Result<IgnoreFile, CliError> {
    let Some(range) = range else { return IgnoreFile::read(&ignore_folder(here, true)?, today()) };
    let bytes = file_at(here, &range.from, IGNORE_FILE).map_err(|error| for_people(&error))?;
    bytes.map_or_else(
        || Ok(IgnoreFile::default()),
        |bytes| IgnoreFile::from_bytes(&bytes, Path::new(IGNORE_FILE), today()),
    )
}

const ADVICE: &str = "\
The commit was stopped because it would add the credentials above to the history.
  1. Take them out of the files, and read them from the environment or a secret store.
  2. If one has ever been pushed or shared, revoke it: taking it out of the files does not make it dead.
  3. If one is no secret, say so: `stanch ignore FINGERPRINT --staged --reason \"…\"`, then `git add .stanchignore`.";

/// What the change adds, by how the hook was called.
fn changes(
    control: &Control<'_>,
    here: &Path,
    range: Option<&Range>,
    files: &[PathBuf],
) -> Result<Outcome, SourceError> {
    if let Some(Range { from, to }) = range {
        return scan_range_trees(control, here, from, to, files);
    }
    if files.is_empty() {
        return scan_staged(control, here, &StagedOptions { paths: Vec::new() });
    }
    let staged = Staged::at(control, here)?;
    let paths: BTreeSet<PathBuf> = staged.paths().into_iter().collect();
    let (changed, whole): (Vec<PathBuf>, Vec<PathBuf>) = files.iter().cloned().partition(|file| paths.contains(file));
    let mut all = Outcome::default();
    if !changed.is_empty() {
        all.absorb(staged.scan(control, &StagedOptions { paths: changed })?);
    }
    for file in &whole {
        all.absorb(whole_file(control, file));
    }
    Ok(all)
}

/// A file that is no part of the change. pre-commit names links and submodules too; what they point to is not the file's.
fn whole_file(control: &Control<'_>, file: &Path) -> Outcome {
    let gap = match fs::symlink_metadata(file) {
        Ok(kind) if kind.is_symlink() => (Gap::Symlink, String::new()),
        Ok(kind) if !kind.is_file() => (Gap::Special, String::new()),
        Ok(_) => match scan_tree(control, file, &TreeOptions { exclude: Vec::new() }) {
            Ok(mut outcome) => {
                // Findings of all files of the hook belong to one target.
                outcome.findings.iter_mut().for_each(|finding| finding.locator.root = Some(".".to_owned()));
                return outcome;
            }
            Err(error) => (Gap::Unreadable, error.to_string()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Gap::Vanished, error.to_string()),
        Err(error) => (Gap::Unreadable, error.to_string()),
    };
    let mut outcome = Outcome::default();
    outcome.coverage.notes.push(Note { path: file.to_string_lossy().into_owned(), gap: gap.0, detail: gap.1 });
    outcome
}
