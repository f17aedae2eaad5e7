//! Every request that a provider's double gets is held to the provider's published description of its API, where a registry has one.
//!
//! `files.tsv` says which descriptions there are; `bash .ci/test tests` installs them, and nothing of them is part of the repository.
//! `excuses.tsv` says what is sent though a description does not have it, and why. A kind of which every request was found in a
//! description, as it stands there, is a `description-checked double` in `revokers/tested.tsv`.

mod catalog;
mod excuses;

use std::collections::{BTreeMap, BTreeSet};

use stanch_revokers::declared::check_responder;
use stanch_revokers::registry;
use stanch_testkit::double::{Double, Request};

use crate::cases::CASES;
use crate::ledger::lines;
use crate::scene::Scene;
use crate::{TALLIES, doubles};
use catalog::Catalog;
use excuses::Excuses;

/// The class in `revokers/tested.tsv`.
const CLASS: &str = "description-checked double";

#[test]
fn every_request_is_as_its_provider_describes_it() {
    let (catalog, excuses) = (Catalog::load(), Excuses::load());
    let (mut wrong, mut checked) = (BTreeSet::new(), BTreeMap::new());
    for double in doubles().iter().filter(|double| catalog.knows(double.provider())) {
        let sent = TALLIES.get(double.kind()).map(|tally| tally.sent.as_slice()).unwrap_or_default();
        let findings: BTreeSet<_> =
            sent.iter().flat_map(|request| catalog.judge(double.provider(), double, request)).collect();
        checked.insert(double.kind().to_owned(), findings.is_empty() && !sent.is_empty());
        wrong.extend(findings.iter().filter(|finding| !excuses.cover(finding)).map(ToString::to_string));
    }
    wrong.extend(excuses.unused());
    wrong.extend(untrue(&checked));
    assert!(wrong.is_empty(), "{} are not as described, or not as the tables say:\n{}", wrong.len(), lines(&wrong));
}

/// What the double of a responder gets when it is checked.
pub(crate) fn of_responder(double: &Double) -> Vec<Request> {
    let Some(case) = CASES.first() else { return Vec::new() };
    let scene = Scene::new(double, case, 1);
    let Some(responder) = scene.entry.file.responder(scene.kind()) else { return Vec::new() };
    drop(scene.wait(check_responder(&scene.context(), scene.entry.file, responder)));
    scene.stage.requests()
}

/// What `revokers/tested.tsv` says otherwise. A kind that a real server or an emulator tests is more than described.
fn untrue(checked: &BTreeMap<String, bool>) -> Vec<String> {
    let mut untrue = Vec::new();
    for entry in registry::entries() {
        let id = &entry.kind.id;
        let (is_checked, against) = (checked.get(id) == Some(&true), registry::tested_against(id));
        if is_checked && against == "double" {
            untrue.push(format!("tested.tsv: {id}: all of its requests are checked against descriptions: {CLASS}"));
        } else if !is_checked && against == CLASS {
            untrue.push(format!("tested.tsv: {id}: not all of its requests are checked against descriptions: double"));
        }
    }
    untrue
}
