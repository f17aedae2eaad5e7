//! The four verbs as they may be used: nothing destructive without evidence, owner, exact target and a line of the journal; nothing called dead
//! without a proof.

mod journal;
mod owner;
mod past;
mod plan;
mod prove;
mod revoke;
mod rotate;
mod since;

pub use journal::{Journal, Line, Moment};
pub use owner::Ownership;
pub use plan::{Consent, Looked, Plan, Refusal, look, plan, plan_after};
pub use revoke::{Done, Goal, Report, revoke};
pub use rotate::{Rotation, Sink, SinkError, rotate};

use crate::registry::Entry;
use crate::{Context, Credential, Probe, Why, canary};

/// Asks whether a credential is alive. A canary is not asked about unless the configuration says so.
pub async fn verify(cx: &Context, entry: &Entry, credential: &Credential) -> Probe {
    if !cx.config.policy.probe_canaries && canary::is_canary(&cx.config.policy, credential) {
        return Probe::unknown(Why::Canary);
    }
    entry.revoker.probe(cx, credential).await
}
