//! Peers that keep sending wrong tokens.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many wrong tokens a peer may send at once.
const BURST: u32 = 20;
/// After so long it may send one more.
const STEP: Duration = Duration::from_secs(3);
/// So many peers are remembered.
const MOST: usize = 10_000;

/// How much each peer has failed, as the time at which all of it is forgotten.
///
/// A token has 256 bits, so nobody guesses one; this keeps the noise of those who try small. A token is looked at before its sender's failures are:
/// whoever has a right one may share an address with those who have none, and never waits.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<HashMap<Option<IpAddr>, Instant>>);

impl Failures {
    /// A peer sent a wrong token. Gives the seconds that it has to wait, if it did so too often before; what it sends meanwhile is not counted.
    pub(crate) fn failed(&self, peer: Option<IpAddr>) -> Option<u32> {
        let now = Instant::now();
        let wait = self.wait_at(peer, now);
        if wait.is_none() {
            self.failed_at(peer, now);
        }
        wait
    }

    fn wait_at(&self, peer: Option<IpAddr>, now: Instant) -> Option<u32> {
        let forgotten = *self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&peer)?;
        let above = forgotten.saturating_duration_since(now).checked_sub(STEP * (BURST - 1))?;
        (!above.is_zero()).then(|| u32::try_from(above.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
    }

    fn failed_at(&self, peer: Option<IpAddr>, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&peer) {
            all.retain(|_, forgotten| *forgotten > now);
            // Whoever has as many addresses as that is not held up by this; the memory is what must not grow.
            if all.len() >= MOST {
                all.clear();
            }
        }
        let forgotten = all.entry(peer).or_insert(now);
        *forgotten = (*forgotten).max(now) + STEP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_keeps_failing_waits() {
        let (failures, begin) = (Failures::default(), Instant::now());
        let (peer, other) = ("192.0.2.1".parse().ok(), "192.0.2.2".parse().ok());
        for _ in 0..BURST {
            assert_eq!(failures.wait_at(peer, begin), None);
            failures.failed_at(peer, begin);
        }
        assert_eq!(failures.wait_at(peer, begin), Some(4));
        assert_eq!(failures.wait_at(other, begin), None);
        assert_eq!(failures.wait_at(peer, begin + STEP), None);
        failures.failed_at(peer, begin + STEP);
        assert!(failures.wait_at(peer, begin + STEP).is_some());
        assert_eq!(failures.wait_at(peer, begin + STEP * (BURST + 2)), None);
    }

    #[test]
    fn the_memory_has_an_end() {
        let (failures, begin) = (Failures::default(), Instant::now());
        for number in 0..(MOST as u32 + 10) {
            failures.failed_at(Some(IpAddr::V4(number.into())), begin);
        }
        assert!(failures.0.lock().expect("not poisoned").len() <= MOST);
    }
}
