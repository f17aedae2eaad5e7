//! Takes the steps: first what can be undone, then what cannot; or a successor first.

use stanch_revokers::act::{self, Goal, Plan, Report, Sink};
use stanch_revokers::registry::Entry;
use stanch_revokers::{Credential, Liveness, Outcome, Probe, StepKind, Target, successor};

use super::ledger::Ledger;
use super::{EngineError, HIDDEN, Turn, sealed};
use crate::Event;

impl Turn<'_> {
    /// Until the provider refuses it.
    pub(super) async fn contain(&mut self) -> Result<(), EngineError> {
        let Some((report, plan)) = self.revoke(Goal::Contained).await? else { return Ok(()) };
        if !report.outcome.is_dead() {
            return self.stuck(&report.outcome);
        }
        let all = !plan.steps.iter().any(|step| step.kind == StepKind::Reversible);
        // It is refused, and something of it is left: open connections, or a removal that nothing shows.
        if all && !report.complete {
            return self.stuck(&last(&report));
        }
        let events = if all { vec![Event::Contained, Event::Dead] } else { vec![Event::Contained] };
        self.append(&events)
    }

    /// Until it cannot come back.
    pub(super) async fn kill(&mut self) -> Result<(), EngineError> {
        let Some((report, _)) = self.revoke(Goal::Dead).await? else { return Ok(()) };
        if report.outcome.is_dead() && report.complete {
            return self.append(&[Event::Dead]);
        }
        self.stuck(&last(&report))
    }

    async fn revoke(&mut self, goal: Goal) -> Result<Option<(Report, Plan)>, EngineError> {
        let Some((entry, credential, plan)) = self.prepared().await? else { return Ok(None) };
        let engine = self.engine;
        let ledger = Ledger::new(engine, &mut self.claim);
        let report = act::revoke(&engine.cx, &entry, &credential, &plan, goal, &ledger).await;
        Ok(Some((report.map_err(EngineError::Journal)?, plan)))
    }

    pub(super) async fn rotate(&mut self) -> Result<(), EngineError> {
        let sinks = match self.sinks() {
            Ok(sinks) => sinks,
            Err(why) => return self.append(&[Event::GaveUp { why }]),
        };
        let Some((entry, credential, plan)) = self.prepared().await? else { return Ok(()) };
        let engine = self.engine;
        let name = format!(
            "stanch-{}-{}",
            self.claim.incident.id.as_str().trim_start_matches("inc_"),
            self.claim.incident.events
        );
        let ledger = Ledger::new(engine, &mut self.claim);
        let rotation = act::rotate(&engine.cx, &entry, &credential, &plan, &name, &sinks, &ledger).await;
        let rotation = rotation.map_err(EngineError::Journal)?;
        match (rotation.old, rotation.failed) {
            (Some(old), None) if old.outcome.is_dead() && old.complete => self.append(&[Event::Contained, Event::Dead]),
            // It is dead, and nobody has the successor.
            (Some(old), Some(why)) if old.outcome.is_dead() => {
                self.append(&[Event::Contained, Event::Dead, Event::GaveUp { why }])
            }
            (Some(old), None) => self.stuck(&last(&old)),
            (_, Some(why)) => self.later(why, None),
            (None, None) => self.later("the rotation did not end".to_owned(), None),
        }
    }

    /// The stores that the configuration names for this credential.
    fn sinks(&self) -> Result<Vec<Box<dyn Sink>>, String> {
        let incident = &self.claim.incident;
        let names = [incident.kind.as_deref().unwrap_or_default(), &incident.provider, &incident.fingerprint];
        let rule = self.engine.options.rotations.iter().find(|rule| names.contains(&rule.of.as_str()));
        let rule = rule.ok_or("no store is configured for its successor")?;
        rule.to.iter().map(|to| successor::parse(to).map_err(|error| error.to_string())).collect()
    }

    /// What the steps need. The plan is the one that was decided about.
    async fn prepared(&mut self) -> Result<Option<(Entry, Credential, Plan)>, EngineError> {
        let Some((entry, credential)) = self.subject().await? else { return Ok(None) };
        let Some((_, plan)) = self.claim.incident.plan.clone() else { return Ok(None) };
        let plan = self.with_hidden(&entry, &credential, plan).await?;
        Ok(Some((entry, credential, plan)))
    }

    /// Values that are secret are not in the plan that is kept, but sealed beside it: a token that was had for a key may be all that can still
    /// delete it once it is off. Where they are not there they are had again, for the same target only.
    async fn with_hidden(&self, entry: &Entry, credential: &Credential, plan: Plan) -> Result<Plan, EngineError> {
        if entry.kind.hidden.is_empty() {
            return Ok(plan);
        }
        let kept = self.engine.store.secret(&self.claim.incident.id, HIDDEN).await?;
        if let Some(hidden) = kept.and_then(|bytes| sealed::hidden(&bytes).ok()) {
            return Ok(Plan { target: Target { hidden, ..plan.target }, ..plan });
        }
        let cx = &self.engine.cx;
        let seen: Probe = act::verify(cx, entry, credential).await;
        Ok(match entry.revoker.locate(cx, credential, &seen).await {
            Ok(target) if target.bound == plan.target.bound => Plan { target, ..plan },
            _ => plan,
        })
    }

    /// What was done did not end it.
    fn stuck(&mut self, outcome: &Outcome) -> Result<(), EngineError> {
        match outcome {
            Outcome::NotPermitted { .. } | Outcome::Ambiguous { .. } => {
                self.append(&[Event::GaveUp { why: outcome.to_string() }])
            }
            // Nothing that passes by itself.
            Outcome::Unknown { why } if !why.passes() => self.append(&[Event::GaveUp { why: outcome.to_string() }]),
            Outcome::Unknown { why } => self.later(outcome.to_string(), why.wait()),
            Outcome::Accepted | Outcome::Revoked | Outcome::AlreadyDead => self.later(outcome.to_string(), None),
        }
    }
}

/// What is left came to: the reason why the end is not reached.
fn last(report: &Report) -> Outcome {
    let ineffective =
        |outcome: &Outcome| !matches!(outcome, Outcome::Accepted | Outcome::AlreadyDead | Outcome::Revoked);
    let last = report.done.last();
    let stuck = last.filter(|done| done.liveness != Liveness::Inactive || !matches!(done.outcome, Outcome::Accepted));
    // A step before it may be what is left, such as the end of open connections.
    let left = report.done.iter().rev().find(|done| ineffective(&done.outcome));
    left.or(stuck).map_or_else(|| report.outcome.clone(), |done| done.outcome.clone())
}
