//! Threads that read, each with a connection of its own.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::connection::{Connect, Connection};
use super::error::{Result, StoreError};
use super::value::{Row, Value};

/// A question, and who waits for the answer.
pub(super) type Question = Box<dyn FnOnce(&mut Reading<'_>) + Send>;

/// Where questions come from; whoever is free takes the next.
pub(super) type Questions = Arc<Mutex<mpsc::Receiver<Question>>>;

/// A connection that reads, made when it is needed.
pub(crate) struct Reading<'a> {
    connect: &'a dyn Connect,
    connection: &'a mut Option<Box<dyn Connection>>,
}

/// One state of the database.
pub(crate) struct Snapshot<'a>(&'a mut dyn Connection);

impl Snapshot<'_> {
    /// Asks for rows.
    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        self.0.query(sql, values)
    }

    /// Asks for a row that may be there.
    pub(crate) fn first(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(sql, values)?.into_iter().next())
    }
}

impl Reading<'_> {
    /// Asks in one state of the database; once again on a new connection if the old one was lost.
    fn ask<T>(&mut self, ask: &mut impl FnMut(&mut Snapshot<'_>) -> Result<T>) -> Result<T> {
        let fresh = self.connection.is_none();
        match self.ask_once(ask) {
            Err(StoreError::Gone(_)) if !fresh => self.ask_once(ask),
            outcome => outcome,
        }
    }

    fn ask_once<T>(&mut self, ask: &mut impl FnMut(&mut Snapshot<'_>) -> Result<T>) -> Result<T> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect.reader()?,
        };
        let outcome = connection.begin_read().and_then(|()| ask(&mut Snapshot(connection.as_mut())));
        let ended = connection.batch("ROLLBACK").is_ok();
        if ended && !matches!(outcome, Err(StoreError::Gone(_))) {
            *self.connection = Some(connection);
        }
        outcome
    }
}

/// A question, and where its answer comes.
pub(super) fn question<T: Send + 'static>(
    mut ask: impl FnMut(&mut Snapshot<'_>) -> Result<T> + Send + 'static,
) -> (Question, oneshot::Receiver<Result<T>>) {
    let (tell, told) = oneshot::channel();
    let question = move |reading: &mut Reading<'_>| {
        // Nobody may be waiting any more.
        let _ = tell.send(reading.ask(&mut ask));
    };
    (Box::new(question), told)
}

/// Answers until nobody can ask any more.
pub(super) fn run(questions: &Questions, connect: &dyn Connect) {
    let mut connection = None;
    loop {
        let next = questions.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(question) = next else { return };
        question(&mut Reading { connect, connection: &mut connection });
    }
}
