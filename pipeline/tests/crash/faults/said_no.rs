//! People who say no while a worker is on its way.

use std::sync::Arc;
use std::time::Duration;

use stanch_pipeline::engine::Clock as _;
use stanch_pipeline::store::Store;
use stanch_pipeline::{Event, Means, State, Verdict};
use stanch_testkit::double::{Fault, Trigger};

use super::scene::{
    Always, Set, actor, approve, context, engine, file, incidents, leaked, must, options, run, saga, work,
};

#[test]
fn a_no_that_comes_while_the_provider_is_asked_is_heard() {
    run(async {
        let saga = saga("gitlab.pat");
        let dir = must(tempfile::tempdir());
        let store = must(Store::open(options(file(dir.path()))).await);
        let stage = leaked(&store, &saga, 1, 1).await;
        let clock = Set::new();
        let asks = Always(Verdict::Ask, Means::Revoke);
        let engine = Arc::new(engine(&store, context(&saga, &stage, None), asks).with_clock(clock.clone()));
        work(&engine, clock.as_ref(), &actor(1)).await;
        let waiting = incidents(&store).await.remove(0);
        approve(&store, &waiting, &clock).await;
        let asked = stage.requests().len();
        stage.fault(Trigger::any(), Fault::Slow(Duration::from_millis(400)));
        let working = tokio::spawn({
            let (engine, clock) = (Arc::clone(&engine), Arc::clone(&clock));
            async move { work(&engine, clock.as_ref(), &actor(1)).await }
        });
        while stage.requests().len() == asked {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let no = Event::Denied { person: "bob".to_owned(), why: "not on a Friday".to_owned() };
        must(store.note(&waiting.id, "bob", &[no], clock.now()).await);
        must(working.await);
        stage.no_faults();
        while work(&engine, clock.as_ref(), &actor(1)).await > 0 {}
        let after = incidents(&store).await.remove(0);
        assert_eq!((after.state, after.trouble.as_deref()), (State::ByHand, Some("not on a Friday")));
        assert!(stage.effects().is_empty(), "it was done although somebody said no");
    });
}
