//! `stanch revoke`: makes one credential dead, after showing exactly how.

use std::io::Write;

use serde::Serialize;
use stanch_model::Finding;
use stanch_revokers::act::{self, Consent, Goal, Plan, Refusal, Report};
use stanch_revokers::registry::Entry;

use crate::args::{AnswerFormat, RevokeArgs};
use crate::exit::{CliError, Exit};
use crate::report::Redactor;
use crate::response::{Facts, JournalFile, Session, Subject, block_on, one, redaction};
use crate::response::{plan as show_plan, report as show_report, why_not};
use crate::shell::Shell;

pub(crate) fn run(args: &RevokeArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let session = Session::new(&args.response)?;
    let (entry, subject, finding) = one(&args.secret)?;
    let consent = Consent { ours: args.assume_ours, unproven: args.unproven };
    let planned = block_on(act::plan(&session.cx, &entry, &subject.credential, consent))?;
    let goal = if args.contain { Goal::Contained } else { Goal::Dead };
    let report = match &planned {
        Ok(plan) if args.yes => {
            let journal = JournalFile::open()?;
            let done = block_on(act::revoke(&session.cx, &entry, &subject.credential, plan, goal, &journal))?;
            Some(done.map_err(|error| {
                CliError::new(format!("the journal cannot be kept, so nothing further is done: {error}"))
            })?)
        }
        _ => None,
    };
    let told = Told { entry: &entry, subject: &subject, planned: &planned, report: report.as_ref() };
    tell(&told, &finding, args.format, shell)?;
    Ok(exit(&planned, report.as_ref()))
}

/// All that is told of a revocation.
struct Told<'a> {
    entry: &'a Entry,
    subject: &'a Subject,
    planned: &'a Result<Plan, Refusal>,
    report: Option<&'a Report>,
}

/// The same as JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    kind: &'a str,
    fingerprint: String,
    plan: Option<&'a Plan>,
    refused: Option<String>,
    report: Option<&'a Report>,
}

fn tell(told: &Told<'_>, finding: &[Finding], format: AnswerFormat, shell: &Shell) -> Result<(), CliError> {
    let engine = redaction();
    let redactor = Redactor::new(&engine, finding);
    let mut out = shell.stdout();
    if format == AnswerFormat::Human {
        let mut facts = Facts { out: &mut out, redactor: &redactor };
        facts.head(&told.entry.kind.title, &told.subject.preview)?;
        match told.planned {
            Ok(plan) => show_plan(&mut facts, told.entry, plan)?,
            Err(refusal) => why_not(&mut facts, told.entry, refusal)?,
        }
        match (told.planned, told.report) {
            (_, Some(report)) => show_report(&mut facts, report)?,
            (Ok(_), None) => writeln!(out, "Nothing was changed. Add --yes to do exactly this.")?,
            (Err(_), None) => {}
        }
        return Ok(());
    }
    let document = Document {
        schema: "stanch.revocation/1",
        kind: &told.entry.kind.id,
        fingerprint: told.subject.credential.fingerprint.to_string(),
        plan: told.planned.as_ref().ok(),
        refused: told.planned.as_ref().err().map(ToString::to_string),
        report: told.report,
    };
    let text = serde_json::to_string_pretty(&document).map_err(std::io::Error::from)?;
    writeln!(out, "{}", redactor.hide(&text))?;
    Ok(())
}

/// What is dead is success, a plan that was asked for, too; everything else is incomplete.
fn exit(planned: &Result<Plan, Refusal>, report: Option<&Report>) -> Exit {
    match (planned, report) {
        (Ok(_), None) | (Err(Refusal::Dead), _) => Exit::Clean,
        (Ok(_), Some(report)) if report.outcome.is_dead() => Exit::Clean,
        _ => Exit::Incomplete,
    }
}
