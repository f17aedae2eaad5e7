//! The log: everything that happened, and the proof that it is whole.

use std::fmt::Write as _;
use std::time::Duration;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stanch_pipeline::audit::chain::Line;
use stanch_pipeline::audit::{Fault, Head};

use super::V1;
use crate::auth::Role;
use crate::extract::{Json, Query};
use crate::{Access, ApiError, App, Routes};

pub(super) fn routes() -> Routes {
    let viewer = Access::Token(Role::Viewer);
    Routes::below(V1)
        .get("/audit", viewer, page)
        .get("/audit/head", viewer, head)
        .get("/audit/verify", Access::Token(Role::Responder), verify)
        .within(Duration::from_mins(5))
}

/// Which lines are wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

/// A line as it is stored. Whoever knows how a line is hashed can check the chain from these alone.
#[derive(Debug, Serialize)]
struct Shown {
    seq: u64,
    id: String,
    at: Timestamp,
    actor: String,
    incident: Option<String>,
    /// What happened, in the text that was hashed.
    text: String,
    /// The same, read.
    event: Value,
    prev: String,
    hash: String,
}

#[derive(Debug, Serialize)]
struct Page {
    lines: Vec<Shown>,
    /// Where the next page begins, if there may be one.
    next: Option<u64>,
}

#[derive(Debug, Serialize)]
struct End {
    seq: u64,
    hash: String,
    at: Timestamp,
    key: String,
    signature: String,
}

/// Whether the log is what was written.
#[derive(Debug, Serialize)]
struct Verified {
    sound: bool,
    lines: u64,
    faults: Vec<Wrong>,
}

/// Something that is wrong with the log.
#[derive(Debug, Serialize)]
struct Wrong {
    what: &'static str,
    /// The line from which on it is.
    seq: Option<u64>,
}

impl From<&Fault> for Wrong {
    fn from(fault: &Fault) -> Self {
        let (what, seq) = match fault {
            Fault::Line(broken) => ("line", Some(broken.seq)),
            Fault::NoHead => ("no-head", None),
            Fault::Forged { seq } => ("forged-head", Some(*seq)),
            Fault::Stranger { seq, .. } => ("unknown-key", Some(*seq)),
            Fault::Cut { last, .. } => ("cut", Some(*last)),
            Fault::Beyond { head, .. } => ("beyond-head", Some(*head)),
            Fault::OtherEnd { seq } => ("other-end", Some(*seq)),
            Fault::BadAnchor { seq } => ("bad-anchor", Some(*seq)),
            Fault::CutSinceAnchor { last, .. } => ("cut-since-anchor", Some(*last)),
            Fault::RewrittenSinceAnchor { seq } => ("rewritten-since-anchor", Some(*seq)),
            Fault::Doubted { seq } => ("doubted", Some(*seq)),
            Fault::Before { .. } => ("before-first", None),
            Fault::Differing { .. } => ("differing-incident", None),
        };
        Self { what, seq }
    }
}

impl TryFrom<Line> for Shown {
    type Error = ApiError;

    fn try_from(line: Line) -> Result<Self, ApiError> {
        let event = serde_json::from_str(&line.event).map_err(ApiError::internal)?;
        let at = Timestamp::from_millisecond(line.at).map_err(ApiError::internal)?;
        let (prev, hash) = (hex(&line.prev), hex(&line.hash));
        let Line { seq, id, actor, incident, event: text, .. } = line;
        Ok(Self { seq, id, at, actor, incident, text, event, prev, hash })
    }
}

async fn page(State(app): State<App>, Query(wanted): Query<Wanted>) -> Result<Json<Page>, ApiError> {
    let limit = super::limit(wanted.limit, 1000)?;
    let lines = app.store.lines(wanted.after, limit).await?;
    let lines = lines.into_iter().map(Shown::try_from).collect::<Result<Vec<_>, _>>()?;
    let next = lines.last().filter(|_| lines.len() == limit as usize).map(|line| line.seq);
    Ok(Json(Page { lines, next }))
}

async fn head(State(app): State<App>) -> Result<Json<End>, ApiError> {
    let head: Head = app.store.head().await?.ok_or_else(|| ApiError::not_found("head: the log is empty"))?;
    let at = Timestamp::from_millisecond(head.at).map_err(ApiError::internal)?;
    let signature = hex(&head.signature);
    Ok(Json(End { seq: head.seq, hash: hex(&head.hash), at, key: head.key.to_string(), signature }))
}

async fn verify(State(app): State<App>) -> Result<Json<Verified>, ApiError> {
    let report = app.verify().await?;
    let faults = report.faults.iter().map(Wrong::from).collect();
    Ok(Json(Verified { sound: report.is_sound(), lines: report.lines, faults }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
