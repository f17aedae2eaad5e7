//! From what the engine wants told to what was told: two queues, so that one channel that is down delays no other, and a lane for each channel, so
//! that one that is slow does not either.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Notice, Notifier, QUEUE, Unsent};
use crate::notices;
use crate::store::{Actor, Job, NewJob, Store, StoreError};

/// How often a notice is tried. With the pauses between them, this is about three days.
const ATTEMPTS: u32 = 80;
/// The longest pause between two.
const LONGEST: Duration = Duration::from_hours(1);
/// How long a job is held. No message takes so long.
const LEASE: Duration = Duration::from_mins(5);
/// How long something waits for others that have to be told before it.
const BEHIND: Duration = Duration::from_secs(1);
/// How often the store is asked.
const POLL: Duration = Duration::from_secs(1);
/// How many jobs are taken at a time.
const MOST: u32 = 16;

impl Notifier {
    /// Tells people until `stop` says so, and then ends what it began. What could not be told stays in the store.
    pub async fn run(self: Arc<Self>, store: Arc<Store>, actor: Actor, mut stop: watch::Receiver<bool>) {
        let mut telling = JoinSet::new();
        while !*stop.borrow() {
            let worked = match self.begin(&store, &actor, Timestamp::now(), &mut telling).await {
                Ok(worked) => worked,
                Err(error) => {
                    tracing::warn!(%error, "the store gives no notices");
                    false
                }
            };
            while telling.try_join_next().is_some() {}
            if !worked {
                tokio::select! {
                    _ = stop.changed() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            }
        }
        while telling.join_next().await.is_some() {}
    }

    /// One look at both queues, and all that comes of it. Whether there was anything.
    ///
    /// # Errors
    /// If the store does not answer. What was taken is free again when its lease ends.
    pub async fn round(self: &Arc<Self>, store: &Store, actor: &Actor, now: Timestamp) -> Result<bool, StoreError> {
        let mut telling = JoinSet::new();
        let worked = self.begin(store, actor, now, &mut telling).await?;
        while telling.join_next().await.is_some() {}
        Ok(worked)
    }

    /// Takes what there is for channels that are not busy, and begins to tell it.
    async fn begin(
        self: &Arc<Self>,
        store: &Store,
        actor: &Actor,
        now: Timestamp,
        telling: &mut JoinSet<()>,
    ) -> Result<bool, StoreError> {
        let asked = store.take(notices::QUEUE, actor, now, LEASE, MOST).await?;
        for job in &asked {
            match self.spread(store, job, now).await {
                Err(error) if error.is_passing() => return Err(error),
                // It is one's own trouble: somebody else has it by now, or will have it when its lease ends.
                Err(error) => tracing::warn!(job = %job.id, %error, "a notice is left for later"),
                Ok(()) => {}
            }
        }
        let busy: Vec<String> = self.lanes.full().iter().map(|channel| within_key(channel)).collect();
        let due = store.take_but(QUEUE, &busy, actor, now, LEASE, MOST).await?;
        let worked = !asked.is_empty() || !due.is_empty();
        for job in due {
            let (notifier, store) = (Arc::clone(self), store.clone());
            telling.spawn(async move {
                if let Err(error) = notifier.tell(&store, &job, now).await {
                    tracing::warn!(job = %job.id, %error, "a notice is left for later");
                }
            });
        }
        Ok(worked)
    }

    /// One job for each channel that is to tell it. Done twice it comes to the same, as each has a key.
    async fn spread(&self, store: &Store, job: &Job, now: Timestamp) -> Result<(), StoreError> {
        let Ok(notice) = serde_json::from_slice::<notices::Notice>(&job.payload) else {
            return store.give_up(job, "it was written by another version", now).await;
        };
        let incident = match store.incident(&notice.incident).await {
            Ok(incident) => incident,
            Err(StoreError::NotFound(_)) => return store.give_up(job, "the incident is gone", now).await,
            Err(error) => return Err(error),
        };
        for due in self.notices(&incident, notice.topic.into(), &job.key, now) {
            let payload = serde_json::to_vec(&due.notice).unwrap_or_default();
            let new =
                NewJob { queue: QUEUE.to_owned(), key: due.notice.key(), payload: payload.into(), due: due.after };
            match store.enqueue(new, now).await {
                // What waits there is told first.
                Err(StoreError::Full(why)) => return store.later(job, after(now, BEHIND), &why).await,
                outcome => outcome?,
            };
        }
        store.done(job, now).await
    }

    async fn tell(&self, store: &Store, job: &Job, now: Timestamp) -> Result<(), StoreError> {
        let Ok(notice) = serde_json::from_slice::<Notice>(&job.payload) else {
            return store.give_up(job, "it was written by another version", now).await;
        };
        let (lane, begun) = (self.lanes.enter(&notice.channel), Instant::now());
        let Some(_turn) = lane.turn().await else {
            return store.later(job, after(now, begun.elapsed() + pause(job.attempts)), "the channel is slow").await;
        };
        if let Some(due) = self.waits_for(store, &notice, after(now, begun.elapsed())).await? {
            return store.later(job, due, "what happened before is told first").await;
        }
        let sent = self.send(&notice).await;
        let now = after(now, begun.elapsed());
        match sent {
            Ok(_) => store.done(job, now).await,
            Err(Unsent::Retry { after: asked, why }) if job.attempts < ATTEMPTS => {
                let pause = asked.unwrap_or_else(|| pause(job.attempts));
                store.later(job, after(now, pause), &why).await
            }
            Err(unsent) => {
                tracing::warn!(channel = notice.channel, error = %unsent, "a notice is given up");
                store.give_up(job, &unsent.to_string(), now).await
            }
        }
    }
}

impl Notifier {
    /// When a notice may be told, if something that happened to its incident before is not told yet, and its channel keeps the order: no earlier
    /// than that.
    async fn waits_for(&self, store: &Store, notice: &Notice, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        if !self.channels.get(&notice.channel).is_some_and(super::Channel::keeps_order) {
            return Ok(None);
        }
        let place = notices::place_of(&notice.turn);
        let begins = format!("{}/", notice.incident);
        let mut earlier = store.unfinished(notices::QUEUE, &begins).await?;
        let mut told = store.unfinished(QUEUE, &begins).await?;
        let channel = within_key(&notice.channel);
        told.retain(|(key, _)| key.contains(&channel));
        earlier.append(&mut told);
        let last = earlier.into_iter().filter(|(key, _)| notices::place_of(key) < place).map(|(_, due)| due).max();
        Ok(last.map(|due| after(due.max(now), BEHIND)))
    }
}

/// How a channel stands in the keys of its jobs ([`Notice::key`]).
fn within_key(channel: &str) -> String {
    format!("/{channel}/")
}

/// A time after another.
fn after(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_hours(1))).unwrap_or(now)
}

/// Pauses double from a second to an hour.
fn pause(attempts: u32) -> Duration {
    Duration::from_secs(1_u64 << attempts.min(12)).min(LONGEST)
}
