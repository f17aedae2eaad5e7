//! Which incidents this process has in its hands.
//!
//! A lease tells processes apart. If the clock jumps forward, every lease of this process is over for itself as well, and what it works on would be
//! claimed once more while a call is under way. Whoever comes second waits here until the first has ended, and then sees what it wrote.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::IncidentId;

/// The incidents in hand.
#[derive(Debug, Default)]
pub(super) struct Hands(Mutex<BTreeMap<IncidentId, Arc<Turn<()>>>>);

/// An incident in hand, until it is dropped.
#[derive(Debug)]
pub(super) struct Hand<'a> {
    hands: &'a Hands,
    id: IncidentId,
    held: Option<OwnedMutexGuard<()>>,
}

impl Hands {
    /// Takes an incident, as soon as nobody of this process has it.
    pub(super) async fn take(&self, id: &IncidentId) -> Hand<'_> {
        let turn = Arc::clone(self.all().entry(id.clone()).or_default());
        Hand { hands: self, id: id.clone(), held: Some(turn.lock_owned().await) }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<IncidentId, Arc<Turn<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        let mut all = self.hands.all();
        drop(self.held.take());
        if all.get(&self.id).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            all.remove(&self.id);
        }
    }
}
