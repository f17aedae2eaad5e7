//! How fast and how much at once: per provider and account.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep};

use crate::http::Payer;

const HOUR: Duration = Duration::from_hours(1);

/// Limits of all requests of a client.
#[derive(Debug)]
pub(crate) struct Limits {
    at_once: Semaphore,
    per_minute: Option<u32>,
    clock: DefaultClock,
    limiters: Mutex<HashMap<(String, String), Arc<DefaultDirectRateLimiter>>>,
    /// When the last requests were sent of those that a provider counts by the hour, by provider and host.
    hours: Mutex<HashMap<(String, String), VecDeque<Instant>>>,
}

impl Limits {
    pub(crate) fn new(concurrency: usize, per_minute: Option<u32>) -> Self {
        Self {
            at_once: Semaphore::new(concurrency.max(1)),
            per_minute,
            clock: DefaultClock::default(),
            limiters: Mutex::new(HashMap::new()),
            hours: Mutex::new(HashMap::new()),
        }
    }

    /// Waits for a turn with a host of the payer's provider; the turn lasts until the permit is dropped.
    pub(crate) async fn turn(&self, payer: &Payer, host: &str) -> Option<SemaphorePermit<'_>> {
        if let Some(most) = payer.per_hour {
            while let Some(wait) = self.full_hour(&payer.provider, host, most, Instant::now()) {
                sleep(wait).await;
            }
        }
        let limiter = self.limiter(&payer.provider, &payer.account, payer.per_minute);
        while let Err(early) = limiter.check() {
            sleep(early.wait_time_from(self.clock.now())).await;
        }
        // The semaphore is never closed.
        self.at_once.acquire().await.ok()
    }

    /// How long to wait until the last hour has seen less than its most; `None` once this request counts among them. The configuration
    /// does not change it: it is the provider's own count. A bucket that fills up again would let twice as many through in its first hour.
    fn full_hour(&self, provider: &str, host: &str, most: NonZeroU32, now: Instant) -> Option<Duration> {
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = hours.entry((provider.to_owned(), host.to_owned())).or_default();
        while sent.front().is_some_and(|at| now.duration_since(*at) >= HOUR) {
            sent.pop_front();
        }
        match sent.front() {
            Some(first) if sent.len() >= most.get() as usize => Some(HOUR.saturating_sub(now.duration_since(*first))),
            _ => {
                sent.push_back(now);
                None
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixty_first_of_an_hour_waits_until_the_first_is_an_hour_old() {
        let limits = Limits::new(16, Some(1_000_000));
        let most = NonZeroU32::MIN.saturating_add(59);
        let start = Instant::now();
        let mut now = start;
        let mut sent = Vec::new();
        for _ in 0..130 {
            while let Some(wait) = limits.full_hour("acme", "a.example", most, now) {
                now += wait;
            }
            sent.push(now.duration_since(start).as_secs());
            now += Duration::from_secs(1);
        }
        assert_eq!((sent[59], sent[60], sent[119], sent[120]), (59, 3600, 3659, 7200));
        // Another host is counted by itself.
        assert_eq!(limits.full_hour("acme", "b.example", most, now), None);
        assert!(limits.full_hour("acme", "a.example", most, start + HOUR).is_some());
    }
}
