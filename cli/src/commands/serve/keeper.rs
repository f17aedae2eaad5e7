//! Forgets what nobody needs any more: incidents that were closed long ago, work that is done, sessions that are over. The log keeps its lines.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stanch_pipeline::store::Store;
use tokio::sync::watch;

use super::ACTOR;

/// How often it looks.
const EVERY: Duration = Duration::from_hours(6);
/// For how long work that is done is remembered at least: its name is what a repetition is known by.
const DONE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Who forgets.
pub(super) struct Keeper {
    store: Arc<Store>,
    closed: SignedDuration,
    done: SignedDuration,
}

impl Keeper {
    /// Incidents are kept for so many days after they were closed. A message is believed for `believed`, so work is remembered for longer.
    pub(super) fn new(store: Arc<Store>, days: u32, believed: Duration) -> Self {
        let believed = SignedDuration::try_from(believed).unwrap_or(SignedDuration::MAX);
        let closed = SignedDuration::from_hours(i64::from(days) * 24);
        Self { store, closed, done: DONE.max(believed.saturating_mul(2)) }
    }

    /// Forgets now and then, until `stop` says so.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let now = Timestamp::now();
            let ago = |long: SignedDuration| now.checked_sub(long).unwrap_or(Timestamp::MIN);
            match self.store.purge(ago(self.closed), ago(self.done), now, ACTOR).await {
                Ok(forgotten) => tracing::debug!(?forgotten, "what is old was forgotten"),
                Err(error) => tracing::warn!(%error, "nothing was forgotten"),
            }
            tokio::select! {
                _ = stop.changed() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}
