//! One credential of a plan.

use serde::{Deserialize, Serialize};
use stanch_revokers::act::{Goal, Plan, Refusal};
use stanch_revokers::kind::Kind;
use stanch_revokers::{Probe, Step, StepKind};

use crate::{Decision, Detected, Means, Occurrence, Verdict, digest};

/// What a plan says of one credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it is, and who answers for it.
    pub what: Detected,
    /// Where it stands.
    pub places: Vec<Occurrence>,
    /// What will come of it, if nothing changes.
    pub outlook: Outlook,
    /// What would be done, in order; empty if nothing is.
    pub actions: Vec<Action>,
    /// The digest of what would be done, to which approvals are bound.
    pub digest: Option<String>,
    /// Whose it is, what it may do, when it was last used, and the answers that say so.
    pub evidence: Option<Probe>,
    /// Why it may be acted on, in words.
    pub ownership: Option<String>,
    /// Why nothing is done, if nothing is.
    pub refusal: Option<String>,
    /// What the policies say.
    pub decision: Decision,
    /// What a person has to do, where a person has to.
    pub by_hand: Option<String>,
    /// What stops working.
    pub breaks: String,
    /// What lives on after it.
    pub survives: Option<String>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What it does: `disable`, `delete`.
    pub name: String,
    /// What exactly it hits.
    pub target: String,
    /// The request in short, without a secret.
    pub request: String,
    /// Whether it can be undone.
    pub undoable: bool,
}

impl Action {
    fn of(step: &Step) -> Self {
        Self {
            name: step.name.clone(),
            target: step.target.clone(),
            request: step.request.clone(),
            undoable: step.kind == StepKind::Reversible,
        }
    }
}

/// What whoever applies the item approves of.
fn asked(plan: &Plan, decision: &Decision) -> String {
    digest::asked(&digest::of(plan), decision.means, false)
}

/// The steps of a plan that the policies let be taken.
fn steps<'a>(plan: &'a Plan, decision: &Decision) -> &'a [Step] {
    plan.steps_to(if decision.means == Some(Means::Contain) { Goal::Contained } else { Goal::Dead })
}

/// What will come of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outlook {
    /// Whoever applies the plan revokes it by that.
    Revoke,
    /// More people, or others, have to approve.
    NeedsApproval,
    /// A person does it.
    ByHand,
    /// The policies want nothing done to it.
    LeftAlone,
    /// Its provider refuses it already.
    NotLive,
}

impl Outlook {
    /// Every one, in order.
    pub const ALL: [Self; 5] = [Self::Revoke, Self::NeedsApproval, Self::ByHand, Self::LeftAlone, Self::NotLive];

    /// How many of them there are, in words: `2 to revoke`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Revoke => "to revoke",
            Self::NeedsApproval => "to be approved",
            Self::ByHand => "by hand",
            Self::LeftAlone => "left alone",
            Self::NotLive => "not live",
        }
    }

    /// What follows from a plan and what the policies say of it.
    pub fn of(plan: Result<&Plan, &Refusal>, decision: &Decision) -> Self {
        match (plan, decision.verdict) {
            (Err(Refusal::Dead), _) => Self::NotLive,
            (_, Verdict::Ignore | Verdict::Notify) => Self::LeftAlone,
            (Err(_), _) => Self::ByHand,
            (Ok(_), _) if decision.means.is_none() => Self::ByHand,
            (Ok(_), Verdict::Act) => Self::Revoke,
            (Ok(_), Verdict::Ask) if decision.approvals <= 1 && decision.approvers.is_empty() => Self::Revoke,
            (Ok(_), Verdict::Ask) => Self::NeedsApproval,
        }
    }
}

impl Item {
    /// An item of what was seen. `kind` is that of the credential, if revokers know it.
    pub fn new(
        (what, places): (Detected, Vec<Occurrence>),
        kind: Option<&Kind>,
        evidence: Option<Probe>,
        plan: Result<&Plan, &Refusal>,
        decision: Decision,
    ) -> Self {
        let outlook = Outlook::of(plan, &decision);
        let by_hand = kind.filter(|_| outlook == Outlook::ByHand).map(|kind| {
            let page = kind.manual.url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
            format!("{}{page}", kind.manual.runbook)
        });
        Self {
            what,
            places,
            outlook,
            actions: plan.map(|plan| steps(plan, &decision).iter().map(Action::of).collect()).unwrap_or_default(),
            digest: plan.ok().map(|plan| asked(plan, &decision)),
            evidence,
            ownership: plan.ok().map(|plan| plan.ownership.to_string()),
            refusal: plan.err().map(ToString::to_string),
            decision,
            by_hand,
            breaks: kind.map(|kind| kind.manual.breaks.clone()).unwrap_or_default(),
            survives: kind.and_then(|kind| kind.survives.clone()),
        }
    }

    /// Whether applying the plan does something about it.
    pub const fn is_applied(&self) -> bool {
        matches!(self.outlook, Outlook::Revoke | Outlook::NeedsApproval)
    }

    /// What is not as this item says any more, in words; `None` if all of it is.
    pub fn changed(&self, plan: Result<&Plan, &Refusal>) -> Option<String> {
        let plan = match plan {
            Ok(plan) => plan,
            Err(refusal) => return Some(refusal.to_string()),
        };
        if self.digest.as_deref() == Some(asked(plan, &self.decision).as_str()) {
            return None;
        }
        let now: Vec<(&str, &str)> =
            steps(plan, &self.decision).iter().map(|step| (&*step.name, &*step.target)).collect();
        let then: Vec<(&str, &str)> = self.actions.iter().map(|action| (&*action.name, &*action.target)).collect();
        if now != then {
            let told = |steps: &[(&str, &str)]| {
                steps.iter().map(|(name, target)| format!("{name} {target}")).collect::<Vec<_>>().join(", ")
            };
            return Some(format!("the steps were `{}` and are `{}`", told(&then), told(&now)));
        }
        if self.ownership.as_deref() != Some(plan.ownership.to_string().as_str()) {
            return Some(format!("why it may be acted on: {}", plan.ownership));
        }
        Some(format!("how its target is found, or what that is: {}", plan.target.found_by))
    }
}
