//! What a test does with a credential, in few words.

use std::io;
use std::sync::Mutex;

use stanch_model::{FingerprintKey, Secret};
use stanch_revokers::act::{
    self, Consent, Goal, Journal, Line, Moment, Plan, Refusal, Report, Rotation, Sink, SinkError,
};
use stanch_revokers::config::Config;
use stanch_revokers::http::Client;
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::responder::Responders;
use stanch_revokers::{Context, Credential, Doing, Liveness, Origin, Probe, Successor, Why};

/// A journal in memory.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Vec<String>>);

impl Journal for Memory {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        Box::pin(async move {
            let text = serde_json::to_string(line)?;
            self.0.lock().map_err(|_| io::Error::other("poisoned"))?.push(text);
            Ok(())
        })
    }
}

/// The same journal, read by a process that comes later.
struct Remembering<'a>(&'a Memory);

impl Journal for Remembering<'_> {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        self.0.record(line)
    }

    fn past(&self) -> Vec<Moment> {
        let lines = self.0.0.lock().map(|lines| lines.clone()).unwrap_or_default();
        let read = |line: &String| serde_json::from_str::<Line>(line).unwrap_or_else(|error| panic!("{error}"));
        lines.iter().map(|line| read(line).moment).collect()
    }
}

/// A kind, under a configuration.
pub(crate) struct Bench {
    cx: Context,
    entry: Entry,
    runtime: tokio::runtime::Runtime,
    journal: Memory,
}

/// What a successor was, kept by a sink.
#[derive(Debug, Default)]
pub(crate) struct Kept(pub(crate) Mutex<Option<String>>);

#[derive(Debug)]
struct Keeping(std::sync::Arc<Kept>);

impl Sink for Keeping {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    #[expect(clippy::disallowed_methods, reason = "the test's own made-up secret")]
    fn store<'a>(&'a self, _cx: &'a Context, successor: &'a Successor) -> Doing<'a, Result<(), SinkError>> {
        let text = String::from_utf8_lossy(successor.secret.expose()).into_owned();
        if let Ok(mut kept) = self.0.0.lock() {
            *kept = Some(text);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn check<'a>(&'a self, _cx: &'a Context, _successor: &'a Successor) -> Doing<'a, Result<(), SinkError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Bench {
    pub(crate) fn new(kind: &str, config: &str) -> Self {
        Self::with(registry::by_id(kind).unwrap_or_else(|| panic!("no kind {kind}")), config, false)
    }

    pub(crate) fn offline(kind: &str, config: &str) -> Self {
        Self::with(registry::by_id(kind).unwrap_or_else(|| panic!("no kind {kind}")), config, true)
    }

    pub(crate) fn with(entry: Entry, config: &str, offline: bool) -> Self {
        let config = Config::parse(config).unwrap_or_else(|error| panic!("{error}\n{config}"));
        let http = Client::new(&config, offline).unwrap_or_else(|error| panic!("{error}"));
        let cx = Context { http, config, responders: Responders::new(|_| None) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self { cx, entry, runtime: runtime.unwrap_or_else(|error| panic!("{error}")), journal: Memory::default() }
    }

    /// What lives on after the kill.
    #[cfg(unix)]
    pub(crate) fn survives(&self) -> Option<&'static str> {
        self.entry.kind.survives.as_deref()
    }

    pub(crate) fn probe(&self, credential: &Credential) -> Probe {
        self.runtime.block_on(act::verify(&self.cx, &self.entry, credential))
    }

    pub(crate) fn plan(&self, credential: &Credential) -> Result<Plan, Refusal> {
        self.plan_with(credential, Consent::default())
    }

    pub(crate) fn plan_with(&self, credential: &Credential, consent: Consent) -> Result<Plan, Refusal> {
        self.runtime.block_on(act::plan(&self.cx, &self.entry, credential, consent))
    }

    /// Plans and carries out.
    pub(crate) fn revoke(&self, credential: &Credential, goal: Goal) -> Report {
        let plan = self.plan(credential).unwrap_or_else(|refusal| panic!("{refusal}"));
        self.carry_out(credential, &plan, goal)
    }

    pub(crate) fn carry_out(&self, credential: &Credential, plan: &Plan, goal: Goal) -> Report {
        let doing = act::revoke(&self.cx, &self.entry, credential, plan, goal, &self.journal);
        self.runtime.block_on(doing).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Goes on with a plan, as another process would.
    #[cfg(unix)]
    pub(crate) fn go_on(&self, credential: &Credential, plan: &Plan, goal: Goal) -> Report {
        let journal = Remembering(&self.journal);
        let doing = act::revoke(&self.cx, &self.entry, credential, plan, goal, &journal);
        self.runtime.block_on(doing).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Undoes a step of a plan by its name.
    pub(crate) fn undo(&self, credential: &Credential, plan: &Plan, step: &str) -> stanch_revokers::Outcome {
        let step = plan.steps.iter().find(|one| one.name == step).unwrap_or_else(|| panic!("no step {step}"));
        self.runtime.block_on(self.entry.revoker.undo(&self.cx, credential, &plan.target, step))
    }

    /// Rotates, and gives what came of it with the successor.
    pub(crate) fn rotate(&self, credential: &Credential) -> (Rotation, Option<String>) {
        let plan = self.plan(credential).unwrap_or_else(|refusal| panic!("{refusal}"));
        let kept = std::sync::Arc::new(Kept::default());
        let sinks: Vec<Box<dyn Sink>> = vec![Box::new(Keeping(std::sync::Arc::clone(&kept)))];
        let doing = act::rotate(&self.cx, &self.entry, credential, &plan, "stanch-test", &sinks, &self.journal);
        let rotation = self.runtime.block_on(doing).unwrap_or_else(|error| panic!("{error}"));
        (rotation, kept.0.lock().ok().and_then(|mut kept| kept.take()))
    }

    /// No line of the journal holds a text.
    pub(crate) fn never_wrote(&self, secret: &str) {
        let lines = self.journal.0.lock().map(|lines| lines.join("\n")).unwrap_or_default();
        assert!(!lines.is_empty() && !lines.contains(secret), "the journal holds a secret");
    }
}

/// A credential of a text.
pub(crate) fn credential(secret: &str) -> Credential {
    let secret = Secret::new(secret.as_bytes().to_vec());
    let fingerprint = FingerprintKey::from_bytes([7; 32]).fingerprint(&secret);
    Credential::new(secret, fingerprint)
}

/// A credential with parts that the leak named.
pub(crate) fn with_parts(secret: &str, parts: &[(&str, &str)]) -> Credential {
    let mut credential = credential(secret);
    for (name, value) in parts {
        credential.give(*name, Origin::Leak, Secret::new(value.as_bytes().to_vec()));
    }
    credential
}

/// A made-up password, new at every call.
pub(crate) fn password() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap_or_else(|error| panic!("{error}"));
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

/// Why nothing is known.
pub(crate) fn why(probe: &Probe) -> Why {
    match &probe.liveness {
        Liveness::Unknown { why } => why.clone(),
        other => panic!("not unknown: {other:?}"),
    }
}
