//! What must be true when everything rests, however often the worker was killed.

use std::collections::BTreeMap;

use stanch_pipeline::audit;
use stanch_pipeline::store::{Filter, Page, Store};
use stanch_pipeline::{Ending, Incident, Means, State};
use stanch_testkit::double::{Role, Stage};

use crate::saga::Saga;
use crate::worker::Scene;

/// Everything about one saga.
pub(crate) fn all(scene: &Scene, saga: &Saga) {
    let incidents = incidents(scene);
    assert_eq!(incidents.len(), 1, "{}", saga.name);
    for incident in &incidents {
        ended(incident, saga);
    }
    effects(scene.stage(), saga);
    if saga.means == Means::Rotate {
        successors(scene, saga, &incidents);
    }
    log(scene);
}

pub(crate) fn incidents(scene: &Scene) -> Vec<Incident> {
    scene.with_store(async |store| {
        let page = Page { after: None, limit: 10_000 };
        store.incidents(&Filter::default(), &page).await.unwrap_or_else(|error| panic!("{error}"))
    })
}

/// It is dead and closed. Where the only answer with a successor was lost, a person is asked.
pub(crate) fn ended(incident: &Incident, saga: &Saga) {
    let lost = saga.may_lose_successor && incident.state == State::ByHand && incident.times.dead.is_some();
    let killed = incident.state == State::Closed && incident.ending == Some(Ending::Killed);
    assert!(killed || lost, "{}: {:?} {:?}", saga.name, incident.state, incident.trouble);
    assert!(incident.times.contained <= incident.times.dead, "{}", saga.name);
}

/// The leaked key is dead, its neighbours live, and nothing was done twice.
pub(crate) fn effects(stage: &Stage, saga: &Saga) {
    for leaked in stage.leaks() {
        assert!(!stage.alive(leaked.role), "{}: {:?} lives", saga.name, leaked.role);
    }
    assert!(stage.alive(Role::Other), "{}: another key died", saga.name);
    assert!(stage.strays().is_empty(), "{}: {:?}", saga.name, stage.strays());
    let mut changes: BTreeMap<(String, Role), usize> = BTreeMap::new();
    for done in stage.effects().iter().filter(|done| done.changed) {
        *changes.entry((format!("{:?}", done.effect), done.role)).or_default() += 1;
    }
    let twice: Vec<_> = changes.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{}: {twice:?}", saga.name);
}

/// At most one successor lives, and it is the one that was handed over.
fn successors(scene: &Scene, saga: &Saga, incidents: &[Incident]) {
    let live: Vec<String> =
        scene.stage().minted().into_iter().filter(stanch_testkit::double::Key::is_live).map(|key| key.value).collect();
    assert!(live.len() <= 1, "{}: {} successors", saga.name, live.len());
    let kept = std::fs::read_to_string(scene.folder.path().join("successor")).unwrap_or_default();
    let lost = incidents.iter().any(|incident| incident.state == State::ByHand);
    assert!(lost || live.iter().any(|value| kept.contains(value.as_str())), "{}: nobody has the successor", saga.name);
}

/// The log of a scene is sound.
pub(crate) fn log(scene: &Scene) {
    scene.with_store(sound);
}

/// The log is whole, and the incidents are what it says.
pub(crate) async fn sound(store: &Store) {
    let report = audit::verify(store, &[]).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(report.is_sound(), "{report:?}");
    let differing = store.differing().await.unwrap_or_else(|error| panic!("{error}"));
    assert!(differing.is_empty(), "the projection is not what the log says: {differing:?}");
}
