//! SQLite, in the write-ahead mode: one file for one machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags, ToSql, params_from_iter};

use super::connection::{Connect, Connection, Dialect};
use super::error::{Result, StoreError};
use super::value::{Row, Value};

/// How long one waits for another one's transaction. Longer waits are the writer's.
const BUSY: Duration = Duration::from_secs(5);
/// How many statements are kept ready.
const READY: usize = 128;

/// A database in a file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    /// The most pages that the file may have, where that is bounded.
    pages: Option<u32>,
}

impl Sqlite {
    /// The database in a file, which is made if it is not there; nobody else can read it.
    pub(crate) fn new(path: &Path, pages: Option<u32>) -> Result<Self> {
        make(path).map_err(|error| StoreError::Other(format!("`{}`: {error}", path.display())))?;
        Ok(Self { path: path.to_owned(), pages })
    }

    fn open(&self) -> Result<rusqlite::Connection> {
        // Never `CREATE`: a file that vanished is a database that is away, not a new one.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let inner = rusqlite::Connection::open_with_flags(&self.path, flags).map_err(|error| fault(&error))?;
        inner.busy_timeout(BUSY).map_err(|error| fault(&error))?;
        inner.set_prepared_statement_cache_capacity(READY);
        Ok(inner)
    }
}

impl Connect for Sqlite {
    fn writer(&self) -> Result<Box<dyn Connection>> {
        let mut connection = Lite(self.open()?);
        // The order matters: the mode of the journal can only be changed outside of transactions.
        connection.batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
             PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON",
        )?;
        // What is worked on stays in memory (in KiB), as does what a part of a transaction may have to take back; the file is brought up to date in larger steps
        // (in pages): under load this is most of the time.
        connection.batch("PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000")?;
        if let Some(pages) = self.pages {
            connection.batch(&format!("PRAGMA max_page_count = {pages}"))?;
        }
        Ok(Box::new(connection))
    }

    fn reader(&self) -> Result<Box<dyn Connection>> {
        let mut connection = Lite(self.open()?);
        connection.batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")?;
        Ok(Box::new(connection))
    }
}

/// Makes the file and its folder, for their owner only. SQLite gives the files beside it the same permissions.
///
/// A file that is there is not opened: with the first handle that a process closes, it loses the locks that all its connections hold on that file, and
/// others then write where these write (<https://www.sqlite.org/howtocorrupt.html>, section 2.2). For the same reason one thread waits until the
/// other has closed what it made.
fn make(path: &Path) -> io::Result<()> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = fs::File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => usable(path),
        made => made.map(drop),
    }
}

/// Tells at once what would otherwise look like a file that is away for a while.
fn usable(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    #[cfg(unix)]
    rustix::fs::access(path, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK)?;
    Ok(())
}

struct Lite(rusqlite::Connection);

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl Connection for Lite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        let mut statement = self.0.prepare_cached(&numbered(sql)).map_err(|error| fault(&error))?;
        let changed = statement.execute(params_from_iter(values)).map_err(|error| fault(&error))?;
        Ok(changed as u64)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        let mut statement = self.0.prepare_cached(&numbered(sql)).map_err(|error| fault(&error))?;
        let width = statement.column_count();
        let mut rows = statement.query(params_from_iter(values)).map_err(|error| fault(&error))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(|error| fault(&error))? {
            let value = |at| row.get_ref(at).map_err(|error| fault(&error)).and_then(value);
            all.push(Row((0..width).map(value).collect::<Result<_>>()?));
        }
        Ok(all)
    }

    fn batch(&mut self, sql: &str) -> Result<()> {
        self.0.execute_batch(sql).map_err(|error| fault(&error))
    }
}

/// `$1` is a name to SQLite, numbered by where it stands first; `?1` is a number.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn value(value: ValueRef<'_>) -> Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(value) => Value::Text(String::from_utf8(value.to_vec()).map_err(StoreError::corrupt)?),
        ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
        ValueRef::Real(_) => return Err(StoreError::Corrupt("a fraction where none is stored".to_owned())),
    })
}

/// What an error means (<https://www.sqlite.org/rescode.html>).
fn fault(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            StoreError::Busy(text)
        }
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(ErrorCode::CannotOpen) => StoreError::Gone(text),
        // A limit on the size of files, or a disk that takes no more, can also show itself as a failed write.
        Some(ErrorCode::SystemIoFailure) => match error {
            rusqlite::Error::SqliteFailure(inner, _) if inner.extended_code == IOERR_WRITE => StoreError::Full(text),
            _ => StoreError::Gone(text),
        },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(text),
        _ => StoreError::Other(text),
    }
}

/// `SQLITE_IOERR_WRITE`.
const IOERR_WRITE: i32 = 778;
