//! What the verbs that scan share: the scanner with its key, the targets, and the words of ignore files and baselines.

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use stanch_model::{Confidence, Finding, FingerprintKey};
use stanch_rules::RuleSet;
use stanch_scanner::{
    Control, Coverage, Engine, Outcome, SourceError, SourceErrorKind, StagedOptions, StateOptions, StdinOptions,
    scan_reader, scan_staged, sort_findings, worktree_top,
};

use crate::args::TargetArgs;
use crate::exit::{CliError, Exit};
use crate::history;
use crate::key::{Installation, installation};
use crate::progress::{Progress, catch_interrupts};
use crate::range::{self, Base};
use crate::remote::{self, Cloning};
use crate::report::Redactor;
use crate::shell::Shell;
use crate::stdin::{Stdin, interrupted, interruption};
use crate::suppress::{Baseline, IgnoreFile};
use crate::vault::{self, Vault};

/// An engine, and all that a scan needs beside it. A process has one, and to give back what an engine holds, piece by piece, takes longer than to end.
pub(crate) struct Scanner {
    pub(crate) engine: ManuallyDrop<Engine>,
    /// The engine of all rules, where `engine` lacks some.
    all: Option<ManuallyDrop<Engine>>,
    key: FingerprintKey,
    /// Why the key will not be there next time, if it will not.
    pub(crate) key_lost: Option<String>,
}

/// What is wanted of a target.
pub(crate) struct Wanted<'a> {
    pub(crate) args: &'a TargetArgs,
    /// Every time that a credential came to a path of a history, and not only the first.
    pub(crate) every: bool,
    /// What is remembered of it.
    pub(crate) state: Option<StateOptions>,
}

/// What the targets gave together.
#[derive(Default)]
pub(crate) struct Scanned {
    pub(crate) outcome: Outcome,
    /// The targets as they were named.
    pub(crate) names: Vec<String>,
    /// Whether a target could not be scanned at all.
    pub(crate) failed_targets: bool,
    /// Whose ignore file counts.
    pub(crate) base: Base,
}

impl Scanner {
    pub(crate) fn new(rules: RuleSet) -> Result<Self, CliError> {
        // What is looked for may be narrow; what is hidden never is.
        let mut wanted = rules.iter();
        // Both are in order.
        let narrow = !RuleSet::builtin().iter().all(|rule| wanted.any(|other| other.id == rule.id));
        let all = narrow.then(|| ManuallyDrop::new(Engine::new(RuleSet::builtin())));
        let Installation { key, lost } = installation()?;
        Ok(Self { engine: ManuallyDrop::new(Engine::new(rules)), all, key, key_lost: lost })
    }

    /// The engine by which output is redacted.
    pub(crate) fn redaction(&self) -> &Engine {
        self.all.as_deref().unwrap_or(&self.engine)
    }

    /// Scans every target. One that cannot be scanned is told of, and the others are scanned all the same.
    pub(crate) fn scan(&self, args: &TargetArgs, shell: &mut Shell) -> Result<Scanned, CliError> {
        self.scan_targets(args, false, shell)
    }

    /// The same, with every time that a credential came to a path of a history, and not only the first.
    pub(crate) fn scan_every(&self, args: &TargetArgs, shell: &mut Shell) -> Result<Scanned, CliError> {
        self.scan_targets(args, true, shell)
    }

    fn scan_targets(&self, args: &TargetArgs, every: bool, shell: &mut Shell) -> Result<Scanned, CliError> {
        if let Some(why) = &self.key_lost {
            shell.warning(&format!(
                "no fingerprint key is kept ({why}): the fingerprints of this run are not known again"
            ));
        }
        let progress = Progress::new(args.progress.shows(shell));
        let control = Control { events: &progress, jobs: args.jobs(), ..self.control() };
        let targets = args.targets();
        let vault = self.vault(args, &targets, shell)?;
        let mut scanned = Scanned::default();
        for target in &targets {
            scanned.names.push(remote::name(target));
            let state = vault.clone().map(|vault| StateOptions { vault, name: lasting_name(target) });
            let wanted = Wanted { args, every, state };
            match self.scan_one(&control, &progress, target, &wanted, shell) {
                Ok((outcome, base)) => {
                    scanned.outcome.absorb(outcome);
                    scanned.base = base;
                }
                Err(error) if targets.len() == 1 => {
                    progress.finish();
                    return Err(error);
                }
                Err(error) => {
                    shell.error(&error.to_string());
                    scanned.failed_targets = true;
                }
            }
        }
        progress.finish();
        for trouble in vault.iter().flat_map(|vault| vault.troubles()) {
            shell.warning(&trouble);
        }
        if matches!(scanned.base, Base::Commit(_)) && scanned.outcome.coverage.commits == 0 {
            shell.note("0 commits: there is nothing to scan");
        }
        scanned.sort();
        Ok(scanned)
    }

    /// Scans a target. What stands elsewhere is cloned first.
    fn scan_one(
        &self,
        control: &Control<'_>,
        progress: &Progress,
        target: &Path,
        wanted: &Wanted<'_>,
        shell: &mut Shell,
    ) -> Result<(Outcome, Base), CliError> {
        let args = wanted.args;
        let commits = range::commits(args)?;
        let scan = |path: &Path| {
            let scanned = match commits.clone() {
                Some(commits) => range::scan(control, path, commits),
                None => scan_target(control, path, wanted).map(|outcome| (outcome, Base::Tree)),
            };
            scanned.map_err(|error| for_people(&error))
        };
        if !remote::is_remote(target) {
            return scan(target);
        }
        if args.staged {
            return Err(CliError::new("--staged is about a working tree, and a URL has none"));
        }
        let redactor = Redactor::new(self.redaction(), &[]);
        let cloning = Cloning { stop: control.stop, progress, redactor: &redactor };
        let outcome = remote::scanned(target, &cloning, shell, |path| Ok(scan(path)?.0))?;
        Ok((outcome, Base::Tree))
    }

    /// Where `--state` says that what is learned is kept.
    fn vault(&self, args: &TargetArgs, targets: &[PathBuf], shell: &mut Shell) -> Result<Option<Arc<Vault>>, CliError> {
        let Some(dir) = &args.state else { return Ok(None) };
        if targets.iter().any(|target| !remote::is_remote(target) && vault::is_within(dir, target)) {
            return Err(CliError::new("the folder of --state is inside of what is scanned")
                .hint("name one outside of it: a scan writes nothing into a repository"));
        }
        if self.key_lost.is_some() {
            shell.warning(
                "--state is of no use here: no fingerprint key is kept, so what is learned could not be read again",
            );
            return Ok(None);
        }
        Ok(Some(Arc::new(Vault::open(dir, &self.key)?)))
    }

    /// The control of a scan with one thread that tells nobody of its progress.
    pub(crate) fn control(&self) -> Control<'_> {
        Control { engine: &self.engine, key: &self.key, stop: catch_interrupts(), events: &(), jobs: 1 }
    }
}

impl Scanned {
    pub(crate) fn sort(&mut self) {
        sort_findings(&mut self.outcome.findings);
        self.outcome.coverage.notes.sort();
    }

    /// Marks what an ignore file or the baseline covers. Each ignore file stands with the target that it is for.
    pub(crate) fn suppress(&mut self, files: &[(String, IgnoreFile)], baseline: Option<&Baseline>, shell: &mut Shell) {
        files.iter().flat_map(|(_, file)| &file.warnings).for_each(|warning| shell.warning(warning));
        for finding in self.outcome.findings.iter_mut().filter(|finding| finding.suppression.is_none()) {
            let of_target = |target: &String| finding.locator.root.as_ref().is_none_or(|root| root == target);
            let ignored = files
                .iter()
                .filter(|(target, _)| of_target(target))
                .find_map(|(_, file)| file.covers(finding).cloned());
            finding.suppression = ignored.or_else(|| baseline.and_then(|baseline| baseline.covers(finding)));
        }
    }

    /// Everything that stands there, for who has to know all of it.
    pub(crate) fn whole(self) -> Result<Self, CliError> {
        if self.outcome.coverage.interrupted { Err(interruption()) } else { Ok(self) }
    }

    /// Drops findings below a confidence and tells how many.
    pub(crate) fn drop_below(&mut self, least: Confidence) -> usize {
        let before = self.outcome.findings.len();
        self.outcome.findings.retain(|finding| finding.confidence >= least);
        before - self.outcome.findings.len()
    }
}

/// How a scan ended, where `counts` says which findings do.
pub(crate) fn verdict(
    findings: &[Finding],
    coverage: &Coverage,
    failed: bool,
    strict: bool,
    counts: impl Fn(&Finding) -> bool,
) -> Exit {
    let incomplete = coverage.notes.iter().any(|note| note.gap.failed() || (strict && note.gap.limits()));
    match () {
        () if coverage.interrupted => Exit::Interrupted,
        () if failed || incomplete => Exit::Failed,
        () if findings.iter().any(|finding| finding.suppression.is_none() && counts(finding)) => Exit::Findings,
        () => Exit::Clean,
    }
}

/// The ignore files of the targets, or the one of the commit that what was scanned goes out from.
pub(crate) fn ignore_files(args: &TargetArgs, base: &Base) -> Result<Vec<(String, IgnoreFile)>, CliError> {
    let today = today();
    let read = |target: PathBuf| {
        // What came from elsewhere does not judge itself.
        if remote::is_remote(&target) {
            return Ok((remote::name(&target), IgnoreFile::default()));
        }
        if let Base::Commit(commit) = base {
            return Ok((target.display().to_string(), range::ignore_file(&target, commit.as_deref())?));
        }
        let folder = ignore_folder(&target, args.staged)?;
        Ok((target.display().to_string(), IgnoreFile::read(&folder, today)?))
    };
    args.targets().into_iter().map(read).collect()
}

/// The folder whose ignore file counts for a target: the target itself, the folder that a file stands in, the top of the working tree for
/// what git holds.
pub(crate) fn ignore_folder(target: &Path, of_git: bool) -> Result<PathBuf, CliError> {
    if remote::is_remote(target) {
        return Err(CliError::new("a URL has no folder for an ignore file")
            .hint("clone the repository and run it there, or keep a baseline: --write-baseline, --baseline"));
    }
    if of_git {
        return worktree_top(target).map_err(|error| for_people(&error));
    }
    let here = || PathBuf::from(".");
    Ok(match target.parent() {
        _ if target == Path::new("-") => here(),
        Some(parent) if target.is_file() => {
            if parent.as_os_str().is_empty() {
                here()
            } else {
                parent.to_owned()
            }
        }
        _ => target.to_owned(),
    })
}

/// Today's date where expiries are decided: UTC, the same for everybody.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn scan_target(control: &Control<'_>, target: &Path, wanted: &Wanted<'_>) -> Result<Outcome, SourceError> {
    if wanted.args.staged {
        return scan_staged(control, target, &StagedOptions { paths: Vec::new() });
    }
    if target == Path::new("-") {
        let mut outcome = scan_reader(control, &mut Stdin::open(), &StdinOptions { name: "<stdin>".to_owned() })?;
        outcome.coverage.interrupted |= interrupted();
        return Ok(outcome);
    }
    history::scan(control, target, wanted)
}

/// What a target is called in the state: the same each time, from wherever it is named.
fn lasting_name(target: &Path) -> String {
    if remote::is_remote(target) {
        return remote::name(target);
    }
    target.canonicalize().map_or_else(|_| target.display().to_string(), |path| path.display().to_string())
}

/// An error of a source, with what to do about it.
pub(crate) fn for_people(error: &SourceError) -> CliError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    let shown = CliError::new(text);
    if let Some(advice) = error.advice() {
        return shown.hint(advice);
    }
    match error.kind() {
        SourceErrorKind::NotARepository => shown.hint("run it inside a git repository, or name one"),
        SourceErrorKind::Bare => shown.hint("a bare repository has nothing staged"),
        _ => shown,
    }
}
