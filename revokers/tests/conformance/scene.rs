//! A stage with its double, and the revoker that is to be tried on it.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use stanch_revokers::act::{self, Consent, Goal, Journal, Line, Plan, Refusal, Report};
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::kind::Kind;
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::responder::Responders;
use stanch_revokers::{Context, Credential, Doing, Origin, Probe};
use stanch_testkit::double::{Cast, Double, Fault, Key, Request, Role, Stage};
use stanch_testkit::played;

use crate::cases::{Case, Trouble};
use crate::secrets::Secrets;
use crate::suite::{Verdict, failed};

/// The host that hostile leaks name.
pub(crate) const EVIL: &str = "keys.evil.example";

/// How long a revoked credential may take until it is refused.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A stage, a revoker, and what was said.
pub(crate) struct Scene<'a> {
    // The first to be dropped: it closes the connections, for which the stage waits.
    runtime: tokio::runtime::Runtime,
    pub(crate) stage: Stage,
    pub(crate) double: &'a Double,
    pub(crate) entry: Entry,
    cast: Cast,
    pub(crate) trouble: Option<Trouble>,
    /// How many times as long as usual is waited where an answer is slow.
    pub(crate) leisure: u32,
    /// A server that nobody may call, if a fault names it.
    trap: OnceCell<Stage>,
    pub(crate) journal: Lines,
    said: RefCell<BTreeSet<String>>,
}

/// What differs from the usual configuration.
#[derive(Default)]
pub(crate) struct Set {
    /// Changes the configuration.
    pub(crate) config: Option<fn(&mut Config, &Scene<'_>)>,
    pub(crate) offline: bool,
    /// How long an answer is waited for, if not for long.
    pub(crate) haste: Option<Duration>,
    /// Nobody waits for an effect.
    pub(crate) impatient: bool,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(double: &'a Double, case: &Case, leisure: u32) -> Self {
        let entry = registry::by_id(double.kind()).unwrap_or_else(|| panic!("no such kind"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self {
            stage: Stage::start(double, case.cast),
            double,
            entry,
            cast: case.cast,
            trouble: case.trouble,
            leisure,
            trap: OnceCell::new(),
            journal: Lines::default(),
            runtime: runtime.unwrap_or_else(|error| panic!("{error}")),
            said: RefCell::default(),
        }
    }

    pub(crate) fn kind(&self) -> &'static Kind {
        self.entry.kind
    }

    /// Waits for what a verb gives.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// The usual context.
    pub(crate) fn context(&self) -> Context {
        self.context_with(&Set::default())
    }

    /// A context that differs from the usual one.
    pub(crate) fn context_with(&self, set: &Set) -> Context {
        let mut config = self.config(set);
        if let Some(change) = set.config {
            change(&mut config, self);
        }
        let http = Client::new(&config, set.offline).unwrap_or_else(|error| panic!("{error}"));
        self.hear("the context", &http);
        self.hear("the configuration", &config.http);
        Context { http, config, responders: Responders::new(|_| None) }
    }

    fn config(&self, set: &Set) -> Config {
        let usual = played::config(&[(&self.entry, &self.stage)], PATIENCE.as_secs_f64());
        let mut config: Config = serde_json::from_value(usual).unwrap_or_else(|error| panic!("{error}"));
        config.endpoints.insert(EVIL.to_owned(), self.stage.origin());
        let http = &mut config.http;
        if let Some(haste) = set.haste {
            (http.timeout_ms, http.attempts) = (haste.as_millis() as u64, 1);
        }
        if set.impatient {
            http.patience = 0.0;
        }
        config
    }

    /// Gives the responder a secret that its provider does not know.
    pub(crate) fn turn_responders(&self, config: &mut Config) {
        let Some(responder) = self.entry.file.responder(self.kind()) else { return };
        let main = self.stage.admin().get("secret");
        let turned = |value: &String| {
            if main.is_none_or(|main| main == value) { value.chars().rev().collect() } else { value.clone() }
        };
        let parts = self.stage.admin().iter().map(|(name, value)| (name.clone(), json!({ "value": turned(value) })));
        let parts: serde_json::Map<String, Value> = parts.collect();
        let ours = serde_json::from_value::<Config>(json!({ "responders": { responder.id.as_str(): parts } }));
        config.responders = ours.unwrap_or_else(|error| panic!("{error}")).responders;
    }

    /// A key as it leaked, with what came with it and what the user says of it.
    pub(crate) fn credential(&self, key: &Key) -> Credential {
        self.heard(played::credential(&self.entry, &self.stage, key))
    }

    /// The same of which the leak told every part.
    pub(crate) fn credential_of_leak(&self, key: &Key) -> Credential {
        self.heard(played::credential_by(&self.entry, &self.stage, key, Origin::Leak))
    }

    fn heard(&self, credential: Credential) -> Credential {
        self.hear("the credential", &credential);
        credential
    }

    /// The key under test as it leaked.
    pub(crate) fn leaked(&self) -> Credential {
        self.credential(self.stage.leaked())
    }

    /// Whether it is alive.
    pub(crate) fn probe(&self, cx: &Context, credential: &Credential) -> Probe {
        let probe = self.wait(act::verify(cx, &self.entry, credential));
        self.hear("the probe", &probe);
        self.hear_json("the probe", &probe);
        if let stanch_revokers::Liveness::Unknown { why } = &probe.liveness {
            self.hear_text("why nothing is known", why);
        }
        probe
    }

    /// A plan, or why there is none.
    pub(crate) fn plan(&self, cx: &Context, credential: &Credential, consent: Consent) -> Result<Plan, Refusal> {
        let plan = self.wait(act::plan(cx, &self.entry, credential, consent));
        match &plan {
            Ok(plan) => {
                self.hear("the plan", plan);
                self.hear_json("the plan", plan);
                self.hear_text("why we may", &plan.ownership);
            }
            Err(refusal) => {
                self.hear("the refusal", refusal);
                self.hear_text("the refusal", refusal);
            }
        }
        plan
    }

    /// A plan for a key of ours: with a person's word where no provider says whose it is, or whether it lives.
    pub(crate) fn plan_of_ours(&self, cx: &Context, credential: &Credential) -> Result<Plan, Verdict> {
        let consent = Consent { ours: false, unproven: !self.kind().verifies() };
        let plan = match self.plan(cx, credential, consent) {
            Err(Refusal::OwnerUnknown) => self.plan(cx, credential, Consent { ours: true, ..consent }),
            plan => plan,
        };
        plan.or_else(|refusal| failed(format!("no plan: {refusal}")))
    }

    /// Carries a plan out.
    pub(crate) fn revoke(&self, cx: &Context, credential: &Credential, plan: &Plan, goal: Goal) -> Report {
        self.revoke_told_to(cx, credential, plan, goal, &self.journal)
    }

    /// Carries a plan out, and tells another journal of it.
    pub(crate) fn revoke_told_to(
        &self,
        cx: &Context,
        credential: &Credential,
        plan: &Plan,
        goal: Goal,
        journal: &dyn Journal,
    ) -> Report {
        let report = self.wait(act::revoke(cx, &self.entry, credential, plan, goal, journal));
        let report = report.unwrap_or_else(|error| panic!("{error}"));
        self.hear("the report", &report);
        self.hear_json("the report", &report);
        self.hear_text("the outcome", &report.outcome);
        report
    }

    /// The double's trouble, as it strikes.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let fault = self.trouble?.fault;
        match fault("") {
            Fault::Redirect(_) => Some(fault(&self.trap.get_or_init(|| Stage::start(self.double, self.cast)).origin())),
            fault => Some(fault),
        }
    }

    /// Whether answers come too late.
    pub(crate) fn is_slow(&self) -> bool {
        self.trouble.is_some_and(Trouble::is_slow)
    }

    /// Keeps what was said.
    pub(crate) fn hear(&self, what: &str, said: &impl Debug) {
        self.said.borrow_mut().insert(format!("{what}: {said:?}"));
    }

    pub(crate) fn hear_text(&self, what: &str, said: &impl Display) {
        self.said.borrow_mut().insert(format!("{what}: {said}"));
    }

    pub(crate) fn hear_json(&self, what: &str, said: &impl Serialize) {
        let json = serde_json::to_string(said).unwrap_or_else(|error| panic!("{error}"));
        self.said.borrow_mut().insert(format!("{what}: {json}"));
    }

    /// The requests of routes that change something.
    pub(crate) fn writes(&self) -> Vec<Request> {
        let writes: BTreeSet<&str> = self.double.writes().map(|(name, _)| name).collect();
        let is_write = |request: &Request| request.route.as_deref().is_some_and(|route| writes.contains(route));
        self.stage.requests().into_iter().filter(is_write).collect()
    }

    /// What is wrong whatever the case is about.
    pub(crate) fn wrong(&self) -> Option<String> {
        // Another owner's accounts and projects are in none of the double's addresses.
        // Nor are ids of other types than the documents say.
        let is_odd = self.stage.stranger().is_some() || self.fault() == Some(Fault::WrongType);
        let strays = if is_odd { Vec::new() } else { self.stage.strays() };
        if let Some(stray) = strays.first() {
            return Some(format!("a request that the documents do not know: {}", stray.why));
        }
        if self.trap.get().is_some_and(|trap| !trap.requests().is_empty()) {
            return Some("a redirect was followed".to_owned());
        }
        if !self.stage.alive(Role::Other) {
            return Some("another key of the same owner died".to_owned());
        }
        for line in self.journal.0.lock().unwrap_or_else(|error| panic!("{error}")).iter() {
            self.hear("the journal", line);
            self.hear_json("the journal", line);
        }
        let secrets = Secrets::of(&self.stage);
        self.said.borrow().iter().find_map(|text| secrets.seen_in(text))
    }
}

/// The lines of a journal.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) Mutex<Vec<Line>>);

impl Journal for Lines {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        Box::pin(async move {
            self.0.lock().unwrap_or_else(|error| panic!("{error}")).push(line.clone());
            Ok(())
        })
    }
}
