//! Incidents: found, claimed, written to.

use stanch_pipeline::store::{CREDENTIAL, Filter, Page, StoreError};
use stanch_pipeline::{Ending, Event, State};
use zeroize::Zeroizing;

use crate::bench::{LEASE, actor, at, detected, file, must, noted, occurrence, open, run};

#[test]
fn an_incident_lives_from_its_detection_to_its_end() {
    let dir = must(tempfile::tempdir());
    run(async {
        let store = open(&file(dir.path())).await;
        let secret = Zeroizing::new(b"a secret".to_vec());
        let found = store.detect(&detected("f1"), &[occurrence(1), occurrence(2)], Some(secret), at(0), "scan").await;
        let (id, new) = must(found);
        assert!(new);
        let (again, new) =
            must(store.detect(&detected("f1"), &[occurrence(2), occurrence(3)], None, at(1), "scan").await);
        assert_eq!((&again, new), (&id, false));
        let incident = must(store.incident(&id).await);
        assert_eq!(incident.occurrences.len(), 3);
        let claims = must(store.claim(&actor(1), at(2), LEASE, 10).await);
        assert_eq!(claims.len(), 1);
        assert_eq!(must(store.claim(&actor(2), at(2), LEASE, 10).await).len(), 0);
        let claim = &claims[0];
        let secret = must(store.secret(&id, CREDENTIAL).await);
        assert_eq!(secret.as_deref().map(Vec::as_slice), Some(b"a secret".as_slice()));
        let incident = must(
            store.append(claim, "engine", &[noted("x"), Event::Closed { ending: Ending::WasDead }], at(3), &[]).await,
        );
        assert_eq!(incident.state, State::Closed);
        assert_eq!(must(store.secret(&id, CREDENTIAL).await), None);
        must(store.release(claim, None).await);
        assert_eq!(store.append(claim, "engine", &[noted("y")], at(3), &[]).await, Err(StoreError::Stale));
        assert_eq!(must(store.timeline(&id, 0, 100).await).len(), 6);
        assert_eq!(
            must(
                store
                    .incidents(&Filter { text: Some("MAIN.rs:3".to_owned()), ..Filter::default() }, &Page::default())
                    .await
            )
            .len(),
            1
        );
        assert_eq!(must(store.differing().await), []);
        let head = must(store.head().await).unwrap_or_else(|| panic!("a head"));
        assert!(head.holds() && head.seq == 6);
    });
}
