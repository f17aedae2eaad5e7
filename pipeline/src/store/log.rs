//! The log: everything that happened, in one table that is only ever added to.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::Store;
use super::error::{Result, StoreError};
use super::random;
use super::reader::Snapshot;
use super::tx::{NewLine, Tx};
use super::value::{Row, values};
use crate::audit::chain::Line;
use crate::audit::{AuditEvent, Head, VerifyingKey};
use crate::{Event, IncidentId};

/// A line of an incident's timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place in the log.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub event: Event,
}

const COLUMNS: &str = "seq, id, at, actor, incident, event, prev, hash";

impl Store {
    /// What happened to an incident, oldest first: the lines after a place in the log (0 for all), at most so many.
    ///
    /// # Errors
    /// If the database does not answer, or a line is not one of ours.
    pub async fn timeline(&self, id: &IncidentId, after: u64, limit: u32) -> Result<Vec<Entry>> {
        let id = id.clone();
        self.read(move |reading| {
            let rows = reading.query(
                "SELECT seq, at, actor, event FROM log WHERE incident = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                values![id.as_str(), place(after), i64::from(limit)],
            )?;
            rows.iter().map(entry).collect()
        })
        .await
    }

    /// The lines of the log after a place (0 for all), as they are stored; at most so many.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn lines(&self, after: u64, limit: u32) -> Result<Vec<Line>> {
        self.read(move |reading| {
            let sql = format!("SELECT {COLUMNS} FROM log WHERE seq > $1 ORDER BY seq LIMIT $2");
            reading.query(&sql, values![place(after), i64::from(limit)])?.iter().map(line).collect()
        })
        .await
    }

    /// The lowest place before the first at which there is a line. Nothing reads such lines but this.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn before_first(&self) -> Result<Option<i64>> {
        self.read(|reading| match reading.first("SELECT min(seq) FROM log WHERE seq < 1", &[])? {
            Some(row) => row.maybe_int(0),
            None => Ok(None),
        })
        .await
    }

    /// The signed end of the log; `None` while the log is empty.
    ///
    /// # Errors
    /// If the database does not answer, or the head is gone.
    pub async fn head(&self) -> Result<Option<Head>> {
        self.read(head).await
    }

    /// Writes down what happened to the installation itself.
    ///
    /// # Errors
    /// If it was not kept.
    pub async fn record(&self, event: &AuditEvent, actor: &str, now: Timestamp) -> Result<u64> {
        let (id, actor, event) = (random::name()?, actor.to_owned(), json(event)?);
        self.write(move |tx| record(tx, &id, &event, &actor, now)).await
    }
}

/// Appends a line about no incident, unless it is there already.
pub(super) fn record(tx: &mut Tx<'_>, id: &str, event: &str, actor: &str, now: Timestamp) -> Result<u64> {
    match tx.first("SELECT seq FROM log WHERE id = $1", values![id])? {
        Some(row) => seq(&row, 0),
        None => tx.append(&NewLine { id, at: now, actor, incident: None, event }),
    }
}

/// The events of an incident, oldest first.
pub(super) fn events_of(query: &mut dyn FnMut(&str) -> Result<Vec<Row>>) -> Result<Vec<Entry>> {
    query("SELECT seq, at, actor, event FROM log WHERE incident = $1 AND seq > 0 ORDER BY seq")?
        .iter()
        .map(entry)
        .collect()
}

pub(super) fn entry(row: &Row) -> Result<Entry> {
    Ok(Entry { seq: seq(row, 0)?, at: row.time(1)?, actor: row.text(2)?.to_owned(), event: parse(row.text(3)?)? })
}

fn line(row: &Row) -> Result<Line> {
    Ok(Line {
        seq: seq(row, 0)?,
        id: row.text(1)?.to_owned(),
        at: row.int(2)?,
        actor: row.text(3)?.to_owned(),
        incident: row.maybe_text(4)?.map(ToOwned::to_owned),
        event: row.text(5)?.to_owned(),
        prev: row.array(6)?,
        hash: row.array(7)?,
    })
}

fn head(reading: &mut Snapshot<'_>) -> Result<Option<Head>> {
    let row = reading.first("SELECT seq, hash, at, key, signature FROM head WHERE one = 1", &[])?;
    let row = row.ok_or_else(|| StoreError::Corrupt("the head of the log is gone".to_owned()))?;
    if row.int(0)? == 0 {
        return Ok(None);
    }
    Ok(Some(Head {
        seq: seq(&row, 0)?,
        hash: row.array(1)?,
        at: row.int(2)?,
        key: VerifyingKey::from_bytes(row.array(3)?),
        signature: row.array(4)?,
    }))
}

fn seq(row: &Row, at: usize) -> Result<u64> {
    u64::try_from(row.int(at)?).map_err(StoreError::corrupt)
}

/// A place in the log, as it is kept: none is so high that it would be one before the first.
fn place(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// The text of a value, as it is kept.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(StoreError::other)
}

/// The value of a text that was kept.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(StoreError::corrupt)
}
