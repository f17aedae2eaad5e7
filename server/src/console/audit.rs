//! The log as it is stored, and whether it is whole.

use axum::extract::{Query, State as Reach};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stanch_pipeline::Event;
use stanch_pipeline::audit::chain::Line;
use stanch_pipeline::audit::{AuditEvent, Fault, Head, Report};

use super::page::{Trouble, Viewer, render};
use super::plan::Fact;
use super::span::When;
use super::words::{self, Tone};
use crate::App;
use crate::auth::Role;

const PATH: &str = "/console/audit";
/// Who may have all of it verified: as by the interface.
const VERIFIES: Role = Role::Responder;
/// How many lines a page has.
const ROWS: u32 = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// Lines before this one.
    before: Option<u64>,
    #[serde(default)]
    verify: String,
}

#[derive(Serialize)]
struct View {
    head: Option<Vec<Fact>>,
    may_verify: bool,
    verdict: Option<Verdict>,
    lines: Vec<Row>,
    newest: bool,
    older: Option<String>,
}

#[derive(Serialize)]
struct Row {
    seq: u64,
    at: When,
    actor: String,
    what: String,
    incident: Option<String>,
    hash: String,
}

/// The page of the log.
pub(super) async fn show(
    Reach(app): Reach<App>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let now = app.now();
    let head = app.store.head().await?;
    let end = asked.before.unwrap_or_else(|| head.as_ref().map_or(1, |head| head.seq + 1)).saturating_sub(1);
    let after = end.saturating_sub(u64::from(ROWS));
    let count = u32::try_from(end - after).unwrap_or(ROWS);
    let verdict = if asked.verify.is_empty() {
        None
    } else {
        viewer.person.must_be(VERIFIES)?;
        Some(verdict(&app.verify().await?))
    };
    let mut lines = app.store.lines(after, count).await?;
    lines.reverse();
    let view = View {
        head: head.as_ref().map(|head| facts(head, now)),
        may_verify: viewer.person.role >= VERIFIES,
        verdict,
        lines: lines.iter().map(|line| Row::of(line, now)).collect(),
        newest: asked.before.is_some(),
        older: (after > 0).then(|| format!("{PATH}?before={}", after + 1)),
    };
    let frame = viewer.frame(&app, PATH).await?;
    Ok(render("audit.html", &frame, view))
}

/// Whether the log is whole.
#[derive(Serialize)]
struct Verdict {
    tone: Tone,
    text: String,
}

fn verdict(report: &Report) -> Verdict {
    let text = match report.faults.first() {
        None => {
            let lines = report.lines;
            return Verdict {
                tone: Tone::Good,
                text: format!(
                    "The log is whole: {lines} lines follow each other, and a key that is trusted signed the last."
                ),
            };
        }
        Some(Fault::Line(at)) => format!("Line {} does not follow the one before it", at.seq),
        Some(Fault::NoHead) => "There are lines, and nothing that is signed".to_owned(),
        Some(Fault::Forged { seq }) => format!("The signature of the head does not fit line {seq}"),
        Some(Fault::Stranger { seq, key }) => format!("A key that is not trusted signed line {seq}: {}", key.id()),
        Some(Fault::Cut { last, head }) => format!("Lines are missing: the last is {last}, and {head} was signed"),
        Some(Fault::Beyond { last, head }) => format!("Lines were added: the last is {last}, and {head} was signed"),
        Some(Fault::OtherEnd { seq }) => format!("Line {seq} is not the one that was signed"),
        Some(Fault::BadAnchor { seq } | Fault::RewrittenSinceAnchor { seq }) => {
            format!("Line {seq} is not the one that was kept elsewhere")
        }
        Some(Fault::CutSinceAnchor { last, anchor }) => {
            format!("Lines are missing: the last is {last}, and {anchor} was kept elsewhere")
        }
        Some(Fault::Doubted { seq }) => format!("No key that is trusted vouches for what stands before line {seq}"),
        Some(Fault::Before { .. }) => "There are lines before the first one".to_owned(),
        Some(Fault::Differing { incident }) => format!("What is kept of {incident} is not what its lines say"),
    };
    Verdict { tone: Tone::Bad, text: format!("The log was changed. {text}.") }
}

fn facts(head: &Head, now: Timestamp) -> Vec<Fact> {
    let at = Timestamp::from_millisecond(head.at).unwrap_or_default();
    vec![
        Fact::of("lines", head.seq.to_string()),
        Fact::of("head", hex(&head.hash)),
        Fact::of("signed", When::of(at, now).text),
        Fact::of("by the key", head.key.id()),
    ]
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

impl Row {
    fn of(line: &Line, now: Timestamp) -> Self {
        let at = Timestamp::from_millisecond(line.at).unwrap_or_default();
        Self {
            seq: line.seq,
            at: When::of(at, now),
            actor: line.actor.clone(),
            what: said(line),
            incident: line.incident.clone(),
            hash: hex(&line.hash).get(..12).unwrap_or_default().to_owned(),
        }
    }
}

/// What a line says. One that is not ours is shown as what it is.
fn said(line: &Line) -> String {
    let told = if line.incident.is_some() {
        serde_json::from_str::<Event>(&line.event).ok().map(|event| words::told(&event).what)
    } else {
        serde_json::from_str::<AuditEvent>(&line.event).ok().map(|event| installation(&event))
    };
    told.unwrap_or_else(|| "a line that this program cannot read".to_owned())
}

/// What happened to the installation.
fn installation(event: &AuditEvent) -> String {
    match event {
        AuditEvent::Started { version } => format!("stanch {version} started"),
        AuditEvent::TokenMade { name, role, .. } => format!("A token was made for {name}, with the role {role}"),
        AuditEvent::TokenRevoked { id } => format!("The token {id} was revoked"),
        AuditEvent::SignedIn { token } => format!("Signed in with the token {token}"),
        AuditEvent::SignedOut { token } => format!("Signed out; the token was {token}"),
        AuditEvent::PolicyLoaded { policies, .. } => {
            format!("{policies} policies were loaded")
        }
        AuditEvent::Exported { what } => format!("Exported: {what}"),
        AuditEvent::Anchored { seq, .. } => format!("The head at line {seq} was kept elsewhere"),
        AuditEvent::Purged { incidents, .. } => format!("{incidents} closed incidents left the lists"),
        AuditEvent::Doubted { seq, .. } => format!("The end of the log at line {seq} was not one to build on"),
        AuditEvent::Noted { text } => format!("Remark: {text}"),
    }
}
