//! What has become of the target since it was looked at last. Time has passed, and others act, too: the key may have been put on again, or
//! its secret replaced, and a step that was right an hour ago would hit what is in use now.

use super::Plan;
use super::prove::{Shown, look, shown};
use crate::interface::StepKind;
use crate::registry::Entry;
use crate::{Context, Credential, Liveness, Outcome, Why};

/// What a look shows before a step that is not taken right after another one.
#[derive(Debug)]
pub(super) enum Since {
    /// All is as the plan has it, as far as anybody can tell.
    Same,
    /// The list shows it no more: somebody has removed it.
    Gone,
    /// The provider refuses it, and that is none of our doing.
    Dead,
    /// Nothing is done: this is why, and what the credential is.
    Other(Outcome, Liveness),
}

/// What has become of a credential that a step of ours had switched off, as was proven then.
pub(super) async fn since_off(cx: &Context, entry: &Entry, credential: &Credential, plan: &Plan) -> Since {
    match look(cx, entry, credential, &plan.target).await {
        Liveness::Active => other("it was put on again since: a person decides", Liveness::Active),
        Liveness::Unknown { why } => unknown(why),
        Liveness::Inactive => match shown(cx, entry, credential, &plan.target).await {
            Shown::Alive => other(
                "it is on again at the provider, with another secret in its place: a person decides",
                Liveness::Inactive,
            ),
            Shown::Gone => Since::Gone,
            Shown::Unknown(why) if is_bad_day(&why) => unknown(why),
            // Where no list can be read now that it is off, it is as it was: refused.
            Shown::Off | Shown::There | Shown::Unknown(_) => Since::Same,
        },
    }
}

/// What has become of a credential that was alive when the plan was made, and that nothing of ours has hit. A refusal that is said of
/// living keys, too, is none: it counts only right after a death that we caused.
pub(super) async fn since_alive(cx: &Context, entry: &Entry, credential: &Credential, plan: &Plan) -> Since {
    if plan.probe.liveness != Liveness::Active {
        return Since::Same;
    }
    match now(cx, entry, credential).await {
        Liveness::Active => Since::Same,
        Liveness::Unknown { why } => unknown(why),
        // What somebody else has only switched off is not gone, so that the rest of the plan is still to be done.
        Liveness::Inactive if is_only_off(cx, entry, credential, plan).await => Since::Same,
        Liveness::Inactive => Since::Dead,
    }
}

/// What a credential is that nothing of ours has hit.
pub(super) async fn now(cx: &Context, entry: &Entry, credential: &Credential) -> Liveness {
    let credential = Credential { was_alive: false, ..credential.clone() };
    entry.revoker.probe(cx, &credential).await.liveness
}

/// Whether the provider shows the very target as off. Where it does not say so, a secret may have been replaced, and a step would hit the
/// new one.
async fn is_only_off(cx: &Context, entry: &Entry, credential: &Credential, plan: &Plan) -> bool {
    plan.steps.iter().any(|step| step.kind == StepKind::Reversible)
        && matches!(shown(cx, entry, credential, &plan.target).await, Shown::Off)
}

fn other(why: &str, liveness: Liveness) -> Since {
    Since::Other(Outcome::NotPermitted { why: why.to_owned() }, liveness)
}

fn unknown(why: Why) -> Since {
    Since::Other(Outcome::Unknown { why: why.clone() }, Liveness::Unknown { why })
}

/// Whether the list would tell at another time.
const fn is_bad_day(why: &Why) -> bool {
    match why {
        Why::Answer { status } => *status >= 500,
        Why::Offline
        | Why::Transport { .. }
        | Why::Throttled { .. }
        | Why::Page { .. }
        | Why::Redirect
        | Why::TooLarge { .. }
        | Why::Incomplete => true,
        _ => false,
    }
}
