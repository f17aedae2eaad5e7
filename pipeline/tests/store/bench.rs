//! What a test does with a store, in few words.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stanch_model::{Confidence, Severity};
use stanch_pipeline::audit::SigningKey;
use stanch_pipeline::store::{Actor, Claim, Options, Place, Store, StoreError, StoreKey, Writing};
use stanch_pipeline::{Detected, Event, Exposure, Incident, Occurrence, Owner};
use stanch_testkit::Postgres;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::server;

/// How long a lease lasts in tests.
pub(crate) const LEASE: Duration = Duration::from_mins(1);

/// Unwraps what a test cannot go on without.
pub(crate) fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// A moment of the tests' own time, in seconds from its beginning.
pub(crate) fn at(second: i64) -> Timestamp {
    must(Timestamp::from_second(1_800_000_000 + second))
}

/// Runs a test to its end.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    must(tokio::runtime::Builder::new_current_thread().enable_all().build()).block_on(test)
}

/// The key of the tests' stores.
pub(crate) fn key(byte: u8) -> StoreKey {
    StoreKey::from_bytes(Zeroizing::new([byte; 32]))
}

/// The key that signs heads.
pub(crate) fn signing(byte: u8) -> SigningKey {
    must(SigningKey::from_seed(&Zeroizing::new([byte; 32])))
}

/// The usual options of a place.
pub(crate) fn options(place: Place) -> Options {
    Options::new(place, key(1), signing(1))
}

/// A file of SQLite in a folder.
pub(crate) fn file(dir: &Path) -> Place {
    Place::Sqlite(dir.join("stanch.db"))
}

/// A process of a host.
pub(crate) fn actor(pid: u32) -> Actor {
    Actor { host: "here".to_owned(), pid, started: 7 }
}

/// A credential that was found.
pub(crate) fn detected(fingerprint: &str) -> Detected {
    Detected {
        fingerprint: fingerprint.to_owned(),
        rule: "acme.token".to_owned(),
        kind: Some("acme.token".to_owned()),
        provider: "acme".to_owned(),
        title: "Acme token".to_owned(),
        preview: "acme_…".to_owned(),
        confidence: Confidence::High,
        severity: Severity::High,
        exposure: Exposure::Internal,
        labels: BTreeMap::new(),
        owner: Owner { name: "team-a".to_owned(), found_by: "fallback".to_owned(), business: None },
    }
}

/// A place where it stands.
pub(crate) fn occurrence(line: u32) -> Occurrence {
    Occurrence {
        source: "https://git.example/repo".to_owned(),
        place: format!("src/Main.rs:{line}"),
        commit: None,
        author: None,
        url: None,
        agent: None,
        since: None,
    }
}

/// A remark.
pub(crate) fn noted(text: &str) -> Event {
    Event::Noted { text: text.to_owned() }
}

/// Gives a claim back, with a time to look again if one is named.
pub(crate) async fn release(store: &Store, claim: &Claim, due: Option<i64>) -> Result<Incident, StoreError> {
    let later = due.map(|due| (at(0), Event::Later { due: at(due), why: String::new() }));
    let writing = Writing { lines: later.into_iter().collect(), release: true, ..Writing::default() };
    store.write_down(claim, "engine", writing, at(0)).await
}

/// A store in a place.
pub(crate) async fn open(place: &Place) -> Store {
    must(Store::open(options(place.clone())).await)
}

/// Somewhere to keep a store, with a way around it.
pub(crate) enum Ground {
    /// A file.
    File(TempDir),
    /// A database of a server.
    Server(Arc<Postgres>, String),
}

impl Ground {
    /// Where the store is.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::File(dir) => file(dir.path()),
            Self::Server(server, database) => server::place(server, database),
        }
    }

    /// Runs statements behind the store's back.
    pub(crate) fn meddle(&self, sql: &str) {
        must(self.try_to(sql));
    }

    /// The same, where it may be refused.
    pub(crate) fn try_to(&self, sql: &str) -> Result<(), String> {
        match self {
            Self::File(dir) => {
                let file = must(rusqlite::Connection::open(dir.path().join("stanch.db")));
                must(file.busy_timeout(LEASE));
                file.execute_batch(sql).map_err(|error| error.to_string())
            }
            Self::Server(server, database) => {
                let output = must(server.psql(database, sql).output());
                if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
            }
        }
    }

    /// Takes away what keeps the log from being changed.
    pub(crate) fn disarm(&self) {
        self.meddle(match self {
            Self::File(_) => "DROP TRIGGER log_no_update; DROP TRIGGER log_no_delete",
            Self::Server(..) => "ALTER TABLE log DISABLE TRIGGER ALL",
        });
    }

    /// Bytes in a statement.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> String {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::File(_) => format!("x'{}'", hex.concat()),
            Self::Server(..) => format!("decode('{}', 'hex')", hex.concat()),
        }
    }
}

/// Runs a test on each database.
#[expect(clippy::needless_pass_by_value, reason = "a test is written where it is called")]
pub(crate) fn on_both(test: impl AsyncFn(&Ground)) {
    run(test(&Ground::File(must(tempfile::tempdir()))));
    let server = Postgres::shared();
    let database = server.database();
    run(test(&Ground::Server(server, database)));
}
