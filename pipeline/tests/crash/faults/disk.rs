//! A disk that is full in the middle of everything.

use std::sync::Arc;
use std::time::Duration;

use stanch_pipeline::engine::{Engine, Work};
use stanch_pipeline::store::{Options, Store, StoreError};
use stanch_pipeline::{Means, State, Verdict};
use tokio::sync::watch;

use super::scene::{Always, actor, context, ended, engine, file, leaked, must, open, options, run, saga};

const ACT: Always = Always(Verdict::Act, Means::Revoke);

#[test]
fn a_full_disk_stops_what_cannot_be_written_down_and_nothing_is_done_twice() {
    let saga = saga("gitlab.pat");
    run(async {
        let dir = must(tempfile::tempdir());
        let store = must(Store::open(options(file(dir.path()))).await);
        let stage = leaked(&store, &saga, 20, 9).await;
        store.flush().await.unwrap_or_else(|error| panic!("{error}"));
        drop(store);
        // Room for what is there and a little more.
        let pages = must(std::fs::metadata(dir.path().join("store.db"))).len() / 4096 + 8;
        let bounded = Options { pages: u32::try_from(pages).ok(), ..options(file(dir.path())) };
        let cramped = must(Store::open(bounded).await);
        let cx = context(&saga, &stage, None);
        let cut = works(Arc::new(engine(&cramped, Arc::clone(&cx), ACT)), Duration::from_secs(2)).await;
        assert!(cut, "the disk is never full");
        let done = stage.effects().iter().filter(|done| done.changed).count();
        assert!(done < 20, "everything was done on a full disk");
        let left = open(&cramped).await;
        assert!(!left.is_empty() && left.iter().all(|incident| incident.state != State::Closed));
        drop(cramped);
        let roomy = must(Store::open(options(file(dir.path()))).await);
        let engine = Arc::new(engine(&roomy, cx, ACT));
        // The leases of the first are still there; it was another process.
        for incident in open(&roomy).await {
            let now = must(jiff::Timestamp::now().checked_add(Duration::from_mins(2)));
            let claim = must(roomy.claim_one(&incident.id, &actor(2), now, Duration::from_secs(30)).await);
            must(engine.advance(claim.unwrap_or_else(|| panic!("it is not free"))).await);
        }
        ended(&roomy, &saga, &stage).await;
    });
}

/// Works for a while. Whether the store was full at the end.
async fn works(engine: Arc<Engine>, time: Duration) -> bool {
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&engine).run(actor(1), Work::default(), stopped));
    tokio::time::sleep(time).await;
    must(stop.send(true));
    must(running.await);
    let note = stanch_pipeline::audit::AuditEvent::Noted { text: "x".repeat(40_000) };
    let more = engine.store().record(&note, "ann", jiff::Timestamp::now()).await;
    matches!(more, Err(StoreError::Full(_)))
}
