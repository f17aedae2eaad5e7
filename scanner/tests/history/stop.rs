//! Scans that somebody stops.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use stanch_scanner::Events;

/// Stops the scan after so many objects.
pub(crate) struct StopAfter {
    left: AtomicU64,
    pub(crate) stop: AtomicBool,
}

impl StopAfter {
    pub(crate) fn new(objects: u64) -> Self {
        Self { left: AtomicU64::new(objects), stop: AtomicBool::new(false) }
    }
}

impl Events for StopAfter {
    fn scanned(&self, objects: u64, _bytes: u64) {
        if self.left.fetch_sub(objects, Ordering::Relaxed) == objects {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}
