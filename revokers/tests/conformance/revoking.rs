//! What is meant dies, once, and nothing else does; and nothing is called dead that lives.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use stanch_revokers::act::{Consent, Goal, Journal, Line, Moment, Ownership, Plan, Refusal, Report};
use stanch_revokers::kind::{Authority, LocateSpec, Proof};
use stanch_revokers::{Credential, Doing, Liveness, Outcome, StepKind};
use stanch_testkit::double::{Done, Effect, Fault, Life, Role, Stage, Trigger};

use crate::scene::{Lines, Scene, Set};
use crate::suite::{Verdict, failed};

type Played = Result<Verdict, Verdict>;

/// How long a slow answer is waited for. Whoever sends and looks again must be done by then.
const HASTE: Duration = Duration::from_millis(600);

const UNPROVEN: &str = "whether a revocation took effect";

/// Ends the case for kinds that no call revokes.
pub(crate) fn revocable(scene: &Scene<'_>) -> Result<(), Verdict> {
    if scene.kind().revokes() { Ok(()) } else { Err(Verdict::DoesNotApply) }
}

/// What a person says of a key where no provider does.
fn trusting(scene: &Scene<'_>) -> Consent {
    Consent { ours: true, unproven: !scene.kind().verifies() }
}

/// What only the provider says.
fn strict(scene: &Scene<'_>) -> Consent {
    Consent { ours: false, ..trusting(scene) }
}

pub(crate) fn revoke(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    let (cx, credential) = (scene.context(), scene.leaked());
    let plan = scene.plan_of_ours(&cx, &credential)?;
    if !scene.stage.effects().is_empty() {
        return failed("something was done while it was planned");
    }
    let report = scene.revoke(&cx, &credential, &plan, Goal::Dead);
    if !report.complete {
        return failed(format!("not every step was taken: {report:?}"));
    }
    hit_once(scene, &plan)?;
    proven(scene, &credential, &report)
}

/// Whether every step had its one effect on the leaked key, and nothing else had any.
fn hit_once(scene: &Scene<'_>, plan: &Plan) -> Result<(), Verdict> {
    let effects = scene.stage.effects();
    let is_meant = |done: &Done| done.role == Role::Leaked || done.effect == Effect::Mint;
    if let Some(stray) = effects.iter().find(|done| !is_meant(done)) {
        return failed(format!("{:?} was hit by `{}`", stray.role, stray.route));
    }
    let routes: Vec<&String> = effects.iter().map(|effect| &effect.route).collect();
    let is_repeated =
        routes.iter().enumerate().any(|(at, route)| routes.iter().skip(at + 1).any(|other| other == route));
    if effects.is_empty() || effects.len() > plan.steps.len() || is_repeated {
        return failed(format!("{} steps had {} effects: {routes:?}", plan.steps.len(), effects.len()));
    }
    if scene.stage.alive(Role::Leaked) {
        return failed("it lives on");
    }
    Ok(())
}

/// Whether the death that took place was seen, where it can be.
pub(crate) fn proven(scene: &Scene<'_>, credential: &Credential, report: &Report) -> Played {
    if report.outcome == Outcome::Revoked {
        return Ok(Verdict::Passed);
    }
    scene.stage.no_faults();
    let probe = scene.probe(&scene.context(), &Credential { was_alive: true, ..credential.clone() });
    if scene.kind().proof() == Proof::Absent || probe.liveness == Liveness::Inactive {
        return failed(format!("it died, and is called {:?}, after {:?}", report.outcome, report.done));
    }
    Ok(Verdict::Unknowable(UNPROVEN.to_owned()))
}

pub(crate) fn twice(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    let (cx, credential) = (scene.context(), scene.leaked());
    let plan = scene.plan_of_ours(&cx, &credential)?;
    scene.revoke(&cx, &credential, &plan, Goal::Dead);
    let before = scene.stage.effects().len();
    let again = scene.plan(&cx, &credential, trusting(scene));
    if again.is_ok() && scene.kind().verifies() {
        return failed("a dead one is planned to be revoked again");
    }
    let cx = scene.context_with(&Set { impatient: true, ..Set::default() });
    let report = scene.revoke(&cx, &credential, &plan, Goal::Dead);
    if scene.stage.effects().iter().skip(before).any(|effect| effect.changed) {
        return failed("the second time changed something");
    }
    if matches!(report.outcome, Outcome::Ambiguous { .. }) {
        return failed(format!("the second time is called {:?}", report.outcome));
    }
    match again {
        Err(Refusal::Dead) => Ok(Verdict::Passed),
        _ => Ok(Verdict::Unknowable("that it is dead, a second time".to_owned())),
    }
}

pub(crate) fn contain(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    if !scene.kind().reversible() {
        return Ok(Verdict::DoesNotApply);
    }
    let (cx, credential) = (scene.context(), scene.leaked());
    let plan = scene.plan_of_ours(&cx, &credential)?;
    let report = scene.revoke(&cx, &credential, &plan, Goal::Contained);
    if scene.stage.life(Role::Leaked) != Some(Life::Disabled) {
        return failed(format!("it is {:?}, and not disabled", scene.stage.life(Role::Leaked)));
    }
    for done in report.done.iter().rev() {
        let undone = scene.wait(scene.entry.revoker.undo(&cx, &credential, &plan.target, &done.step));
        scene.hear("the undoing", &undone);
        if undone != Outcome::Accepted {
            return failed(format!("it cannot be undone: {undone:?}"));
        }
    }
    if !scene.stage.alive(Role::Leaked) {
        return failed("it is said to be undone, and it is dead");
    }
    let again = scene.plan_of_ours(&cx, &credential)?;
    Ok(Verdict::of((again.target.bound != plan.target.bound).then(|| "it is another one now".to_owned())))
}

pub(crate) fn wrong_owner(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    let strangers = Set {
        config: Some(|config, scene| {
            config.owners.insert(scene.entry.file.provider.clone(), vec!["somebody-else".to_owned()]);
        }),
        ..Set::default()
    };
    let (cx, credential) = (scene.context_with(&strangers), scene.leaked());
    match scene.plan(&cx, &credential, strict(scene)) {
        // Our own responder lists it: that is a proof, whatever names the provider has for us.
        Ok(plan) if plan.ownership == Ownership::Listed => return Ok(Verdict::DoesNotApply),
        Ok(plan) => return failed(format!("it is called ours: {}", plan.ownership)),
        Err(Refusal::NotOurs(_)) => {}
        Err(Refusal::OwnerUnknown) => return Ok(untouched(scene)),
        Err(other) => return failed(format!("refused for another reason: {other}")),
    }
    // That a person calls it ours does not outweigh what the provider says.
    if let Ok(plan) = scene.plan(&cx, &credential, trusting(scene)) {
        return failed(format!("a person's word outweighs the provider's: {}", plan.ownership));
    }
    Ok(untouched(scene))
}

/// Passes if nothing was done.
fn untouched(scene: &Scene<'_>) -> Verdict {
    let touched = scene.stage.effects();
    Verdict::of(touched.first().map(|effect| format!("`{}` was done to {:?}", effect.route, effect.role)))
}

pub(crate) fn stranger(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    let Some(key) = scene.stage.stranger() else { return Ok(Verdict::DoesNotApply) };
    let by_name = Set {
        config: Some(|config, scene| {
            let owner = scene.stage.owner().into_iter().map(|(_, value)| value).collect();
            config.owners.insert(scene.entry.file.provider.clone(), owner);
        }),
        ..Set::default()
    };
    let (cx, credential) = (scene.context_with(&by_name), scene.credential(key));
    if let Ok(plan) = scene.plan(&cx, &credential, strict(scene)) {
        return failed(format!("it is called ours: {}", plan.ownership));
    }
    Ok(untouched(scene))
}

/// Whether a list shows no more of the key than its ends.
fn by_mask(step: &LocateSpec) -> bool {
    let shown = |matching: &stanch_revokers::kind::Matching| {
        matching.equals.is_empty() && (matching.mask.is_some() || matching.head.is_some() || matching.tail.is_some())
    };
    step.matching.as_ref().is_some_and(shown)
}

/// Whether the same is planned for the other one.
fn is_guess(scene: &Scene<'_>, plan: &Plan) -> bool {
    let other = scene.stage.twin().map(|twin| scene.credential(twin));
    let other = other.and_then(|other| scene.plan(&scene.context(), &other, trusting(scene)).ok());
    other.is_none_or(|other| other.target.bound == plan.target.bound)
}

pub(crate) fn twin(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    let locate = &scene.kind().locate;
    if scene.stage.twin().is_none() || locate.is_empty() {
        return Ok(Verdict::DoesNotApply);
    }
    let (cx, credential) = (scene.context(), scene.leaked());
    let plan = scene.plan(&cx, &credential, trusting(scene));
    match plan {
        Err(Refusal::Target(Outcome::Ambiguous { candidates: 2 })) => Ok(untouched(scene)),
        // Where only lists tell of it, they do not even tell that it lives.
        Err(Refusal::NotProven(why)) if why.to_string().starts_with("ambiguous: 2") => Ok(untouched(scene)),
        Err(other) => failed(format!("refused for another reason: {other}")),
        Ok(plan) if locate.iter().any(by_mask) && is_guess(scene, &plan) => failed("one of two was taken by chance"),
        Ok(plan) => {
            scene.revoke(&cx, &credential, &plan, Goal::Dead);
            hit_once(scene, &plan)?;
            Ok(Verdict::of((!scene.stage.alive(Role::Twin)).then(|| "the other one died".to_owned())))
        }
    }
}

pub(crate) fn no_responder(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    if scene.kind().authority != Authority::Admin {
        return Ok(Verdict::DoesNotApply);
    }
    let nobody = Set { config: Some(|config, _| config.responders.clear()), ..Set::default() };
    let cx = scene.context_with(&nobody);
    if scene.plan(&cx, &scene.leaked(), trusting(scene)).is_ok() {
        return failed("it is planned without a responder");
    }
    Ok(untouched(scene))
}

pub(crate) fn wrong_responder(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    if scene.kind().authority != Authority::Admin {
        return Ok(Verdict::DoesNotApply);
    }
    let cx = scene.context_with(&Set { config: Some(|config, scene| scene.turn_responders(config)), ..Set::default() });
    let credential = scene.leaked();
    if let Ok(plan) = scene.plan(&cx, &credential, trusting(scene)) {
        let cx = scene.context_with(&Set {
            config: Some(|config, scene| scene.turn_responders(config)),
            impatient: true,
            ..Set::default()
        });
        let report = scene.revoke(&cx, &credential, &plan, Goal::Dead);
        if matches!(report.outcome, Outcome::Revoked | Outcome::AlreadyDead | Outcome::Accepted) {
            return failed(format!("who may not is told {:?}", report.outcome));
        }
    }
    Ok(untouched(scene))
}

pub(crate) fn foreign(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    if !scene.kind().foreign {
        return Ok(Verdict::DoesNotApply);
    }
    let nobodys = Set { config: Some(|config, _| config.owners.clear()), ..Set::default() };
    if let Ok(plan) = scene.plan(&scene.context_with(&nobodys), &scene.leaked(), strict(scene)) {
        return failed(format!("without a policy it is called ours: {}", plan.ownership));
    }
    let by_policy = Set {
        config: Some(|config, scene| {
            config.owners.clear();
            config.policy.foreign.push(scene.kind().id.clone());
        }),
        ..Set::default()
    };
    match scene.plan(&scene.context_with(&by_policy), &scene.leaked(), strict(scene)) {
        Ok(plan) if plan.ownership == Ownership::Foreign => Ok(untouched(scene)),
        Ok(plan) => failed(format!("it is not called foreign: {}", plan.ownership)),
        Err(refusal) => failed(format!("the policy does not let it: {refusal}")),
    }
}

/// The call itself goes wrong.
pub(crate) fn in_trouble(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    let (Some(trouble), Some(fault)) = (scene.trouble, scene.fault()) else { return failed("no trouble") };
    let credential = scene.leaked();
    let plan = scene.plan_of_ours(&scene.context(), &credential)?;
    let when = if trouble.served { Trigger::writes().nth(1) } else { Trigger::writes() };
    scene.stage.fault(when, fault.clone());
    let cx = scene.context_with(&Set {
        haste: scene.is_slow().then_some(HASTE * scene.leisure),
        impatient: !trouble.served,
        ..Set::default()
    });
    let report = scene.revoke(&cx, &credential, &plan, Goal::Dead);
    let writes = scene.writes();
    let Some(first) = writes.first() else { return failed("nothing was sent") };
    if trouble.needs_body && matches!(first.status, Some(204 | 304)) {
        return Ok(Verdict::DoesNotApply);
    }
    sent_once(scene, &plan)?;
    if report.outcome.is_dead() && scene.stage.alive(Role::Leaked) {
        return failed(format!("it lives, and is called {:?}", report.outcome));
    }
    if trouble.served && plan.steps.len() > report.done.len() && matches!(report.outcome, Outcome::Unknown { .. }) {
        // A step that kills nothing by itself: nobody knows whether it took place, so that the next is not taken.
        return Ok(Verdict::Unknowable("whether its first step took place, where the answer was lost".to_owned()));
    }
    if trouble.served {
        hit_once(scene, &plan)?;
        return proven(scene, &credential, &report);
    }
    if report.outcome == Outcome::Accepted && fault != Fault::Accepted202NoEffect {
        return failed("what proves nothing is called accepted");
    }
    Ok(untouched(scene))
}

/// Whether nothing was sent twice that may have changed something.
fn sent_once(scene: &Scene<'_>, plan: &Plan) -> Result<(), Verdict> {
    if plan.steps.iter().any(|step| step.kind == StepKind::Until) {
        return Ok(());
    }
    let mut seen: BTreeMap<(String, String, Vec<u8>), usize> = BTreeMap::new();
    for request in scene.writes() {
        *seen.entry((request.method, request.target, request.body)).or_default() += 1;
    }
    match seen.into_iter().find(|(_, count)| *count > 1) {
        Some(((method, ..), count)) => failed(format!("a {method} that changes something was sent {count} times")),
        None => Ok(()),
    }
}

/// A journal in whose lines a step is over, so that from then on something goes wrong.
struct Striking<'a> {
    lines: &'a Lines,
    stage: &'a Stage,
    fault: Fault,
}

impl Journal for Striking<'_> {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        if matches!(line.moment, Moment::Result { .. }) {
            self.stage.fault(Trigger::reads(), self.fault.clone());
        }
        self.lines.record(line)
    }
}

/// All is done, and nobody can look: that is not called dead.
pub(crate) fn without_proof(scene: &Scene<'_>) -> Played {
    revocable(scene)?;
    let Some(fault) = scene.fault() else { return failed("no trouble") };
    let credential = scene.leaked();
    let plan = scene.plan_of_ours(&scene.context(), &credential)?;
    let cx = scene.context_with(&Set { impatient: true, ..Set::default() });
    let journal = Striking { lines: &scene.journal, stage: &scene.stage, fault };
    let report = scene.revoke_told_to(&cx, &credential, &plan, Goal::Dead, &journal);
    let undone = !scene.stage.effects().iter().any(|effect| effect.effect != Effect::None);
    if undone {
        return failed(format!("nothing was done: {:?}", report.outcome));
    }
    Ok(Verdict::of(report.outcome.is_dead().then(|| format!("unseen, it is called {:?}", report.outcome))))
}
