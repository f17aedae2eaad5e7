//! An engine in this process, on a store and a clock of the test's own.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stanch_pipeline::audit::SigningKey;
use stanch_pipeline::engine::{Clock, Decider, Engine, Options};
use stanch_pipeline::store::{self, Actor, Filter, Page, Place, Server, Store, StoreKey};
use stanch_pipeline::{Approval, Decision, Event, Incident, Means, State, Verdict};
use stanch_revokers::Context;
use stanch_revokers::act::{Plan, Refusal};
use stanch_revokers::http::Client;
use stanch_revokers::registry::Entry;
use stanch_revokers::responder::Responders;
use stanch_testkit::Postgres;
use stanch_testkit::double::{Cast, Stage};
use stanch_testkit::played;
use zeroize::Zeroizing;

use crate::judge;
use crate::saga::Saga;

/// Unwraps what a test cannot go on without.
pub(super) fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a test to its end.
pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    must(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()).block_on(test)
}

/// A clock that a test sets.
#[derive(Debug)]
pub(super) struct Set(Mutex<Timestamp>);

impl Set {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(must(Timestamp::from_second(1_800_000_000)))))
    }

    /// Moves it, back if that is less than nothing.
    pub(super) fn jump(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = must(now.checked_add(by));
    }

    /// Moves it to a moment that is still to come.
    pub(super) fn until(&self, then: Timestamp) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = then.max(*now);
    }
}

impl Clock for Set {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decides the same of everything that has a plan.
pub(super) struct Always(pub(super) Verdict, pub(super) Means);

impl Decider for Always {
    fn decide(&self, _: &Incident, plan: Result<&Plan, &Refusal>, _: Option<&Entry>, _: Timestamp) -> Decision {
        Decision {
            verdict: if plan.is_ok() { self.0 } else { Verdict::Notify },
            means: Some(self.1),
            policies: vec!["test".to_owned()],
            approvals: 1,
            approvers: Vec::new(),
            wait: 0,
            approval_lasts: 3600,
            why: "a test".to_owned(),
            errors: Vec::new(),
        }
    }
}

/// A way to die.
pub(super) const fn saga(kind: &'static str) -> Saga {
    Saga { name: kind, kind, means: Means::Revoke, may_lose_successor: false }
}

/// A process of this host.
pub(super) fn actor(pid: u32) -> Actor {
    Actor { host: "here".to_owned(), pid, started: 7 }
}

/// The usual options of a store.
pub(super) fn options(place: Place) -> store::Options {
    let key = StoreKey::from_bytes(Zeroizing::new([1; 32]));
    store::Options::new(place, key, must(SigningKey::from_seed(&Zeroizing::new([2; 32]))))
}

/// A file of SQLite in a folder.
pub(super) fn file(folder: &Path) -> Place {
    Place::Sqlite(folder.join("store.db"))
}

/// A new database of a server.
pub(super) fn database(server: &Postgres) -> Place {
    Place::Postgres(Server::new(server.url(&server.database()).into()))
}

/// A double with so many live keys, all of which the store knows to have leaked.
pub(super) async fn leaked(store: &Store, saga: &Saga, keys: usize, seed: u64) -> Stage {
    let stage = saga.cast(Cast { seed, also: keys - 1, ..Cast::default() });
    for key in stage.leaks() {
        saga.leak_key(store, &stage, key).await;
    }
    stage
}

/// What calls the double. `address` is another one than its own, if it is not there.
pub(super) fn context(saga: &Saga, stage: &Stage, address: Option<&str>) -> Arc<Context> {
    let entry = saga.entry();
    let mut config = played::config(&[(&entry, stage)], 0.02);
    if let Some(address) = address {
        for host in stage.hosts() {
            config["endpoints"][host] = address.into();
        }
    }
    let config: stanch_revokers::config::Config = must(serde_json::from_value(config));
    let http = must(Client::new(&config, false));
    Arc::new(Context { http, config, responders: Responders::new(|_| None) })
}

/// An engine of few words.
pub(super) fn engine(store: &Store, cx: Arc<Context>, decider: Always) -> Engine {
    let lease = Duration::from_secs(3);
    let poll = Duration::from_millis(50);
    let options = Options { workers: 16, lease, poll, ..Options::default() };
    Engine::new(store.clone(), cx, Arc::new(decider), options)
}

/// Works off what is due by the clock.
pub(super) async fn work(engine: &Engine, clock: &dyn Clock, me: &Actor) -> usize {
    let claims = must(engine.store().claim(me, clock.now(), Duration::from_secs(30), 64).await);
    let count = claims.len();
    for claim in claims {
        must(engine.advance(claim).await);
    }
    count
}

/// Works, and turns the clock to whatever is due next, until nothing is open or the time is over.
pub(super) async fn live(engine: &Engine, clock: &Set, until: Timestamp) {
    loop {
        while work(engine, clock, &actor(1)).await > 0 {}
        let open = open(engine.store()).await;
        let Some(due) = open.iter().filter_map(|incident| incident.due).min().filter(|due| *due <= until) else {
            return;
        };
        clock.until(due);
    }
}

/// All incidents.
pub(super) async fn incidents(store: &Store) -> Vec<Incident> {
    must(store.incidents(&Filter::default(), &Page { after: None, limit: 10_000 }).await)
}

/// Those that are open.
pub(super) async fn open(store: &Store) -> Vec<Incident> {
    incidents(store).await.into_iter().filter(|incident| incident.state != State::Closed).collect()
}

/// Ada approves of what is planned for an incident, for an hour.
pub(super) async fn approve(store: &Store, waiting: &Incident, clock: &Set) {
    let digest = waiting.plan.clone().map(|(digest, _)| digest).unwrap_or_default();
    let until = must(clock.now().checked_add(SignedDuration::from_hours(1)));
    let approval = Approval { person: "ada".to_owned(), digest, until, groups: Vec::new() };
    must(store.note(&waiting.id, "ada", &[Event::Approved { approval }], clock.now()).await);
}

/// Waits until an engine that runs has left nothing open, or a minute is over.
pub(super) async fn worked_off(store: &Store) {
    for _ in 0..2400 {
        if open(store).await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Everything ended as it should, each effect was one, and the log is sound.
pub(super) async fn ended(store: &Store, saga: &Saga, stage: &Stage) {
    let incidents = incidents(store).await;
    assert_eq!(incidents.len(), stage.leaks().count(), "{}", saga.name);
    for incident in &incidents {
        judge::ended(incident, saga);
    }
    judge::effects(stage, saga);
    judge::sound(store).await;
}
