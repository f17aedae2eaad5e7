//! How fast and how much at once: per provider and account.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Limits of all requests of a client.
#[derive(Debug)]
pub(crate) struct Limits {
    at_once: Semaphore,
    per_minute: Option<u32>,
    clock: DefaultClock,
    limiters: Mutex<HashMap<(String, String), Arc<DefaultDirectRateLimiter>>>,
}

impl Limits {
    pub(crate) fn new(concurrency: usize, per_minute: Option<u32>) -> Self {
        Self {
            at_once: Semaphore::new(concurrency.max(1)),
            per_minute,
            clock: DefaultClock::default(),
            limiters: Mutex::new(HashMap::new()),
        }
    }

    /// Waits for a turn with a provider's account; the turn lasts until the permit is dropped.
    pub(crate) async fn turn(&self, provider: &str, account: &str, per_minute: u32) -> Option<SemaphorePermit<'_>> {
        let limiter = self.limiter(provider, account, per_minute);
        while let Err(early) = limiter.check() {
            tokio::time::sleep(early.wait_time_from(self.clock.now())).await;
        }
        // The semaphore is never closed.
        self.at_once.acquire().await.ok()
    }

    fn limiter(&self, provider: &str, account: &str, per_minute: u32) -> Arc<DefaultDirectRateLimiter> {
        let rate = NonZeroU32::new(self.per_minute.unwrap_or(per_minute)).unwrap_or(NonZeroU32::MIN);
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters
            .entry((provider.to_owned(), account.to_owned()))
            .or_insert_with(|| Arc::new(RateLimiter::direct(Quota::per_minute(rate))));
        Arc::clone(limiter)
    }
}
