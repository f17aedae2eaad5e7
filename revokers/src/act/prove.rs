//! Looks until the provider refuses the credential, or its time is over.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::kind::Proof;
use crate::registry::Entry;
use crate::{Context, Credential, Liveness, Outcome, Probe, Target, Why};

/// Asks again and again, with longer and longer pauses, for at most `settle` seconds.
pub(super) async fn prove(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    target: &Target,
    settle: u64,
) -> Liveness {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(10);
    let patience = Duration::from_secs(settle).mul_f64(cx.http.config().patience.clamp(0.0, 100.0));
    let end = Instant::now() + patience;
    let mut pause = FIRST;
    loop {
        let liveness = look(cx, entry, credential, target).await;
        if liveness == Liveness::Inactive || Instant::now() >= end {
            return liveness;
        }
        sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
        pause = (pause * 2).min(LONGEST);
    }
}

async fn look(cx: &Context, entry: &Entry, credential: &Credential, target: &Target) -> Liveness {
    match entry.kind.proof() {
        Proof::Probe => entry.revoker.probe(cx, credential).await.liveness,
        Proof::Absent => absent(cx, entry, credential, target).await,
    }
}

/// Whether the lists show it no more, or as dead.
async fn absent(cx: &Context, entry: &Entry, credential: &Credential, target: &Target) -> Liveness {
    let mut seen = Probe::of(Liveness::Active);
    seen.bound.clone_from(&target.bound);
    seen.hidden.clone_from(&target.hidden);
    match entry.revoker.locate(cx, credential, &seen).await {
        Ok(target) if target.alive == Some(false) => Liveness::Inactive,
        Ok(_) => Liveness::Active,
        Err(Outcome::AlreadyDead | Outcome::Unknown { why: Why::NotListed }) => Liveness::Inactive,
        Err(Outcome::Unknown { why }) => Liveness::Unknown { why },
        Err(other) => Liveness::Unknown { why: Why::Other { detail: other.to_string() } },
    }
}

/// Whether a credential that is off already is still listed, so that the step which removes it is still to be done.
pub(super) async fn still_listed(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    target: &Target,
) -> Result<bool, Why> {
    let mut seen = Probe::of(Liveness::Active);
    seen.bound.clone_from(&target.bound);
    seen.hidden.clone_from(&target.hidden);
    match entry.revoker.locate(cx, credential, &seen).await {
        // A list that shows it as dead shows it.
        Ok(_) | Err(Outcome::AlreadyDead) => Ok(true),
        Err(Outcome::Unknown { why: Why::NotListed }) => Ok(false),
        Err(Outcome::Unknown { why }) => Err(why),
        Err(other) => Err(Why::Other { detail: other.to_string() }),
    }
}
