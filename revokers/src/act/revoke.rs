//! Does what a plan says, step by step, each with its line before and after, and its proof.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::journal::Scribe;
use super::past::{Left, Past, effective, may_have_happened};
use super::prove::{prove, prove_gone};
use super::since::{Since, since_alive, since_off};
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

    /// Of what was dead before anything was done.
    pub(super) fn dead_before() -> Self {
        Self { done: Vec::new(), outcome: Outcome::AlreadyDead, complete: true, took_seconds: None }
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
    let credential = &seen(credential, plan);
    let mut report = Report { done: Vec::new(), outcome: Outcome::Accepted, complete: false, took_seconds: None };
    let steps = plan.steps_to(goal);
    let scribe = Scribe { journal, fingerprint: &plan.fingerprint, kind: &plan.kind };
    let (past, seat) = (Past::of(&journal.past()), Mutex::new(entry.revoker.seat(cx)));
    let work = Work { cx, entry, credential, plan, past, scribe, seat };
    // Whether this run has looked at the credential already, so that the next step follows right after.
    let mut looked = false;
    let mut whole = true;
    for step in steps {
        let off = work.past.off_before(step) || report.done.iter().any(|done| done.liveness == Liveness::Inactive);
        let done = match work.go(step, off, looked).await? {
            Went::Before(done) => done,
            Went::Done(done) => {
                looked = true;
                done
            }
            Went::Not(done) => {
                report.outcome = done.outcome.clone();
                report.done.push(done);
                return Ok(report);
            }
            Went::Dead => return Ok(Report { done: report.done, ..Report::dead_before() }),
        };
        if done.liveness == Liveness::Inactive && report.took_seconds.is_none() {
            report.took_seconds = Some(started.elapsed().as_secs_f64());
        }
        let stuck = done.liveness != Liveness::Inactive && !effective(&done.outcome);
        whole &= effective(&done.outcome) || (done.liveness == Liveness::Inactive && !work.is_blind(step, off));
        report.done.push(done);
        if stuck {
            break;
        }
    }
    report.complete = whole && report.done.len() == plan.steps.len();
    report.outcome = verdict(&report.done);
    Ok(report)
}

/// The credential, with what the plan's probe showed.
fn seen(credential: &Credential, plan: &Plan) -> Credential {
    Credential { was_alive: plan.probe.liveness == Liveness::Active, ..credential.clone() }
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

/// How a step went.
enum Went {
    /// It was done and proven in an earlier run.
    Before(Done),
    /// It was taken, or looked after.
    Done(Done),
    /// It was not taken: what it would hit is not what it was.
    Not(Done),
    /// Nothing is taken: the credential is dead, and not by us.
    Dead,
}

impl Work<'_> {
    /// Takes a step, or what is left of it. `off` says that the credential was proven off before it, `looked` that this run has just looked.
    async fn go(&self, step: &Step, off: bool, looked: bool) -> io::Result<Went> {
        let Some(taken) = self.past.of_step(step) else { return self.begin(step, off, looked).await };
        match (taken.left(self.is_blind(step, off)), &taken.outcome) {
            (Left::Nothing, outcome) => {
                let outcome = outcome.clone().filter(effective).unwrap_or(Outcome::AlreadyDead);
                Ok(Went::Before(Done { step: step.clone(), outcome, liveness: Liveness::Inactive }))
            }
            (Left::Proof, Some(outcome)) => self.prove_again(step, outcome.clone(), off).await,
            (Left::Look | Left::Proof, _) => self.look(step, off).await,
            (Left::All, _) => self.begin(step, off, looked).await,
        }
    }

    /// Takes a step of which certainly nothing was done. If it does not follow right after a look, one comes first.
    async fn begin(&self, step: &Step, off: bool, looked: bool) -> io::Result<Went> {
        if looked {
            return Ok(Went::Done(self.take(step, off).await?));
        }
        match self.since(off).await {
            // What is listed no more is asked for all the same: the provider then says so itself.
            Since::Same | Since::Gone => Ok(Went::Done(self.take(step, off).await?)),
            Since::Dead => Ok(Went::Dead),
            Since::Other(outcome, liveness) => Ok(Went::Not(Done { step: step.clone(), outcome, liveness })),
        }
    }

    async fn since(&self, off: bool) -> Since {
        if off {
            since_off(self.cx, self.entry, self.credential, self.plan).await
        } else {
            since_alive(self.cx, self.entry, self.credential, self.plan).await
        }
    }

    /// Whether a probe is all that looks after a step, and was refused before it already: then it tells nothing of the step.
    fn is_blind(&self, step: &Step, off: bool) -> bool {
        off && !self.is_listed(step)
    }

    /// Whether a list of the provider tells of what is removed for good. That one item can be asked for is no list: its absence is told in as
    /// many ways as a mistake of ours.
    fn is_listed(&self, step: &Step) -> bool {
        step.kind == StepKind::Final && self.entry.kind.locate.last().is_some_and(|last| last.each.is_some())
    }

    /// The step was taken in an earlier run, and nothing proves it yet.
    async fn prove_again(&self, step: &Step, outcome: Outcome, off: bool) -> io::Result<Went> {
        let done = self.proven(step, outcome, off).await?;
        match done.liveness {
            Liveness::Active if step.kind == StepKind::Until => Ok(Went::Done(self.take(step, off).await?)),
            // Nobody knows what it is now, so that no further step is taken.
            Liveness::Unknown { .. } if self.plan.probe.liveness == Liveness::Active => Ok(Went::Not(done)),
            _ => Ok(Went::Done(done)),
        }
    }

    /// The whole of it: the line before, the step, the line after, the proof.
    async fn take(&self, step: &Step, off: bool) -> io::Result<Done> {
        let (ownership, found_by) = (self.plan.ownership.clone(), self.plan.target.found_by.clone());
        self.scribe.record(Moment::Intent { step: step.clone(), ownership, found_by }).await?;
        let outcome = self.entry.revoker.perform(self.cx, self.credential, &self.plan.target, step).await;
        drop(self.seat.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.scribe.record(Moment::Result { step: step.name.clone(), outcome: outcome.clone() }).await?;
        self.proven(step, outcome, off).await
    }

    async fn proven(&self, step: &Step, outcome: Outcome, off: bool) -> io::Result<Done> {
        // What certainly changed nothing, such as a refusal, needs one look; a lost answer may have changed everything.
        let settle = if effective(&outcome) || may_have_happened(&outcome) { step.settle } else { 0 };
        let (cx, target) = (self.cx, &self.plan.target);
        let liveness = if off && self.is_listed(step) {
            prove_gone(cx, self.entry, self.credential, target, settle).await
        } else {
            prove(cx, self.entry, self.credential, target, settle).await
        };
        self.scribe.record(Moment::Proof { liveness: liveness.clone() }).await?;
        Ok(Done { step: step.clone(), outcome, liveness })
    }

    /// The step may have been taken. Only if the provider shows that it was not, it is taken again.
    async fn look(&self, step: &Step, off: bool) -> io::Result<Went> {
        if off {
            return self.look_for_trace(step).await;
        }
        match prove(self.cx, self.entry, self.credential, &self.plan.target, step.settle).await {
            Liveness::Active => Ok(Went::Done(self.take(step, off).await?)),
            Liveness::Inactive => Ok(Went::Done(self.found_done(step).await?)),
            Liveness::Unknown { why } => Ok(Went::Not(unsure(step, why))),
        }
    }

    /// It was off before the step, so that only the provider's list can tell, except of what is harmless to repeat.
    async fn look_for_trace(&self, step: &Step) -> io::Result<Went> {
        let harmless = step.kind == StepKind::Until;
        match self.since(true).await {
            Since::Same => Ok(Went::Done(self.take(step, true).await?)),
            Since::Gone if harmless => Ok(Went::Done(self.take(step, true).await?)),
            Since::Gone | Since::Dead => Ok(Went::Done(self.found_done(step).await?)),
            Since::Other(outcome, liveness) => Ok(Went::Not(Done { step: step.clone(), outcome, liveness })),
        }
    }

    /// The look shows that the step was taken.
    async fn found_done(&self, step: &Step) -> io::Result<Done> {
        let outcome = Outcome::AlreadyDead;
        self.scribe.record(Moment::Result { step: step.name.clone(), outcome: outcome.clone() }).await?;
        self.scribe.record(Moment::Proof { liveness: Liveness::Inactive }).await?;
        Ok(Done { step: step.clone(), outcome, liveness: Liveness::Inactive })
    }
}

fn unsure(step: &Step, why: Why) -> Done {
    let outcome = Outcome::Unknown { why: why.clone() };
    Done { step: step.clone(), outcome, liveness: Liveness::Unknown { why } }
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
