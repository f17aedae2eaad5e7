//! One run of the action, from the event to the exit code.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::Value;
use stanch_model::Finding;

use super::checkout::{Checkout, Had};
use super::command::{Level, Stopped, annotation, annotations};
use super::event::{Asked, asked};
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
    let mut out = shell.stdout();
    let stopped = Stopped::begin(&mut out)?;
    let mut told = Told::default();
    let inputs = Inputs::read()?;
    let exit = match act(&inputs, &mut told, shell) {
        Ok(exit) => exit,
        Err(error) => {
            let message = redacted(&error.to_string());
            told.annotations.push(annotation(Level::Error, &[("title", "stanch could not finish")], &message));
            files::summary(&summary::plain("could not finish", &message))?;
            error.tell(shell)
        }
    };
    out.flush()?;
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
    let asked = asked(&name, &payload)
        .map_err(|why| CliError::new(format!("the event's payload cannot be used: {}", why.0)))?;
    let checkout = Checkout::at(Path::new("."))?;
    let (range, what) = match asked {
        Asked::Nothing { why } => {
            shell.note(&format!("Nothing to scan: {why}."));
            files::summary(&summary::plain("nothing to scan", &format!("{why}.")))?;
            return Ok(Exit::Clean);
        }
        Asked::Everything { why } => (None, format!("All of the history, as {why}.")),
        Asked::New(new) => match checkout.range(&new)? {
            Had::Everything { why } => (None, format!("All of the history, as {why}.")),
            Had::Range(range) => {
                let commits = checkout.count(&range.text)?;
                let notes = range.note.map(|note| format!(" ({note})")).unwrap_or_default();
                let plural = if commits == 1 { "commit" } else { "commits" };
                let what = format!("{commits} {plural} of {}, up to {}{notes}.", new.of, new.head);
                (Some(range.text), what)
            }
        },
    };
    if range.is_none() {
        checkout.complete()?;
    }
    shell.note(&what);
    let args = inputs.scan(range.as_deref())?;
    scan(&args, shell, |report| {
        let open: Vec<&Finding> = report.findings.iter().filter(|finding| finding.suppression.is_none()).collect();
        told.findings = open.len();
        told.sarif = true;
        told.annotations = annotations(&open, |finding| counts(args.fail_on, finding), report.redactor);
        files::summary(&summary::page(report, &open, &what))
    })
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
