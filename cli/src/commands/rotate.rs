//! `stanch rotate`: a successor first, handed over and checked, then the death of the old one.

use std::io::Write;

use serde::Serialize;
use stanch_revokers::act::{self, Consent, Plan, Refusal, Rotation, Sink};
use stanch_revokers::registry::Entry;
use stanch_revokers::successor;

use crate::args::{AnswerFormat, RotateArgs};
use crate::exit::{CliError, Exit};
use crate::key::random;
use crate::report::Redactor;
use crate::response::{Facts, JournalFile, Session, block_on, forget, one, redaction};
use crate::response::{plan as show_plan, report as show_report, why_not};
use crate::shell::Shell;

pub(crate) fn run(args: &RotateArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let stores = args.to.iter().map(|text| store(text)).collect::<Result<Vec<_>, _>>()?;
    let session = Session::new(&args.response)?;
    let (entry, subject, findings) = one(&args.secret)?;
    if !entry.kind.rotates() {
        return Err(CliError::new(format!("{} gives no successor by a call", entry.file.name))
            .hint(format!("by hand: {}", entry.kind.manual.runbook)));
    }
    let consent = Consent { ours: args.assume_ours, unproven: false };
    let planned = block_on(act::plan(&session.cx, &entry, &subject.credential, consent))?;
    let rotation = match &planned {
        Ok(plan) if args.yes => {
            forget([subject.credential.fingerprint.to_string().as_str()]);
            let (journal, name) = (JournalFile::open()?, name());
            let done = act::rotate(&session.cx, &entry, &subject.credential, plan, &name, &stores, &journal);
            let kept =
                |error| CliError::new(format!("the journal cannot be kept, so nothing further is done: {error}"));
            Some(block_on(done)?.map_err(kept)?)
        }
        _ => None,
    };
    let engine = redaction();
    let redactor = Redactor::new(&engine, &findings);
    let told = Told {
        entry: &entry,
        preview: &subject.preview,
        planned: &planned,
        stores: &stores,
        rotation: rotation.as_ref(),
    };
    told.tell(&redactor, args.format, shell)?;
    Ok(told.exit())
}

fn store(text: &str) -> Result<Box<dyn Sink>, CliError> {
    let forms = || successor::FORMS.iter().map(|(form, _)| *form).collect::<Vec<_>>().join(", ");
    successor::parse(text)
        .map_err(|error| CliError::new(error.to_string()).hint(format!("a store is one of {}", forms())))
}

/// A unique name, by which a successor is found if the answer that gave it is lost.
fn name() -> String {
    let digits = random().into_iter().take(12).filter_map(|byte| char::from_digit(u32::from(byte) % 16, 16));
    format!("stanch-{}", digits.collect::<String>())
}

/// All that is told of a rotation.
struct Told<'a> {
    entry: &'a Entry,
    preview: &'a str,
    planned: &'a Result<Plan, Refusal>,
    stores: &'a [Box<dyn Sink>],
    rotation: Option<&'a Rotation>,
}

/// The same as JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    kind: &'a str,
    plan: Option<&'a Plan>,
    refused: Option<String>,
    stores: Vec<String>,
    rotation: Option<&'a Rotation>,
}

impl Told<'_> {
    fn tell(&self, redactor: &Redactor<'_>, format: AnswerFormat, shell: &Shell) -> Result<(), CliError> {
        let mut out = shell.stdout();
        if format == AnswerFormat::Human {
            return self.tell_people(&mut Facts { out: &mut out, redactor });
        }
        let document = Document {
            schema: "stanch.rotation/1",
            kind: &self.entry.kind.id,
            plan: self.planned.as_ref().ok(),
            refused: self.planned.as_ref().err().map(ToString::to_string),
            stores: self.stores.iter().map(|store| store.name()).collect(),
            rotation: self.rotation,
        };
        let text = serde_json::to_string_pretty(&document).map_err(std::io::Error::from)?;
        writeln!(out, "{}", redactor.hide(&text))?;
        Ok(())
    }

    fn tell_people(&self, facts: &mut Facts<'_>) -> Result<(), CliError> {
        facts.head(&self.entry.kind.title, self.preview)?;
        match self.planned {
            Ok(plan) => {
                self.stores.iter().try_for_each(|store| facts.fact("hand over", &store.name()))?;
                show_plan(facts, self.entry, plan)?;
            }
            Err(refusal) => why_not(facts, self.entry, refusal)?,
        }
        let Some(rotation) = self.rotation else {
            if self.planned.is_ok() {
                writeln!(facts.out, "Nothing was changed. Add --yes to do exactly this.")?;
            }
            return Ok(());
        };
        facts.fact("successor", rotation.successor.as_deref().unwrap_or("the provider names no id"))?;
        rotation.delivered.iter().try_for_each(|store| facts.fact("stored", store))?;
        if let Some(failed) = &rotation.failed {
            facts.fact("failed", failed)?;
        }
        if let Some(removed) = &rotation.removed {
            facts.fact("removed", &format!("the successor: {removed}"))?;
        }
        match &rotation.old {
            Some(report) => show_report(facts, report)?,
            None => facts.fact("old", "left alone: it works as before")?,
        }
        Ok(())
    }

    fn exit(&self) -> Exit {
        match (self.planned, self.rotation) {
            (Ok(_), None) => Exit::Clean,
            (Ok(_), Some(rotation)) if rotation.old.as_ref().is_some_and(|old| old.outcome.is_dead()) => Exit::Clean,
            _ => Exit::Incomplete,
        }
    }
}
