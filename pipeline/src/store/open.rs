//! A store, from its options to the threads that carry it.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::connection::{Connect, Connection};
use super::error::{Result, StoreError};
use super::key::StoreKey;
use super::lease::Gone;
use super::postgres::{Postgres, Server};
use super::reader::{self, Question, Snapshot};
use super::signer::Signer;
use super::sqlite::Sqlite;
use super::tx::Tx;
use super::writer::{Counts, Work, Writer, ended, work};
use super::{migrate, secrets};
use crate::audit::{SigningKey, VerifyingKey};

/// Where a store is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file of SQLite, for one machine. It is made if it is not there.
    Sqlite(PathBuf),
    /// A database of PostgreSQL, for several servers.
    Postgres(Server),
}

/// How a store is opened.
pub struct Options {
    /// Where it is.
    pub place: Place,
    /// What its secrets are sealed with.
    pub key: StoreKey,
    /// What its heads are signed with.
    pub signing: SigningKey,
    /// Whose heads are believed as well: keys of other servers, and those that were used before.
    pub trusted: Vec<VerifyingKey>,
    /// For how long something is tried again while the database is busy or away.
    pub patience: Duration,
    /// How many threads read.
    pub readers: usize,
    /// How much may wait for the writer; whoever brings more waits.
    pub queue: usize,
    /// How many jobs that are not done one queue holds.
    pub depth: u64,
    /// The most pages that a file of SQLite may have, where that is bounded.
    pub pages: Option<u32>,
    /// A hash by which the key of fingerprints is known, if all who share the store must have the same: else one credential would have as many
    /// names as there are servers.
    pub fingerprints: Option<[u8; 32]>,
    /// Tells that a process of this host is no more, so that its leases can be taken over at once.
    pub gone: Gone,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("place", &self.place).field("signing", &self.signing).finish_non_exhaustive()
    }
}

impl Options {
    /// The usual ones.
    pub fn new(place: Place, key: StoreKey, signing: SigningKey) -> Self {
        Self {
            place,
            key,
            signing,
            trusted: Vec::new(),
            patience: Duration::from_secs(20),
            readers: 4,
            queue: 1024,
            depth: 100_000,
            pages: None,
            fingerprints: None,
            gone: Arc::new(|_| false),
        }
    }
}

/// What the writer has done since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions that were committed.
    pub commits: u64,
    /// What was asked for, done in these transactions.
    pub works: u64,
    /// How often a connection was made anew.
    pub reconnects: u64,
}

/// The memory of the pipeline. Copies are the same store; it is closed when the last of them is dropped, after what was asked for is done.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: mpsc::Sender<Box<dyn Work>>,
    readers: mpsc::Sender<Question>,
    key: Arc<StoreKey>,
    trusted: Vec<VerifyingKey>,
    signs_as: VerifyingKey,
    depth: u64,
    gone: Gone,
    counts: Arc<Counts>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a store, which is made or brought forward if need be.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] if it was made with another key, [`StoreError::OtherFingerprints`] if names of credentials are made with another,
    /// [`StoreError::Unfit`] if its schema is newer than this program or was
    /// changed, [`StoreError::Gone`] if the database cannot be reached within the patience of the options.
    pub async fn open(options: Options) -> Result<Self> {
        let connect: Arc<dyn Connect> = match &options.place {
            Place::Sqlite(path) => Arc::new(Sqlite::new(path, options.pages)?),
            Place::Postgres(server) => Arc::new(Postgres::new(server)?),
        };
        let counts = Arc::new(Counts::default());
        let mut trusted = options.trusted;
        let signs_as = options.signing.public();
        trusted.push(signs_as);
        let (sender, queue) = mpsc::channel(options.queue.max(1));
        let writer = Writer {
            connect: Arc::clone(&connect),
            connection: None,
            signer: Signer::new(options.signing, trusted.clone()),
            queue,
            patience: options.patience,
            counts: Arc::clone(&counts),
        };
        begin_writer(writer).await?;
        let readers = begin_readers(&connect, options.readers.max(1))?;
        let key = Arc::new(options.key);
        let (depth, gone) = (options.depth, options.gone);
        let inner = Inner { writer: sender, readers, key, trusted, signs_as, depth, gone, counts };
        let store = Self { inner: Arc::new(inner) };
        let key = store.key();
        let fingerprints = options.fingerprints;
        store
            .write(move |tx| {
                secrets::check_key(tx, &key)?;
                fingerprints.map_or(Ok(()), |hash| secrets::check_fingerprints(tx, &hash))
            })
            .await?;
        Ok(store)
    }

    /// Waits until everything that was asked for before is done.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn flush(&self) -> Result<()> {
        self.write(|_| Ok(())).await
    }

    /// What the writer has done.
    pub fn stats(&self) -> Stats {
        let counts = &self.inner.counts;
        let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        Stats { commits: of(&counts.commits), works: of(&counts.works), reconnects: of(&counts.reconnects) }
    }

    /// Who signs the heads of what is written here.
    pub fn signs_as(&self) -> VerifyingKey {
        self.inner.signs_as
    }

    /// Whose heads are believed.
    pub fn trusted(&self) -> &[VerifyingKey] {
        &self.inner.trusted
    }

    /// Does something in a transaction, and answers when it is durable. It may run several times, each time from its beginning.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (work, told) = work(run);
        self.inner.writer.send(work).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }

    /// Asks something of one state of the database.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        ask: impl FnMut(&mut Snapshot<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (question, told) = reader::question(ask);
        self.inner.readers.send(question).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }

    pub(super) fn key(&self) -> Arc<StoreKey> {
        Arc::clone(&self.inner.key)
    }

    pub(super) fn gone(&self) -> Gone {
        Arc::clone(&self.inner.gone)
    }

    pub(super) fn depth(&self) -> u64 {
        self.inner.depth
    }
}

/// Starts the thread that writes, and waits until the schema is there.
async fn begin_writer(mut writer: Writer) -> Result<()> {
    let (tell, told) = oneshot::channel();
    spawn("stanch-store".to_owned(), move || match prepare(writer.connect.as_ref(), writer.patience) {
        Ok(connection) => {
            writer.connection = Some(connection);
            if tell.send(Ok(())).is_ok() {
                writer.run();
            }
        }
        Err(error) => drop(tell.send(Err(error))),
    })?;
    told.await.map_err(|_| ended())?
}

/// The first connection, with the schema brought forward. A database that is busy or away is waited for.
fn prepare(connect: &dyn Connect, patience: Duration) -> Result<Box<dyn Connection>> {
    const PAUSE: Duration = Duration::from_millis(200);
    let begun = Instant::now();
    loop {
        let prepared = connect.writer().and_then(|mut connection| {
            migrate::migrate(connection.as_mut())?;
            Ok(connection)
        });
        match prepared {
            Err(error) if error.is_passing() && begun.elapsed() < patience => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
}

fn begin_readers(connect: &Arc<dyn Connect>, count: usize) -> Result<mpsc::Sender<Question>> {
    let (sender, questions) = mpsc::channel(count * 16);
    let questions = Arc::new(Mutex::new(questions));
    for at in 0..count {
        let (questions, connect) = (Arc::clone(&questions), Arc::clone(connect));
        spawn(format!("stanch-read-{at}"), move || reader::run(&questions, connect.as_ref()))?;
    }
    Ok(sender)
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new().name(name).spawn(run).map(drop).map_err(StoreError::other)
}
