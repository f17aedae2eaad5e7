//! A successor first, then the death of the old one.

use std::sync::{Arc, Mutex};

use stanch_revokers::act::{self, Plan, Rotation, Sink, SinkError};
use stanch_revokers::{Context, Credential, Doing, Outcome, Successor};
use stanch_testkit::double::{Fault, Role, Trigger};

use crate::revoking::{proven, revocable};
use crate::scene::Scene;
use crate::suite::{Verdict, failed};

type Played = Result<Verdict, Verdict>;

/// The unique name of every successor.
const NAME: &str = "stanch-4f1c9a";

const NEW: Role = Role::New(0);

/// Keeps what it is handed, or refuses it.
#[derive(Debug)]
struct Shelf {
    works: bool,
    kept: Arc<Mutex<Vec<u8>>>,
}

impl Sink for Shelf {
    fn name(&self) -> String {
        "shelf".to_owned()
    }

    #[expect(clippy::disallowed_methods, reason = "the test compares the successor with the double's")]
    fn store<'a>(&'a self, _: &'a Context, successor: &'a Successor) -> Doing<'a, Result<(), SinkError>> {
        Box::pin(async move {
            if !self.works {
                return Err(SinkError::not("the shelf is full".to_owned()));
            }
            *self.kept.lock().unwrap_or_else(|error| panic!("{error}")) = successor.secret.expose().to_vec();
            Ok(())
        })
    }

    fn check<'a>(&'a self, _: &'a Context, _: &'a Successor) -> Doing<'a, Result<(), SinkError>> {
        Box::pin(async { Ok(()) })
    }
}

/// What a rotation starts from; ends the case for kinds that are not rotated.
fn begin(scene: &Scene<'_>) -> Result<(Context, Credential, Plan), Verdict> {
    if !scene.kind().rotates() {
        return Err(Verdict::DoesNotApply);
    }
    revocable(scene)?;
    let (cx, credential) = (scene.context(), scene.leaked());
    let plan = scene.plan_of_ours(&cx, &credential)?;
    Ok((cx, credential, plan))
}

/// Rotates onto a shelf. Gives what stands there then, too.
fn turn(scene: &Scene<'_>, works: bool, begun: &(Context, Credential, Plan)) -> (Rotation, Vec<u8>) {
    let (cx, credential, plan) = begun;
    let kept = Arc::new(Mutex::new(Vec::new()));
    let shelf: Vec<Box<dyn Sink>> = vec![Box::new(Shelf { works, kept: Arc::clone(&kept) })];
    let rotation = scene.wait(act::rotate(cx, &scene.entry, credential, plan, NAME, &shelf, &scene.journal));
    let rotation = rotation.unwrap_or_else(|error| panic!("{error}"));
    scene.hear("the rotation", &rotation);
    scene.hear_json("the rotation", &rotation);
    let kept = kept.lock().unwrap_or_else(|error| panic!("{error}")).clone();
    (rotation, kept)
}

/// Whether the call that mints is the one that kills.
fn kills(scene: &Scene<'_>) -> bool {
    scene.kind().rotate.as_ref().is_some_and(|spec| spec.kills)
}

pub(crate) fn rotate(scene: &Scene<'_>) -> Played {
    let (rotation, kept) = turn(scene, true, &begin(scene)?);
    if let Some(failure) = &rotation.failed {
        return failed(failure.clone());
    }
    let Some(new) = scene.stage.key(NEW) else { return failed("no successor was minted") };
    if kept != new.value.as_bytes() {
        return failed("the shelf holds something else than the successor");
    }
    if !scene.stage.alive(NEW) || scene.stage.minted().len() != 1 {
        return failed(format!("of {} successors the first is {:?}", scene.stage.minted().len(), new.life));
    }
    if scene.stage.alive(Role::Leaked) {
        return failed("the old one lives");
    }
    rotation
        .old
        .map_or_else(|| failed("nothing is said of the old one"), |report| proven(scene, &scene.leaked(), &report))
}

pub(crate) fn unstored(scene: &Scene<'_>) -> Played {
    let (rotation, _) = turn(scene, false, &begin(scene)?);
    if rotation.failed.is_none() {
        return failed("a successor that is stored nowhere is no failure");
    }
    orphaned(scene, &rotation, "how to remove a successor that was stored nowhere")
}

pub(crate) fn lost(scene: &Scene<'_>) -> Played {
    let begun = begin(scene)?;
    scene.stage.fault(Trigger::writes().nth(1), Fault::LostAnswer);
    let (rotation, _) = turn(scene, true, &begun);
    if rotation.failed.is_none() {
        return failed("a lost answer is no failure");
    }
    if scene.stage.minted().len() != 1 {
        return failed(format!("{} successors were minted", scene.stage.minted().len()));
    }
    orphaned(scene, &rotation, "a successor whose answer was lost")
}

/// A successor that nobody has must go, and the old one must live.
fn orphaned(scene: &Scene<'_>, rotation: &Rotation, unknowable: &str) -> Played {
    if kills(scene) {
        return Ok(Verdict::Unknowable(unknowable.to_owned()));
    }
    if !scene.stage.alive(Role::Leaked) {
        return failed("the old one died");
    }
    let says_so = matches!(rotation.removed, Some(Outcome::Accepted | Outcome::AlreadyDead));
    match (scene.stage.alive(NEW), says_so) {
        (false, true) => Ok(Verdict::Passed),
        (true, false) => Ok(Verdict::Unknowable(unknowable.to_owned())),
        (alive, _) => failed(format!("the orphan lives: {alive}; its removal is called {:?}", rotation.removed)),
    }
}

pub(crate) fn found(scene: &Scene<'_>) -> Played {
    let (cx, credential, plan) = begin(scene)?;
    if scene.kind().rotate.as_ref().is_some_and(|spec| spec.find.is_none()) {
        return Ok(Verdict::DoesNotApply);
    }
    let (revoker, target) = (&scene.entry.revoker, &plan.target);
    if scene.wait(revoker.find_successor(&cx, &credential, target, NAME)) != Ok(None) {
        return failed("a successor is found before there is one");
    }
    let minted = scene.wait(revoker.mint(&cx, &credential, target, NAME));
    scene.hear("the successor", &minted);
    let Ok(minted) = minted else { return failed(format!("{minted:?}")) };
    let found = scene.wait(revoker.find_successor(&cx, &credential, target, NAME));
    let Ok(Some(id)) = found else { return failed(format!("the successor is not found: {found:?}")) };
    if minted.id.as_ref().is_some_and(|own| *own != id) {
        return failed("another one than the successor is found");
    }
    let removed = scene.wait(revoker.remove_successor(&cx, &credential, target, &id));
    if removed != Outcome::Accepted || scene.stage.alive(NEW) {
        return failed(format!("it is removed: {removed:?}, and lives: {}", scene.stage.alive(NEW)));
    }
    Ok(Verdict::of((!scene.stage.alive(Role::Leaked)).then(|| "the old one died".to_owned())))
}
