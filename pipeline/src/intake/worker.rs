//! Works off what arrived: each job until it is done, or given up in plain sight.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::arrival::Arrival;
use super::take::{Failure, Intake, QUEUE};
use crate::store::{Actor, Job, Result, StoreError};

/// How the work is done.
#[derive(Debug, Clone)]
pub struct Pace {
    /// How many jobs at a time.
    pub workers: usize,
    /// For how long a job belongs to who took it. It must outlast the longest job.
    pub lease: Duration,
    /// How often the store is asked when nobody says that something arrived.
    pub poll: Duration,
    /// How often a job is tried. With the pauses between them, 12 are about four hours.
    pub attempts: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { workers: 4, lease: Duration::from_mins(30), poll: Duration::from_secs(1), attempts: 12 }
    }
}

/// How a job ended for now.
#[derive(Debug, PartialEq, Eq)]
enum Done {
    All {
        credentials: usize,
    },
    Later {
        why: String,
        after: Option<Duration>,
    },
    Never {
        why: String,
    },
    /// It was ended, and waits for nothing.
    Stopped,
}

impl Intake {
    /// Works until `stop` says so, and then ends what it began, or leaves it to whoever comes next. A store that is away is asked again and again.
    pub async fn run(self, actor: Actor, pace: Pace, mut stop: watch::Receiver<bool>) {
        let mut tasks: JoinSet<()> = JoinSet::new();
        while !*stop.borrow() {
            let free = u32::try_from(pace.workers.saturating_sub(tasks.len())).unwrap_or(u32::MAX);
            let jobs = match self.jobs(&actor, &pace, free).await {
                Ok(jobs) => jobs,
                Err(error) => {
                    tracing::warn!(%error, "the store gives no arrivals");
                    Vec::new()
                }
            };
            for job in jobs {
                let (intake, attempts) = (self.clone(), pace.attempts);
                tasks.spawn(async move { intake.work(&job, attempts).await });
            }
            tokio::select! {
                _ = stop.changed() => {}
                () = self.arrived.notified(), if tasks.len() < pace.workers => {}
                () = tokio::time::sleep(pace.poll) => {}
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            }
        }
        self.stop();
        while tasks.join_next().await.is_some() {}
    }

    async fn jobs(&self, actor: &Actor, pace: &Pace, most: u32) -> Result<Vec<Job>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        self.store().take(QUEUE, actor, Timestamp::now(), pace.lease, most).await
    }

    /// Does what is due, and returns when nothing is. For tests, and whoever works without a server.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn settle(&self, actor: &Actor, pace: &Pace) -> Result<()> {
        loop {
            let jobs = self.jobs(actor, pace, 1).await?;
            let Some(job) = jobs.first() else { return Ok(()) };
            self.work(job, pace.attempts).await;
        }
    }

    async fn work(&self, job: &Job, attempts: u32) {
        let done = self.attempt(job).await;
        let now = Timestamp::now();
        let ended = match done {
            Ok(Done::All { credentials }) => {
                tracing::info!(job = %job.id, credentials, "taken in");
                self.store().done(job, now).await
            }
            Ok(Done::Never { why }) => self.give_up(job, &why, now).await,
            // However often it was tried: this time it was not its fault.
            Ok(Done::Stopped) => self.store().later(job, now, "it was ended, as the program ended").await,
            Ok(Done::Later { why, .. }) if job.attempts >= attempts => {
                self.give_up(job, &format!("after {} attempts: {why}", job.attempts), now).await
            }
            Ok(Done::Later { why, after }) => {
                tracing::info!(job = %job.id, why, "later");
                self.store().later(job, due(now, job.attempts, after), &why).await
            }
            // The job stays taken until its lease ends: a store that is away cannot be told of it either.
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            tracing::warn!(job = %job.id, %error, "an arrival is left for later");
        }
    }

    async fn give_up(&self, job: &Job, why: &str, now: Timestamp) -> Result<()> {
        tracing::warn!(job = %job.id, why, "an arrival was given up");
        self.store().give_up(job, why, now).await
    }

    async fn attempt(&self, job: &Job) -> Result<Done> {
        let Some(arrival) = Arrival::of_bytes(&job.payload) else {
            return Ok(Done::Never { why: "it was written by another version".to_owned() });
        };
        let found = match self.find(&arrival).await {
            Ok(found) => found,
            Err(Failure::Later { why, after }) => return Ok(Done::Later { why, after }),
            Err(Failure::Never { why }) => return Ok(Done::Never { why }),
            Err(Failure::Stopped) => return Ok(Done::Stopped),
        };
        let credentials = match self.take(&arrival, &found, Timestamp::now()).await {
            Ok(credentials) => credentials,
            Err(error) if passes(&error) => return Ok(Done::Later { why: error.to_string(), after: None }),
            Err(error) => return Err(error),
        };
        Ok(match found.incomplete {
            Some(why) => Done::Later { why, after: None },
            None => Done::All { credentials },
        })
    }
}

/// Whether the store may take it later.
fn passes(error: &StoreError) -> bool {
    matches!(error, StoreError::Busy(_) | StoreError::Gone(_) | StoreError::Full(_))
}

/// The next attempt: after what the other side asked for, else after pauses that double from five seconds to an hour.
fn due(now: Timestamp, attempts: u32, asked: Option<Duration>) -> Timestamp {
    const LONGEST: u64 = 3600;
    let pause = 5_u64.saturating_mul(1_u64 << attempts.saturating_sub(1).min(20)).min(LONGEST);
    let pause = asked.map_or(pause, |asked| asked.as_secs().clamp(pause, 24 * LONGEST));
    now.checked_add(SignedDuration::from_secs(i64::try_from(pause).unwrap_or(0))).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_heed_what_was_asked_for() {
        let pause = |attempts, asked: Option<u64>| {
            due(Timestamp::UNIX_EPOCH, attempts, asked.map(Duration::from_secs)).as_second()
        };
        assert_eq!((pause(1, None), pause(2, None), pause(12, None), pause(60, None)), (5, 10, 3600, 3600));
        assert_eq!((pause(1, Some(60)), pause(3, Some(1)), pause(1, Some(u64::MAX))), (60, 20, 86_400));
    }
}
