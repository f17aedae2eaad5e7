//! What leads the incidents of a store on, while a command runs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use stanch_pipeline::engine::{Decider, Engine, Options, this_process};
use stanch_pipeline::policy::{LoadError, Policies, Shipped};
use stanch_pipeline::store::Store;
use stanch_pipeline::{Incident, IncidentId};
use stanch_revokers::Context;

use super::of_store;
use crate::exit::CliError;
use crate::progress::catch_interrupts;

/// The set `default`, other sets that come with stanch, and the user's own files.
pub(crate) fn policies(shipped: &[String], files: &[PathBuf]) -> Result<Policies, CliError> {
    let wrong = |error: LoadError| {
        CliError::new(format!("the policies: {error}")).hint("`stanch policy check` tells what is wrong with a file")
    };
    let mut all = Policies::shipped().map_err(wrong)?;
    for name in shipped.iter().filter(|name| *name != "default") {
        let set = Shipped::find(name).ok_or_else(|| {
            CliError::new(format!("no set of policies `{name}` comes with stanch"))
                .hint("`stanch policy show` lists them")
        })?;
        all = all.with_shipped(set).map_err(wrong)?;
    }
    files.iter().try_fold(all, |all, file| all.with_file(file)).map_err(wrong)
}

/// Leads incidents of this machine on.
pub(crate) struct Lead {
    engine: Engine,
    stop: &'static AtomicBool,
}

/// Longer waits than this are left to another run.
const PATIENCE: i64 = 90;

impl Lead {
    /// `tells` says whether anybody is told of anything.
    pub(crate) fn new(store: Store, cx: Arc<Context>, decider: Arc<dyn Decider>, tells: bool) -> Self {
        let options = Options { tells, ..Options::default() };
        Self { engine: Engine::new(store, cx, decider, options), stop: catch_interrupts() }
    }

    pub(crate) fn store(&self) -> &Store {
        self.engine.store()
    }

    /// What calls providers.
    pub(crate) fn context(&self) -> &Context {
        self.engine.context()
    }

    /// Leads an incident until it rests, or its next moment is far away, or Ctrl-C.
    pub(crate) async fn on(&self, id: &IncidentId) -> Result<Incident, CliError> {
        loop {
            let settled = self.engine.settle(&this_process(), &BTreeSet::from([id.clone()])).await;
            settled.map_err(of_store)?;
            let incident = self.store().incident(id).await.map_err(of_store)?;
            let wait = incident.due.map(|due| due.duration_since(Timestamp::now()).as_millis());
            match wait {
                Some(wait) if wait <= i128::from(PATIENCE) * 1000 && !self.interrupted() => {
                    let wait = u64::try_from(wait.clamp(10, 1000)).unwrap_or(10);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
                _ => return Ok(incident),
            }
        }
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn interrupted(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
