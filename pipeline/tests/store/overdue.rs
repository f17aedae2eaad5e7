//! What should be off by now is told, once for each time that the configuration names.

use std::sync::Arc;

use stanch_model::Severity;
use stanch_pipeline::config::PipelineConfig;
use stanch_pipeline::notify::Overdue;
use stanch_pipeline::store::Store;
use stanch_pipeline::{Detected, Event, IncidentId, notices};

use crate::bench::{LEASE, actor, at, detected, must, on_both, open, release};

fn looking(store: &Arc<Store>, tells: bool) -> Overdue {
    let text = "[ownership]\nfallback = 'a'\n[notify]\noverdue = { high = ['10m', '1h'], low = [] }";
    Overdue::new(Arc::clone(store), must(PipelineConfig::parse("c", text)).notify.overdue, tells)
}

async fn find(store: &Store, name: &str, severity: Severity) -> IncidentId {
    must(store.detect(&Detected { severity, ..detected(name) }, &[], None, at(0), "scan").await).0
}

/// The levels that the log of an incident tells, with their times.
async fn told(store: &Store, id: &IncidentId) -> Vec<(u32, u64)> {
    let lines = must(store.timeline(id, 0, 99).await);
    let level = |event: &Event| if let Event::Overdue { level, after } = event { Some((*level, *after)) } else { None };
    lines.iter().filter_map(|line| level(&line.event)).collect()
}

#[test]
fn each_time_is_told_once_and_the_last_of_several() {
    on_both(async |ground| {
        let store = Arc::new(open(&ground.place()).await);
        let looking = looking(&store, true);
        let late = find(&store, "late", Severity::High).await;
        find(&store, "low", Severity::Low).await;
        assert_eq!(looking.round(None, at(599)).await, Ok(0), "there is time yet");
        assert_eq!(looking.round(Some(at(599)), at(600)).await, Ok(1));
        assert_eq!(looking.round(Some(at(599)), at(600)).await, Ok(0), "once");
        assert_eq!(looking.round(None, at(3599)).await, Ok(0), "also after a new start");
        assert_eq!(looking.round(None, at(3600)).await, Ok(1));
        assert_eq!(told(&store, &late).await, [(1, 600), (2, 3600)]);
        let waiting = must(store.take(notices::QUEUE, &actor(1), at(3600), LEASE, 9).await);
        let keys: Vec<String> = waiting.iter().map(|job| job.key.clone()).collect();
        assert_eq!(keys, [format!("{late}/overdue/1"), format!("{late}/overdue/2")]);
        let later = find(&store, "later", Severity::High).await;
        assert_eq!(looking.round(None, at(9999)).await, Ok(1), "of two that passed meanwhile the last");
        assert_eq!(told(&store, &later).await, [(2, 3600)]);
        assert!(must(store.differing().await).is_empty());
    });
}

#[test]
fn what_is_off_or_waits_for_nothing_is_not_overdue() {
    on_both(async |ground| {
        let store = Arc::new(open(&ground.place()).await);
        let quiet = looking(&store, false);
        for (name, event) in
            [("off", Event::Contained), ("asked", Event::Asked { digest: "d".to_owned(), approvals: 1 })]
        {
            let id = find(&store, name, Severity::High).await;
            let claim = must(store.claim_one(&id, &actor(1), at(1), LEASE).await).unwrap_or_else(|| panic!("free"));
            must(store.append(&claim, "engine", &[event], at(2), &[]).await);
            must(release(&store, &claim, None).await);
        }
        assert_eq!(quiet.round(None, at(700)).await, Ok(1), "what waits for an approval is");
        assert!(
            must(store.claim(&actor(1), at(800), LEASE, 9).await)
                .iter()
                .all(|claim| claim.incident.fingerprint != "asked")
        );
        assert!(must(store.depths().await).is_empty(), "where nobody is told of anything nothing waits");
    });
}
