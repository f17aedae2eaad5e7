//! `stanch rotate`: a successor first, handed over and checked, then the death of the old one.

use std::io::Write;

use serde::Serialize;
use stanch_revokers::act::{self, Consent, Plan, Refusal, Rotation, Sink};
use stanch_revokers::registry::Entry;
use stanch_revokers::successor;

use super::providers::method;
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
    let ready = block_on(ready(&session, &stores))?;
    let rotation = match &planned {
        Ok(plan) if args.yes && ready.is_ok() => {
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
        ready: &ready,
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

/// Whether all stores could take a new secret; else which does not, and why.
async fn ready(session: &Session, stores: &[Box<dyn Sink>]) -> Result<(), String> {
    for store in stores {
        store.ready(&session.cx).await.map_err(|error| format!("{}: {error}", store.name()))?;
    }
    Ok(())
}

/// The call that gives a successor: `POST api.example.com/keys`. What only the call itself knows stands in braces.
fn minting(entry: &Entry, plan: &Plan) -> String {
    let Some(spec) = &entry.kind.rotate else { return format!("by calls of {}", entry.file.name) };
    let request = &spec.request;
    let text = format!("{} {}{}", method(request), request.url.host, request.url.path);
    plan.target.bound.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The plan with the steps that follow: none where the call that gives the successor kills the old one.
fn steps_after(entry: &Entry, plan: &Plan) -> Plan {
    let kills = entry.kind.rotate.as_ref().is_some_and(|spec| spec.kills);
    Plan { steps: if kills { Vec::new() } else { plan.steps.clone() }, ..plan.clone() }
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
    ready: &'a Result<(), String>,
    rotation: Option<&'a Rotation>,
}

/// The same as JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    kind: &'a str,
    /// The call that gives the successor, before the steps of the plan.
    successor: Option<String>,
    plan: Option<Plan>,
    refused: Option<String>,
    stores: Vec<String>,
    /// Which store could take no new secret, and why.
    not_ready: Option<&'a str>,
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
            successor: self.planned.as_ref().ok().map(|plan| minting(self.entry, plan)),
            plan: self.planned.as_ref().ok().map(|plan| steps_after(self.entry, plan)),
            refused: self.planned.as_ref().err().map(ToString::to_string),
            stores: self.stores.iter().map(|store| store.name()).collect(),
            not_ready: self.ready.as_ref().err().map(String::as_str),
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
                facts.fact("first", &format!("make a successor: {}", minting(self.entry, plan)))?;
                self.stores.iter().try_for_each(|store| facts.fact("hand over", &store.name()))?;
                let after = steps_after(self.entry, plan);
                if after.steps.is_empty() {
                    facts.fact("then", "nothing: the same call kills the old one")?;
                }
                show_plan(facts, self.entry, &after)?;
            }
            Err(refusal) => why_not(facts, self.entry, refusal)?,
        }
        if let Err(why) = self.ready {
            return Ok(facts.fact("not ready", &format!("nothing was made, as it could not be handed over: {why}"))?);
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
            (Ok(_), None) if self.ready.is_err() => Exit::Incomplete,
            (Ok(_), None) => Exit::Clean,
            (Ok(_), Some(rotation)) if rotation.ended() => Exit::Clean,
            _ => Exit::Incomplete,
        }
    }
}
