//! Leads incidents from one state to the next: claim, ask what comes next, do it, write down what came of it.
//!
//! Recovery is not a mode of its own: whoever claims an incident reads its events and goes on from there.

mod act;
mod decide;
mod hands;
mod host;
mod later;
mod ledger;
mod look;
mod next;
mod run;
pub mod sealed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use stanch_revokers::act::Refusal;
use stanch_revokers::registry::{self, Entry};
use stanch_revokers::{Context, Credential};

use crate::store::{CREDENTIAL, Claim, Store, StoreError, Writing};
use crate::{Decision, Event, Incident, State};
use hands::Hands;
use next::{Next, next};

pub use decide::Decider;
pub use host::{is_gone, this_process};
pub use run::Work;

/// What time it is. Tests turn their own.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// How the engine works.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many incidents are worked on at a time.
    pub workers: usize,
    /// How long a claim lasts; it is renewed as long as its incident is worked on.
    pub lease: Duration,
    /// How often the store is asked for work when nobody says that there is some.
    pub poll: Duration,
    /// After how many attempts in a row a person is asked. With the pauses between them, 60 are about fourteen hours.
    pub most_attempts: u32,
    /// Where successors of which kinds go.
    pub rotations: Vec<Rotation>,
    /// Whether anybody is told of anything. If not, no notices wait for nobody.
    pub tells: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 64,
            lease: Duration::from_mins(1),
            poll: Duration::from_secs(1),
            most_attempts: 60,
            rotations: Vec::new(),
            tells: true,
        }
    }
}

/// Where the successors of some credentials go.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// A kind, a provider, or a fingerprint.
    pub of: String,
    /// The stores, as `stanch rotate --to` names them.
    pub to: Vec<String>,
}

/// What leads incidents on.
pub struct Engine {
    store: Store,
    cx: Arc<Context>,
    decider: Arc<dyn Decider>,
    clock: Arc<dyn Clock>,
    options: Options,
    hands: Hands,
    /// Whether the last claim filled all hands, so that more incidents may wait.
    crowded: AtomicBool,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Why an incident was left. None of it loses anything: what was written down is where the next attempt begins.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A line of a step was not kept.
    #[error("a line could not be kept: {0}")]
    Journal(std::io::Error),
}

impl Engine {
    /// An engine on a store.
    pub fn new(store: Store, cx: Arc<Context>, decider: Arc<dyn Decider>, options: Options) -> Self {
        Self {
            store,
            cx,
            decider,
            clock: Arc::new(SystemClock),
            options,
            hands: Hands::default(),
            crowded: AtomicBool::new(false),
        }
    }

    /// The same by another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What calls providers.
    pub fn context(&self) -> &Arc<Context> {
        &self.cx
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Leads one incident as far as it goes now, and gives it back.
    ///
    /// # Errors
    /// If the store does not keep what has to be kept, or somebody else took the incident over.
    pub async fn advance(&self, claim: Claim) -> Result<Incident, EngineError> {
        let held = claim.clone();
        // Who lost the claim drops what was not sent yet; what was sent is looked after by whoever has it.
        tokio::select! {
            // Who has given it back has not lost it, though it cannot be held any longer.
            biased;
            led = Box::pin(self.lead(claim)) => led,
            error = self.hold(&held) => Err(error.into()),
        }
    }

    /// Keeps a claim while something is under way: a call may wait for its turn longer than a lease lasts. It ends when the claim is lost, or
    /// when nobody can say any more that it is not.
    async fn hold(&self, claim: &Claim) -> StoreError {
        let mut kept = Instant::now();
        loop {
            tokio::time::sleep(self.options.lease / 3).await;
            let until = self.now().checked_add(self.options.lease).unwrap_or(Timestamp::MAX);
            match self.store.renew(claim, until).await {
                Ok(()) => kept = Instant::now(),
                Err(StoreError::Stale) => return StoreError::Stale,
                Err(error) if kept.elapsed() > self.options.lease => return error,
                Err(_) => {}
            }
        }
    }

    /// Whether the death of an incident that was just contained is put off: what is off harms nobody, so those that are still alive come first, and
    /// it is claimed again after them. Not if a value is needed for it that was had for the credential and may run out, such as a token.
    fn can_wait(&self, incident: &Incident) -> bool {
        let entry = incident.kind.as_deref().and_then(registry::by_id);
        self.crowded.load(Ordering::Relaxed) && entry.is_some_and(|entry| entry.kind.hidden.is_empty())
    }

    async fn lead(&self, claim: Claim) -> Result<Incident, EngineError> {
        /// More moves in one go than any life has; a mistake in `next` ends here and not never.
        const MOST: usize = 64;
        let _hand = self.hands.take(&claim.incident.id).await;
        let was_off = claim.incident.times.contained.is_some();
        let unwritten = Writing::default();
        let mut turn = Turn { engine: self, claim, unwritten, fresh: false, refusal: None, credential: None };
        for _ in 0..MOST {
            let coming = next(&turn.claim.incident, turn.fresh, self.now());
            tracing::debug!(incident = %turn.claim.incident.id, state = turn.claim.incident.state.as_str(), next = ?coming, "turn");
            if coming == Next::Rest {
                break;
            }
            if coming == Next::Kill && !was_off && self.can_wait(&turn.claim.incident) {
                break;
            }
            if coming.has_effect() && !turn.unwritten.lines.is_empty() {
                // What others wrote in the meantime, such as a no, is heard before anything is done.
                turn.write_down(false).await?;
                continue;
            }
            turn.take(coming).await?;
        }
        turn.write_down(true).await?;
        Ok(turn.claim.incident)
    }
}

/// One incident in the hands of this process.
struct Turn<'a> {
    engine: &'a Engine,
    /// The claim, with the incident as it is once `unwritten` is in the store.
    claim: Claim,
    /// What happened since the last line was written. A crash would lose nothing of it but looks and thoughts, so it is written at once, in one
    /// transaction, before anything has an effect, and at the end of the turn.
    unwritten: Writing,
    /// Whether the provider was asked in this turn.
    fresh: bool,
    /// Why there is no plan, if there is none.
    refusal: Option<Refusal>,
    /// The credential, once it was needed.
    credential: Option<Credential>,
}

impl Turn<'_> {
    async fn take(&mut self, coming: Next) -> Result<(), EngineError> {
        match coming {
            Next::Rest => Ok(()),
            Next::Look => self.look().await,
            Next::Decide => self.decide(),
            Next::Ask => self.ask(),
            Next::Begin => self.begin(),
            Next::Contain => self.contain().await,
            Next::Kill => self.kill().await,
            Next::Rotate => self.rotate().await,
            Next::Wait(due) => {
                self.append(&[Event::Later { due, why: "waits before what cannot be undone".to_owned() }])
            }
            Next::GiveUp(why) => self.append(&[Event::GaveUp { why }]),
            Next::Close(ending) => self.append(&[Event::Closed { ending }]),
        }
    }

    /// Takes what happened into the incident, to be written down, and has told who is to be told.
    fn append(&mut self, events: &[Event]) -> Result<(), EngineError> {
        for event in events {
            let now = self.engine.now();
            let notice = crate::notices::of(&self.claim.incident, event, now);
            self.unwritten.notices.extend(notice.filter(|_| self.engine.options.tells));
            self.claim.incident.apply(now, &as_written(event)?);
            self.unwritten.lines.push((now, event.clone()));
        }
        Ok(())
    }

    /// Has everything in the store that happened, and takes in what others wrote. At the end of the turn the claim is given back with it.
    async fn write_down(&mut self, release: bool) -> Result<(), EngineError> {
        let engine = self.engine;
        let writing = Writing { release, ..std::mem::take(&mut self.unwritten) };
        self.claim.incident = engine.store.write_down(&self.claim, ACTOR, writing, engine.now()).await?;
        Ok(())
    }

    /// It cannot go on now: later, or after too many attempts not without a person.
    fn later(&mut self, why: String, asked: Option<u64>) -> Result<(), EngineError> {
        let incident = &self.claim.incident;
        if incident.attempts >= self.engine.options.most_attempts {
            return self.append(&[Event::GaveUp { why: format!("after {} attempts: {why}", incident.attempts) }]);
        }
        let due = later::later(self.engine.now(), incident.attempts, asked, self.claim.fence.unsigned_abs());
        self.append(&[Event::Later { due, why }])
    }

    fn decision(&self) -> Option<&Decision> {
        self.claim.incident.decision.as_ref()
    }

    /// The credential, out of the store, and its kind. `None` if either is gone: the incident is given up then.
    async fn subject(&mut self) -> Result<Option<(Entry, Credential)>, EngineError> {
        let Some(credential) = self.credential().await? else {
            self.append(&[Event::GaveUp { why: "the credential is not in the store any more".to_owned() }])?;
            return Ok(None);
        };
        let known = self.claim.incident.kind.as_deref().and_then(registry::by_id);
        let entry = known.or_else(|| registry::by_rule(&self.claim.incident.rule, &credential));
        if entry.is_none() && self.claim.incident.state != State::Detected {
            let why = "its kind is not known to this version".to_owned();
            self.append(&[Event::GaveUp { why }])?;
        }
        Ok(entry.map(|entry| (entry, credential)))
    }

    async fn credential(&mut self) -> Result<Option<Credential>, EngineError> {
        if self.credential.is_none() {
            let sealed = self.engine.store.secret(&self.claim.incident.id, CREDENTIAL).await?;
            self.credential = sealed.and_then(|bytes| sealed::credential(&bytes).ok());
        }
        Ok(self.credential.clone())
    }
}

/// An event as it will be read again: values that are not written are not in the incident either.
fn as_written(event: &Event) -> Result<Event, EngineError> {
    let text = serde_json::to_string(event).map_err(StoreError::other)?;
    Ok(serde_json::from_str(&text).map_err(StoreError::other)?)
}

/// Who writes the lines of the engine.
const ACTOR: &str = "stanch";
/// The name under which a successor is sealed until it is handed over.
const SUCCESSOR: &str = "successor";
/// The name under which values are sealed that were had for a credential, such as a token.
const HIDDEN: &str = "hidden";
