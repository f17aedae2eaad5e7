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
    /// The part of it that bodies of strangers may take: half, so that there is always some for those who are known.
    strangers: Arc<Semaphore>,
}

/// Whose body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// Somebody who showed a token.
    Known,
    /// Anybody: who it is is known only when the body is there, if at all.
    Stranger,
}

/// Room that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _room: OwnedSemaphorePermit,
    /// What it takes of the part of strangers.
    _part: Option<OwnedSemaphorePermit>,
}

impl Room {
    pub(crate) fn new(limits: &Limits) -> Self {
        let kib = limits.body_mib.saturating_mul(1024).min(Semaphore::MAX_PERMITS);
        Self {
            requests: Arc::new(Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS))),
            bodies: Arc::new(Semaphore::new(kib)),
            strangers: Arc::new(Semaphore::new(kib / 2)),
        }
    }

    /// Room for a request.
    pub(crate) fn request(&self) -> Result<Held, ApiError> {
        let held = Arc::clone(&self.requests).try_acquire_owned();
        held.map(|room| Held { _room: room, _part: None }).map_err(|_| ApiError::busy(1))
    }

    /// Room for some more of a body.
    pub(crate) fn body(&self, bytes: usize, from: Sender) -> Result<Held, ApiError> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let take = |room: &Arc<Semaphore>| Arc::clone(room).try_acquire_many_owned(kib).map_err(|_| ApiError::busy(5));
        let part = match from {
            Sender::Known => None,
            Sender::Stranger => Some(take(&self.strangers)?),
        };
        Ok(Held { _room: take(&self.bodies)?, _part: part })
    }
}
