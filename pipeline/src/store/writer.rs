//! The one thread that writes. It takes what waits, runs it in one transaction, and answers after the commit: the price of a durable commit is
//! paid once for many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::connection::{Connect, Connection};
use super::error::{Result, StoreError};
use super::signer::Signer;
use super::tx::Tx;

/// The most that is done in one transaction.
const MOST: usize = 256;
/// The first and the longest pause before something is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Something that is done in a transaction, perhaps several times, and answered once.
pub(super) trait Work: Send {
    /// Does it. A failure of its own is kept for the answer as well.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<()>;

    /// Answers: after the commit with what came of it, else with what went wrong.
    fn answer(self: Box<Self>, committed: Result<()>);
}

struct Task<T, F> {
    run: F,
    done: Option<Result<T>>,
    tell: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnMut(&mut Tx<'_>) -> Result<T> + Send> Work for Task<T, F> {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let run = AssertUnwindSafe(|| (self.run)(tx));
        let done = catch_unwind(run).unwrap_or_else(|_| Err(StoreError::Other("a fault in this program".to_owned())));
        let outcome = done.as_ref().map_or_else(|error| Err(error.clone()), |_| Ok(()));
        self.done = Some(done);
        outcome
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        let done = self.done.unwrap_or_else(|| Err(ended()));
        // Nobody may be waiting any more.
        let _ = self.tell.send(committed.and(done));
    }
}

/// Something to do, and where its answer comes.
pub(super) fn work<T: Send + 'static>(
    run: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> (Box<dyn Work>, oneshot::Receiver<Result<T>>) {
    let (tell, told) = oneshot::channel();
    (Box::new(Task { run, done: None, tell }), told)
}

/// The store was closed.
pub(super) fn ended() -> StoreError {
    StoreError::Gone("the store is closed".to_owned())
}

/// What was done so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) commits: AtomicU64,
    pub(super) works: AtomicU64,
    pub(super) reconnects: AtomicU64,
}

/// The writer.
pub(super) struct Writer {
    pub(super) connect: Arc<dyn Connect>,
    pub(super) connection: Option<Box<dyn Connection>>,
    pub(super) signer: Signer,
    pub(super) queue: mpsc::Receiver<Box<dyn Work>>,
    /// For how long something is tried again.
    pub(super) patience: Duration,
    pub(super) counts: Arc<Counts>,
}

impl Writer {
    /// Works until nobody can ask for anything any more.
    pub(super) fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < MOST
                && let Ok(next) = self.queue.try_recv()
            {
                batch.push(next);
            }
            self.serve(batch);
        }
    }

    fn serve(&mut self, mut batch: Vec<Box<dyn Work>>) {
        let begun = Instant::now();
        let mut pause = PAUSES.0;
        let error = loop {
            match self.attempt(&mut batch) {
                Ok(()) => return batch.into_iter().for_each(|work| work.answer(Ok(()))),
                Err(error) if error.is_passing() && begun.elapsed() < self.patience => {
                    tracing::warn!(%error, "the store tries again");
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(PAUSES.1);
                }
                Err(error) => break error,
            }
        };
        if batch.len() > 1 && !error.is_passing() {
            // One of them may be what the others suffer from.
            return batch.into_iter().for_each(|work| self.serve(vec![work]));
        }
        for work in batch {
            work.answer(Err(error.clone()));
        }
    }

    /// Does all of it in one transaction.
    fn attempt(&mut self, batch: &mut [Box<dyn Work>]) -> Result<()> {
        let mut connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            self.counts.reconnects.fetch_add(1, Ordering::Relaxed);
            self.connect.writer()?
        };
        let outcome = transact(connection.as_mut(), &mut self.signer, batch);
        let undone = outcome.is_ok() || connection.batch("ROLLBACK").is_ok();
        if undone && !matches!(outcome, Err(StoreError::Gone(_))) {
            self.connection = Some(connection);
        }
        if outcome.is_ok() {
            self.counts.commits.fetch_add(1, Ordering::Relaxed);
            self.counts.works.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
        outcome
    }
}

fn transact(connection: &mut dyn Connection, signer: &mut Signer, batch: &mut [Box<dyn Work>]) -> Result<()> {
    connection.begin()?;
    let mut tx = Tx::new(connection, signer);
    for work in batch {
        tx.within(|tx| work.run(tx))?;
    }
    let (end, lines) = (tx.seal()?, tx.lines());
    connection.batch("COMMIT")?;
    if let Some(end) = end {
        signer.wrote(end);
        // The tests of crashes count these, and end the process at one of them.
        tracing::trace!(target: "stanch::kept", lines, "kept");
    }
    Ok(())
}
