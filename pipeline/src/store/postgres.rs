//! PostgreSQL, for several servers.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::types::{ToSql, Type};
use postgres::{Client, Config, Statement};
use zeroize::Zeroizing;

use super::connection::{Connect, Connection, Dialect};
use super::error::{Result, StoreError};
use super::tls::Tls;
use super::value::{Row, Value};

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(5);
/// After how long a silent network counts as a lost connection.
const SILENCE: Duration = Duration::from_secs(20);
/// How many statements are kept ready.
const READY: usize = 256;

/// Where a database of PostgreSQL is.
#[derive(Clone)]
pub struct Server {
    /// `postgres://user:password@host/database?sslmode=require`, or pairs as libpq reads them. Certificates are always checked in full, so
    /// `require` means what libpq calls `verify-full`.
    pub url: Zeroizing<String>,
    /// The password, where the address holds none.
    pub password: Option<Zeroizing<String>>,
    /// A PEM file of authorities that are believed besides those of the system.
    pub ca: Option<PathBuf>,
    /// Whether a connection without TLS may leave this machine.
    pub plain: bool,
    /// How long one statement may take.
    pub statement_timeout: Duration,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("ca", &self.ca).field("plain", &self.plain).finish_non_exhaustive()
    }
}

impl Server {
    /// The usual ones.
    pub fn new(url: Zeroizing<String>) -> Self {
        Self { url, password: None, ca: None, plain: false, statement_timeout: Duration::from_secs(30) }
    }
}

/// Whether the address of a database holds a password; `None` if it is no address.
pub(super) fn holds_password(url: &str) -> Option<bool> {
    parsed(url).ok().map(|config| config.get_password().is_some())
}

fn parsed(url: &str) -> Result<Config> {
    let mut text = Zeroizing::new(url.to_owned());
    for full in ["verify-full", "verify-ca"] {
        text = Zeroizing::new(text.replace(&format!("sslmode={full}"), "sslmode=require"));
    }
    // The library's own words could show a part of the address, which holds a password.
    text.parse().map_err(|_| StoreError::Other("the address of the database cannot be read".to_owned()))
}

/// Connects to a server.
pub(super) struct Postgres {
    config: Config,
    tls: Tls,
    statement_timeout: Duration,
}

impl Postgres {
    pub(super) fn new(server: &Server) -> Result<Self> {
        Ok(Self {
            config: config(server)?,
            tls: Tls::new(server.ca.as_deref())?,
            statement_timeout: server.statement_timeout,
        })
    }

    fn open(&self, settings: &str) -> Result<Box<dyn Connection>> {
        let client = self.config.connect(self.tls.clone()).map_err(|error| fault(&error))?;
        let mut connection = Pg { client, ready: HashMap::new() };
        let longest = self.statement_timeout.as_millis();
        // A server that stalls in the middle of a transaction must not hold up the others for ever, and a commit must be durable.
        connection.batch(&format!(
            "SET statement_timeout = {longest}; SET lock_timeout = {longest};
             SET idle_in_transaction_session_timeout = {longest};
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
             {settings}"
        ))?;
        Ok(Box::new(connection))
    }
}

impl Connect for Postgres {
    fn writer(&self) -> Result<Box<dyn Connection>> {
        self.open("SET default_transaction_read_only = off")
    }

    fn reader(&self) -> Result<Box<dyn Connection>> {
        self.open("SET default_transaction_read_only = on")
    }
}

/// Reads where the database is, and sees to it that nothing goes over a network in clear.
fn config(server: &Server) -> Result<Config> {
    let mut config = parsed(&server.url)?;
    if let Some(password) = &server.password {
        config.password(password.as_bytes());
    }
    if !server.plain && !is_local(&config) {
        match config.get_ssl_mode() {
            SslMode::Prefer => drop(config.ssl_mode(SslMode::Require)),
            SslMode::Disable => {
                return Err(StoreError::Other("a database on another machine is only spoken to in TLS".to_owned()));
            }
            _ => {}
        }
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECTING);
    }
    config
        .application_name("stanch")
        .keepalives_idle(SILENCE / 2)
        .keepalives_interval(SILENCE / 4)
        .keepalives_retries(2);
    config.tcp_user_timeout(SILENCE);
    Ok(config)
}

/// Whether the database is on this machine.
fn is_local(config: &Config) -> bool {
    if !config.get_hostaddrs().is_empty() {
        return config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

struct Pg {
    client: Client,
    ready: HashMap<String, Statement>,
}

impl Pg {
    fn prepared(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.ready.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).map_err(|error| fault(&error))?;
        if self.ready.len() >= READY {
            self.ready.clear();
        }
        self.ready.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Connection for Pg {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        let statement = self.prepared(sql)?;
        let values = bound(&statement, values)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(AsRef::as_ref).collect();
        self.client.execute(&statement, &values).map_err(|error| fault(&error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        let statement = self.prepared(sql)?;
        let values = bound(&statement, values)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(AsRef::as_ref).collect();
        let rows = self.client.query(&statement, &values).map_err(|error| fault(&error))?;
        rows.iter().map(row).collect()
    }

    fn batch(&mut self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).map_err(|error| fault(&error))
    }
}

/// The values in the types that the server expects.
fn bound<'a>(statement: &Statement, values: &'a [Value]) -> Result<Vec<Box<dyn ToSql + Sync + 'a>>> {
    statement.params().iter().zip(values).map(|(kind, value)| one(kind, value)).collect()
}

fn one<'a>(kind: &Type, value: &'a Value) -> Result<Box<dyn ToSql + Sync + 'a>> {
    Ok(match (value, kind) {
        (Value::Null, &Type::INT8) => Box::new(None::<i64>),
        (Value::Null, &Type::INT4) => Box::new(None::<i32>),
        (Value::Null, &Type::BYTEA) => Box::new(None::<&[u8]>),
        (Value::Null, _) => Box::new(None::<&str>),
        (Value::Int(value), &Type::INT4) => Box::new(i32::try_from(*value).map_err(StoreError::other)?),
        (Value::Int(value), _) => Box::new(*value),
        (Value::Text(value), _) => Box::new(value.as_str()),
        (Value::Bytes(value), _) => Box::new(value.as_slice()),
    })
}

fn row(row: &postgres::Row) -> Result<Row> {
    (0..row.len()).map(|at| value(row, at)).collect::<Result<_>>().map(Row)
}

fn value(row: &postgres::Row, at: usize) -> Result<Value> {
    let kind = row.columns().get(at).map_or(Type::UNKNOWN, |column| column.type_().clone());
    let value = match kind {
        Type::BOOL => row.try_get::<_, Option<bool>>(at).map(|value| value.map(i64::from).into()),
        Type::INT4 => row.try_get::<_, Option<i32>>(at).map(|value| value.map(i64::from).into()),
        Type::INT8 => row.try_get::<_, Option<i64>>(at).map(Into::into),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at).map(Into::into),
        _ => row.try_get::<_, Option<String>>(at).map(Into::into),
    };
    value.map_err(StoreError::corrupt)
}

/// What an error means (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn fault(error: &postgres::Error) -> StoreError {
    let Some(told) = error.as_db_error() else { return unspoken(error) };
    let code = told.code().code();
    // Not the detail, which can show values.
    let text = format!("{} ({code})", told.message());
    match code {
        // Another transaction was in the way; a statement or a lock took too long.
        "40001" | "40P01" | "55P03" | "57014" => StoreError::Busy(text),
        // Out of disk, out of memory.
        "53100" | "53200" => StoreError::Full(text),
        // Too many connections; it stops, starts, or recovers; it is a replica now; the transaction stood still for too long.
        "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25006" | "25P03" => StoreError::Gone(text),
        "XX001" | "XX002" => StoreError::Corrupt(text),
        _ if code.starts_with("08") => StoreError::Gone(text),
        _ => StoreError::Other(text),
    }
}

/// What an error means that the server did not tell.
fn unspoken(error: &postgres::Error) -> StoreError {
    let inner = std::error::Error::source(error);
    let text = inner.map_or_else(|| error.to_string(), |inner| format!("{error}: {inner}"));
    let io = inner.is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
    if error.is_closed() || io || text.starts_with("error connecting") || text.starts_with("error performing TLS") {
        StoreError::Gone(text)
    } else {
        StoreError::Other(text)
    }
}
