//! A list that many look at in the same moment is read once for all of them.
//!
//! Nobody is given what was read before they asked: while one reads, others wait, and the first of these reads for all who wait by then. So a look
//! is as fresh as if it were made alone, and a thousand keys of one account cost a few readings of its list and not a thousand. What is signed is
//! read by each who asks: a signature holds for a moment, and mostly for one request.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::Outcome;

/// What reading a list gave.
#[derive(Debug, Clone)]
pub(crate) enum Read {
    /// The documents of all pages.
    Pages(Arc<Vec<Value>>),
    /// There is nothing of the kind.
    Gone,
}

/// What tells one list from another: everything that its first request says.
pub(crate) type ListId = [u8; 32];

/// Lists that are being read.
#[derive(Default)]
pub(crate) struct Readings {
    desks: Mutex<HashMap<ListId, Arc<Desk>>>,
    /// Gives each who asks, and each reading that is begun, a number: who has a smaller one came before.
    numbers: AtomicU64,
}

impl fmt::Debug for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readings")
    }
}

/// Where those wait who want the same list. Who has the lock reads it, or takes what was read.
type Desk = tokio::sync::Mutex<Option<Done>>;

struct Done {
    /// The number at which it was begun.
    begun: u64,
    outcome: Result<Read, Outcome>,
}

/// One who waits at a desk. The last one who leaves takes away what was read.
struct Guest<'a> {
    readings: &'a Readings,
    id: ListId,
    /// There until the guest leaves.
    desk: Option<Arc<Desk>>,
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        let mut desks = self.readings.desks.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that of two who leave at once the second one sees that nobody is left.
        drop(self.desk.take());
        if desks.get(&self.id).is_some_and(|desk| Arc::strong_count(desk) == 1) {
            desks.remove(&self.id);
        }
    }
}

impl Readings {
    /// What `reading` gives, or what the same reading gave to somebody else who began it after this was called.
    pub(crate) async fn read(
        &self,
        id: ListId,
        reading: impl Future<Output = Result<Read, Outcome>>,
    ) -> Result<Read, Outcome> {
        let asked = self.number();
        let guest = Guest { readings: self, id, desk: Some(self.desk(id)) };
        let Some(desk) = guest.desk.as_deref() else { return reading.await };
        let mut done = desk.lock().await;
        if let Some(done) = done.as_ref().filter(|done| done.begun > asked) {
            return done.outcome.clone();
        }
        let begun = self.number();
        let outcome = reading.await;
        *done = Some(Done { begun, outcome: outcome.clone() });
        outcome
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::SeqCst)
    }

    fn desk(&self, id: ListId) -> Arc<Desk> {
        Arc::clone(self.desks.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use tokio::sync::watch;

    use super::*;
    use crate::Why;

    /// A list that says how often it was read, and is read as long as the gate is closed.
    struct Shelf {
        readings: Readings,
        times: AtomicU64,
        gate: watch::Sender<bool>,
    }

    impl Shelf {
        fn new() -> Arc<Self> {
            let (gate, _) = watch::channel(false);
            Arc::new(Self { readings: Readings::default(), times: AtomicU64::new(0), gate })
        }

        /// Which reading somebody was given.
        async fn look(self: Arc<Self>, list: u8) -> u64 {
            let reading = async {
                let time = self.times.fetch_add(1, Ordering::SeqCst) + 1;
                let mut gate = self.gate.subscribe();
                gate.wait_for(|open| *open).await.map_err(|_| Outcome::Unknown { why: Why::Offline })?;
                Ok(Read::Pages(Arc::new(vec![json!(time)])))
            };
            match self.readings.read([list; 32], reading).await {
                Ok(Read::Pages(pages)) => pages.first().and_then(Value::as_u64).unwrap_or_default(),
                other => panic!("{other:?}"),
            }
        }

        /// How many lists are held.
        fn held(&self) -> usize {
            self.readings.desks.lock().unwrap_or_else(PoisonError::into_inner).len()
        }
    }

    /// Lets everybody come as far as they can.
    async fn all_wait() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    #[tokio::test]
    async fn those_who_come_while_one_reads_share_the_next_reading() {
        let shelf = Shelf::new();
        let first = tokio::spawn(Arc::clone(&shelf).look(1));
        all_wait().await;
        let others: Vec<_> = (0..50).map(|_| tokio::spawn(Arc::clone(&shelf).look(1))).collect();
        let another = tokio::spawn(Arc::clone(&shelf).look(2));
        all_wait().await;
        assert_eq!(shelf.times.load(Ordering::SeqCst), 2, "one for each list");
        shelf.gate.send_replace(true);
        assert_eq!(first.await.ok(), Some(1));
        assert_eq!(another.await.ok(), Some(2));
        for other in others {
            assert_eq!(other.await.ok(), Some(3), "it asked after the first reading was begun");
        }
        assert_eq!((Arc::clone(&shelf).look(1).await, shelf.held()), (4, 0), "nothing is remembered");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn when_all_have_left_nothing_is_held() {
        let shelf = Shelf::new();
        shelf.gate.send_replace(true);
        for _ in 0..50 {
            let many: tokio::task::JoinSet<u64> = (0..40).map(|guest| Arc::clone(&shelf).look(guest % 3)).collect();
            many.join_all().await;
            assert_eq!(shelf.held(), 0);
        }
    }

    #[tokio::test]
    async fn when_the_one_who_reads_is_stopped_another_one_reads() {
        let shelf = Shelf::new();
        let first = tokio::spawn(Arc::clone(&shelf).look(1));
        all_wait().await;
        let second = tokio::spawn(Arc::clone(&shelf).look(1));
        all_wait().await;
        first.abort();
        shelf.gate.send_replace(true);
        assert_eq!((second.await.ok(), shelf.held()), (Some(2), 0));
    }
}
