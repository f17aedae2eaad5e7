//! `stanch scan`: what leaks here?

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use jiff::civil::Date;
use stanch_model::{Confidence, Finding, FingerprintKey};
use stanch_rules::RuleSet;
use stanch_scanner::{
    Control, Coverage, Engine, Outcome, SourceError, SourceErrorKind, StagedOptions, StdinOptions, TreeOptions, scan_reader,
    scan_staged, scan_tree, sort_findings,
};

use crate::args::{ExitCodes, FailOn, ScanArgs, TargetArgs};
use crate::exit::{CliError, Exit};
use crate::key::{installation, write_private};
use crate::progress::{Progress, catch_interrupts};
use crate::report::{self, Format, Look, Redactor, Report};
use crate::rules::selected;
use crate::shell::{Shell, width};
use crate::suppress::{Baseline, IgnoreFile};

pub(crate) fn run(args: &ScanArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let outputs = outputs(&args.format, &args.output)?;
    let started = Instant::now();
    let scanner = Scanner::new(selected(&args.rules, shell)?);
    let mut scanned = scanner.scan(&args.target, shell)?;
    suppress(&mut scanned, &args.target, args.baseline.as_deref(), shell)?;
    // The redactor knows every secret of the run, also those that are not reported.
    let redactor = Redactor::new(scanner.redaction(), &scanned.outcome.findings);
    if let Some(path) = &args.write_baseline {
        let known = scanned.outcome.findings.iter().filter(|finding| finding.confidence >= args.min_confidence);
        let count = Baseline::write(path, known, &redactor)?;
        shell.note(&format!("{count} credentials written to the baseline `{}`", path.display()));
    }
    let hidden_low = drop_below(&mut scanned.outcome.findings, args.min_confidence);
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
    };
    write_outputs(&outputs, &report, shell)?;
    if !outputs.iter().any(|output| output.format == Format::Human && output.path.is_none()) {
        tell_ledger(coverage, &redactor, shell);
    }
    Ok(verdict(args, findings, coverage, scanned.failed_targets))
}

/// An engine, and all that a scan needs beside it.
pub(crate) struct Scanner {
    pub(crate) engine: Engine,
    /// The engine of all rules, where `engine` has fewer.
    all: Option<Engine>,
    key: FingerprintKey,
}

/// What the targets gave together.
pub(crate) struct Scanned {
    pub(crate) outcome: Outcome,
    /// The targets as they were named.
    pub(crate) names: Vec<String>,
    /// Whether a target could not be scanned at all.
    pub(crate) failed_targets: bool,
}

impl Scanner {
    pub(crate) fn new(rules: RuleSet) -> Self {
        // What is looked for may be narrow; what is hidden never is.
        let narrow = rules.len() < RuleSet::builtin().len();
        let all = narrow.then(|| Engine::new(RuleSet::builtin()));
        Self { engine: Engine::new(rules), all, key: installation() }
    }

    /// The engine by which output is redacted.
    pub(crate) fn redaction(&self) -> &Engine {
        self.all.as_ref().unwrap_or(&self.engine)
    }

    /// Scans every target. One that cannot be scanned is told of, and the others are scanned all the same.
    pub(crate) fn scan(&self, args: &TargetArgs, shell: &mut Shell) -> Result<Scanned, CliError> {
        let progress = Progress::new(args.progress.shows(shell));
        let control = Control {
            engine: &self.engine,
            key: &self.key,
            stop: catch_interrupts(),
            events: &progress,
            jobs: args.jobs(),
        };
        let targets = args.targets();
        let mut scanned = Scanned { outcome: Outcome::default(), names: Vec::new(), failed_targets: false };
        for target in &targets {
            scanned.names.push(target.display().to_string());
            match scan_target(&control, target, args) {
                Ok(outcome) => merge(&mut scanned.outcome, outcome),
                Err(error) if targets.len() == 1 => {
                    progress.finish();
                    return Err(for_people(&error, target));
                }
                Err(error) => {
                    shell.error(&for_people(&error, target).to_string());
                    scanned.failed_targets = true;
                }
            }
        }
        progress.finish();
        sort_findings(&mut scanned.outcome.findings);
        scanned.outcome.coverage.notes.sort();
        Ok(scanned)
    }

    /// What staged or committed changes add, for hooks.
    pub(crate) fn with_control<T>(&self, jobs: usize, work: impl FnOnce(&Control<'_>) -> T) -> T {
        work(&Control { engine: &self.engine, key: &self.key, stop: catch_interrupts(), events: &(), jobs })
    }
}

fn scan_target(control: &Control<'_>, target: &Path, args: &TargetArgs) -> Result<Outcome, SourceError> {
    if args.staged {
        return scan_staged(control, target, &StagedOptions { paths: Vec::new() });
    }
    if target == Path::new("-") {
        return scan_reader(control, &mut io::stdin().lock(), &StdinOptions { name: "<stdin>".to_owned() });
    }
    scan_tree(control, target, &TreeOptions { exclude: args.exclude.clone() })
}

fn merge(into: &mut Outcome, outcome: Outcome) {
    into.findings.extend(outcome.findings);
    let Coverage { files, bytes, notes, interrupted } = outcome.coverage;
    into.coverage.files += files;
    into.coverage.bytes += bytes;
    into.coverage.notes.extend(notes);
    into.coverage.interrupted |= interrupted;
}

/// An error of a source, with what to do about it.
pub(crate) fn for_people(error: &SourceError, target: &Path) -> CliError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    let shown = CliError::new(text);
    let remote = target.to_str().is_some_and(|t| t.contains("://") || t.starts_with("git@"));
    match error.kind() {
        SourceErrorKind::NotFound if remote => shown.hint("clone the repository first, and scan the clone"),
        SourceErrorKind::NotARepository => shown.hint("run it inside a git repository, or name one"),
        SourceErrorKind::Bare => shown.hint("a bare repository has nothing staged"),
        _ => shown,
    }
}

/// The ignore files and the baseline speak.
pub(crate) fn suppress(scanned: &mut Scanned, target: &TargetArgs, baseline: Option<&Path>, shell: &mut Shell) -> Result<(), CliError> {
    let baseline = baseline.map(Baseline::read).transpose()?;
    let today = today();
    let mut files: Vec<(Option<String>, IgnoreFile)> = Vec::new();
    for folder in target.folders() {
        let file = IgnoreFile::read(&folder, today)?;
        file.warnings.iter().for_each(|warning| shell.warning(warning));
        files.push((folder.to_str().map(ToOwned::to_owned), file));
    }
    for finding in &mut scanned.outcome.findings {
        if finding.suppression.is_some() {
            continue;
        }
        let of_root = |root: &Option<String>| finding.locator.root.is_none() || *root == finding.locator.root || files.len() == 1;
        let ignored = files.iter().filter(|(root, _)| of_root(root)).find_map(|(_, file)| file.covers(finding).cloned());
        finding.suppression = ignored.or_else(|| baseline.as_ref().and_then(|baseline| baseline.covers(finding)));
    }
    Ok(())
}

/// Today's date where expiries are decided: UTC, the same for everybody.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Drops findings below a confidence and tells how many.
fn drop_below(findings: &mut Vec<Finding>, least: Confidence) -> usize {
    let before = findings.len();
    findings.retain(|finding| finding.confidence >= least);
    before - findings.len()
}

struct Output {
    format: Format,
    path: Option<PathBuf>,
}

/// Pairs `--format` and `-o` as they were given: the first with the first. A format without a file goes to standard output, which holds
/// one.
fn outputs(formats: &[Format], paths: &[PathBuf]) -> Result<Vec<Output>, CliError> {
    if formats.is_empty() {
        return Ok(vec![Output { format: Format::Human, path: paths.first().cloned() }]);
    }
    if paths.len() > formats.len() {
        return Err(CliError::new("more -o than --format").hint("give each file its format, as in `--format sarif -o out.sarif`"));
    }
    let outputs: Vec<Output> = formats
        .iter()
        .enumerate()
        .map(|(n, format)| Output { format: *format, path: paths.get(n).filter(|path| *path != Path::new("-")).cloned() })
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
        write_private(path, &bytes).map_err(|error| CliError::new(format!("cannot write `{}`: {error}", path.display())))?;
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

fn verdict(args: &ScanArgs, findings: &[Finding], coverage: &Coverage, failed_targets: bool) -> Exit {
    let counts = |finding: &&Finding| finding.suppression.is_none();
    let high = |finding: &Finding| finding.confidence == Confidence::High;
    let found = findings.iter().filter(counts).any(|finding| match args.fail_on {
        // What the baseline knew is suppressed by it, so what is left is new.
        FailOn::Any | FailOn::New => true,
        FailOn::High => high(finding),
    });
    let failed = coverage.notes.iter().any(|note| note.gap.failed() || args.strict) || failed_targets;
    let exit = match () {
        () if coverage.interrupted => Exit::Interrupted,
        () if failed => Exit::Failed,
        () if found => Exit::Findings,
        () => Exit::Clean,
    };
    match args.exit_codes {
        Some(codes) => codes.map(exit),
        None => exit,
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
