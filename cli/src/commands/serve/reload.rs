//! What is read again while the server runs, when SIGHUP asks for it: policies, groups of approvers, and who is told. What is wrong changes nothing.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use stanch_pipeline::audit::AuditEvent;
use stanch_pipeline::engine::Decider;
use stanch_pipeline::notify::Notifier;
use stanch_pipeline::policy::Policies;
use stanch_pipeline::store::{Actor, Store};
use stanch_pipeline::{Decision, Incident};
use stanch_revokers::act::{Plan, Refusal};
use stanch_revokers::registry::Entry;
use stanch_server::{App, Live};
use tokio::sync::watch;

use super::signals::Hangups;
use super::{ACTOR, Said, notifier, shown};
use crate::args::DeciderArgs;
use crate::exit::CliError;
use crate::response::policies;
use crate::shell::Shell;

/// The policies that decide now.
pub(super) struct Current(RwLock<Arc<Policies>>);

impl Current {
    pub(super) fn new(policies: Policies) -> Self {
        Self(RwLock::new(Arc::new(policies)))
    }

    fn now(&self) -> Arc<Policies> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Decider for Current {
    fn decide(
        &self,
        incident: &Incident,
        plan: Result<&Plan, &Refusal>,
        entry: Option<&Entry>,
        now: Timestamp,
    ) -> Decision {
        Decider::decide(self.now().as_ref(), incident, plan, entry, now)
    }
}

/// Where everything is that is read again, and who gets it.
pub(super) struct Reload {
    pub(super) config: Option<PathBuf>,
    pub(super) decider: DeciderArgs,
    pub(super) current: Arc<Current>,
    pub(super) notifier: watch::Sender<Arc<Notifier>>,
    pub(super) app: App,
    pub(super) store: Arc<Store>,
    pub(super) shell: Shell,
    pub(super) asked: Hangups,
}

impl Reload {
    /// Reads again whenever somebody asks for it, until `stop` says so.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let ends = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => true,
                () = self.asked.next() => false,
            };
            if ends {
                return;
            }
            match self.again().await {
                Ok(()) => self.shell.note("policies, groups of approvers and who is told were read again"),
                Err(error) => {
                    error.tell(&mut self.shell);
                    self.shell.warning("nothing was changed: what was read before holds");
                }
            }
        }
    }

    /// All of it is read before any of it holds.
    async fn again(&self) -> Result<(), CliError> {
        let said = Said::read(self.config.as_deref())?;
        let policies = policies(&self.decider.shipped, &self.decider.policy)?;
        let notifier = notifier(&said)?;
        loaded(&self.store, &policies).await?;
        self.app
            .change(Live { policies: Arc::new(shown(&policies, &self.decider)), groups: Arc::new(said.server.groups) });
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policies);
        self.notifier.send_replace(Arc::new(notifier));
        Ok(())
    }
}

/// Writes down which policies decide from now on.
pub(super) async fn loaded(store: &Store, policies: &Policies) -> Result<(), CliError> {
    let all: Vec<_> = policies.iter().collect();
    let text = serde_json::to_vec(&all).unwrap_or_default();
    let digest = blake3::hash(&text).to_hex().to_string();
    let event = AuditEvent::PolicyLoaded { digest, policies: policies.len() as u64 };
    store.record(&event, ACTOR, Timestamp::now()).await.map(drop).map_err(crate::response::of_store)
}

/// Tells people by whoever is to tell them now, until `stop` says so.
pub(super) async fn tell(
    mut notifiers: watch::Receiver<Arc<Notifier>>,
    store: Arc<Store>,
    me: Actor,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        let (end, ended) = watch::channel(false);
        let notifier = Arc::clone(&notifiers.borrow_and_update());
        let running = tokio::spawn(notifier.run(Arc::clone(&store), me.clone(), ended));
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            Ok(()) = notifiers.changed() => {}
        }
        let _ = end.send(true);
        // What it has in its hands is told to the end.
        let _ = running.await;
    }
}
