//! Works on a store until every incident rests, or until it kills itself after so many lines: what the crash tests start, and start again. It is this
//! program itself, so that it never is an older one.
//!
//! It reads its orders, one line of JSON, from its standard input.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use stanch_pipeline::engine::{Decider, Engine, Options, Rotation, Work, is_gone, this_process};
use stanch_pipeline::store::{self, Filter, Page, Store};
use stanch_pipeline::{Decision, Incident, Means, State, Verdict};
use stanch_revokers::Context;
use stanch_revokers::act::{Plan, Refusal};
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::registry::Entry;
use stanch_revokers::responder::Responders;
use tokio::sync::watch;
use tracing::span;

/// What the worker is to do.
#[derive(Deserialize)]
struct Orders {
    /// An address of PostgreSQL, or a file.
    store: String,
    /// Where the keys are.
    folder: PathBuf,
    config: Config,
    means: Means,
    rotations: Vec<Rotation>,
    /// After how many kept lines it kills itself.
    kill_after: Option<u64>,
    workers: usize,
}

/// Decides the same of everything that has a plan.
struct Always(Means);

impl Decider for Always {
    fn decide(&self, _: &Incident, plan: Result<&Plan, &Refusal>, _: Option<&Entry>, _: jiff::Timestamp) -> Decision {
        Decision {
            verdict: if plan.is_ok() { Verdict::Act } else { Verdict::Notify },
            means: Some(self.0),
            policies: vec!["test".to_owned()],
            approvals: 0,
            approvers: Vec::new(),
            wait: 0,
            approval_lasts: 0,
            why: "a test".to_owned(),
            errors: Vec::new(),
        }
    }
}

/// Counts the lines that the store says it kept, and ends the process at one of them as a power cut would.
struct Guillotine {
    left: AtomicU64,
}

impl tracing::Subscriber for Guillotine {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "stanch::kept"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut lines = Lines(0);
        event.record(&mut lines);
        let left =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(lines.0)));
        if left.is_ok_and(|left| left <= lines.0) {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The field `lines` of an event.
struct Lines(u64);

impl tracing::field::Visit for Lines {
    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        if field.name() == "lines" {
            self.0 = value;
        }
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
}

/// By which the test that is killed knows that it is to be.
pub(crate) const VICTIM: &str = "STANCH_TEST_CRASH_VICTIM";

#[test]
fn victim() {
    // The one place that reads it; a test binary has no table of variables.
    #[expect(clippy::disallowed_methods, reason = "by this a test tells its other process what it is")]
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    let orders: Orders =
        serde_json::from_reader(std::io::stdin()).unwrap_or_else(|error| panic!("these are no orders: {error}"));
    if let Some(left) = orders.kill_after {
        let _ = tracing::subscriber::set_global_default(Guillotine { left: AtomicU64::new(left) });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(work(orders)).unwrap_or_else(|error| panic!("{error}"));
}

async fn work(orders: Orders) -> Result<(), Box<dyn std::error::Error>> {
    let usual = crate::options(&orders.store, &orders.folder);
    let store = Store::open(store::Options { gone: Arc::new(is_gone), ..usual }).await?;
    let http = Client::new(&orders.config, false)?;
    let cx = Arc::new(Context { http, config: orders.config, responders: Responders::new(|_| None) });
    let options = Options {
        workers: orders.workers,
        lease: Duration::from_secs(30),
        poll: Duration::from_millis(50),
        most_attempts: 40,
        rotations: orders.rotations,
        tells: true,
    };
    let engine = Arc::new(Engine::new(store.clone(), cx, Arc::new(Always(orders.means)), options));
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&engine).run(this_process(), Work::default(), stopped));
    while !rest(&store).await? {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.send(true)?;
    running.await?;
    Ok(())
}

/// Whether nothing is left to do without a person.
async fn rest(store: &Store) -> Result<bool, Box<dyn std::error::Error>> {
    let filter = Filter { open_only: true, ..Filter::default() };
    let open = store.incidents(&filter, &Page { after: None, limit: 10_000 }).await?;
    Ok(open.iter().all(|incident| incident.state == State::ByHand))
}
