//! Claims: one credential, one actor.

use std::collections::BTreeSet;
use std::sync::Arc;

use stanch_pipeline::store::{Actor, NewJob, Options, Store, StoreError};
use stanch_pipeline::{Approval, Event, IncidentId, State};
use zeroize::Zeroizing;

use crate::bench::{LEASE, actor, at, detected, must, noted, occurrence, on_both, open, options, release};

async fn find(store: &Store, name: &str, second: i64) -> IncidentId {
    must(store.detect(&detected(name), &[occurrence(1)], None, at(second), "scan").await).0
}

async fn names(store: &Store, pid: u32, second: i64, most: u32) -> Vec<String> {
    let claims = must(store.claim(&actor(pid), at(second), LEASE, most).await);
    claims.into_iter().map(|claim| claim.incident.fingerprint).collect()
}

#[test]
fn the_oldest_that_is_due_comes_first() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        for (name, second) in [("b", 2), ("a", 1), ("c", 3), ("d", 50)] {
            find(&store, name, second).await;
        }
        assert_eq!(names(&store, 1, 49, 2).await, ["a", "b"]);
        assert_eq!(names(&store, 2, 49, 9).await, ["c"], "what is not due is not claimed");
        assert_eq!(names(&store, 3, 49, 9).await, Vec::<String>::new());
        assert_eq!(names(&store, 3, 49 + 60, 9).await, ["a", "b", "c", "d"], "leases end");
    });
}

#[test]
fn what_waits_for_people_is_left_alone_until_one_speaks() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let id = find(&store, "f", 0).await;
        let claim = must(store.claim_one(&id, &actor(1), at(1), LEASE).await).unwrap_or_else(|| panic!("it is free"));
        assert_eq!(must(store.claim_one(&id, &actor(2), at(1), LEASE).await), None);
        let asked = Event::Asked { digest: "d1".to_owned(), approvals: 1 };
        assert_eq!(must(store.append(&claim, "engine", &[asked], at(2), &[]).await).state, State::Waiting);
        must(release(&store, &claim, None).await);
        assert_eq!(names(&store, 1, 1000, 9).await, Vec::<String>::new());
        let approval =
            Approval { person: "ann".to_owned(), digest: "d1".to_owned(), until: at(9999), groups: Vec::new() };
        let outcome = store.note(&id, "ann", &[Event::Approved { approval }], at(1001)).await;
        assert_eq!(outcome, Err(StoreError::OtherPlan { current: None }), "there is no plan");
        assert_eq!(names(&store, 1, 1001, 9).await, Vec::<String>::new(), "what was refused wakes nobody");
        must(store.note(&id, "ann", &[noted("look")], at(1002)).await);
        assert_eq!(names(&store, 1, 1001, 9).await, Vec::<String>::new());
        let heard = must(store.claim(&actor(1), at(1002), LEASE, 9).await);
        must(release(&store, &heard[0], None).await);
        assert_eq!(names(&store, 1, 9000, 9).await, Vec::<String>::new(), "who was heard is not heard again and again");
        let outcome = store.note(&id, "ann", &[Event::Dead], at(1003)).await;
        assert!(matches!(outcome, Err(StoreError::Other(_))), "people do not say that");
    });
}

/// Leads an incident to where people are asked.
async fn asked(store: &Store, name: &str) -> IncidentId {
    let id = find(store, name, 0).await;
    let claim = must(store.claim_one(&id, &actor(1), at(1), LEASE).await).unwrap_or_else(|| panic!("it is free"));
    let asked = Event::Asked { digest: "d1".to_owned(), approvals: 2 };
    must(store.append(&claim, "engine", &[asked], at(2), &[]).await);
    must(release(store, &claim, None).await);
    id
}

#[test]
fn who_was_heard_and_does_not_suffice_is_not_heard_again_and_again() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let id = asked(&store, "f").await;
        must(store.note(&id, "ann", &[noted("look")], at(3)).await);
        let claim = must(store.claim(&actor(1), at(3), LEASE, 1).await).remove(0);
        must(release(&store, &claim, None).await);
        assert_eq!(names(&store, 1, 1000, 9).await, Vec::<String>::new(), "it waits for people again");
        let claim = must(store.claim_one(&id, &actor(1), at(1001), LEASE).await).unwrap_or_else(|| panic!("free"));
        must(release(&store, &claim, Some(2000)).await);
        assert_eq!(names(&store, 1, 1999, 9).await, Vec::<String>::new());
        assert_eq!(names(&store, 1, 2000, 9).await, ["f"], "who names a time is woken then");
    });
}

#[test]
fn who_was_woken_stays_awake_when_something_else_happens() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let id = asked(&store, "f").await;
        must(store.note(&id, "ann", &[noted("look")], at(3)).await);
        must(store.detect(&detected("f"), &[occurrence(2)], None, at(4), "scan").await);
        assert_eq!(names(&store, 1, 5, 9).await, ["f"]);
    });
}

#[test]
fn who_speaks_while_somebody_works_is_heard() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let id = find(&store, "f", 0).await;
        let claims = must(store.claim(&actor(1), at(1), LEASE, 1).await);
        let denied = Event::Denied { person: "ann".to_owned(), why: "no".to_owned() };
        must(store.note(&id, "ann", &[denied], at(2)).await);
        let incident = must(store.append(&claims[0], "engine", &[noted("x")], at(3), &[]).await);
        assert_eq!(incident.state, State::ByHand, "the worker sees what was said");
        let retried = Event::Retried { person: "ann".to_owned() };
        must(store.note(&id, "ann", &[retried], at(4)).await);
        must(release(&store, &claims[0], Some(500)).await);
        must(release(&store, &claims[0], Some(500)).await);
        assert_eq!(names(&store, 2, 5, 1).await, ["f"], "not at 500");
    });
}

#[test]
fn later_is_when_it_is_due() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        find(&store, "f", 0).await;
        let claims = must(store.claim(&actor(1), at(1), LEASE, 1).await);
        let later = Event::Later { due: at(300), why: "throttled".to_owned() };
        must(store.append(&claims[0], "engine", &[later], at(2), &[]).await);
        must(release(&store, &claims[0], None).await);
        assert_eq!(names(&store, 1, 299, 1).await, Vec::<String>::new());
        let claims = must(store.claim(&actor(1), at(300), LEASE, 1).await);
        must(release(&store, &claims[0], Some(400)).await);
        assert_eq!(names(&store, 1, 399, 1).await, Vec::<String>::new());
        assert_eq!(names(&store, 1, 400, 1).await, ["f"]);
    });
}

#[test]
fn who_lost_a_claim_writes_nothing() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        let id = find(&store, "f", 0).await;
        let slow = must(store.claim(&actor(1), at(0), LEASE, 1).await).remove(0);
        must(store.renew(&slow, at(90)).await);
        assert_eq!(must(store.claim(&actor(2), at(89), LEASE, 1).await), []);
        let quick = must(store.claim(&actor(2), at(90), LEASE, 1).await).remove(0);
        assert!(quick.fence > slow.fence);
        let before = must(store.lines(0, 100).await);
        let job = NewJob { queue: "q".to_owned(), key: "k".to_owned(), payload: Zeroizing::default(), due: at(0) };
        let written = store.append(&slow, "engine", &[noted("x")], at(91), &[job]).await;
        assert_eq!(written, Err(StoreError::Stale));
        assert_eq!(store.renew(&slow, at(1000)).await, Err(StoreError::Stale));
        assert_eq!(release(&store, &slow, None).await.map(drop), Err(StoreError::Stale));
        must(store.put_secret(&quick, "successor", Zeroizing::new(vec![2]), at(91)).await);
        let late = store.put_secret(&slow, "successor", Zeroizing::new(vec![1]), at(91)).await;
        assert_eq!(late, Err(StoreError::Stale));
        assert_eq!(must(store.secret(&id, "successor").await), Some(Zeroizing::new(vec![2])));
        assert_eq!(must(store.lines(0, 100).await), before);
        assert!(must(store.depths().await).is_empty());
        must(store.append(&quick, "engine", &[noted("y")], at(92), &[]).await);
        must(release(&store, &quick, None).await);
        let again = must(store.claim_one(&id, &actor(2), at(93), LEASE).await);
        assert!(again.is_some_and(|again| again.fence > quick.fence));
        assert_eq!(store.append(&quick, "engine", &[noted("z")], at(94), &[]).await, Err(StoreError::Stale));
    });
}

#[test]
fn what_a_process_held_that_is_no_more_is_free_at_once() {
    on_both(async |ground| {
        let gone = Options { gone: Arc::new(|actor: &Actor| actor.pid == 1), ..options(ground.place()) };
        let store = must(Store::open(gone).await);
        for (name, second) in [("a", 0), ("b", 1), ("c", 2)] {
            find(&store, name, second).await;
        }
        assert_eq!(names(&store, 1, 5, 1).await, ["a"]);
        assert_eq!(names(&store, 2, 5, 1).await, ["a"], "1 is gone");
        let elsewhere = Actor { host: "there".to_owned(), ..actor(1) };
        assert_eq!(must(store.claim(&elsewhere, at(5), LEASE, 1).await).len(), 1);
        assert_eq!(names(&store, 3, 5, 9).await, ["c"], "who is gone on another host nobody can tell");
        let late = must(store.claim(&actor(1), at(5), LEASE, 9).await);
        assert!(late.is_empty(), "nobody takes from themselves, and 2 and 3 are alive");
    });
}

#[test]
fn two_servers_never_claim_the_same() {
    const ALL: usize = 1000;
    on_both(async |ground| {
        let stores = [open(&ground.place()).await, open(&ground.place()).await];
        let mut finding = tokio::task::JoinSet::new();
        for name in 0..ALL {
            let store = stores[name % 2].clone();
            finding.spawn(async move { find(&store, &format!("f{name}"), 0).await });
        }
        assert_eq!(finding.join_all().await.len(), ALL);
        let mut workers = tokio::task::JoinSet::new();
        for pid in 0..6_u32 {
            let store = stores[(pid % 2) as usize].clone();
            workers.spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claims = must(store.claim(&actor(pid), at(1), LEASE, 37).await);
                    if claims.is_empty() {
                        return mine;
                    }
                    mine.extend(claims.into_iter().map(|claim| (claim.incident.id, claim.fence)));
                }
            });
        }
        let claimed: Vec<(IncidentId, i64)> = workers.join_all().await.concat();
        assert_eq!(claimed.len(), ALL, "none twice");
        assert_eq!(claimed.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), ALL, "each once");
        assert!(claimed.iter().all(|(_, fence)| *fence == 1));
    });
}
