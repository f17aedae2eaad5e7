//! How much is done at a time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ApiError;
use crate::config::Limits;

/// Room for requests and their bodies. What finds none is refused at once: a queue would only hide that there is too much.
#[derive(Debug)]
pub(crate) struct Room {
    requests: Arc<Semaphore>,
    /// One permit a KiB.
    bodies: Arc<Semaphore>,
}

/// Room that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _room: OwnedSemaphorePermit,
}

impl Room {
    pub(crate) fn new(limits: &Limits) -> Self {
        let kib = limits.body_mib.saturating_mul(1024).min(Semaphore::MAX_PERMITS);
        Self {
            requests: Arc::new(Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS))),
            bodies: Arc::new(Semaphore::new(kib)),
        }
    }

    /// Room for a request.
    pub(crate) fn request(&self) -> Result<Held, ApiError> {
        let held = Arc::clone(&self.requests).try_acquire_owned();
        held.map(|room| Held { _room: room }).map_err(|_| ApiError::busy(1))
    }

    /// Room for some more of a body.
    pub(crate) fn body(&self, bytes: usize) -> Result<Held, ApiError> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let held = Arc::clone(&self.bodies).try_acquire_many_owned(kib);
        held.map(|room| Held { _room: room }).map_err(|_| ApiError::busy(5))
    }
}
