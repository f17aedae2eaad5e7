//! A provider that is away for an hour, and one that answers nothing but *too many requests*.

use jiff::{SignedDuration, Timestamp};
use stanch_pipeline::engine::Clock as _;
use stanch_pipeline::store::Store;
use stanch_pipeline::{Incident, Means, State, Verdict};
use stanch_testkit::double::{Fault, Stage, Trigger};

use super::scene::{Always, Set, context, ended, engine, file, incidents, leaked, live, must, options, run, saga};
use crate::saga::Saga;

const ACT: Always = Always(Verdict::Act, Means::Revoke);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// One of each way to die.
const KINDS: [&str; 3] = ["openrouter.api-key", "gitlab.pat", "datadog.api-key"];

/// What is shown of an incident is what is true of its key.
fn honest(incident: &Incident, stage: &Stage, now: Timestamp) {
    let lives = stage.alive(stage.leaked().role);
    assert!(incident.state != State::Closed && incident.ending.is_none(), "{:?}", incident.state);
    assert!(!lives || incident.times.contained.is_none(), "it is called off, and lives: {:?}", incident.state);
    assert!(incident.times.verified.is_some() || incident.state == State::Detected, "nobody has verified it");
    assert!(incident.trouble.as_ref().is_some_and(|why| why.len() > 5), "nobody says why it does not go on");
    let due = incident.due.unwrap_or_else(|| panic!("nobody will try again"));
    assert!(due > now && due.duration_since(now) <= SignedDuration::from_mins(23), "too long a pause: {due}");
}

/// An hour of an outage that begins at a request, and what follows. How many requests came in that hour.
async fn outage(saga: &Saga, fault: &Fault, nth: usize) -> usize {
    let dir = must(tempfile::tempdir());
    let store = must(Store::open(options(file(dir.path()))).await);
    let stage = leaked(&store, saga, 1, nth as u64).await;
    let clock = Set::new();
    let engine = engine(&store, context(saga, &stage, None), ACT).with_clock(clock.clone());
    stage.fault(Trigger::any().nth(nth).times(usize::MAX / 2), fault.clone());
    let end = must(clock.now().checked_add(HOUR));
    live(&engine, &clock, end).await;
    let asked = stage.requests().len();
    let all = incidents(&store).await;
    let closed = all.iter().all(|incident| incident.state == State::Closed);
    // The last requests of a life may come before the outage.
    if !closed {
        for incident in &all {
            honest(incident, &stage, clock.now());
        }
        assert!(all.iter().all(|incident| incident.attempts <= 20), "{:?}", all.first().map(|one| one.attempts));
    }
    stage.no_faults();
    live(&engine, &clock, must(end.checked_add(HOUR))).await;
    ended(&store, saga, &stage).await;
    if closed { 0 } else { asked }
}

/// Lets the outage begin at every request of a life, in turn. The most requests that came in an hour of it.
fn every_outage(fault: &Fault) -> usize {
    let mut most = 0;
    for saga in KINDS.map(saga) {
        for nth in 1..20 {
            let asked = run(outage(&saga, fault, nth));
            if asked == 0 {
                assert!(nth > 3, "{}: there was no outage", saga.name);
                break;
            }
            most = most.max(asked);
        }
    }
    most
}

#[test]
fn a_provider_that_is_down_for_an_hour_is_waited_for() {
    let asked = every_outage(&Fault::Status(503, None));
    assert!(asked <= 200, "{asked} requests in an hour");
}

#[test]
fn a_provider_whose_connections_break_for_an_hour_is_waited_for() {
    let asked = every_outage(&Fault::ResetBefore);
    assert!(asked <= 200, "{asked} requests in an hour");
}

#[test]
fn a_provider_that_cannot_be_reached_for_an_hour_is_waited_for() {
    run(async {
        for saga in KINDS.map(saga) {
            let dir = must(tempfile::tempdir());
            let store = must(Store::open(options(file(dir.path()))).await);
            let stage = leaked(&store, &saga, 1, 3).await;
            let clock = Set::new();
            // Nobody listens at a port that was free a moment ago.
            let nowhere = format!("http://127.0.0.1:{}", stanch_testkit::server::free_port());
            let cut_off = engine(&store, context(&saga, &stage, Some(&nowhere)), ACT).with_clock(clock.clone());
            let end = must(clock.now().checked_add(HOUR));
            live(&cut_off, &clock, end).await;
            for incident in incidents(&store).await {
                honest(&incident, &stage, clock.now());
                assert_eq!((incident.state, incident.times.verified), (State::Detected, None));
                assert!((5..=20).contains(&incident.attempts), "{} attempts in an hour", incident.attempts);
            }
            assert!(stage.requests().is_empty());
            let back = engine(&store, context(&saga, &stage, None), ACT).with_clock(clock.clone());
            live(&back, &clock, must(end.checked_add(HOUR))).await;
            ended(&store, &saga, &stage).await;
        }
    });
}

#[test]
fn who_is_told_to_wait_waits() {
    const WAIT: u64 = 40;
    for saga in KINDS.map(saga) {
        for nth in 1..20 {
            let over = run(async {
                let dir = must(tempfile::tempdir());
                let store = must(Store::open(options(file(dir.path()))).await);
                let stage = leaked(&store, &saga, 1, nth as u64).await;
                let clock = Set::new();
                let engine = engine(&store, context(&saga, &stage, None), ACT).with_clock(clock.clone());
                let storm = Trigger::any().nth(nth).times(usize::MAX / 2);
                stage.fault(storm, Fault::Status(429, Some(WAIT)));
                let begun = clock.now();
                live(&engine, &clock, must(begun.checked_add(SignedDuration::from_mins(20)))).await;
                let refused = stage.requests().iter().filter(|request| request.status == Some(429)).count();
                // Twenty minutes have thirty waits in them. After each comes one attempt: a look, or a step and a look at it.
                let most = 20 * 60 / WAIT as usize * 3;
                assert!(refused <= most, "{} from {nth}: {refused} requests were refused", saga.name);
                stage.no_faults();
                live(&engine, &clock, must(clock.now().checked_add(HOUR))).await;
                ended(&store, &saga, &stage).await;
                refused == 0
            });
            if over {
                assert!(nth > 3, "{}: there was no storm", saga.name);
                break;
            }
        }
    }
}
