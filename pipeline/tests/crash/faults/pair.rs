//! Two engines on one database.

use std::sync::Arc;

use stanch_pipeline::engine::Work;
use stanch_pipeline::store::Store;
use stanch_pipeline::{Means, Verdict};
use tokio::sync::watch;

use super::scene::{Always, actor, context, database, ended, engine, leaked, must, options, run, saga, worked_off};
use stanch_testkit::Postgres;

#[test]
fn two_engines_share_two_hundred_incidents_and_do_each_thing_once() {
    let server = Postgres::shared();
    run(async {
        let saga = saga("gitlab.pat");
        let place = database(&server);
        let store = must(Store::open(options(place.clone())).await);
        let stage = leaked(&store, &saga, 200, 6).await;
        let cx = context(&saga, &stage, None);
        let (stop, stopped) = watch::channel(false);
        let mut running = Vec::new();
        for pid in [1, 2] {
            let store = must(Store::open(options(place.clone())).await);
            let engine = Arc::new(engine(&store, Arc::clone(&cx), Always(Verdict::Act, Means::Revoke)));
            running.push(tokio::spawn(engine.run(actor(pid), Work::default(), stopped.clone())));
        }
        worked_off(&store).await;
        must(stop.send(true));
        for engine in running {
            must(engine.await);
        }
        ended(&store, &saga, &stage).await;
        let effects = stage.effects();
        assert_eq!((effects.len(), effects.iter().filter(|done| done.changed).count()), (200, 200));
    });
}
