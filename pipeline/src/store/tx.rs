//! A transaction that writes, as what runs in it sees it.

use jiff::Timestamp;

use super::connection::Connection;
use super::error::{Result, StoreError};
use super::signer::{Found, Signer};
use super::value::{Row, Value, values};
use crate::audit::chain::{self, Hash, Line};

/// A transaction. What runs in it may run again from its beginning, so it makes nothing up itself: ids and times are handed in.
pub(crate) struct Tx<'a> {
    connection: &'a mut dyn Connection,
    signer: &'a Signer,
    /// The end of the log, once a line was appended.
    end: Option<End>,
    /// Where the log ended before.
    begin: u64,
}

/// The last line of the log.
#[derive(Debug, Clone, Copy)]
struct End {
    seq: u64,
    hash: Hash,
    at: Timestamp,
}

/// A line that is to be appended.
pub(crate) struct NewLine<'a> {
    /// Unique in the log, and the same when it runs again.
    pub(crate) id: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) actor: &'a str,
    pub(crate) incident: Option<&'a str>,
    /// JSON.
    pub(crate) event: &'a str,
}

impl<'a> Tx<'a> {
    /// A transaction on a connection that began one.
    pub(super) fn new(connection: &'a mut dyn Connection, signer: &'a Signer) -> Self {
        Self { connection, signer, end: None, begin: 0 }
    }

    /// Runs a statement and tells how many rows it changed.
    pub(crate) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        self.connection.execute(sql, values)
    }

    /// Asks for rows.
    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        self.connection.query(sql, values)
    }

    /// Asks for a row that may be there.
    pub(crate) fn first(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// Whether a line is in the log: what runs was committed before, and only its answer was lost.
    pub(crate) fn logged(&mut self, id: &str) -> Result<bool> {
        Ok(self.first("SELECT 1 FROM log WHERE id = $1", values![id])?.is_some())
    }

    /// Appends a line to the log, at its end.
    pub(crate) fn append(&mut self, new: &NewLine<'_>) -> Result<u64> {
        let end = self.end(new.at)?;
        self.put(end, new)
    }

    /// Puts a line after an end of the log.
    fn put(&mut self, end: End, new: &NewLine<'_>) -> Result<u64> {
        let line = Line {
            seq: end.seq + 1,
            id: new.id.to_owned(),
            // Times in the log never go back, whatever the clocks of several servers say.
            at: new.at.max(end.at).as_millisecond(),
            actor: new.actor.to_owned(),
            incident: new.incident.map(ToOwned::to_owned),
            event: new.event.to_owned(),
            prev: end.hash,
            hash: chain::START,
        }
        .hashed();
        self.execute(
            "INSERT INTO log (seq, id, at, actor, incident, event, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            values![
                line.seq as i64,
                line.id,
                line.at,
                line.actor,
                line.incident,
                line.event,
                line.prev.as_slice(),
                line.hash.as_slice()
            ],
        )?;
        let at = super::value::time(line.at)?;
        self.end = Some(End { seq: line.seq, hash: line.hash, at });
        Ok(line.seq)
    }

    /// The time that a line gets which is appended now.
    pub(crate) fn time(&mut self, at: Timestamp) -> Result<Timestamp> {
        Ok(super::value::whole(at).max(self.end(at)?.at))
    }

    /// The end of the log. If it is one that nobody should build on without a word, that is said first, in a line at this time.
    fn end(&mut self, at: Timestamp) -> Result<End> {
        if let Some(end) = self.end {
            return Ok(end);
        }
        let row = self.first("SELECT seq, hash, at, key, signature FROM head WHERE one = 1", &[])?;
        let found = Found::of(&row.ok_or_else(|| StoreError::Corrupt("the head of the log is gone".to_owned()))?)?;
        self.begin = found.seq;
        let end = End { seq: found.seq, hash: found.hash, at: found.at };
        let Some(doubt) = self.signer.doubt(&found) else { return Ok(end) };
        tracing::error!(line = found.seq, "the end of the log was not signed by anybody who is trusted, or goes back");
        let event = super::log::json(&doubt)?;
        self.put(end, &NewLine { id: &found.name(), at, actor: "store", incident: None, event: &event })?;
        Ok(self.end.unwrap_or(end))
    }

    /// Runs something that is undone alone if it fails.
    pub(super) fn within(&mut self, run: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let end = self.end;
        self.connection.batch("SAVEPOINT work")?;
        match run(self) {
            Ok(()) => self.connection.batch("RELEASE SAVEPOINT work"),
            Err(error) if error.ends_transaction() => Err(error),
            Err(_) => {
                self.end = end;
                self.connection.batch("ROLLBACK TO SAVEPOINT work; RELEASE SAVEPOINT work")
            }
        }
    }

    /// Signs the head, if lines were appended, and gives that end.
    pub(super) fn seal(&mut self) -> Result<Option<(u64, Hash)>> {
        let Some(end) = self.end else { return Ok(None) };
        let head = self.signer.sign(end.seq, end.hash, end.at);
        self.execute(
            "UPDATE head SET seq = $1, hash = $2, at = $3, key = $4, signature = $5 WHERE one = 1",
            values![
                head.seq as i64,
                head.hash.as_slice(),
                head.at,
                head.key.as_bytes().as_slice(),
                head.signature.as_slice()
            ],
        )?;
        Ok(Some((end.seq, end.hash)))
    }

    /// How many lines were appended.
    pub(super) fn lines(&self) -> u64 {
        self.end.map_or(0, |end| end.seq.saturating_sub(self.begin))
    }
}
