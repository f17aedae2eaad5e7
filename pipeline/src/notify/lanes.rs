//! How much each channel is told at a time, so that one that is slow holds up no other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many messages a channel is sent at a time.
const AT_ONCE: usize = 4;
/// With so many that are under way or wait for their turn, no more are taken for a channel.
const FULL: usize = 8;
/// How long something waits for its turn. With the longest message after it, this is less than a lease.
const TURN: Duration = Duration::from_mins(2);

/// A lane for each channel.
#[derive(Default)]
pub(super) struct Lanes(Mutex<BTreeMap<String, Arc<Lane>>>);

/// A channel's lane. Whoever holds it is in it.
pub(super) struct Lane {
    turns: Arc<Semaphore>,
}

impl Lanes {
    /// Goes into the lane of a channel, until what this gives is dropped.
    pub(super) fn enter(&self, channel: &str) -> Arc<Lane> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(channel.to_owned()).or_insert_with(|| Arc::new(Lane::new())))
    }

    /// The channels for which nothing more should be taken.
    pub(super) fn full(&self) -> Vec<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One reference is that of the map.
        all.retain(|_, lane| Arc::strong_count(lane) > 1);
        all.iter().filter(|(_, lane)| Arc::strong_count(lane) > FULL).map(|(name, _)| name.clone()).collect()
    }
}

impl Lane {
    fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Waits for a turn; `None` if that takes too long.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.turns).acquire_owned()).await;
        turn.ok()?.ok()
    }
}
