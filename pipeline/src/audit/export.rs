//! The log for other programs: as JSON lines, or in the words of OCSF.

use jiff::Timestamp;
use serde_json::json;

use super::anchor::hex;
use super::chain::Line;
use super::ocsf;
use crate::store::{Result, Store, StoreError};

/// In which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Our own: every field of a line, with its hash, so that the chain can be followed elsewhere.
    Json,
    /// Events of the Open Cybersecurity Schema Framework (<https://schema.ocsf.io>).
    Ocsf,
}

/// The lines after a place in the log (0 for all), at most so many, each as one line of JSON; and the place of the last of them.
///
/// # Errors
/// If the database does not answer, or a line is not one of ours.
pub async fn export(store: &Store, format: Format, after: u64, limit: u32) -> Result<(Vec<String>, u64)> {
    let lines = store.lines(after, limit).await?;
    let last = lines.last().map_or(after, |line| line.seq);
    let mut texts = Vec::with_capacity(lines.len());
    for line in &lines {
        texts.push(match format {
            Format::Json => plain(line)?,
            Format::Ocsf => ocsf(store, line).await?,
        });
    }
    Ok((texts, last))
}

/// A line as it is: the event stands in it byte for byte as it was hashed.
fn plain(line: &Line) -> Result<String> {
    let event: serde_json::Value = serde_json::from_str(&line.event).map_err(StoreError::corrupt)?;
    let rest = json!({
        "seq": line.seq, "id": line.id, "at": Timestamp::from_millisecond(line.at).map_err(StoreError::corrupt)?,
        "actor": line.actor, "incident": line.incident, "prev": hex(&line.prev), "hash": hex(&line.hash),
    });
    let rest = rest.to_string();
    match rest.strip_suffix('}') {
        // What was parsed once is one value on one line.
        Some(open) if event.is_object() && !line.event.contains('\n') => {
            Ok(format!("{open},\"event\":{}}}", line.event))
        }
        _ => Err(StoreError::Corrupt(format!("line {} is no event", line.seq))),
    }
}

async fn ocsf(store: &Store, line: &Line) -> Result<String> {
    let incident = match &line.incident {
        None => None,
        Some(id) => match store.incident(&id.parse().map_err(StoreError::corrupt)?).await {
            // It was forgotten; its lines were not.
            Err(StoreError::NotFound(_)) => None,
            outcome => Some(outcome?),
        },
    };
    ocsf::event(line, incident.as_ref()).map(|event| event.to_string()).map_err(StoreError::corrupt)
}
