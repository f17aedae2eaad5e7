//! Clocks that are wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stanch_pipeline::engine::{Clock, Work};
use stanch_pipeline::store::Store;
use stanch_pipeline::{Event, Means, State, Verdict};
use stanch_testkit::double::{Fault, Trigger};
use tokio::sync::watch;

use super::scene::{
    Always, Set, actor, approve, context, ended, engine, file, incidents, leaked, live, must, options, run, saga, work,
    worked_off,
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A clock that is set anew again and again: right, an hour late, right, a day early.
struct Jumping {
    readings: AtomicUsize,
    every: usize,
}

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        let reading = self.readings.fetch_add(1, Ordering::SeqCst);
        let by = match (reading / self.every) % 4 {
            1 => -HOUR,
            3 => HOUR * 24,
            _ => SignedDuration::ZERO,
        };
        must(Timestamp::now().checked_add(by))
    }
}

#[test]
fn a_clock_that_jumps_back_and_forth_doubles_nothing_and_loses_nothing() {
    for (kind, every) in [("openrouter.api-key", 7), ("gitlab.pat", 3), ("datadog.api-key", 11)] {
        run(async {
            let saga = saga(kind);
            let dir = must(tempfile::tempdir());
            let store = must(Store::open(options(file(dir.path()))).await);
            let stage = leaked(&store, &saga, 12, every as u64).await;
            // Calls take a while, so that the clock jumps while they are under way.
            stage.fault(Trigger::writes(), Fault::Slow(Duration::from_millis(150)));
            let clock = Arc::new(Jumping { readings: AtomicUsize::new(0), every });
            let engine = Arc::new(engine(&store, context(&saga, &stage, None), ACT).with_clock(clock));
            let (stop, stopped) = watch::channel(false);
            let running = tokio::spawn(Arc::clone(&engine).run(actor(1), Work::default(), stopped));
            worked_off(&store).await;
            must(stop.send(true));
            must(running.await);
            ended(&store, &saga, &stage).await;
            let lines = must(store.lines(0, 100_000).await);
            assert!(lines.windows(2).all(|pair| pair[0].at <= pair[1].at), "the log goes back in time");
        });
    }
}

const ACT: Always = Always(Verdict::Act, Means::Revoke);

#[test]
fn an_approval_that_is_over_by_the_clock_of_the_day_does_not_count() {
    run(async {
        let saga = saga("gitlab.pat");
        let dir = must(tempfile::tempdir());
        let store = must(Store::open(options(file(dir.path()))).await);
        let stage = leaked(&store, &saga, 1, 1).await;
        let clock = Set::new();
        let asks = Always(Verdict::Ask, Means::Revoke);
        let engine = engine(&store, context(&saga, &stage, None), asks).with_clock(clock.clone());
        work(&engine, clock.as_ref(), &actor(1)).await;
        let waiting = incidents(&store).await.remove(0);
        assert_eq!(waiting.state, State::Waiting);
        approve(&store, &waiting, &clock).await;
        // Before anybody looks, a day passes, or the clock thinks so.
        clock.jump(HOUR * 24);
        live(&engine, &clock, clock.now()).await;
        assert!(stage.effects().is_empty(), "it was done by an approval that is over");
        assert_eq!(incidents(&store).await[0].state, State::Waiting);
        // It was wrong. The approval counts again as soon as somebody looks, and for what it was given.
        clock.jump(-HOUR * 24);
        must(store.note(&waiting.id, "ada", &[Event::Noted { text: "look again".to_owned() }], clock.now()).await);
        live(&engine, &clock, clock.now()).await;
        ended(&store, &saga, &stage).await;
    });
}
