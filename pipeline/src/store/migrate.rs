//! The schema, made and brought forward. Each step is one transaction and is recorded with its hash.

use super::connection::{Connection, Dialect};
use super::error::{Result, StoreError};
use super::value::values;

/// The steps, in order. A step that was released is never changed: a database that has it would be refused.
const STEPS: &[(&str, &str)] = &[
    ("0001_begin", include_str!("migrations/0001_begin.sql")),
    ("0002_claims", include_str!("migrations/0002_claims.sql")),
];

/// Brings the schema to where this program knows it.
pub(crate) fn migrate(connection: &mut dyn Connection) -> Result<()> {
    // The lock is the same for all who start at once; it ends with the transaction.
    let begin = match connection.dialect() {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres => "BEGIN; SELECT pg_advisory_xact_lock(7309453173209)",
    };
    loop {
        connection.batch(begin)?;
        let outcome = step(connection);
        if matches!(outcome, Ok(true)) {
            connection.batch("COMMIT")?;
            continue;
        }
        let _ = connection.batch("ROLLBACK");
        return outcome.map(drop);
    }
}

/// Takes the first step that is missing; `false` if none is.
fn step(connection: &mut dyn Connection) -> Result<bool> {
    let dialect = connection.dialect();
    connection.batch(&translated(
        dialect,
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT NOT NULL PRIMARY KEY, hash TEXT NOT NULL) STRICT;",
    ))?;
    let taken = connection.query("SELECT name, hash FROM migrations ORDER BY name", &[])?;
    for (at, row) in taken.iter().enumerate() {
        let (name, hash) = (row.text(0)?, row.text(1)?);
        let Some((known, sql)) = STEPS.get(at) else {
            return Err(StoreError::Unfit(format!("it is newer: this program does not know `{name}`")));
        };
        if *known != name || hash_of(sql) != hash {
            return Err(StoreError::Unfit(format!("its migration `{name}` is not the one of this program")));
        }
    }
    let Some((name, sql)) = STEPS.get(taken.len()) else { return Ok(false) };
    connection.batch(&translated(dialect, sql))?;
    connection.execute("INSERT INTO migrations (name, hash) VALUES ($1, $2)", values![*name, hash_of(sql)])?;
    Ok(true)
}

fn hash_of(sql: &str) -> String {
    blake3::hash(sql.as_bytes()).to_hex().to_string()
}

/// A step in the words of one database. It is written in those of SQLite; lines between `-- only <database>` and `-- both` are for one.
fn translated(dialect: Dialect, sql: &str) -> String {
    let mut mine = true;
    let mut text = String::new();
    for line in sql.lines() {
        match line.trim() {
            "-- only sqlite" => mine = dialect == Dialect::Sqlite,
            "-- only postgres" => mine = dialect == Dialect::Postgres,
            "-- both" => mine = true,
            comment if comment.starts_with("--") => {}
            _ if mine => text.extend([line, "\n"]),
            _ => {}
        }
    }
    match dialect {
        Dialect::Sqlite => text,
        // Texts are ordered by their bytes, as in SQLite, whatever the language of the server.
        Dialect::Postgres => text
            .replace(" TEXT", " TEXT COLLATE \"C\"")
            .replace(" INTEGER", " BIGINT")
            .replace(" BLOB", " BYTEA")
            .replace(") STRICT;", ");"),
    }
}
