//! Looks until the provider refuses the credential, or its time is over.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::kind::Proof;
use crate::registry::Entry;
use crate::{Context, Credential, Liveness, Outcome, Probe, Target, Why};

/// A time that passes in growing pauses, until the provider's word must have taken effect.
pub(super) struct Patience {
    end: Instant,
    pause: Duration,
}

impl Patience {
    /// So many seconds of the provider's time.
    pub(super) fn of(cx: &Context, settle: u64) -> Self {
        const FIRST: Duration = Duration::from_millis(100);
        let patience = Duration::from_secs(settle).mul_f64(cx.http.config().patience.clamp(0.0, 100.0));
        Self { end: Instant::now() + patience, pause: FIRST }
    }

    /// Waits a while, and longer each time; `false` if the time is over.
    pub(super) async fn wait(&mut self) -> bool {
        const LONGEST: Duration = Duration::from_secs(10);
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(LONGEST);
        true
    }
}

/// Asks again and again whether it is dead, with longer and longer pauses, for at most `settle` seconds.
pub(super) async fn prove(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    target: &Target,
    settle: u64,
) -> Liveness {
    until_inactive(Patience::of(cx, settle), || look(cx, entry, credential, target)).await
}

/// The same for the removal of what is refused already: only the list can tell, and it must show it no more.
pub(super) async fn prove_gone(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    target: &Target,
    settle: u64,
) -> Liveness {
    until_inactive(Patience::of(cx, settle), || gone(cx, entry, credential, target)).await
}

/// What the last look says: the first that finds it dead, or the one at the end of patience.
async fn until_inactive<F: Future<Output = Liveness>>(mut patience: Patience, look: impl Fn() -> F) -> Liveness {
    loop {
        let liveness = look().await;
        if liveness == Liveness::Inactive || !patience.wait().await {
            return liveness;
        }
    }
}

/// Whether the lists show it no more.
async fn gone(cx: &Context, entry: &Entry, credential: &Credential, target: &Target) -> Liveness {
    match shown(cx, entry, credential, target).await {
        Shown::Gone => Liveness::Inactive,
        shown => Liveness::Unknown { why: not_gone(shown) },
    }
}

fn not_gone(shown: Shown) -> Why {
    match shown {
        Shown::Unknown(why) => why,
        _ => Why::Other { detail: "it is refused, and the provider's list still shows it".to_owned() },
    }
}

/// One look, in the way in which the kind's death is proven.
pub(super) async fn look(cx: &Context, entry: &Entry, credential: &Credential, target: &Target) -> Liveness {
    match entry.kind.proof() {
        Proof::Probe => entry.revoker.probe(cx, credential).await.liveness,
        Proof::Absent => absent(cx, entry, credential, target).await,
    }
}

/// Whether the lists show it no more, or as dead.
async fn absent(cx: &Context, entry: &Entry, credential: &Credential, target: &Target) -> Liveness {
    match shown(cx, entry, credential, target).await {
        Shown::Alive | Shown::There => Liveness::Active,
        Shown::Off | Shown::Gone => Liveness::Inactive,
        Shown::Unknown(why) => Liveness::Unknown { why },
    }
}

/// How the provider shows a target.
#[derive(Debug)]
pub(super) enum Shown {
    /// It works.
    Alive,
    /// It is there, and does not work.
    Off,
    /// It is there, and nothing says whether it works. Where there is no list, that is all that is known.
    There,
    /// It is listed no more.
    Gone,
    /// Nobody knows.
    Unknown(Why),
}

/// How the provider shows a target now.
pub(super) async fn shown(cx: &Context, entry: &Entry, credential: &Credential, target: &Target) -> Shown {
    let mut seen = Probe::of(Liveness::Active);
    seen.bound.clone_from(&target.bound);
    seen.hidden.clone_from(&target.hidden);
    match entry.revoker.locate(cx, credential, &seen).await {
        Ok(target) => match target.alive {
            Some(true) => Shown::Alive,
            Some(false) => Shown::Off,
            None => Shown::There,
        },
        Err(Outcome::AlreadyDead) => Shown::Off,
        Err(Outcome::Unknown { why: Why::NotListed }) => Shown::Gone,
        Err(Outcome::Unknown { why }) => Shown::Unknown(why),
        Err(other) => Shown::Unknown(Why::Other { detail: other.to_string() }),
    }
}
