//! A database that stops in the middle, and comes back.

use std::sync::Arc;
use std::time::Duration;

use stanch_pipeline::engine::Work;
use stanch_pipeline::store::Store;
use stanch_pipeline::{Means, Verdict};
use stanch_testkit::double::{Fault, Trigger};
use tokio::sync::watch;

use super::scene::{Always, actor, context, database, ended, engine, leaked, must, options, run, saga, worked_off};
use stanch_testkit::Postgres;

#[test]
fn a_database_that_is_gone_and_back_loses_nothing_and_doubles_nothing() {
    let server = Arc::new(Postgres::start());
    run(async {
        let saga = saga("gitlab.pat");
        // The one that works loses patience while the database is away; the other only looks, and waits.
        let place = database(&server);
        let hasty = stanch_pipeline::store::Options { patience: Duration::from_millis(200), ..options(place.clone()) };
        let (store, patient) = (must(Store::open(hasty).await), must(Store::open(options(place)).await));
        let stage = leaked(&store, &saga, 40, 5).await;
        stage.fault(Trigger::any(), Fault::Slow(Duration::from_millis(50)));
        let engine = engine(&store, context(&saga, &stage, None), Always(Verdict::Act, Means::Revoke));
        let engine = Arc::new(engine);
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(Arc::clone(&engine).run(actor(1), Work::default(), stopped));
        while stage.effects().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let away = Arc::clone(&server);
        must(tokio::task::spawn_blocking(move || away.stop()).await);
        let before = stage.effects().len();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let meanwhile = stage.effects().len() - before;
        assert!(meanwhile <= 16, "{meanwhile} effects without a line before them");
        assert!(stage.effects().len() < 40, "the database was away too late");
        let back = Arc::clone(&server);
        must(tokio::task::spawn_blocking(move || back.begin()).await);
        worked_off(&patient).await;
        must(stop.send(true));
        must(running.await);
        ended(&patient, &saga, &stage).await;
    });
}
