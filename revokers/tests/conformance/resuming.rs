//! A response that is gone on with later: others act in between, and calls fail halfway.

use std::io;

use stanch_revokers::act::{Goal, Journal, Line, Moment, Plan, Report};
use stanch_revokers::kind::Proof;
use stanch_revokers::{Context, Credential, Doing, Liveness, Outcome, StepKind};
use stanch_testkit::double::{Fault, Life, Role, Trigger};

use crate::revoking::revocable;
use crate::scene::{Lines, Scene};
use crate::suite::{Verdict, failed};

type Played = Result<Verdict, Verdict>;

/// A journal that knows what it was told before.
struct Remembering<'a>(&'a Lines);

impl Journal for Remembering<'_> {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        self.0.record(line)
    }

    fn past(&self) -> Vec<Moment> {
        let lines = self.0.0.lock().unwrap_or_else(|error| panic!("{error}"));
        lines.iter().map(|line| line.moment.clone()).collect()
    }
}

/// What is gone on with.
struct Begun<'a> {
    scene: &'a Scene<'a>,
    cx: Context,
    credential: Credential,
    plan: Plan,
}

impl<'a> Begun<'a> {
    fn new(scene: &'a Scene<'a>) -> Result<Self, Verdict> {
        revocable(scene)?;
        let (cx, credential) = (scene.context(), scene.leaked());
        let plan = scene.plan_of_ours(&cx, &credential)?;
        Ok(Self { scene, cx, credential, plan })
    }

    /// Begins and goes as far as *off*. The case ends for kinds that have nothing between *off* and *gone*.
    fn contained(scene: &'a Scene<'a>) -> Result<Self, Verdict> {
        revocable(scene)?;
        let kinds = || scene.kind().revoke.iter().map(|step| step.step);
        if !scene.kind().reversible() || !kinds().any(|kind| kind == StepKind::Final) {
            return Err(Verdict::DoesNotApply);
        }
        let begun = Self::new(scene)?;
        let report = begun.go_on(Goal::Contained);
        if scene.stage.life(Role::Leaked) != Some(Life::Disabled) || report.outcome != Outcome::Revoked {
            return failed(format!("it is not off: {report:?}"));
        }
        Ok(begun)
    }

    /// Goes on, as another process would.
    fn go_on(&self, goal: Goal) -> Report {
        let journal = Remembering(&self.scene.journal);
        self.scene.revoke_told_to(&self.cx, &self.credential, &self.plan, goal, &journal)
    }

    fn life(&self) -> Option<Life> {
        self.scene.stage.life(Role::Leaked)
    }

    /// Passes if all is done, and seen.
    fn ended(&self, report: &Report) -> Played {
        if self.life() != Some(Life::Deleted) || !report.complete || report.outcome != Outcome::Revoked {
            return failed(format!("it is {:?}, after {report:?}", self.life()));
        }
        Ok(Verdict::Passed)
    }
}

/// Nothing happens between *off* and *gone*.
pub(crate) fn later(scene: &Scene<'_>) -> Played {
    let begun = Begun::contained(scene)?;
    let report = begun.go_on(Goal::Dead);
    begun.ended(&report)
}

/// Somebody needs the key, and puts it on again, before its time is over.
pub(crate) fn on_again(scene: &Scene<'_>) -> Played {
    let begun = Begun::contained(scene)?;
    scene.stage.set_life(Role::Leaked, Life::Live);
    let before = scene.writes().len();
    let report = begun.go_on(Goal::Dead);
    if scene.writes().len() > before || begun.life() != Some(Life::Live) {
        return failed("what was put on again was killed");
    }
    match report.outcome {
        Outcome::NotPermitted { .. } if !report.complete => Ok(Verdict::Passed),
        other => failed(format!("it was put on again, and that is called {other:?}")),
    }
}

/// Nobody can see whether it was put on again.
pub(crate) fn unseen(scene: &Scene<'_>) -> Played {
    let begun = Begun::contained(scene)?;
    let before = scene.writes().len();
    scene.stage.fault(Trigger::reads(), Fault::Status(503, None));
    let report = begun.go_on(Goal::Dead);
    if scene.writes().len() > before || report.complete {
        return failed("a step was taken without a look");
    }
    scene.stage.no_faults();
    let report = begun.go_on(Goal::Dead);
    begun.ended(&report)
}

/// The removal of what is off already fails: that it is refused is no proof of its removal.
pub(crate) fn second_step_fails(scene: &Scene<'_>) -> Played {
    let begun = Begun::contained(scene)?;
    scene.stage.fault(Trigger::writes(), Fault::Status(503, None));
    let report = begun.go_on(Goal::Dead);
    if report.complete {
        return failed(format!("a removal that failed is called complete: {report:?}"));
    }
    scene.stage.no_faults();
    let report = begun.go_on(Goal::Dead);
    begun.ended(&report)
}

/// The same in one go.
pub(crate) fn second_step_fails_at_once(scene: &Scene<'_>) -> Played {
    let reversible = scene.kind().revoke.iter().filter(|step| step.step == StepKind::Reversible).count();
    let finals = scene.kind().revoke.iter().filter(|step| step.step == StepKind::Final).count();
    if reversible == 0 || finals == 0 {
        return Ok(Verdict::DoesNotApply);
    }
    let begun = Begun::new(scene)?;
    scene.stage.fault(Trigger::writes().nth(reversible + 1).times(usize::MAX), Fault::Status(503, None));
    let report = begun.go_on(Goal::Dead);
    if report.complete || begun.life() != Some(Life::Disabled) {
        return failed(format!("it is {:?}, after {report:?}", begun.life()));
    }
    scene.stage.no_faults();
    let report = begun.go_on(Goal::Dead);
    begun.ended(&report)
}

/// What a provider had no time for is tried again later, and a look comes first.
fn refused_for_now<'a>(scene: &'a Scene<'a>) -> Result<Begun<'a>, Verdict> {
    let begun = Begun::new(scene)?;
    if begun.plan.probe.liveness != Liveness::Active {
        return Err(Verdict::DoesNotApply);
    }
    scene.stage.fault(Trigger::writes(), Fault::Status(429, Some(3600)));
    let report = begun.go_on(Goal::Dead);
    scene.stage.no_faults();
    if !scene.stage.effects().is_empty() || report.outcome.is_dead() {
        return failed(format!("nothing was done, and it is called {:?}", report.outcome));
    }
    Ok(begun)
}

/// It dies before the second try: then there is none, since another secret may be in its place.
pub(crate) fn dead_meanwhile(scene: &Scene<'_>) -> Played {
    let begun = refused_for_now(scene)?;
    scene.stage.set_life(Role::Leaked, Life::Deleted);
    let before = scene.writes().len();
    let report = begun.go_on(Goal::Dead);
    if scene.writes().len() > before {
        return failed("a step was taken against what was dead already");
    }
    match report.outcome {
        Outcome::AlreadyDead if report.complete => Ok(Verdict::Passed),
        Outcome::Unknown { .. } => Ok(Verdict::Unknowable("whether it died between two tries".to_owned())),
        other => failed(format!("it died meanwhile, and that is called {other:?}")),
    }
}

/// Nobody can see what it is before the second try.
pub(crate) fn unseen_second_try(scene: &Scene<'_>) -> Played {
    let begun = refused_for_now(scene)?;
    let before = scene.writes().len();
    scene.stage.fault(Trigger::reads(), Fault::Status(503, None));
    let report = begun.go_on(Goal::Dead);
    if scene.writes().len() > before || report.outcome.is_dead() {
        return failed(format!("a step was taken without a look: {:?}", report.outcome));
    }
    scene.stage.no_faults();
    let report = begun.go_on(Goal::Dead);
    if scene.stage.alive(Role::Leaked) || (scene.kind().proof() == Proof::Absent && !report.outcome.is_dead()) {
        return failed(format!("the second try did not end it: {report:?}"));
    }
    Ok(Verdict::Passed)
}
