//! In which order a channel is told of what happened to one incident, and what a full queue does to the others.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use stanch_pipeline::audit::SigningKey;
use stanch_pipeline::notices::{self, Topic};
use stanch_pipeline::store::{Actor, NewJob, Options, Place, Store, StoreKey};
use stanch_pipeline::{Detected, IncidentId};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::bench::{at, config, incident, notifier, run};
use crate::server::{Reply, Server};

fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

async fn store(dir: &TempDir, depth: u64) -> Store {
    let key = StoreKey::from_bytes(Zeroizing::new([1; 32]));
    let options = Options::new(Place::Sqlite(dir.path().join("stanch.db")), key, must(SigningKey::fresh()));
    must(Store::open(Options { depth, ..options }).await)
}

/// An incident in the store, as the usual one was found.
async fn found(store: &Store, fingerprint: &str) -> IncidentId {
    let one = incident();
    let what = Detected {
        fingerprint: fingerprint.to_owned(),
        rule: one.rule,
        kind: one.kind,
        provider: one.provider,
        title: one.title,
        preview: one.preview,
        confidence: one.confidence,
        severity: one.severity,
        exposure: one.exposure,
        labels: one.labels,
        owner: one.owner,
    };
    must(store.detect(&what, &[], None, at(), "scan").await).0
}

/// What the engine asks to be told as the so many-th event of an incident.
fn asked(id: &IncidentId, topic: Topic, number: u64) -> NewJob {
    let notice = notices::Notice { incident: id.clone(), topic };
    let payload = must(serde_json::to_vec(&notice)).into();
    NewJob { queue: notices::QUEUE.to_owned(), key: format!("{id}/{}/{number}", topic.as_str()), payload, due: at() }
}

fn later(seconds: i64) -> Timestamp {
    must(at().checked_add(SignedDuration::from_secs(seconds)))
}

fn me() -> Actor {
    Actor { host: "here".to_owned(), pid: 1, started: 1 }
}

#[test]
fn what_resolves_an_alarm_never_overtakes_it() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    // The alarm fails at first.
    let server = Server::start(move |request| {
        if request.json()["event_action"] == "trigger" && count.fetch_add(1, Ordering::SeqCst) == 0 {
            return Reply::new(503, "");
        }
        Reply::new(202, r#"{"status":"success"}"#)
    });
    let text = config("pagerduty.oncall", &server.origin(), "routing_key = { env = 'PD' }");
    let notifier = Arc::new(notifier(&text, Path::new("")));
    let dir = must(TempDir::new());
    run(async {
        let store = store(&dir, 100).await;
        let (one, other) = (found(&store, "one").await, found(&store, "other").await);
        for job in [asked(&one, Topic::Detected, 2), asked(&one, Topic::Dead, 9), asked(&other, Topic::Dead, 4)] {
            must(store.enqueue(job, at()).await);
        }
        for second in 0..10 {
            must(notifier.round(&store, &me(), later(second)).await);
        }
        assert!(must(store.depths().await).values().all(|depth| depth.waiting == 0), "all is told in the end");
        let actions = |id: &IncidentId| -> Vec<String> {
            let bodies = server.requests().into_iter().map(|request| request.json());
            let of = bodies.filter(|body| body["dedup_key"] == id.as_str());
            of.map(|body| body["event_action"].as_str().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(actions(&one), ["trigger", "trigger", "resolve"]);
        assert_eq!(actions(&other), ["resolve"], "others do not wait");
    });
}

#[test]
fn an_alarm_that_is_not_spread_yet_is_waited_for_too() {
    let server = Server::saying(Reply::new(202, r#"{"status":"success"}"#));
    let notifier = Arc::new(notifier(
        &config("pagerduty.oncall", &server.origin(), "routing_key = { env = 'PD' }"),
        Path::new(""),
    ));
    let dir = must(TempDir::new());
    run(async {
        let store = store(&dir, 100).await;
        let id = found(&store, "one").await;
        must(store.enqueue(asked(&id, Topic::Detected, 2), at()).await);
        // Another server has the alarm in its hands, and has not come to it.
        let other = Actor { host: "there".to_owned(), pid: 9, started: 9 };
        let lease = Duration::from_secs(30);
        assert_eq!(must(store.take(notices::QUEUE, &other, at(), lease, 1).await).len(), 1);
        must(store.enqueue(asked(&id, Topic::Dead, 9), at()).await);
        for second in 0..20 {
            must(notifier.round(&store, &me(), later(second)).await);
        }
        assert!(server.requests().is_empty());
        for second in 30..40 {
            must(notifier.round(&store, &me(), later(second)).await);
        }
        let actions: Vec<_> = server.requests().iter().map(|request| request.json()["event_action"].clone()).collect();
        assert_eq!(actions, ["trigger", "resolve"]);
    });
}

#[test]
fn a_queue_of_channels_that_is_full_is_emptied_and_not_stuck() {
    let server = Server::saying(Reply::new(200, "ok"));
    let notifier = Arc::new(notifier(&config("slack.a", &server.origin(), "url = { env = 'SLACK' }"), Path::new("")));
    let dir = must(TempDir::new());
    run(async {
        let store = store(&dir, 3).await;
        let id = found(&store, "one").await;
        for number in 0..3 {
            must(store.enqueue(asked(&id, Topic::Detected, number), at()).await);
        }
        must(notifier.round(&store, &me(), at()).await);
        for number in 3..6 {
            must(store.enqueue(asked(&id, Topic::Detected, number), at()).await);
        }
        for second in 0..20 {
            must(notifier.round(&store, &me(), later(second)).await);
        }
        assert_eq!(server.requests().len(), 6);
    });
}

#[test]
fn a_channel_that_is_slow_holds_up_no_other() {
    let (slow, fast) = (Server::saying(Reply::Silence), Server::saying(Reply::new(200, "ok")));
    let text = format!(
        "[http]\ntimeout_ms = 3000\n[endpoints]\n'hooks.slack.com' = '{}'\n'api.github.com' = '{}'\n\
         [ownership]\nfallback = 'sec@example.com'\n\
         [notify.slack.a]\nurl = {{ env = 'SLACK' }}\n\
         [notify.webhook.b]\nurl = {{ value = 'https://api.github.com/x' }}\nsecret = {{ env = 'KEY' }}\n\
         [[notify.route]]\nto = ['slack.a', 'webhook.b']\n",
        slow.origin(),
        fast.origin()
    );
    let notifier = Arc::new(notifier(&text, Path::new("")));
    let dir = must(TempDir::new());
    run(async {
        let store = Arc::new(store(&dir, 1000).await);
        let id = found(&store, "one").await;
        for number in 0..6 {
            must(store.enqueue(asked(&id, Topic::Detected, number), at()).await);
        }
        let (tell, told) = tokio::sync::watch::channel(false);
        let begun = Instant::now();
        let running = tokio::spawn(notifier.run(Arc::clone(&store), me(), told));
        while fast.requests().len() < 6 && begun.elapsed() < Duration::from_mins(1) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let took = begun.elapsed();
        must(tell.send(true));
        must(running.await);
        assert_eq!(fast.requests().len(), 6);
        assert!(took < Duration::from_secs(3), "the other was waited for: {took:?}");
    });
}

#[test]
fn a_job_that_was_taken_over_takes_no_other_with_it() {
    let taken = Arc::new(std::sync::Mutex::new(None::<Store>));
    let thief = Arc::clone(&taken);
    // While the first message is on its way, another server takes its job over; the rest of the round goes on.
    let server = Server::start(move |_| {
        if let Some(store) = thief.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            let other = Actor { host: "there".to_owned(), pid: 9, started: 9 };
            let lease = Duration::from_mins(5);
            must(run(store.take("notify-channel", &other, later(3600), lease, 1)));
        }
        Reply::new(200, "ok")
    });
    let notifier = Arc::new(notifier(&config("slack.a", &server.origin(), "url = { env = 'SLACK' }"), Path::new("")));
    let dir = must(TempDir::new());
    run(async {
        let store = store(&dir, 100).await;
        let id = found(&store, "one").await;
        for number in 0..4 {
            must(store.enqueue(asked(&id, Topic::Detected, number), at()).await);
        }
        *taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(store.clone());
        must(notifier.round(&store, &me(), at()).await);
        assert_eq!(server.requests().len(), 4, "each was told");
        assert_eq!(must(store.depths().await).get("notify-channel").map(|depth| depth.waiting), Some(1));
    });
}
