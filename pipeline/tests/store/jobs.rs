//! Jobs: durable, done at least once, known by their keys.

use std::sync::Arc;

use stanch_pipeline::Event;
use stanch_pipeline::store::{Actor, Job, NewJob, Options, Store, StoreError};
use zeroize::Zeroizing;

use crate::bench::{LEASE, actor, at, detected, must, noted, on_both, open, options};

fn job(queue: &str, key: &str, second: i64) -> NewJob {
    let payload = Zeroizing::new(format!("what {key} is").into_bytes());
    NewJob { queue: queue.to_owned(), key: key.to_owned(), payload, due: at(second) }
}

async fn take(store: &Store, pid: u32, second: i64, most: u32) -> Vec<Job> {
    must(store.take("q", &actor(pid), at(second), LEASE, most).await)
}

fn keys(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.key.as_str()).collect()
}

#[test]
fn a_job_is_done_once_however_often_it_comes() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        assert_eq!(store.enqueue(job("q", "a", 5), at(0)).await, Ok(true));
        assert_eq!(store.enqueue(job("q", "a", 5), at(1)).await, Ok(false));
        assert_eq!(store.enqueue(job("other", "a", 5), at(1)).await, Ok(true), "another queue has keys of its own");
        assert_eq!(store.enqueue(job("q", "b", 4), at(2)).await, Ok(true));
        assert!(take(&store, 1, 3, 9).await.is_empty(), "nothing is due");
        let taken = take(&store, 1, 5, 9).await;
        assert_eq!(keys(&taken), ["b", "a"]);
        assert_eq!((taken[1].payload.as_slice(), taken[1].attempts), (b"what a is".as_slice(), 1));
        assert!(take(&store, 2, 6, 9).await.is_empty(), "they are taken");
        must(store.done(&taken[0], at(7)).await);
        must(store.done(&taken[0], at(7)).await);
        assert_eq!(store.enqueue(job("q", "b", 4), at(8)).await, Ok(false), "its key is remembered");
        let depths = must(store.depths().await);
        assert_eq!((depths["q"].waiting, depths["q"].oldest), (1, Some(at(0))));
        must(store.purge(at(0), at(8), at(9), "cron").await);
        assert_eq!(store.enqueue(job("q", "b", 4), at(9)).await, Ok(true), "and forgotten in the end");
    });
}

#[test]
fn what_fails_is_tried_again_until_it_is_given_up() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        must(store.enqueue(job("q", "a", 0), at(0)).await);
        let first = take(&store, 1, 0, 1).await.remove(0);
        must(store.later(&first, at(30), "no answer").await);
        assert_eq!(store.done(&first, at(1)).await, Err(StoreError::Stale));
        assert!(take(&store, 1, 29, 1).await.is_empty());
        let second = take(&store, 1, 30, 1).await.remove(0);
        assert_eq!(second.attempts, 2);
        let third = take(&store, 2, 30 + 60, 1).await.remove(0);
        assert_eq!(third.attempts, 3, "the lease ended");
        assert_eq!(store.give_up(&second, "never", at(91)).await, Err(StoreError::Stale));
        must(store.give_up(&third, "never", at(91)).await);
        assert!(take(&store, 2, 9999, 1).await.is_empty());
        let depths = must(store.depths().await);
        assert_eq!((depths["q"].waiting, depths["q"].gave_up), (0, 1));
    });
}

#[test]
fn a_full_queue_takes_no_more_and_what_happened_is_kept_all_the_same() {
    on_both(async |ground| {
        let store = must(Store::open(Options { depth: 2, ..options(ground.place()) }).await);
        must(store.enqueue(job("q", "a", 0), at(0)).await);
        must(store.detect(&detected("f"), &[], None, at(0), "scan").await);
        let claim = must(store.claim(&actor(1), at(0), LEASE, 1).await).remove(0);
        let jobs = [job("q", "i/detected/1", 0), job("q", "i/dead/2", 0), job("q", "i/by-hand/3", 0)];
        must(store.append(&claim, "engine", &[noted("x")], at(1), &jobs).await);
        let lines = must(store.timeline(&claim.incident.id, 1, 9).await);
        let [x, lost] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(x.event, noted("x"));
        let Event::Noted { text } = &lost.event else { panic!("{lost:?}") };
        assert!(text.contains("dead, by-hand") && !text.contains("detected"), "the loss is told: {text}");
        assert_eq!(must(store.depths().await)["q"].waiting, 2, "as many as there is room for");
        assert!(must(store.differing().await).is_empty());
        assert!(matches!(store.enqueue(job("q", "d", 0), at(1)).await, Err(StoreError::Full(_))));
        assert_eq!(store.enqueue(job("q", "a", 0), at(1)).await, Ok(false), "what is known is no more");
        let taken = take(&store, 1, 1, 1).await.remove(0);
        must(store.done(&taken, at(2)).await);
        assert_eq!(store.enqueue(job("q", "d", 0), at(2)).await, Ok(true));
    });
}

#[test]
fn what_is_not_done_is_known_by_how_its_key_begins() {
    on_both(async |ground| {
        let store = open(&ground.place()).await;
        for (key, due) in [("a_%/1", 7), ("a_%/2", 7), ("axy/3", 8), ("b/a_%/", 8)] {
            must(store.enqueue(job("q", key, due), at(0)).await);
        }
        must(store.enqueue(job("other", "a_%/9", 7), at(0)).await);
        let mut found = must(store.unfinished("q", "a_%/").await);
        found.sort();
        assert_eq!(found, [("a_%/1".to_owned(), at(7)), ("a_%/2".to_owned(), at(7))]);
        let taken = take(&store, 1, 7, 1).await.remove(0);
        must(store.done(&taken, at(8)).await);
        assert_eq!(must(store.unfinished("q", "a_%/").await).len(), 1);
    });
}

#[test]
fn jobs_of_a_process_that_is_no_more_are_free_and_none_is_taken_twice() {
    on_both(async |ground| {
        let gone = Options { gone: Arc::new(|actor: &Actor| actor.pid == 99), ..options(ground.place()) };
        let stores = [must(Store::open(gone).await), open(&ground.place()).await];
        for key in 0..200 {
            must(stores[key % 2].enqueue(job("q", &format!("{key:03}"), 0), at(0)).await);
        }
        assert_eq!(take(&stores[1], 99, 0, 50).await.len(), 50);
        let mut workers = tokio::task::JoinSet::new();
        for pid in 0..4_u32 {
            let store = stores[0].clone();
            workers.spawn(async move {
                let mut mine = Vec::new();
                loop {
                    match take(&store, pid, 1, 7).await {
                        jobs if jobs.is_empty() => return mine,
                        jobs => mine.extend(jobs.into_iter().map(|job| job.key)),
                    }
                }
            });
        }
        let mut taken = workers.join_all().await.concat();
        taken.sort();
        assert_eq!(taken, (0..200).map(|key| format!("{key:03}")).collect::<Vec<_>>());
    });
}
