//! A transaction that writes, as what runs in it sees it.

use jiff::Timestamp;

use super::connection::Connection;
use super::error::{Result, StoreError};
use super::value::{Row, Value, values};
use crate::audit::chain::{self, Hash, Line};
use crate::audit::head::{Head, SigningKey};

/// A transaction. What runs in it may run again from its beginning, so it makes nothing up itself: ids and times are handed in.
pub(crate) struct Tx<'a> {
    connection: &'a mut dyn Connection,
    signing: &'a SigningKey,
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
    pub(super) fn new(connection: &'a mut dyn Connection, signing: &'a SigningKey) -> Self {
        Self { connection, signing, end: None, begin: 0 }
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
        let end = self.end()?;
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
        Ok(super::value::whole(at).max(self.end()?.at))
    }

    fn end(&mut self) -> Result<End> {
        if let Some(end) = self.end {
            return Ok(end);
        }
        let row = self.first("SELECT seq, hash, at FROM head WHERE one = 1", &[])?;
        let row = row.ok_or_else(|| StoreError::Corrupt("the head of the log is gone".to_owned()))?;
        let seq = u64::try_from(row.int(0)?).map_err(StoreError::corrupt)?;
        self.begin = seq;
        Ok(End { seq, hash: row.array(1)?, at: row.time(2)? })
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

    /// Signs the head, if lines were appended, and tells how many.
    pub(super) fn seal(&mut self) -> Result<u64> {
        let Some(end) = self.end else { return Ok(0) };
        let head = Head::sign(self.signing, end.seq, end.hash, end.at);
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
        Ok(end.seq.saturating_sub(self.begin))
    }
}
