//! A successor first, then the death of the old one: mint, hand over, check, kill.

use std::fmt;
use std::io;

use serde::Serialize;

use super::journal::Scribe;
use super::past::{Minting, Past, effective, may_have_happened};
use super::prove::Patience;
use super::revoke::confirm;
use super::since::now;
use super::{Consent, Goal, Journal, Moment, Plan, Report, revoke, verify};
use crate::kind::settle;
use crate::registry::Entry;
use crate::{Context, Credential, Doing, Liveness, Origin, Outcome, Successor};

/// Where a successor is handed over.
pub trait Sink: Send + Sync + fmt::Debug {
    /// What people call it: "Vault secret kv/app".
    fn name(&self) -> String;

    /// Makes sure, as far as that is known without changing anything, that it could be stored.
    ///
    /// # Errors
    /// If it certainly could not.
    fn ready<'a>(&'a self, _cx: &'a Context) -> Doing<'a, Result<(), SinkError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Stores the new secret.
    ///
    /// # Errors
    /// If it is not stored, or that is not known.
    fn store<'a>(&'a self, cx: &'a Context, successor: &'a Successor) -> Doing<'a, Result<(), SinkError>>;

    /// Reads it back, or otherwise makes sure that it is there.
    ///
    /// # Errors
    /// If it is not there.
    fn check<'a>(&'a self, cx: &'a Context, successor: &'a Successor) -> Doing<'a, Result<(), SinkError>>;
}

/// A successor was not handed over. The text holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct SinkError {
    /// What went wrong.
    pub detail: String,
    /// Whether the store may hold the new secret all the same.
    pub may_be_stored: bool,
}

impl SinkError {
    /// It is certainly not stored.
    pub fn not(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), may_be_stored: false }
    }

    /// It may be stored.
    pub fn maybe(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), may_be_stored: true }
    }
}

/// What came of a rotation.
#[derive(Debug, Serialize)]
pub struct Rotation {
    /// The successor's id at the provider.
    pub successor: Option<String>,
    /// Where it was handed over.
    pub delivered: Vec<String>,
    /// What became of the old one; `None` if it was left alone because of `failed`.
    pub old: Option<Report>,
    /// What went wrong before the old one's turn came.
    pub failed: Option<String>,
    /// Whether the successor was removed again after that.
    pub removed: Option<Outcome>,
}

impl Rotation {
    /// Whether all is as it was meant: the successor is where it should be, and the old one is dead with nothing of it left to do.
    pub fn ended(&self) -> bool {
        self.failed.is_none() && self.old.as_ref().is_some_and(|old| old.outcome.is_dead() && old.complete)
    }
}

/// Mints a successor, hands it to every sink, checks it, and only then kills the old one; or goes on with that, as the journal's past says.
/// `name` must be unique: by it a successor is found whose answer was lost.
///
/// # Errors
/// If a line of the journal cannot be kept.
pub async fn rotate(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    plan: &Plan,
    name: &str,
    sinks: &[Box<dyn Sink>],
    journal: &dyn Journal,
) -> io::Result<Rotation> {
    let past = Past::of(&journal.past());
    let scribe = Scribe { journal, fingerprint: &plan.fingerprint, kind: &plan.kind };
    let rotation = Rotation { successor: None, delivered: Vec::new(), old: None, failed: None, removed: None };
    let mut work = Work { cx, entry, credential, plan, scribe, rotation };
    let Some((successor, began)) = work.successor(&past, name, sinks).await? else { return Ok(work.rotation) };
    work.rotation.successor.clone_from(&successor.id);
    let known = if began { &past.delivered[..] } else { &[] };
    let in_use = work.hand_over(&successor, sinks, known).await? || (began && !past.delivering.is_empty());
    if work.rotation.failed.is_none() {
        work.rotation.failed = works(cx, entry, credential, &successor).await;
    }
    if work.rotation.failed.is_none() {
        // A call that gave the successor and killed the old one is not followed by steps that would hit the successor.
        work.rotation.old = Some(if successor.killed_old {
            confirm(cx, entry, credential, plan).await
        } else {
            revoke(cx, entry, credential, plan, Goal::Dead, journal).await?
        });
    } else if let (Some(id), false, false) = (&successor.id, successor.killed_old, in_use) {
        // What may stand in a store may be in use already: it stays, and a person decides.
        work.remove(id).await?;
    }
    Ok(work.rotation)
}

/// What every part of a rotation needs.
struct Work<'a> {
    cx: &'a Context,
    entry: &'a Entry,
    credential: &'a Credential,
    plan: &'a Plan,
    scribe: Scribe<'a>,
    rotation: Rotation,
}

impl Work<'_> {
    /// The successor, and whether it is one of an earlier attempt; `None` if there is none, and then it is said why.
    async fn successor(
        &mut self,
        past: &Past,
        name: &str,
        sinks: &[Box<dyn Sink>],
    ) -> io::Result<Option<(Successor, bool)>> {
        match &past.minting {
            Minting::Not => {}
            Minting::Minted { id, killed_old } => match (self.scribe.journal.kept().await?, id) {
                (Some(successor), _) => return Ok(Some((successor, true))),
                (None, Some(id)) if past.delivering.is_empty() && !killed_old => {
                    if !self.remove(id).await? {
                        self.rotation.failed = Some("a successor that nobody has was not removed".to_owned());
                        return Ok(None);
                    }
                }
                (None, _) => {
                    self.rotation.successor.clone_from(id);
                    self.rotation.failed = Some("the successor's secret was lost: a person has to set it".to_owned());
                    return Ok(None);
                }
            },
            Minting::Removing(id) => {
                if !self.remove(id).await? {
                    self.rotation.failed = Some("a successor that nobody has was not removed".to_owned());
                    return Ok(None);
                }
            }
            Minting::Asked(asked) => {
                if !self.cleared(asked).await? {
                    return Ok(None);
                }
            }
        }
        // What could not be handed over is not made.
        for sink in sinks {
            if let Err(error) = sink.ready(self.cx).await {
                self.rotation.failed = Some(format!("nothing was made: {}: {error}", sink.name()));
                return Ok(None);
            }
        }
        Ok(self.mint(name).await?.map(|successor| (successor, false)))
    }

    async fn mint(&mut self, name: &str) -> io::Result<Option<Successor>> {
        if !self.is_alive().await {
            return Ok(None);
        }
        self.scribe.record(Moment::Mint { name: name.to_owned() }).await?;
        match self.entry.revoker.mint(self.cx, self.credential, &self.plan.target, name).await {
            Ok(successor) => {
                let moment = Moment::Minted { id: successor.id.clone(), killed_old: successor.killed_old };
                self.scribe.keep(moment, &successor).await?;
                Ok(Some(successor))
            }
            Err(outcome) => {
                self.scribe.record(Moment::NotMinted { outcome: outcome.clone() }).await?;
                self.rotation.failed = Some(format!("no successor: {outcome}"));
                if may_have_happened(&outcome) {
                    self.cleared(name).await?;
                }
                Ok(None)
            }
        }
    }

    /// Whether the old one is alive as it was when the plan was made; else it is said what is wrong. For what is dead nothing is minted: whoever
    /// killed it may have put another in its place, and some providers take the asking for a theft and kill that one, too.
    async fn is_alive(&mut self) -> bool {
        if self.plan.probe.liveness != Liveness::Active {
            return true;
        }
        match now(self.cx, self.entry, self.credential).await {
            Liveness::Active => return true,
            Liveness::Inactive => {
                self.rotation.failed =
                    Some("the provider refuses the old one already, so that no successor is asked for".to_owned());
                self.rotation.old = Some(Report::dead_before());
            }
            Liveness::Unknown { why } => {
                self.rotation.failed = Some(format!("nobody knows whether the old one is still alive: {why}"));
            }
        }
        false
    }

    /// The seconds after which the provider's lists show what was done.
    fn settle(&self) -> u64 {
        self.plan.steps.last().map_or_else(settle, |step| step.settle)
    }

    /// The successor of this name, if one was made. A list may show it only after a while.
    async fn found(&self, name: &str) -> Result<Option<String>, Outcome> {
        let mut patience = Patience::of(self.cx, self.settle());
        loop {
            let revoker = &self.entry.revoker;
            let found = revoker.find_successor(self.cx, self.credential, &self.plan.target, name).await?;
            if found.is_some() || !patience.wait().await {
                return Ok(found);
            }
        }
    }

    /// A successor may have been made though its answer was lost: it is looked for by its unique name, and removed, as nobody knows its
    /// secret. Whether certainly none is left, so that another may be asked for.
    async fn cleared(&mut self, name: &str) -> io::Result<bool> {
        match self.found(name).await {
            Ok(Some(id)) => {
                self.rotation.successor = Some(id.clone());
                self.remove(&id).await
            }
            Ok(None) => {
                self.scribe.record(Moment::Removed { outcome: Outcome::AlreadyDead }).await?;
                Ok(true)
            }
            Err(outcome) => self.told_by_the_old_one(outcome).await,
        }
    }

    /// Where successors have no names, the old one tells: if its death comes with the minting, it died, or nothing happened.
    async fn told_by_the_old_one(&mut self, outcome: Outcome) -> io::Result<bool> {
        let kills = self.entry.kind.rotate.as_ref().is_some_and(|spec| spec.kills);
        if !kills {
            self.rotation.failed = Some(format!("a successor may have been made, and cannot be found: {outcome}"));
            self.rotation.removed = Some(outcome);
            return Ok(false);
        }
        let report = confirm(self.cx, self.entry, self.credential, self.plan).await;
        if report.complete {
            self.rotation.failed = Some(
                "the old one was replaced, and the answer with the successor was lost: a person has to set it"
                    .to_owned(),
            );
            self.rotation.old = Some(report);
            return Ok(false);
        }
        let alive = verify(self.cx, self.entry, self.credential).await.liveness == Liveness::Active;
        if alive {
            self.scribe.record(Moment::Removed { outcome: Outcome::AlreadyDead }).await?;
        } else {
            self.rotation.failed = Some("nobody knows whether a successor was made".to_owned());
        }
        Ok(alive)
    }

    /// Removes a successor that nobody has. Whether it is gone.
    async fn remove(&mut self, id: &str) -> io::Result<bool> {
        self.scribe.record(Moment::Remove { id: id.to_owned() }).await?;
        let outcome = self.entry.revoker.remove_successor(self.cx, self.credential, &self.plan.target, id).await;
        self.scribe.record(Moment::Removed { outcome: outcome.clone() }).await?;
        let gone = effective(&outcome);
        self.rotation.removed = Some(outcome);
        Ok(gone)
    }

    /// Hands it to every store that does not have it. Whether any may have it.
    async fn hand_over(&mut self, new: &Successor, sinks: &[Box<dyn Sink>], known: &[String]) -> io::Result<bool> {
        let mut in_use = false;
        for sink in sinks {
            let to = sink.name();
            if !known.contains(&to) {
                self.scribe.record(Moment::Deliver { to: to.clone() }).await?;
                let outcome = deliver(self.cx, sink.as_ref(), new).await;
                in_use |= outcome.as_ref().map_or_else(|error| error.may_be_stored, |()| true);
                let error = outcome.as_ref().err().map(ToString::to_string);
                self.scribe.record(Moment::Delivered { to: to.clone(), error: error.clone() }).await?;
                if let Some(error) = error {
                    self.rotation.failed = Some(format!("{to}: {error}"));
                    break;
                }
            }
            self.rotation.delivered.push(to);
        }
        Ok(in_use)
    }
}

/// Stores and checks. What was stored may be in use already, whatever the check says: a store may answer with what it had a moment ago.
async fn deliver(cx: &Context, sink: &dyn Sink, successor: &Successor) -> Result<(), SinkError> {
    sink.store(cx, successor).await?;
    sink.check(cx, successor).await.map_err(|error| SinkError::maybe(error.detail))
}

/// Whether the successor is accepted; else what is wrong.
async fn works(cx: &Context, entry: &Entry, old: &Credential, successor: &Successor) -> Option<String> {
    if entry.kind.rotate.as_ref().and_then(|spec| spec.check.as_deref()) == Some("none") {
        return None;
    }
    let mut new = Credential { secret: successor.secret.clone(), ..old.clone() };
    for (name, value) in &successor.parts {
        new.give(name.clone(), Origin::User, stanch_model::Secret::new(value.clone().into_bytes()));
    }
    match verify(cx, entry, &new).await.liveness {
        Liveness::Active => None,
        Liveness::Inactive => Some("the provider refuses the successor".to_owned()),
        Liveness::Unknown { why } => Some(format!("nothing proves that the successor works: {why}")),
    }
}

/// Rotation asks for the same conditions as revocation.
impl Consent {
    /// What is asked of a rotation: nothing is rotated that is not proven ours and alive.
    pub const STRICT: Self = Self { ours: false, unproven: false };
}
