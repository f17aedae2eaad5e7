//! `stanch scan`: what leaks here?

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use stanch_model::{Confidence, Finding, Verification};
use stanch_scanner::Coverage;

use crate::args::{ExitCodes, FailOn, ScanArgs};
use crate::cleanup::Cleanup;
use crate::exit::{CliError, Exit};
use crate::key::write_private;
use crate::report::{self, Format, Look, Redactor, Report};
use crate::response;
use crate::rules::selected;
use crate::session::{Scanned, Scanner, ignore_files, verdict};
use crate::shell::{Shell, width};
use crate::suppress::Baseline;

pub(crate) fn run(args: &ScanArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let codes = |exit| args.exit_codes.map_or(exit, |codes| codes.map(exit));
    scan(args, shell, |_| Ok(())).map(codes).map_err(|error| error.exits_with(codes(Exit::Failed)))
}

/// Scans and reports; `then` is shown the report, too.
pub(crate) fn scan(
    args: &ScanArgs,
    shell: &mut Shell,
    then: impl FnOnce(&Report<'_>) -> Result<(), CliError>,
) -> Result<Exit, CliError> {
    if args.fail_on == FailOn::Verified && !args.verify {
        return Err(CliError::new("--fail-on verified without --verify")
            .hint("--verify asks the providers; without it nothing is known to be alive"));
    }
    let outputs = outputs(&args.format, &args.output)?;
    let baseline = args.baseline.as_deref().map(Baseline::read).transpose()?;
    let cleanup = args.cleanup.as_deref().map(|path| Cleanup::at(path, &args.target.targets())).transpose()?;
    let started = Instant::now();
    let scanner = Scanner::new(selected(&args.rules, shell)?)?;
    let mut scanned = scanner.scan(&args.target, shell)?;
    scanned.suppress(&ignore_files(&args.target, &scanned.base)?, baseline.as_ref(), shell);
    // The redactor knows every secret of the run, also those that are not reported.
    let redactor = Redactor::new(scanner.redaction(), &scanned.outcome.findings);
    let hidden_low = scanned.drop_below(args.min_confidence);
    if args.verify {
        response::verify_findings(&args.response, &mut scanned.outcome.findings, shell)?;
    }
    if let Some(path) = &args.write_baseline {
        write_baseline(path, &scanned, &redactor, shell)?;
    }
    let (findings, coverage) = (&scanned.outcome.findings, &scanned.outcome.coverage);
    let report = Report {
        findings,
        hidden_low,
        coverage,
        rules: scanner.engine.rules(),
        redactor: &redactor,
        targets: &scanned.names,
        elapsed: started.elapsed(),
        reveal: args.reveal,
        lasting: scanner.key_lost.is_none(),
    };
    write_outputs(&outputs, &report, shell)?;
    then(&report)?;
    if !outputs.iter().any(|output| output.format == Format::Human && output.path.is_none()) {
        tell_ledger(coverage, &redactor, shell);
    }
    if let Some(cleanup) = cleanup {
        cleanup.write(findings, complete(&scanned), &redactor, shell)?;
    }
    Ok(verdict(findings, coverage, scanned.failed_targets, args.strict, |finding| counts(args.fail_on, finding)))
}

/// Whether a finding that is not suppressed counts for the exit code.
pub(crate) fn counts(fail_on: FailOn, finding: &Finding) -> bool {
    match fail_on {
        // What the baseline knew is suppressed by it, so what is left is new.
        FailOn::Any | FailOn::New => true,
        FailOn::High => finding.confidence == Confidence::High,
        FailOn::Verified => matches!(finding.verification, Verification::Active { .. }),
    }
}

/// Writes what is known today. A scan that did not see everything would forget the rest.
fn write_baseline(path: &Path, scanned: &Scanned, redactor: &Redactor<'_>, shell: &mut Shell) -> Result<(), CliError> {
    if !complete(scanned) {
        shell.warning("no baseline is written: not everything could be scanned");
        return Ok(());
    }
    let count = Baseline::write(path, scanned.outcome.findings.iter(), redactor)?;
    shell.note(&format!("{count} credentials written to the baseline `{}`", path.display()));
    Ok(())
}

/// Whether everything was seen that is there.
fn complete(scanned: &Scanned) -> bool {
    let coverage = &scanned.outcome.coverage;
    !scanned.failed_targets && !coverage.interrupted && !coverage.notes.iter().any(|note| note.gap.failed())
}

struct Output {
    format: Format,
    path: Option<PathBuf>,
}

/// Pairs `--format` and `-o` as they were given: the first with the first. A format without a file goes to standard output, which holds
/// one.
fn outputs(formats: &[Format], paths: &[PathBuf]) -> Result<Vec<Output>, CliError> {
    let formats = if formats.is_empty() { &[Format::Human] } else { formats };
    if paths.len() > formats.len() {
        return Err(CliError::new("more -o than --format")
            .hint("give each file its format, as in `--format sarif -o out.sarif`"));
    }
    let outputs: Vec<Output> = formats
        .iter()
        .enumerate()
        .map(|(n, format)| Output {
            format: *format,
            path: paths.get(n).filter(|path| *path != Path::new("-")).cloned(),
        })
        .collect();
    if outputs.iter().filter(|output| output.path.is_none()).count() > 1 {
        return Err(CliError::new("several formats for standard output")
            .hint("pair them with files in order: `--format sarif -o out.sarif --format human`"));
    }
    Ok(outputs)
}

fn write_outputs(outputs: &[Output], report: &Report<'_>, shell: &Shell) -> Result<(), CliError> {
    for output in outputs {
        let Some(path) = &output.path else {
            let mut out = io::BufWriter::new(shell.stdout());
            report::write(output.format, report, &Look { colour: shell.colours_stdout(), width: width() }, &mut out)?;
            out.flush()?;
            continue;
        };
        let mut bytes = Vec::new();
        report::write(output.format, report, &Look { colour: false, width: 100 }, &mut bytes)?;
        write_private(path, &bytes)
            .map_err(|error| CliError::new(format!("cannot write `{}`: {error}", path.display())))?;
    }
    Ok(())
}

/// What was not scanned, on stderr, where the report on stdout does not tell it.
fn tell_ledger(coverage: &Coverage, redactor: &Redactor<'_>, shell: &mut Shell) {
    const MOST: usize = 10;
    let failed: Vec<_> = coverage.notes.iter().filter(|note| note.gap.failed()).collect();
    for note in failed.iter().take(MOST) {
        let path = redactor.redact(&note.path).into_owned();
        shell.warning(&format!("not scanned: {path}: {} ({})", note.gap.as_str(), redactor.redact(&note.detail)));
    }
    if failed.len() > MOST {
        shell.warning(&format!("and {} more could not be scanned", failed.len() - MOST));
    }
}

impl ExitCodes {
    /// The other scanner's code for an end of ours.
    fn map(self, exit: Exit) -> Exit {
        match (self, exit) {
            (Self::Trufflehog, Exit::Findings) => Exit::Other(183),
            (Self::Kingfisher, Exit::Findings) => Exit::Other(200),
            (Self::Gitleaks | Self::Trufflehog | Self::Kingfisher, Exit::Failed) => Exit::Other(1),
            (_, exit) => exit,
        }
    }
}
