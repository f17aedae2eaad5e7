//! The little that is asked of a database.

use super::error::Result;
use super::value::{Row, Value};

/// Which database it is, for the few places in which they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A connection to a database. Statements name their values `$1`, `$2` and so on.
pub(crate) trait Connection: Send {
    /// Which database it is.
    fn dialect(&self) -> Dialect;

    /// Runs a statement and tells how many rows it changed.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64>;

    /// Asks for rows.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>>;

    /// Runs statements without values, one after another.
    fn batch(&mut self, sql: &str) -> Result<()>;

    /// Begins a transaction that writes. From here to its end nobody else's writes.
    fn begin(&mut self) -> Result<()> {
        match self.dialect() {
            Dialect::Sqlite => self.batch("BEGIN IMMEDIATE"),
            // The head's row is the one lock that all writers meet at, so none of them can deadlock with another.
            Dialect::Postgres => self.batch("BEGIN; SELECT 1 FROM head WHERE one = 1 FOR UPDATE"),
        }
    }

    /// Begins a transaction that reads one state of the database.
    fn begin_read(&mut self) -> Result<()> {
        match self.dialect() {
            Dialect::Sqlite => self.batch("BEGIN"),
            Dialect::Postgres => self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        }
    }
}

/// Makes new connections.
pub(crate) trait Connect: Send + Sync {
    /// A connection that writes.
    fn writer(&self) -> Result<Box<dyn Connection>>;

    /// A connection that only reads.
    fn reader(&self) -> Result<Box<dyn Connection>>;
}
