//! What every handler can reach.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;
use serde_json::Value;
use stanch_model::FingerprintKey;
use stanch_pipeline::audit::{self, Report};
use stanch_pipeline::store::Store;
use stanch_pipeline::{Detected, Occurrence, Owner};
use stanch_revokers::Context;
use stanch_revokers::calls::Came;
use stanch_rules::RuleSet;

use crate::ApiError;
use crate::auth::Failures;
use crate::config::{ServerConfig, groups_of};
use crate::http::Room;
use crate::metrics::Metrics;
use crate::webhooks::Webhooks;

/// What the server is made of. The command line puts it together.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<Store>,
    /// Tells whoever leads incidents on that there is work.
    pub wake: Wake,
    /// The policies that decide, as they are shown.
    pub policies: Vec<Value>,
    /// Who answers for a credential that was just found.
    pub owner: FindOwner,
    /// How the server behaves.
    pub config: ServerConfig,
    /// What time it is.
    pub clock: Clock,
    /// The installation's key for names of credentials.
    pub fingerprints: FingerprintKey,
}

/// Tells the time. Tests turn their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Tells that there is work.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Finds who answers for a credential, from what is known of it and where it stands.
pub type FindOwner = Arc<dyn Fn(&Detected, &[Occurrence]) -> Owner + Send + Sync>;

/// The parts, and what comes and goes while the server runs. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What may change while the server runs.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// The policies that decide, as they are shown.
    pub policies: Arc<Vec<Value>>,
    /// Who belongs to which group of approvers.
    pub groups: Arc<BTreeMap<String, Vec<String>>>,
}

/// What an [`App`] holds.
pub struct Inner {
    /// What the server is made of.
    pub parts: Parts,
    /// What is counted.
    pub metrics: Metrics,
    pub(crate) failures: Failures,
    live: RwLock<Live>,
    pub(crate) room: Room,
    scanner: OnceLock<stanch_scanner::Engine>,
    webhooks: OnceLock<Arc<Webhooks>>,
    callers: OnceLock<Arc<Context>>,
    /// Held by whoever reads all of the log.
    verifying: tokio::sync::Mutex<()>,
    /// How many workers were begun, and how many of them have ended.
    workers: [AtomicUsize; 2],
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl App {
    /// A server's state, before it takes its first request.
    pub fn new(parts: Parts) -> Self {
        let room = Room::new(&parts.config.limits);
        let live = Live { policies: Arc::new(parts.policies.clone()), groups: Arc::new(parts.config.groups.clone()) };
        let live = RwLock::new(live);
        let (metrics, failures) = (Metrics::default(), Failures::default());
        let (scanner, webhooks, callers) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let verifying = tokio::sync::Mutex::default();
        let workers = [AtomicUsize::new(0), AtomicUsize::new(0)];
        Self(Arc::new(Inner { parts, metrics, failures, live, room, scanner, webhooks, callers, verifying, workers }))
    }

    /// There is work for whoever leads incidents on.
    pub fn there_is_work(&self) {
        (self.wake)();
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What holds from now on.
    pub fn change(&self, live: Live) {
        *self.0.live.write().unwrap_or_else(PoisonError::into_inner) = live;
    }

    /// The policies that decide, as they are shown.
    pub fn policies(&self) -> Arc<Vec<Value>> {
        Arc::clone(&self.live().policies)
    }

    /// The groups of approvers that a person belongs to.
    pub fn groups_of(&self, person: &str) -> Vec<String> {
        groups_of(&self.live().groups, person)
    }

    fn live(&self) -> Live {
        self.0.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn failures(&self) -> &Failures {
        &self.0.failures
    }

    pub(crate) fn room(&self) -> &Room {
        &self.0.room
    }

    /// What recognises credentials, by all built-in rules. It is made when it is first needed.
    pub fn scanner(&self) -> &stanch_scanner::Engine {
        self.0.scanner.get_or_init(|| stanch_scanner::Engine::new(RuleSet::builtin()))
    }

    /// Whether all of the log is whole. That is work: one at a time. Anchors are held against it by `stanch audit verify`, which does not trust this
    /// server.
    pub(crate) async fn verify(&self) -> Result<Report, ApiError> {
        let Ok(_alone) = self.0.verifying.try_lock() else { return Err(ApiError::busy(30)) };
        Ok(audit::verify(&self.store, &[]).await?)
    }

    /// Has the server hear webhooks. Without this it answers that there are none.
    pub fn hear(&self, webhooks: Arc<Webhooks>) {
        if self.0.webhooks.set(webhooks).is_err() {
            tracing::warn!("webhooks are heard already");
        }
    }

    /// Has the metrics tell how often providers are called through a context.
    pub fn watch(&self, callers: Arc<Context>) {
        if self.0.callers.set(callers).is_err() {
            tracing::warn!("calls are watched already");
        }
    }

    /// How often providers were called, and what came of it.
    pub(crate) fn calls(&self) -> Vec<(String, Came, u64)> {
        self.0.callers.get().map(|callers| callers.http.calls()).unwrap_or_default()
    }

    pub(crate) fn webhooks(&self) -> Option<&Webhooks> {
        self.0.webhooks.get().map(AsRef::as_ref)
    }

    /// Whether what works beside the server does: all of it was begun, and none has ended.
    pub fn is_alive(&self) -> bool {
        let [begun, ended] = &self.0.workers;
        ended.load(Ordering::Acquire) == 0 && begun.load(Ordering::Acquire) > 0
    }

    pub(crate) fn worker_began(&self) {
        self.0.workers[0].fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn worker_ended(&self) {
        self.0.workers[1].fetch_add(1, Ordering::AcqRel);
    }
}
