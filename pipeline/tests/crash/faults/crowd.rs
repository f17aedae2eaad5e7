//! More incidents than hands.

use std::sync::Arc;
use std::time::Duration;

use stanch_pipeline::engine::{Engine, Options, Work};
use stanch_pipeline::store::Store;
use stanch_pipeline::{Means, Verdict};
use stanch_testkit::double::Effect;
use tokio::sync::watch;

use super::scene::{Always, actor, context, ended, file, leaked, must, options, run, saga, worked_off};

const HANDS: usize = 4;
const KEYS: usize = 24;

#[test]
fn in_a_crowd_all_are_off_before_the_first_is_deleted() {
    run(async {
        let saga = saga("openrouter.api-key");
        let dir = must(tempfile::tempdir());
        let store = must(Store::open(options(file(dir.path()))).await);
        let stage = leaked(&store, &saga, KEYS, 8).await;
        let decider = Arc::new(Always(Verdict::Act, Means::Revoke));
        let options = Options { workers: HANDS, poll: Duration::from_millis(20), ..Options::default() };
        let engine = Arc::new(Engine::new(store.clone(), context(&saga, &stage, None), decider, options));
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(engine.run(actor(1), Work::default(), stopped));
        worked_off(&store).await;
        must(stop.send(true));
        must(running.await);
        ended(&store, &saga, &stage).await;
        let steps: Vec<Effect> = stage.effects().into_iter().map(|done| done.effect).collect();
        let first = steps.iter().position(|step| *step == Effect::Delete).unwrap_or_else(|| panic!("{steps:?}"));
        assert_eq!(steps.len(), 2 * KEYS, "{steps:?}");
        // Those that were last are in hand when nobody else waits.
        assert!(first >= KEYS - HANDS, "{steps:?}");
    });
}
