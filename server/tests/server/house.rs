//! A server with all that it needs, and what its log says.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use stanch_model::FingerprintKey;
use stanch_pipeline::audit::SigningKey;
use stanch_pipeline::store::{Actor, Options, Place, Store, StoreKey, Writing};
use stanch_pipeline::{Detected, Event, Exposure, IncidentId, Occurrence, Owner};
use stanch_server::auth::{Role, make_token};
use stanch_server::{Parts, Server, ServerConfig, Worker};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::described::check;
use crate::wire::{Answer, answer, exchange, request};

/// A label that makes whoever looks for an owner panic, inside of a handler.
pub(crate) const PANICS: &str = "panics";

/// A server that runs.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<Store>,
    pub(crate) folder: TempDir,
    runtime: Runtime,
    tokens: Vec<(Role, Zeroizing<String>)>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

impl House {
    /// A server as it is configured if nobody says anything.
    pub(crate) fn new() -> Self {
        Self::with(ServerConfig::default())
    }

    /// A server that is configured otherwise. It listens at a free port.
    pub(crate) fn with(mut config: ServerConfig) -> Self {
        log();
        config.listen = "127.0.0.1:0".parse().expect("an address");
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        let place = Place::Sqlite(folder.path().join("store"));
        let key = StoreKey::from_bytes(Zeroizing::new([7; 32]));
        let options = Options::new(place, key, SigningKey::fresh().expect("a key"));
        let store = Arc::new(runtime.block_on(Store::open(options)).expect("a store"));
        let parts = Parts {
            store: Arc::clone(&store),
            wake: Arc::new(|| {}),
            policies: vec![json!({ "id": "default", "why": "for tests", "forbids": false })],
            owner: Arc::new(owner),
            config,
            clock: Arc::new(Timestamp::now),
            fingerprints: FingerprintKey::from_bytes([3; 32]),
        };
        let server = runtime.block_on(Server::bind(parts)).expect("a server");
        let address = server.address().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let idle = Worker::new("idle", |mut told: tokio::sync::watch::Receiver<bool>| async move {
            let _ = told.wait_for(|stop| *stop).await;
        });
        let running = runtime.spawn(server.run(vec![idle], async move { drop(stopped.await) }));
        let token = |role: Role| {
            let made = make_token(&store, role.as_str(), role, None, "test", Timestamp::now());
            (role, runtime.block_on(made).expect("a token").1)
        };
        let tokens = Role::ALL.map(token).into();
        Self { address, store: Arc::clone(&store), folder, runtime, tokens, stop: Some(stop), running: Some(running) }
    }

    /// Waits for something of the store.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The token of a role.
    pub(crate) fn token(&self, role: Role) -> &str {
        self.tokens.iter().find(|(one, _)| *one == role).map(|(_, token)| token.as_str()).expect("every role has one")
    }

    /// Another token, under a name.
    pub(crate) fn named(
        &self,
        name: &str,
        role: Role,
        lasts: Option<Duration>,
        made: Timestamp,
    ) -> (String, Zeroizing<String>) {
        let token = self.wait(make_token(&self.store, name, role, lasts, "test", made)).expect("a token");
        (token.0.id, token.1)
    }

    /// Asks, with the token of a role. What is answered has to be what is described.
    pub(crate) fn ask(&self, role: Role, method: &str, target: &str, body: Option<&Value>) -> Answer {
        self.ask_as(Some(self.token(role)), method, target, body)
    }

    /// Asks, with any token or none.
    pub(crate) fn ask_as(&self, token: Option<&str>, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let bytes = exchange(self.address, &request(method, target, token, body));
        let (answer, rest) = answer(&bytes).unwrap_or_else(|| panic!("no answer to {method} {target}"));
        assert!(rest.is_empty(), "more than one answer to {method} {target}");
        check(method, target, &answer);
        answer
    }

    /// An incident that waits for people to approve of its plan. Gives its name and the digest.
    pub(crate) fn waiting(&self, fingerprint: &str, approvers: &[&[&str]]) -> (IncidentId, String) {
        let now = Timestamp::now();
        let what = detected(fingerprint);
        let place = Occurrence { since: now.checked_sub(Duration::from_mins(1)).ok(), ..occurrence("src/main.rs:3") };
        let secret = Some(Zeroizing::new(b"{}".to_vec()));
        let (id, new) = self.wait(self.store.detect(&what, &[place], secret, now, "test")).expect("an incident");
        assert!(new, "each test names its own credential");
        let digest = format!("plan_{:032x}", 1);
        let events =
            [plan(fingerprint, &digest), decision(approvers), Event::Asked { digest: digest.clone(), approvals: 2 }];
        self.append(&id, &events);
        (id, digest)
    }

    /// What a worker would write.
    pub(crate) fn append(&self, id: &IncidentId, events: &[Event]) {
        let actor = Actor { host: "test".to_owned(), pid: 1, started: 1 };
        let lease = Duration::from_mins(1);
        self.wait(async {
            let now = Timestamp::now();
            let claim = self.store.claim_one(id, &actor, now, lease).await.expect("a claim");
            let claim = claim.expect("nobody else has it");
            let lines = events.iter().map(|event| (now, event.clone())).collect();
            let writing = Writing { lines, release: true, ..Writing::default() };
            self.store.write_down(&claim, "engine", writing, now).await.expect("it is kept");
        });
    }

    /// Stops the server, and tells how long that took.
    pub(crate) fn stop(&mut self) -> Duration {
        let begun = std::time::Instant::now();
        drop(self.stop.take());
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running).expect("it ends in good order");
        }
        begun.elapsed()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

fn owner(what: &Detected, _: &[Occurrence]) -> Owner {
    assert!(!what.labels.contains_key(PANICS), "a handler panics");
    Owner { name: "security@example.com".to_owned(), found_by: "fallback".to_owned(), ..Owner::default() }
}

pub(crate) fn occurrence(place: &str) -> Occurrence {
    let value = json!({ "source": "https://git.example.com/a/b", "place": place });
    serde_json::from_value(value).expect("a place")
}

fn detected(fingerprint: &str) -> Detected {
    use stanch_model::{Confidence, Severity};
    Detected {
        fingerprint: fingerprint.to_owned(),
        rule: "acme.token".to_owned(),
        kind: None,
        provider: "acme".to_owned(),
        title: "Token of Acme".to_owned(),
        preview: "acme_********wxyz".to_owned(),
        confidence: Confidence::High,
        severity: Severity::High,
        exposure: Exposure::Public,
        labels: [("environment".to_owned(), "production".to_owned())].into(),
        owner: Owner { name: "ada@example.com".to_owned(), found_by: "fallback".to_owned(), ..Owner::default() },
    }
}

fn plan(fingerprint: &str, digest: &str) -> Event {
    let plan = json!({
        "fingerprint": fingerprint,
        "kind": "acme.token",
        "probe": { "status": "active", "identity": { "account": ["12"] } },
        "ownership": { "ownership": "listed" },
        "target": { "bound": { "id": "7" }, "found_by": "the provider's list", "listed": true, "alive": true },
        "steps": [{ "index": 0, "name": "delete", "kind": "final", "target": "7", "request": "DELETE /tokens/7", "settle": 0 }],
    });
    let plan = serde_json::from_value(plan).expect("a plan");
    Event::Planned { digest: digest.to_owned(), plan: Box::new(plan) }
}

fn decision(approvers: &[&[&str]]) -> Event {
    let decision = json!({
        "verdict": "ask", "means": "revoke", "policies": ["default"], "approvals": 2, "approvers": approvers,
        "wait": 0, "approval_lasts": 3600, "why": "production",
    });
    Event::Decided { decision: serde_json::from_value(decision).expect("a decision") }
}

/// Everything that was logged by any test so far.
pub(crate) fn logged() -> Vec<u8> {
    log().lock().unwrap_or_else(PoisonError::into_inner).clone()
}

type Log = Arc<Mutex<Vec<u8>>>;

/// Where the log of this process goes, down to its least word.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = Arc::clone(&log);
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
        let subscriber = subscriber.with_ansi(false).with_writer(move || Into(Arc::clone(&writer))).finish();
        tracing_subscriber::util::SubscriberInitExt::try_init(subscriber).expect("nobody else listens");
        log
    })
}

struct Into(Log);

impl io::Write for Into {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
