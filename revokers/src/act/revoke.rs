//! Does what a plan says, step by step, each with its line before and after, and its proof.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::journal::Scribe;
use super::past::{Left, Past, effective, may_have_happened};
use super::prove::{prove, still_listed};
use super::{Journal, Moment, Plan};
use crate::interface::StepKind;
use crate::kind::settle;
use crate::registry::Entry;
use crate::{Context, Credential, Liveness, Outcome, Seat, Step, Why};

/// How far a revocation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Off, so that it can be put on again. Where no step can be undone this is the same as dead.
    Contained,
    /// It cannot come back.
    Dead,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// The step.
    pub step: Step,
    /// What the provider said.
    pub outcome: Outcome,
    /// What the probe said then.
    pub liveness: Liveness,
}

/// What came of a revocation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The steps that were taken.
    pub done: Vec<Done>,
    /// What came of it all.
    pub outcome: Outcome,
    /// Whether every step of the plan was taken.
    pub complete: bool,
    /// From the first step until the provider refused it.
    pub took_seconds: Option<f64>,
}

impl Report {
    /// Whether it is off, and could be put on again: nothing was done yet that cannot be undone.
    pub fn is_contained(&self) -> bool {
        let mut done = self.done.iter().filter(|done| effective(&done.outcome));
        self.outcome.is_dead() && !self.complete && done.all(|done| done.step.kind == StepKind::Reversible)
    }
}

/// Carries out a plan, or goes on with it: the journal's past says what was done before, and nothing of which the answer is not known is
/// repeated without a look.
///
/// # Errors
/// If a line of the journal cannot be kept: then nothing further is done.
pub async fn revoke(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    plan: &Plan,
    goal: Goal,
    journal: &dyn Journal,
) -> io::Result<Report> {
    let started = Instant::now();
    let past = Past::of(&journal.past());
    let credential = &seen(credential, plan);
    let mut report = Report { done: Vec::new(), outcome: Outcome::Accepted, complete: false, took_seconds: None };
    let steps = plan.steps_to(goal);
    let seat = Mutex::new(entry.revoker.seat(cx));
    if !past.began()
        && let Some(outcome) = died_since(cx, entry, credential, plan, steps).await
    {
        return Ok(Report { complete: outcome == Outcome::AlreadyDead, outcome, ..report });
    }
    let scribe = Scribe { journal, fingerprint: &plan.fingerprint, kind: &plan.kind };
    let work = Work { cx, entry, credential, plan, past, scribe, seat };
    for step in steps {
        let done = work.go(step).await?;
        if done.liveness == Liveness::Inactive && report.took_seconds.is_none() {
            report.took_seconds = Some(started.elapsed().as_secs_f64());
        }
        let stuck = done.liveness != Liveness::Inactive && !effective(&done.outcome);
        report.done.push(done);
        if stuck {
            break;
        }
    }
    report.complete = report.done.len() == plan.steps.len() && report.done.iter().all(|done| effective(&done.outcome));
    report.outcome = verdict(&report.done);
    Ok(report)
}

/// The credential, with what the plan's probe showed.
fn seen(credential: &Credential, plan: &Plan) -> Credential {
    Credential { was_alive: plan.probe.liveness == Liveness::Active, ..credential.clone() }
}

/// What there is to say if it died after the plan was made. A step that cannot be undone is not taken then: where a provider replaces a secret,
/// it would hit the successor. After a step that can be undone it counts as dead, too, and the rest of the plan is still to be done.
async fn died_since(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    plan: &Plan,
    steps: &[Step],
) -> Option<Outcome> {
    let is_final = steps.first().is_some_and(|step| step.kind == StepKind::Final)
        && !plan.steps.iter().any(|step| step.kind == StepKind::Reversible);
    let was_alive = plan.probe.liveness == Liveness::Active;
    if !is_final || !was_alive || entry.revoker.probe(cx, credential).await.liveness != Liveness::Inactive {
        return None;
    }
    // Some refusals count only after a death that we caused, and this would be another's: a firewall says them as well.
    let stranger = Credential { was_alive: false, ..credential.clone() };
    Some(match entry.revoker.probe(cx, &stranger).await.liveness {
        Liveness::Inactive => Outcome::AlreadyDead,
        Liveness::Active => return None,
        Liveness::Unknown { why } => Outcome::Unknown { why },
    })
}

/// Looks whether a credential is dead that another call killed.
pub(super) async fn confirm(cx: &Context, entry: &Entry, credential: &Credential, plan: &Plan) -> Report {
    let started = Instant::now();
    let patience = plan.steps.last().map_or_else(settle, |step| step.settle);
    let liveness = prove(cx, entry, &seen(credential, plan), &plan.target, patience).await;
    let dead = liveness == Liveness::Inactive;
    let outcome = if dead { Outcome::Revoked } else { Outcome::Accepted };
    Report { done: Vec::new(), outcome, complete: dead, took_seconds: dead.then(|| started.elapsed().as_secs_f64()) }
}

/// What every step of a plan needs.
struct Work<'a> {
    cx: &'a Context,
    entry: &'a Entry,
    credential: &'a Credential,
    plan: &'a Plan,
    past: Past,
    scribe: Scribe<'a>,
    /// Its seat in a request that takes many, until it was sent.
    seat: Mutex<Option<Seat>>,
}

impl Work<'_> {
    /// Takes a step, or what is left of it.
    async fn go(&self, step: &Step) -> io::Result<Done> {
        let Some(taken) = self.past.of_step(step) else { return self.take(step).await };
        match (taken.left(), &taken.outcome) {
            (Left::Nothing, outcome) => {
                let outcome = outcome.clone().filter(effective).unwrap_or(Outcome::AlreadyDead);
                Ok(Done { step: step.clone(), outcome, liveness: Liveness::Inactive })
            }
            (Left::Proof, Some(outcome)) => {
                let done = self.proven(step, outcome.clone()).await?;
                let again = done.liveness == Liveness::Active && step.kind == StepKind::Until;
                if again { self.take(step).await } else { Ok(done) }
            }
            (Left::Look | Left::Proof, _) => self.look(step).await,
            (Left::All, _) => self.take(step).await,
        }
    }

    /// The whole of it: the line before, the step, the line after, the proof.
    async fn take(&self, step: &Step) -> io::Result<Done> {
        let (ownership, found_by) = (self.plan.ownership.clone(), self.plan.target.found_by.clone());
        self.scribe.record(Moment::Intent { step: step.clone(), ownership, found_by }).await?;
        let outcome = self.entry.revoker.perform(self.cx, self.credential, &self.plan.target, step).await;
        drop(self.seat.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.scribe.record(Moment::Result { step: step.name.clone(), outcome: outcome.clone() }).await?;
        self.proven(step, outcome).await
    }

    async fn proven(&self, step: &Step, outcome: Outcome) -> io::Result<Done> {
        // What certainly changed nothing, such as a refusal, needs one look; a lost answer may have changed everything.
        let settle = if effective(&outcome) || may_have_happened(&outcome) { step.settle } else { 0 };
        let liveness = prove(self.cx, self.entry, self.credential, &self.plan.target, settle).await;
        self.scribe.record(Moment::Proof { liveness: liveness.clone() }).await?;
        Ok(Done { step: step.clone(), outcome, liveness })
    }

    /// The step may have been taken. Only if the provider shows that it was not, it is taken again.
    async fn look(&self, step: &Step) -> io::Result<Done> {
        let target = &self.plan.target;
        let liveness = if self.past.off_before(step) {
            // It was off before the step, so that only the provider's list can tell.
            match still_listed(self.cx, self.entry, self.credential, target).await {
                Ok(true) => Liveness::Active,
                Ok(false) => Liveness::Inactive,
                Err(why) => Liveness::Unknown { why },
            }
        } else {
            prove(self.cx, self.entry, self.credential, target, step.settle).await
        };
        match liveness {
            Liveness::Active => self.take(step).await,
            Liveness::Inactive => {
                let outcome = Outcome::AlreadyDead;
                self.scribe.record(Moment::Result { step: step.name.clone(), outcome: outcome.clone() }).await?;
                self.scribe.record(Moment::Proof { liveness: Liveness::Inactive }).await?;
                Ok(Done { step: step.clone(), outcome, liveness: Liveness::Inactive })
            }
            Liveness::Unknown { why } => {
                let outcome = Outcome::Unknown { why: why.clone() };
                Ok(Done { step: step.clone(), outcome, liveness: Liveness::Unknown { why } })
            }
        }
    }
}

/// What the steps come to: dead if the last look said so, whatever was said before; else what the last step said.
fn verdict(done: &[Done]) -> Outcome {
    let Some(last) = done.last() else {
        return Outcome::Unknown { why: Why::Other { detail: "there was no step to take".to_owned() } };
    };
    if last.liveness == Liveness::Inactive {
        return Outcome::Revoked;
    }
    match &last.outcome {
        // The provider says that there is no such key, and the key works: it is not the one that we meant.
        Outcome::AlreadyDead | Outcome::Revoked => Outcome::Unknown { why: still(&last.liveness) },
        other => other.clone(),
    }
}

fn still(liveness: &Liveness) -> Why {
    match liveness {
        Liveness::Unknown { why } => why.clone(),
        _ => Why::Other { detail: "the provider calls it gone, and still accepts it".to_owned() },
    }
}
