//! Incidents: found, told of, asked for, forgotten.

use std::collections::BTreeMap;

use stanch_pipeline::store::{CREDENTIAL, Filter, Page, Store, StoreError};
use stanch_pipeline::{Detected, Ending, Event, Exposure, IncidentId, Occurrence, Owner, State};
use zeroize::Zeroizing;

use crate::bench::{LEASE, actor, at, detected, must, noted, occurrence, on_both, open, release};

async fn find(store: &Store, name: &str, places: &[Occurrence], second: i64) -> (IncidentId, bool) {
    must(store.detect(&detected(name), places, None, at(second), "scan").await)
}

async fn close(store: &Store, id: &IncidentId, ending: Ending, second: i64) {
    let claim = must(store.claim_one(id, &actor(1), at(second), LEASE).await).unwrap_or_else(|| panic!("{id} is free"));
    must(store.append(&claim, "engine", &[Event::Closed { ending }], at(second), &[]).await);
    must(release(store, &claim, None).await);
}

#[test]
fn an_incident_lives_from_its_detection_to_its_end() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let secret = Zeroizing::new(b"a secret".to_vec());
        let found = store.detect(&detected("f1"), &[occurrence(1), occurrence(2)], Some(secret), at(0), "scan").await;
        let (id, new) = must(found);
        assert!(new);
        assert_eq!(find(&store, "f1", &[occurrence(2), occurrence(3), occurrence(3)], 1).await, (id.clone(), false));
        let incident = must(store.incident(&id).await);
        assert_eq!((incident.occurrences.len(), incident.events), (3, 4));
        let claims = must(store.claim(&actor(1), at(2), LEASE, 10).await);
        let [claim] = claims.as_slice() else { panic!("one claim: {claims:?}") };
        assert_eq!(must(store.claim(&actor(2), at(2), LEASE, 10).await), []);
        let secret = must(store.secret(&id, CREDENTIAL).await);
        assert_eq!(secret.as_deref().map(Vec::as_slice), Some(b"a secret".as_slice()));
        let events = [noted("x"), Event::Closed { ending: Ending::WasDead }];
        let incident = must(store.append(claim, "engine", &events, at(3), &[]).await);
        assert_eq!((incident.state, incident.times.closed), (State::Closed, Some(at(3))));
        assert_eq!(must(store.secret(&id, CREDENTIAL).await), None);
        let put = store.put_secret(claim, "other", Zeroizing::new(vec![1]), at(3)).await;
        assert_eq!(put, Err(StoreError::Closed));
        must(release(&store, claim, None).await);
        let lines = must(store.timeline(&id, 0, 100).await);
        assert_eq!(
            lines.iter().map(|line| line.actor.as_str()).collect::<Vec<_>>(),
            ["scan", "scan", "scan", "scan", "engine", "engine"]
        );
        assert_eq!(must(store.timeline(&id, 4, 1).await).first(), lines.get(4));
        assert_eq!(must(store.differing().await), []);
        let head = must(store.head().await).unwrap_or_else(|| panic!("a head"));
        assert!(head.holds() && head.seq == 6);
    });
}

#[test]
fn what_was_ignored_comes_back_where_more_people_can_read_it() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let (id, _) = find(&store, "f", &[occurrence(1)], 0).await;
        close(&store, &id, Ending::Ignored, 1).await;
        assert_eq!(find(&store, "f", &[occurrence(2)], 2).await, (id.clone(), false));
        let public = Detected { exposure: Exposure::Public, ..detected("f") };
        let (again, new) = must(store.detect(&public, &[occurrence(3)], None, at(3), "scan").await);
        assert!(new && again != id);
    });
}

#[test]
fn what_died_comes_back_only_in_a_new_place() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let (id, _) = find(&store, "f", &[occurrence(1)], 0).await;
        close(&store, &id, Ending::Killed, 1).await;
        assert_eq!(find(&store, "f", &[occurrence(1)], 2).await, (id.clone(), false));
        assert_eq!(must(store.incident(&id).await).events, 3, "the same report adds no line");
        let (second, new) = find(&store, "f", &[occurrence(1), occurrence(2)], 3).await;
        assert!(new && second != id);
        assert_eq!(find(&store, "f", &[occurrence(3)], 4).await, (second.clone(), false));
        close(&store, &second, Ending::ByPerson, 5).await;
        assert_eq!(find(&store, "f", &[occurrence(4)], 6).await, (second.clone(), false), "a person closed it");
        let incident = must(store.incident(&second).await);
        assert_eq!((incident.state, incident.occurrences.len()), (State::Closed, 4));
        assert_eq!(must(store.incident_of("f").await).map(|incident| incident.id), Some(second));
        assert_eq!(must(store.incident_of("g").await), None);
    });
}

#[test]
fn a_worse_exposure_of_a_known_place_is_told() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let (id, _) = find(&store, "f", &[occurrence(1)], 0).await;
        let worse = stanch_pipeline::Detected { exposure: Exposure::Public, ..detected("f") };
        must(store.detect(&worse, &[occurrence(1)], None, at(1), "scan").await);
        let incident = must(store.incident(&id).await);
        assert_eq!((incident.exposure, incident.occurrences.len()), (Exposure::Public, 1));
    });
}

#[test]
fn many_reports_of_one_credential_at_once_are_one_incident() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let other = open(&ground.place()).await;
        let mut tasks = tokio::task::JoinSet::new();
        for line in 0..60 {
            let store = if line % 2 == 0 { store.clone() } else { other.clone() };
            tasks.spawn(async move { find(&store, "f", &[occurrence(line)], 0).await });
        }
        let found = tasks.join_all().await;
        assert_eq!(found.iter().filter(|(_, new)| *new).count(), 1);
        let ids: std::collections::BTreeSet<&IncidentId> = found.iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), 1);
        let incident = must(store.incident(&found[0].0).await);
        assert_eq!((incident.occurrences.len(), incident.events), (60, 61));
    });
}

#[test]
fn incidents_are_found_by_what_is_asked() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let mut ids = Vec::new();
        for (second, name) in ["f0", "f1", "f2", "F_3%"].into_iter().enumerate() {
            ids.push(find(&store, name, &[occurrence(second as u32)], second as i64).await.0);
        }
        close(&store, &ids[0], Ending::Ignored, 10).await;
        let owner = Owner { name: "team-b".to_owned(), found_by: "codeowners".to_owned(), business: None };
        must(store.note(&ids[1], "ann", &[Event::Owned { owner }], at(11)).await);
        let ask = async |filter: Filter| -> Vec<usize> {
            let found = must(store.incidents(&filter, &Page::default()).await);
            found.iter().filter_map(|one| ids.iter().position(|id| *id == one.id)).collect()
        };
        let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
        assert_eq!(ask(Filter::default()).await, [3, 2, 1, 0]);
        assert_eq!(ask(Filter { open_only: true, ..Filter::default() }).await, [3, 2, 1]);
        assert_eq!(ask(Filter { state: Some(State::Closed), ..Filter::default() }).await, [0]);
        assert_eq!(ask(Filter { owner: Some("team-b".to_owned()), ..Filter::default() }).await, [1]);
        assert_eq!(ask(Filter { provider: Some("other".to_owned()), ..Filter::default() }).await, Vec::<usize>::new());
        assert_eq!(ask(text("src/main.rs:2")).await, [2]);
        assert_eq!(ask(text("f_3%")).await, [3], "what is special in patterns is not special here");
        assert_eq!(ask(text("_")).await, [3, 2, 1, 0], "each id has one");
        assert_eq!(ask(text("%")).await, [3]);
        let page = Page { after: Some(ids[3].clone()), limit: 2 };
        let found = must(store.incidents(&Filter::default(), &page).await);
        assert_eq!(found.iter().map(|one| &one.id).collect::<Vec<_>>(), [&ids[2], &ids[1]]);
        assert_eq!(must(store.counts().await), BTreeMap::from([(State::Detected, 3), (State::Closed, 1)]));
        let times = must(store.times(at(0)..at(2)).await);
        assert_eq!(times.iter().map(|row| &row.id).collect::<Vec<_>>(), [&ids[0], &ids[1]]);
        assert_eq!((times[0].ending.as_deref(), times[0].times.closed), (Some("ignored"), Some(at(10))));
        assert_eq!(must(store.times(at(4)..at(9)).await), []);
    });
}

#[test]
fn the_projection_follows_from_the_log() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let mut ids = Vec::new();
        for line in 0..5 {
            ids.push(find(&store, &format!("f{line}"), &[occurrence(line)], line.into()).await.0);
        }
        close(&store, &ids[4], Ending::Killed, 9).await;
        let before = must(store.incidents(&Filter::default(), &Page::default()).await);
        ground.meddle("UPDATE incidents SET state = 'dead', document = replace(document, 'team-a', 'team-z') WHERE fingerprint IN ('f1', 'f3')");
        assert_eq!(must(store.differing().await), [ids[1].clone(), ids[3].clone()]);
        ground.meddle("DELETE FROM incidents WHERE fingerprint = 'f0'");
        assert_eq!(store.incident(&ids[0]).await, Err(StoreError::NotFound("incident")));
        assert_eq!(must(store.rebuild().await), 5);
        assert_eq!(must(store.differing().await), []);
        assert_eq!(must(store.incidents(&Filter::default(), &Page::default()).await), before);
    });
}

#[test]
fn what_was_closed_long_ago_is_forgotten_but_not_by_the_log() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let (old, _) = find(&store, "old", &[occurrence(1)], 0).await;
        let (young, _) = find(&store, "young", &[occurrence(1)], 0).await;
        close(&store, &old, Ending::Killed, 10).await;
        close(&store, &young, Ending::Killed, 20).await;
        let forgotten = must(store.purge(at(15), at(15), at(30), "cron").await);
        assert_eq!(forgotten.incidents, 1);
        assert!(store.incident(&old).await.is_err() && store.incident(&young).await.is_ok());
        assert_eq!(must(store.rebuild().await), 1, "what was forgotten is not made again");
        let export = must(store.export(&old).await);
        assert_eq!(export["incident"]["ending"], "killed");
        assert_eq!(export["timeline"].as_array().map(Vec::len), Some(3));
        let (again, new) = find(&store, "old", &[occurrence(1)], 40).await;
        assert!(new && again != old);
    });
}
