//! `stanch incident`: what was found on this machine, how far it is, and what people say of it.

use std::io::Write;
use std::sync::Arc;

use anstyle::Style;
use jiff::Timestamp;
use stanch_pipeline::store::{Entry, Filter, Page, Store};
use stanch_pipeline::{Approval, Event, Incident, State};

use crate::args::{AnswerFormat, IncidentArgs, IncidentCommand, OneIncidentArgs, StoreArgs};
use crate::exit::{CliError, Exit};
use crate::report::Redactor;
use crate::response::{
    Lead, Notices, Person, Session, Timeline, asked, block_on, ended, missing, of_store, open_store, person, policies,
    redaction, until,
};
use crate::shell::{Shell, redacted};

const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(crate) fn run(args: &IncidentArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    match &args.command {
        IncidentCommand::List { all, limit, format, store } => list(*all, *limit, (*format, store), shell),
        IncidentCommand::Show { incident, format, store } => show(incident, *format, store, shell),
        IncidentCommand::Approve { one, plan } => approve(one, plan.as_deref(), shell),
        IncidentCommand::Deny { one, why } => deny(one, why, shell),
        IncidentCommand::Retry(one) => retry(one, shell),
    }
}

fn list(all: bool, limit: u32, (format, store): (AnswerFormat, &StoreArgs), shell: &Shell) -> Result<Exit, CliError> {
    let filter = Filter { open_only: !all, ..Filter::default() };
    let page = Page { after: None, limit: limit.clamp(1, 100_000) };
    let incidents = block_on(async {
        open_store(store.config.as_deref()).await?.incidents(&filter, &page).await.map_err(of_store)
    })??;
    let engine = redaction();
    let redactor = Redactor::new(&engine, &[]);
    let mut out = shell.stdout();
    match format {
        AnswerFormat::Human => {
            for incident in &incidents {
                let (title, preview) = (redactor.redact(&incident.title), redactor.redact(&incident.preview));
                let (id, state) = (&incident.id, incident.state.as_str());
                writeln!(out, "{id}  {state:<9} {NAME}{title}{NAME:#}  {DIM}{preview}{DIM:#}")?;
            }
            writeln!(out, "{} incidents{}", incidents.len(), if all { "" } else { " are open" })?;
        }
        AnswerFormat::Json => json(&incidents, &redactor, &mut out)?,
        AnswerFormat::Jsonl => {
            for incident in &incidents {
                let text = serde_json::to_string(incident).map_err(std::io::Error::from)?;
                writeln!(out, "{}", redactor.hide(&text))?;
            }
        }
    }
    Ok(Exit::Clean)
}

fn json(value: &impl serde::Serialize, redactor: &Redactor<'_>, out: &mut dyn Write) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    writeln!(out, "{}", redactor.hide(&text))?;
    Ok(())
}

/// The incident of a name or of a credential's fingerprint.
async fn find(store: &Store, name: &str) -> Result<Incident, CliError> {
    let found = match name.parse() {
        Ok(id) => store.incident(&id).await.ok(),
        Err(_) => store.incident_of(name).await.map_err(of_store)?,
    };
    found.ok_or_else(|| {
        CliError::new(format!("no incident `{}` in the store", redacted(name)))
            .hint("`stanch incident list --all` shows them")
    })
}

fn show(name: &str, format: AnswerFormat, store: &StoreArgs, shell: &Shell) -> Result<Exit, CliError> {
    block_on(async {
        let store = open_store(store.config.as_deref()).await?;
        let incident = find(&store, name).await?;
        shown(&store, &incident, format, shell).await
    })??;
    Ok(Exit::Clean)
}

async fn shown(store: &Store, incident: &Incident, format: AnswerFormat, shell: &Shell) -> Result<(), CliError> {
    let entries = store.timeline(&incident.id, 0, 10_000).await.map_err(of_store)?;
    let engine = redaction();
    let redactor = Redactor::new(&engine, &[]);
    let mut out = shell.stdout();
    if format == AnswerFormat::Human {
        return human(incident, &entries, &redactor, &mut out);
    }
    let lines: Vec<_> = entries.iter().map(line).collect();
    json(&serde_json::json!({ "incident": incident, "timeline": lines }), &redactor, &mut out)
}

fn line(entry: &Entry) -> serde_json::Value {
    serde_json::json!({ "seq": entry.seq, "at": entry.at, "actor": entry.actor, "event": entry.event })
}

fn human(incident: &Incident, entries: &[Entry], redactor: &Redactor<'_>, out: &mut dyn Write) -> Result<(), CliError> {
    let times = &incident.times;
    let since = times.exposed.or(times.detected).unwrap_or_else(Timestamp::now);
    let (title, preview) = (redactor.redact(&incident.title), redactor.redact(&incident.preview));
    writeln!(out, "{NAME}{title}{NAME:#}  {preview}")?;
    writeln!(
        out,
        "  {DIM}{} · fingerprint {} · {}{DIM:#}",
        incident.id,
        incident.fingerprint,
        incident.state.as_str()
    )?;
    let began = if times.exposed.is_some() { "it was exposed" } else { "it was found" };
    writeln!(out, "  {DIM}clock: since {began}, {since:.0}{DIM:#}\n")?;
    let mut timeline = Timeline { out: &mut *out, redactor, since };
    entries.iter().try_for_each(|entry| timeline.entry(entry))?;
    if incident.state == State::Waiting {
        let waits = missing(incident, Timestamp::now());
        writeln!(out, "\n  waits: {}", redactor.redact(&waits))?;
        for step in incident.steps() {
            writeln!(out, "         {}: {}", step.name, redactor.redact(&step.target))?;
        }
        if let Some(plan) = incident.asked() {
            writeln!(out, "         stanch incident approve {} --plan {plan}", incident.id)?;
        }
    }
    if let Some(ending) = incident.ending {
        writeln!(out, "\n  {}", ended(ending))?;
    }
    if let Some(runbook) = incident.runbook.as_ref().filter(|_| incident.state == State::ByHand) {
        writeln!(out, "\n  by hand: {}", redactor.redact(runbook))?;
    }
    Ok(())
}

fn approve(one: &OneIncidentArgs, plan: Option<&str>, shell: &mut Shell) -> Result<Exit, CliError> {
    let person = Person::of(one.person.as_deref(), one.response.config.as_deref())?;
    said(one, shell, async |store, incident| {
        let now = Timestamp::now();
        let Some(digest) = incident.asked().filter(|_| incident.state == State::Waiting) else {
            return Err(CliError::new("nobody is asked to approve of it now")
                .hint(format!("`stanch incident show {}` tells how far it is", incident.id)));
        };
        if plan.is_some_and(|plan| plan != digest) {
            return Err(CliError::new(format!("the plan is another one by now: {digest}"))
                .hint(format!("read it with `stanch incident show {}`", incident.id)));
        }
        asked(incident, &person).map_err(CliError::new)?;
        if incident.approvers(now).contains(&person.name.as_str()) {
            return Ok(());
        }
        let (name, groups) = (person.name.clone(), person.groups.clone());
        let approval = Approval { person: name, digest, until: until(incident, now), groups };
        store.note(&incident.id, &person.name, &[Event::Approved { approval }], now).await.map(drop).map_err(of_store)
    })
}

fn deny(one: &OneIncidentArgs, why: &str, shell: &mut Shell) -> Result<Exit, CliError> {
    let person = person(one.person.as_deref())?;
    // The log keeps it for ever.
    let why = redacted(why);
    let event = Event::Denied { person: person.clone(), why };
    said(one, shell, async |store, incident| {
        store.note(&incident.id, &person, &[event], Timestamp::now()).await.map(drop).map_err(of_store)
    })
    .map(|_| Exit::Clean)
}

fn retry(one: &OneIncidentArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let person = person(one.person.as_deref())?;
    let event = Event::Retried { person: person.clone() };
    said(one, shell, async |store, incident| {
        if let Some(ending) = incident.ending.filter(|_| incident.state == State::Closed) {
            return Err(CliError::new(format!("it is closed ({}), and nothing is left to be tried", ended(ending)))
                .hint("if the credential lives after all, a new finding of it opens another: `stanch plan`, `stanch apply`"));
        }
        store.note(&incident.id, &person, &[event], Timestamp::now()).await.map(drop).map_err(of_store)
    })
}

/// Has a person say something, and leads the incident on from there.
fn said(
    one: &OneIncidentArgs,
    shell: &mut Shell,
    say: impl AsyncFnOnce(&Store, &Incident) -> Result<(), CliError>,
) -> Result<Exit, CliError> {
    let session = Session::new(&one.response)?;
    let decider = policies(&one.decider.shipped, &one.decider.policy)?;
    let notices = Notices::new(&one.response)?;
    let state = block_on(async {
        let store = open_store(one.response.config.as_deref()).await?;
        let incident = find(&store, &one.incident).await?;
        say(&store, &incident).await?;
        let lead = Lead::new(store, Arc::new(session.cx), Arc::new(decider), notices.tells());
        let incident = lead.on(&incident.id).await?;
        shown(lead.store(), &incident, one.format, shell).await?;
        notices.send(lead.store(), shell).await?;
        Ok::<_, CliError>(incident.state)
    })??;
    Ok(if state == State::Closed { Exit::Clean } else { Exit::Incomplete })
}
