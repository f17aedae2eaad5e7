//! Asks the policies, and people where a policy wants that.

use jiff::Timestamp;
use stanch_revokers::act::{Plan, Refusal};
use stanch_revokers::registry::{self, Entry};

use super::{EngineError, Turn};
use crate::{Decision, Event, Incident, Means, Verdict};

/// Who decides: the policies, or a test.
pub trait Decider: Send + Sync {
    /// What is to be done about an incident of which everything is known that will be: what would be done, or why nothing.
    fn decide(
        &self,
        incident: &Incident,
        plan: Result<&Plan, &Refusal>,
        entry: Option<&Entry>,
        now: Timestamp,
    ) -> Decision;
}

impl Turn<'_> {
    pub(super) fn decide(&mut self) -> Result<(), EngineError> {
        let incident = &self.claim.incident;
        let entry = incident.kind.as_deref().and_then(registry::by_id);
        let unknown = Refusal::Person { url: None, runbook: String::new() };
        let plan = incident.plan.as_ref().map(|(_, plan)| plan);
        let plan = plan.ok_or_else(|| self.refusal.as_ref().unwrap_or(&unknown));
        let mut decision = self.engine.decider.decide(incident, plan, entry.as_ref(), self.engine.now());
        if decision.means == Some(Means::Rotate) && entry.as_ref().is_none_or(|entry| !entry.kind.rotates()) {
            decision.verdict = if decision.verdict == Verdict::Act { Verdict::Ask } else { decision.verdict };
            decision.means = Some(Means::Revoke);
            decision.why.push_str("; no call gives a successor, so that people are asked");
        }
        self.append(&[Event::Decided { decision }])
    }

    pub(super) fn ask(&mut self) -> Result<(), EngineError> {
        let Some(digest) = self.claim.incident.asked() else { return Ok(()) };
        let approvals = self.decision().map_or(1, |decision| decision.approvals.max(1));
        self.append(&[Event::Asked { digest, approvals }])
    }

    pub(super) fn begin(&mut self) -> Result<(), EngineError> {
        let Some(digest) = self.claim.incident.asked() else { return Ok(()) };
        self.append(&[Event::Began { digest }])
    }
}
