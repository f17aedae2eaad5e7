//! Everything that must be known before something irrevocable is done.

use serde::{Deserialize, Serialize};

use super::owner::{Ownership, Stranger, judge};
use super::past::Past;
use super::{Goal, Moment, verify};
use crate::registry::Entry;
use crate::{Context, Credential, Liveness, Outcome, Probe, Step, StepKind, Target, Why, canary};

/// What a person says beside the configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Consent {
    /// The credential is ours, though nothing proves it.
    pub ours: bool,
    /// It may be acted on though no probe says that it is alive.
    pub unproven: bool,
}

/// What will be done, exactly, and why it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The credential's name.
    pub fingerprint: String,
    /// Its kind.
    pub kind: String,
    /// What the provider said of it.
    pub probe: Probe,
    /// Why it may be acted on.
    pub ownership: Ownership,
    /// The exact target.
    pub target: Target,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The steps that lead to a goal: up to the last that can be undone, if there is one and no more is wanted.
    pub fn steps_to(&self, goal: Goal) -> &[Step] {
        let reversible = self.steps.iter().take_while(|step| step.kind == StepKind::Reversible).count();
        match goal {
            Goal::Contained if reversible > 0 => self.steps.get(..reversible).unwrap_or(&self.steps),
            Goal::Contained | Goal::Dead => &self.steps,
        }
    }
}

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is a decoy.
    #[error("it is a canary, which is never touched")]
    Canary,
    /// It is dead.
    #[error("the provider refuses it already")]
    Dead,
    /// Nobody knows whether it is alive.
    #[error("nothing proves that it is alive: {0}")]
    NotProven(Why),
    /// No call revokes it.
    #[error("no call revokes it; a person does: {runbook}{}", url.as_ref().map_or_else(String::new, |url| format!(" ({url})")))]
    Person {
        /// Where.
        url: Option<String>,
        /// How.
        runbook: String,
    },
    /// The provider names another owner.
    #[error("it is not ours: the provider names {}", .0.join(", "))]
    NotOurs(Vec<String>),
    /// Nobody says whose it is.
    #[error("nothing says that it is ours")]
    OwnerUnknown,
    /// Its target is not known exactly, or not permitted.
    #[error("{0}")]
    Target(Outcome),
}

/// What the provider said, and what follows from it.
#[derive(Debug)]
pub struct Looked {
    /// What the provider said; `None` for a decoy, which nobody asks about.
    pub probe: Option<Probe>,
    /// What would be done, or why nothing.
    pub plan: Result<Plan, Refusal>,
}

/// Looks at everything and changes nothing.
pub async fn look(cx: &Context, entry: &Entry, credential: &Credential, consent: Consent) -> Looked {
    if canary::is_canary(&cx.config.policy, credential) {
        return Looked { probe: None, plan: Err(Refusal::Canary) };
    }
    let probe = verify(cx, entry, credential).await;
    let plan = planned(cx, entry, credential, &probe, consent, &Past::default()).await;
    Looked { probe: Some(probe), plan }
}

/// What [`look`] says must be done.
///
/// # Errors
/// If one of the conditions for acting does not hold.
pub async fn plan(cx: &Context, entry: &Entry, credential: &Credential, consent: Consent) -> Result<Plan, Refusal> {
    look(cx, entry, credential, consent).await.plan
}

/// The same for a credential of which the past is known. If it was we who switched it off, its refusal is not the end of it: what is left of the
/// steps is planned, as long as they still hit what the past says.
///
/// # Errors
/// If one of the conditions for acting does not hold.
pub async fn plan_after(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    consent: Consent,
    past: &[Moment],
) -> Result<Plan, Refusal> {
    let past = Past::of(past);
    if !past.is_off() || canary::is_canary(&cx.config.policy, credential) {
        return plan(cx, entry, credential, consent).await;
    }
    let probe = verify(cx, entry, credential).await;
    planned(cx, entry, credential, &probe, consent, &past).await
}

async fn planned(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    probe: &Probe,
    consent: Consent,
    past: &Past,
) -> Result<Plan, Refusal> {
    let kind = entry.kind;
    let off = probe.liveness == Liveness::Inactive && past.is_off();
    match &probe.liveness {
        Liveness::Inactive if off => {}
        Liveness::Inactive => return Err(Refusal::Dead),
        Liveness::Unknown { why } if kind.revokes() && !consent.unproven => {
            return Err(Refusal::NotProven(why.clone()));
        }
        Liveness::Active | Liveness::Unknown { .. } => {}
    }
    if !kind.revokes() {
        return Err(Refusal::Person { url: kind.manual.url.clone(), runbook: kind.manual.runbook.clone() });
    }
    let target = entry.revoker.locate(cx, credential, probe).await.map_err(|outcome| match outcome {
        Outcome::AlreadyDead => Refusal::Dead,
        outcome => Refusal::Target(outcome),
    })?;
    if target.alive == Some(false) && !off {
        return Err(Refusal::Dead);
    }
    let ownership =
        judge(&cx.config, &entry.file.provider, kind, probe, &target, consent).map_err(|who| match who {
            Stranger::Other(owners) => Refusal::NotOurs(owners),
            Stranger::Unproven => Refusal::OwnerUnknown,
        })?;
    let mut steps = entry.revoker.steps(cx, credential, &target).await.map_err(Refusal::Target)?;
    if off {
        steps = past.rest(steps).ok_or(Refusal::Dead)?;
    }
    let fingerprint = credential.fingerprint.to_string();
    Ok(Plan { fingerprint, kind: kind.id.clone(), probe: probe.clone(), ownership, target, steps })
}
