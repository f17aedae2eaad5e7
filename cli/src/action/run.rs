//! One run of the action, from the event to the exit code.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stanch_model::Finding;
use stanch_pipeline::git::event::{Asked, Malformed, New, asked};
use stanch_pipeline::git::{Before, Checkout, Git, GitError, GitErrorKind, Had, Range};
use tempfile::NamedTempFile;

use super::command::{Level, Stopped, annotation, annotations};
use super::files;
use super::input::Inputs;
use super::summary;
use crate::commands::scan::{counts, scan};
use crate::env;
use crate::exit::{CliError, Exit};
use crate::shell::{Shell, redacted};

/// What the run gave, for the step's outputs and its annotations.
#[derive(Default)]
struct Told {
    findings: usize,
    /// Whether a SARIF file was written.
    sarif: bool,
    annotations: Vec<String>,
}

/// Runs the action in the current folder. What goes wrong is told here, so that the runner acts upon nothing in it.
pub(crate) fn run(shell: &mut Shell) -> Result<Exit, CliError> {
    let inputs = Inputs::read()?;
    let mut out = shell.stdout();
    let stopped = Stopped::begin(&mut out)?;
    let mut told = Told::default();
    let exit = act(&inputs, &mut told, shell).unwrap_or_else(|error| {
        let message = redacted(&error.to_string());
        told.annotations.push(annotation(Level::Error, &[("title", "stanch could not finish")], &message));
        if let Err(error) = files::summary(&summary::plain("could not finish", &message)) {
            error.tell(shell);
        }
        error.tell(shell)
    });
    stopped.end(&mut out)?;
    for line in &told.annotations {
        writeln!(out, "{line}")?;
    }
    let sarif = if told.sarif { inputs.sarif.to_string_lossy().into_owned() } else { String::new() };
    files::outputs(&[
        ("findings", &told.findings.to_string()),
        ("sarif", &sarif),
        ("exit-code", &exit.code().to_string()),
    ])?;
    Ok(exit)
}

fn act(inputs: &Inputs, told: &mut Told, shell: &mut Shell) -> Result<Exit, CliError> {
    let (name, payload) = event()?;
    let malformed = |why: Malformed| CliError::new(format!("the event's payload cannot be used: {}", why.0));
    let asked = asked(&name, &payload).map_err(malformed)?;
    let checkout = Checkout::at(Git::at(".")).map_err(|error| of_git(&error))?;
    let (range, what) = match asked {
        Asked::Nothing { why } => {
            shell.note(&format!("Nothing to scan: {why}."));
            files::summary(&summary::plain("nothing to scan", &format!("{why}.")))?;
            return Ok(Exit::Clean);
        }
        Asked::Everything { why } => (None, everything(&why)),
        Asked::New(new) => match checkout.range(&new).map_err(|error| of_git(&error))? {
            Had::Everything { why } => (None, everything(&why)),
            Had::Range(range) => {
                let what = commits(checkout.count(&range.text).map_err(|error| of_git(&error))?, &new, &range);
                (Some(range), what)
            }
        },
    };
    if range.is_none() {
        checkout.complete().map_err(|error| of_git(&error))?;
    }
    shell.note(&what);
    let baseline = Baseline::of(inputs, &checkout, range.as_ref(), shell)?;
    let args = inputs.scan(range.as_ref().map(|range| range.text.as_str()), baseline.path())?;
    scan(&args, shell, |report| {
        let open: Vec<&Finding> = report.findings.iter().filter(|finding| finding.suppression.is_none()).collect();
        told.findings = open.len();
        told.sarif = true;
        told.annotations = annotations(&open, |finding| counts(args.fail_on, finding), report.redactor);
        files::summary(&summary::page(report, &open, &what))
    })
}

/// What a workflow can do about git's errors.
fn of_git(error: &GitError) -> CliError {
    let hint = match error.kind() {
        GitErrorKind::NoGit => "the runner needs git, as actions/checkout does",
        GitErrorKind::DubiousOwner => {
            "in a container the checkout may belong to another user: run `git config --global --add safe.directory \"$PWD\"` before"
        }
        GitErrorKind::NoRepository => "run actions/checkout before, and name its folder as `path`",
        _ => "let actions/checkout fetch it (`fetch-depth: 0`), or keep its credential (`persist-credentials: true`)",
    };
    CliError::new(error.to_string()).hint(hint)
}

/// What is scanned, for people.
fn everything(why: &str) -> String {
    format!("All of the history, as {why}.")
}

fn commits(count: u64, new: &New, range: &Range) -> String {
    let note = range.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    format!("{count} {} of {}, up to {}{note}.", if count == 1 { "commit" } else { "commits" }, new.of, new.head)
}

/// The baseline that counts.
enum Baseline {
    None,
    AsNamed(PathBuf),
    /// As it was before the range: what is new does not judge itself.
    Before(NamedTempFile),
}

impl Baseline {
    fn of(inputs: &Inputs, checkout: &Checkout, range: Option<&Range>, shell: &mut Shell) -> Result<Self, CliError> {
        let Some(named) = &inputs.baseline else { return Ok(Self::None) };
        let before =
            range.map(|range| checkout.before(range, named).map_err(|error| of_git(&error))).transpose()?.flatten();
        Ok(match before {
            None => Self::AsNamed(PathBuf::from(named)),
            Some(Before::Absent) => {
                shell.warning(&format!("the baseline `{named}` is new, so it does not count yet"));
                Self::None
            }
            Some(Before::Content(bytes)) => {
                let mut file = NamedTempFile::new()?;
                file.write_all(&bytes)?;
                Self::Before(file)
            }
        })
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::None => None,
            Self::AsNamed(path) => Some(path),
            Self::Before(file) => Some(file.path()),
        }
    }
}

/// The event's name and payload.
fn event() -> Result<(String, Value), CliError> {
    let outside = || {
        CliError::new("this is run by the GitHub action: GITHUB_EVENT_NAME and GITHUB_EVENT_PATH are not set")
            .hint("`stanch scan` is what you want elsewhere")
    };
    let name = env::get(env::GITHUB_EVENT_NAME).ok_or_else(outside)?;
    let path = env::get(env::GITHUB_EVENT_PATH).ok_or_else(outside)?;
    let text = fs::read(&path).map_err(|error| CliError::new(format!("cannot read the event's payload: {error}")))?;
    let payload = serde_json::from_slice(&text)
        .map_err(|error| CliError::new(format!("the event's payload is no JSON: {error}")))?;
    Ok((name.to_string_lossy().into_owned(), payload))
}
