//! `stanch revoke`: makes a credential dead, or many, after showing exactly how.

use std::io::{self, Write};

use futures_util::future::join_all;
use serde::Serialize;
use stanch_model::Finding;
use stanch_revokers::act::{self, Consent, Goal, Plan, Refusal, Report};
use stanch_revokers::registry::Entry;
use stanch_revokers::{Outcome, StepKind};

use crate::args::{AnswerFormat, RevokeArgs};
use crate::exit::{CliError, Exit};
use crate::report::Redactor;
use crate::response::{Facts, JournalFile, Session, Subject, block_on, forget, many, one, past_of, redaction};
use crate::response::{plan as show_plan, report as show_report, why_not};
use crate::shell::Shell;

pub(crate) fn run(args: &RevokeArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let session = Session::new(&args.response)?;
    let (subjects, findings) = if args.each_line {
        many(&args.secret)?
    } else {
        let (entry, subject, findings) = one(&args.secret)?;
        (vec![(entry, subject)], findings)
    };
    let journal = if args.yes { Some(JournalFile::open()?) } else { None };
    if args.yes {
        let names: Vec<String> =
            subjects.iter().map(|(_, subject)| subject.credential.fingerprint.to_string()).collect();
        forget(names.iter().map(String::as_str));
    }
    let told = block_on(async {
        let all = subjects.iter().map(|(entry, subject)| planned(args, &session, entry, subject));
        let all: Vec<Told<'_>> = join_all(all).await;
        // Nothing is done before all is known; then each has its turn, and those that can go together do.
        join_all(all.into_iter().map(|one| done(args, &session, journal.as_ref(), one))).await
    })?;
    tell(&told, &findings, args, shell)?;
    if let Some(error) = told.iter().find_map(|told| told.unkept.as_ref()) {
        return Err(CliError::new(format!("the journal cannot be kept, so nothing further is done: {error}")));
    }
    Ok(told.iter().map(exit).find(|exit| *exit != Exit::Clean).unwrap_or(Exit::Clean))
}

async fn planned<'a>(args: &RevokeArgs, session: &Session, entry: &'a Entry, subject: &'a Subject) -> Told<'a> {
    let consent = Consent { ours: args.assume_ours, unproven: args.unproven };
    let past = past_of(&subject.credential.fingerprint.to_string(), &entry.kind.id);
    let planned = act::plan_after(&session.cx, entry, &subject.credential, consent, &past).await;
    let planned = planned.and_then(|plan| within(args, plan));
    Told { entry, subject, goal: goal(args), planned, report: None, unkept: None }
}

fn goal(args: &RevokeArgs) -> Goal {
    if args.contain { Goal::Contained } else { Goal::Dead }
}

/// A plan, unless it goes further than it may.
fn within(args: &RevokeArgs, plan: Plan) -> Result<Plan, Refusal> {
    let undoable = plan.steps_to(goal(args)).iter().all(|step| step.kind == StepKind::Reversible);
    if undoable || !args.contain {
        return Ok(plan);
    }
    let why = "nothing that is left to do can be undone, and --contain goes no further".to_owned();
    Err(Refusal::Target(Outcome::NotPermitted { why }))
}

async fn done<'a>(args: &RevokeArgs, session: &Session, journal: Option<&JournalFile>, mut told: Told<'a>) -> Told<'a> {
    let (Ok(plan), Some(journal)) = (&told.planned, journal) else { return told };
    match act::revoke(&session.cx, told.entry, &told.subject.credential, plan, goal(args), journal).await {
        Ok(report) => told.report = Some(report),
        Err(error) => told.unkept = Some(error),
    }
    told
}

/// All that is told of a revocation.
struct Told<'a> {
    entry: &'a Entry,
    subject: &'a Subject,
    goal: Goal,
    planned: Result<Plan, Refusal>,
    report: Option<Report>,
    /// Why a line of the journal was not kept.
    unkept: Option<io::Error>,
}

impl Told<'_> {
    /// The plan with the steps that are taken, and no others.
    fn plan(&self) -> Option<Plan> {
        let plan = self.planned.as_ref().ok()?;
        Some(Plan { steps: plan.steps_to(self.goal).to_vec(), ..plan.clone() })
    }
}

/// The same as JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    kind: &'a str,
    fingerprint: String,
    plan: Option<Plan>,
    refused: Option<String>,
    report: Option<&'a Report>,
    /// Whether it is off and could still be put on again.
    contained: Option<bool>,
}

impl<'a> Document<'a> {
    fn new(told: &'a Told<'_>) -> Self {
        Self {
            schema: "stanch.revocation/1",
            kind: &told.entry.kind.id,
            fingerprint: told.subject.credential.fingerprint.to_string(),
            plan: told.plan(),
            refused: told.planned.as_ref().err().map(ToString::to_string),
            report: told.report.as_ref(),
            contained: told.report.as_ref().map(Report::is_contained),
        }
    }
}

fn tell(told: &[Told<'_>], findings: &[Finding], args: &RevokeArgs, shell: &Shell) -> Result<(), CliError> {
    let engine = redaction();
    let redactor = Redactor::new(&engine, findings);
    let mut out = shell.stdout();
    let documents: Vec<Document<'_>> = told.iter().map(Document::new).collect();
    let text = match (args.format, args.each_line) {
        (AnswerFormat::Human, each_line) => {
            told.iter().try_for_each(|told| show(told, &redactor, &mut out))?;
            if each_line {
                writeln!(out, "{}", sums(told))?;
            }
            return Ok(());
        }
        (AnswerFormat::Json, true) => serde_json::to_string_pretty(&documents),
        (AnswerFormat::Jsonl, true) => documents
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<Vec<String>, _>>()
            .map(|lines| lines.join("\n")),
        (_, false) => documents.first().map_or_else(|| Ok(String::new()), serde_json::to_string_pretty),
    };
    writeln!(out, "{}", redactor.hide(&text.map_err(io::Error::from)?))?;
    Ok(())
}

/// One of them, for people.
fn show(told: &Told<'_>, redactor: &Redactor<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut facts = Facts { out, redactor };
    facts.head(&told.entry.kind.title, &told.subject.preview)?;
    if let Some(plan) = told.plan() {
        show_plan(&mut facts, told.entry, &plan)?;
    }
    if let Err(refusal) = &told.planned {
        why_not(&mut facts, told.entry, refusal)?;
    }
    match (&told.planned, &told.report, &told.unkept) {
        (_, Some(report), _) => show_report(&mut facts, report),
        (Ok(_), None, None) => writeln!(out, "Nothing was changed. Add --yes to do exactly this."),
        _ => Ok(()),
    }
}

/// How many there are of each: `2500 credentials: 2400 dead, 90 dead before, 10 refused`.
fn sums(all: &[Told<'_>]) -> String {
    const WORDS: [&str; 6] = ["dead", "off", "not proven dead", "to revoke", "dead before", "refused"];
    let count = |word: &str| all.iter().filter(|told| came(told) == word).count();
    let counts = WORDS.iter().map(|word| (count(word), word)).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    format!("{} credentials: {}", all.len(), parts.join(", "))
}

/// What came of one, in a word.
fn came(told: &Told<'_>) -> &'static str {
    match (&told.planned, &told.report, &told.unkept) {
        (_, Some(report), _) if report.is_contained() => "off",
        (_, Some(report), _) if report.outcome.is_dead() => "dead",
        (_, Some(_), _) | (_, _, Some(_)) => "not proven dead",
        (Ok(_), None, None) => "to revoke",
        (Err(Refusal::Dead), ..) => "dead before",
        (Err(_), ..) => "refused",
    }
}

/// What is as far as it was wanted, with nothing of that left to do, is success, a plan that was asked for, too; everything else is incomplete.
fn exit(told: &Told<'_>) -> Exit {
    match (&told.planned, &told.report) {
        (Ok(_), None) | (Err(Refusal::Dead), _) => Exit::Clean,
        (Ok(_), Some(report)) if report.is_contained() && told.goal == Goal::Contained => Exit::Clean,
        (Ok(_), Some(report)) if report.outcome.is_dead() && report.complete => Exit::Clean,
        _ => Exit::Incomplete,
    }
}
