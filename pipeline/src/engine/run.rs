//! Works on what is due until it is told to stop.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::{Engine, EngineError};
use crate::IncidentId;
use crate::store::{Actor, StoreError};

/// A signal that there is work, given by whoever brings some.
#[derive(Debug, Clone, Default)]
pub struct Work(Arc<Notify>);

impl Work {
    /// There is some.
    pub fn there_is(&self) {
        self.0.notify_one();
    }
}

impl Engine {
    /// Works until `stop` says so, and then ends what it began. A store that is away is asked again and again.
    pub async fn run(self: Arc<Self>, actor: Actor, work: Work, mut stop: watch::Receiver<bool>) {
        let mut tasks: JoinSet<()> = JoinSet::new();
        while !*stop.borrow() {
            let free = u32::try_from(self.options.workers.saturating_sub(tasks.len())).unwrap_or(u32::MAX);
            let claims = match self.store.claim(&actor, self.now(), self.options.lease, free).await {
                Ok(claims) => claims,
                Err(error) => {
                    tracing::warn!(%error, "the store gives no work");
                    Vec::new()
                }
            };
            let idle = claims.is_empty();
            self.crowded.store(!idle && claims.len() == free as usize, Ordering::Relaxed);
            for claim in claims {
                let engine = Arc::clone(&self);
                let work = work.clone();
                let span = tracing::info_span!("incident", id = %claim.incident.id);
                tasks.spawn(async move { engine.turn(claim, &work).await }.instrument(span));
            }
            tokio::select! {
                _ = stop.changed() => {}
                () = work.0.notified(), if idle => {}
                () = tokio::time::sleep(self.options.poll), if idle => {}
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {
                    // Whoever else is done makes room for the same question.
                    while tasks.try_join_next().is_some() {}
                }
                () = std::future::ready(()), if !idle && tasks.len() < self.options.workers => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn turn(&self, claim: crate::store::Claim, work: &Work) {
        let id = claim.incident.id.clone();
        if let Err(error) = self.advance(claim).await {
            if let EngineError::Store(StoreError::Stale) = &error {
                tracing::info!(incident = %id, "somebody else has it");
            } else {
                tracing::warn!(incident = %id, %error, "left where it is");
            }
        }
        work.there_is();
    }

    /// Leads some incidents until each rests, and returns their names. For `apply` and the demo, which wait for the end.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn settle(&self, actor: &Actor, ids: &BTreeSet<IncidentId>) -> Result<(), EngineError> {
        for id in ids {
            if let Some(claim) = self.store.claim_one(id, actor, self.now(), self.options.lease).await? {
                self.advance(claim).await?;
            }
        }
        Ok(())
    }
}
