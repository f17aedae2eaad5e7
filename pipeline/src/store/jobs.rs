//! What was accepted and has to be done: durable before anybody is told that it was accepted, and done at least once.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::Store;
use super::actor::Actor;
use super::error::{Result, StoreError};
use super::key::{Place, StoreKey};
use super::lease::{self, Leased};
use super::random;
use super::tx::Tx;
use super::value::{Row, Value, millis, values};

/// Something that has to be done.
#[derive(Clone)]
pub struct NewJob {
    /// By whom: the name of a queue.
    pub queue: String,
    /// What it is known by in its queue: the same key is the same job, however often it comes.
    pub key: String,
    /// What has to be done. It is sealed, as it may hold secrets.
    pub payload: Zeroizing<Vec<u8>>,
    /// When, at the earliest.
    pub due: Timestamp,
}

impl fmt::Debug for NewJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewJob").field("queue", &self.queue).field("key", &self.key).finish_non_exhaustive()
    }
}

/// A job that nobody else does until the lease ends or is taken over.
#[derive(Clone)]
pub struct Job {
    /// Its name.
    pub id: String,
    /// Its queue.
    pub queue: String,
    /// What it is known by there.
    pub key: String,
    /// What has to be done.
    pub payload: Zeroizing<Vec<u8>>,
    /// When it came.
    pub created: Timestamp,
    /// How often it has been begun, with this time.
    pub attempts: u32,
    lease: String,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut show = f.debug_struct("Job");
        show.field("id", &self.id)
            .field("queue", &self.queue)
            .field("key", &self.key)
            .field("attempts", &self.attempts);
        show.finish_non_exhaustive()
    }
}

/// How much there is in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Jobs that are not done.
    pub waiting: u64,
    /// Jobs that were given up and not yet forgotten.
    pub gave_up: u64,
    /// Since when the oldest of those that are not done has been there.
    pub oldest: Option<Timestamp>,
}

impl Store {
    /// Puts a job into its queue, and tells whether it is new there. It is durable when this answers.
    ///
    /// # Errors
    /// [`StoreError::Full`] if the queue takes no more.
    pub async fn enqueue(&self, job: NewJob, now: Timestamp) -> Result<bool> {
        let (id, key, depth) = (random::name()?, self.key(), self.depth());
        self.write(move |tx| match put(tx, &key, (&id, &job), now, depth)? {
            Put::New => Ok(true),
            Put::Known => Ok(false),
            Put::NoRoom { waiting } => Err(StoreError::Full(format!("the queue `{}` holds {waiting} jobs", job.queue))),
        })
        .await
    }

    /// Takes jobs that are due and that nobody does, oldest first, at most so many.
    ///
    /// # Errors
    /// If the database does not answer. What was taken then is free again when the lease ends.
    pub async fn take(
        &self,
        queue: &str,
        actor: &Actor,
        now: Timestamp,
        lease: Duration,
        most: u32,
    ) -> Result<Vec<Job>> {
        self.take_but(queue, &[], actor, now, lease, most).await
    }

    /// The same without jobs whose key holds one of some texts.
    ///
    /// # Errors
    /// As [`Store::take`].
    pub async fn take_but(
        &self,
        queue: &str,
        without: &[String],
        actor: &Actor,
        now: Timestamp,
        lease: Duration,
        most: u32,
    ) -> Result<Vec<Job>> {
        let without = without.to_vec();
        // Not `LIKE`, which has signs of its own.
        let others = (7..7 + without.len()).map(|at| format!(" AND replace(key, ${at}, '') = key")).collect::<Vec<_>>();
        let others = others.concat();
        let (queue, actor, lease_id) = (queue.to_owned(), actor.clone(), random::name()?);
        let (key, gone) = (self.key(), self.gone());
        let until = now.as_millisecond().saturating_add(millis(lease));
        self.write(move |tx| {
            lease::abandon(tx, Leased::Jobs, &actor, now, &gone)?;
            let mine = tx.first("SELECT 1 FROM jobs WHERE lease_id = $1 LIMIT 1", values![&lease_id])?;
            if mine.is_none() {
                let sql = format!(
                    "UPDATE jobs SET lease_id = $1, lease_owner = $2, lease_until = $3, attempts = attempts + 1
                     WHERE id IN (SELECT id FROM jobs WHERE queue = $4 AND ended IS NULL AND due <= $5
                                  AND (lease_until IS NULL OR lease_until <= $5){others} ORDER BY due, id LIMIT $6)"
                );
                let mut values = values![&lease_id, actor.to_string(), until, &queue, now, i64::from(most)].to_vec();
                values.extend(without.iter().map(Value::from));
                tx.execute(&sql, &values)?;
            }
            let rows = tx.query(
                "SELECT id, key, payload, created, attempts FROM jobs WHERE lease_id = $1 ORDER BY due, id",
                values![&lease_id],
            )?;
            rows.iter().map(|row| job(row, &key, &queue, &lease_id)).collect()
        })
        .await
    }

    /// A job was done. Its key is remembered for a while, its payload is not.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it was taken over.
    pub async fn done(&self, job: &Job, now: Timestamp) -> Result<()> {
        self.end(job, None, now).await
    }

    /// A job cannot be done: nobody tries again.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it was taken over.
    pub async fn give_up(&self, job: &Job, error: &str, now: Timestamp) -> Result<()> {
        self.end(job, Some(error.to_owned()), now).await
    }

    /// A job cannot be done now, and is tried again.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if it was taken over.
    pub async fn later(&self, job: &Job, due: Timestamp, error: &str) -> Result<()> {
        let (job, error) = (job.clone(), error.to_owned());
        self.write(move |tx| {
            let released = format!("released {}", job.lease);
            let changed = tx.execute(
                "UPDATE jobs SET due = $1, error = $2, lease_id = $3, lease_owner = NULL, lease_until = NULL
                 WHERE id = $4 AND lease_id IN ($5, $3) AND ended IS NULL",
                values![due, &error, released, &job.id, &job.lease],
            )?;
            if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
        })
        .await
    }

    /// The jobs of a queue that are not done and whose key begins so: their keys, and when they are due.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unfinished(&self, queue: &str, begins: &str) -> Result<Vec<(String, Timestamp)>> {
        let (queue, begins) = (queue.to_owned(), begins.to_owned());
        self.read(move |reading| {
            // Not `LIKE`, which has signs of its own, nor a range, whose order is the database's.
            let sql = "SELECT key, due FROM jobs WHERE queue = $1 AND ended IS NULL AND substr(key, 1, $2) = $3";
            let rows = reading.query(sql, values![&queue, begins.chars().count() as i64, &begins])?;
            rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.time(1)?))).collect()
        })
        .await
    }

    /// How much there is in each queue.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn depths(&self) -> Result<BTreeMap<String, Depth>> {
        self.read(|reading| {
            let rows = reading.query(
                "SELECT queue, ended IS NULL, count(*), min(created) FROM jobs WHERE ended IS NULL OR gave_up = 1
                 GROUP BY queue, ended IS NULL",
                &[],
            )?;
            let mut depths: BTreeMap<String, Depth> = BTreeMap::new();
            for row in rows {
                let depth = depths.entry(row.text(0)?.to_owned()).or_default();
                let count = row.int(2)?.unsigned_abs();
                if row.int(1)? == 0 {
                    depth.gave_up = count;
                } else {
                    (depth.waiting, depth.oldest) = (count, row.maybe_time(3)?);
                }
            }
            Ok(depths)
        })
        .await
    }

    async fn end(&self, job: &Job, error: Option<String>, now: Timestamp) -> Result<()> {
        let job = job.clone();
        self.write(move |tx| {
            let gave_up = i64::from(error.is_some());
            let changed = tx.execute(
                "UPDATE jobs SET ended = $1, gave_up = $2, error = $3, payload = NULL, lease_owner = NULL, lease_until = NULL
                 WHERE id = $4 AND lease_id = $5 AND ended IS NULL",
                values![now, gave_up, error.as_deref(), &job.id, &job.lease],
            )?;
            if changed == 1 {
                return count(tx, &job.queue, -1);
            }
            // It was ended before, and only the answer was lost; or somebody else has it.
            let sql = "SELECT 1 FROM jobs WHERE id = $1 AND lease_id = $2";
            tx.first(sql, values![&job.id, &job.lease])?.map(drop).ok_or(StoreError::Stale)
        })
        .await
    }
}

/// What came of putting a job into its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It is there now.
    New,
    /// It was there before.
    Known,
    /// The queue takes no more.
    NoRoom {
        /// How many jobs there are.
        waiting: u64,
    },
}

/// Puts a job into its queue, if there is room.
pub(super) fn put(
    tx: &mut Tx<'_>,
    key: &StoreKey,
    (id, job): (&str, &NewJob),
    now: Timestamp,
    depth: u64,
) -> Result<Put> {
    let known = tx.first("SELECT id FROM jobs WHERE queue = $1 AND key = $2", values![&job.queue, &job.key])?;
    if let Some(known) = known {
        // The id is that of this job if it was put there before and only the answer was lost.
        return Ok(if known.text(0)? == id { Put::New } else { Put::Known });
    }
    let waiting = tx.first("SELECT waiting FROM queues WHERE name = $1", values![&job.queue])?;
    let waiting = waiting.map(|row| row.int(0)).transpose()?.unwrap_or_default();
    let waiting = waiting.unsigned_abs();
    if waiting >= depth {
        return Ok(Put::NoRoom { waiting });
    }
    let sealed = key.seal(&Place::Job { queue: &job.queue, key: &job.key }, &job.payload)?;
    tx.execute(
        "INSERT INTO jobs (id, queue, key, payload, created, due, attempts, gave_up) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)",
        values![id, &job.queue, &job.key, sealed, now, job.due],
    )?;
    count(tx, &job.queue, 1)?;
    Ok(Put::New)
}

fn count(tx: &mut Tx<'_>, queue: &str, change: i64) -> Result<()> {
    let sql = "INSERT INTO queues (name, waiting) VALUES ($1, $2)
               ON CONFLICT (name) DO UPDATE SET waiting = queues.waiting + excluded.waiting";
    tx.execute(sql, values![queue, change]).map(drop)
}

fn job(row: &Row, key: &StoreKey, queue: &str, lease: &str) -> Result<Job> {
    let name = row.text(1)?;
    Ok(Job {
        id: row.text(0)?.to_owned(),
        queue: queue.to_owned(),
        key: name.to_owned(),
        payload: key.open(&Place::Job { queue, key: name }, row.bytes(2)?)?,
        created: row.time(3)?,
        attempts: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
        lease: lease.to_owned(),
    })
}
