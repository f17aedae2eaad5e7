//! A successor first, then the death of the old one: mint, hand over, check, kill.

use std::fmt;
use std::io;

use jiff::Timestamp;
use serde::Serialize;

use super::revoke::confirm;
use super::{Consent, Goal, Journal, Line, Moment, Plan, Report, revoke, verify};
use crate::registry::Entry;
use crate::{Context, Credential, Doing, Liveness, Origin, Outcome, Successor};

/// Where a successor is handed over.
pub trait Sink: Send + Sync + fmt::Debug {
    /// What people call it: "Vault secret kv/app".
    fn name(&self) -> String;

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

/// Mints a successor, hands it to every sink, checks it, and only then kills the old one.
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
    let record = |moment| {
        let (fingerprint, kind) = (plan.fingerprint.clone(), plan.kind.clone());
        journal.record(&Line { at: Timestamp::now(), fingerprint, kind, moment })
    };
    let mut rotation = Rotation { successor: None, delivered: Vec::new(), old: None, failed: None, removed: None };
    record(Moment::Mint { name: name.to_owned() })?;
    let minted = entry.revoker.mint(cx, credential, &plan.target, name).await;
    let successor = match minted {
        Ok(successor) => successor,
        Err(outcome) => {
            rotation.failed = Some(format!("no successor: {outcome}"));
            if matches!(outcome, Outcome::Unknown { .. }) {
                orphan(cx, entry, credential, plan, name, &mut rotation, &record).await?;
            }
            return Ok(rotation);
        }
    };
    rotation.successor.clone_from(&successor.id);
    record(Moment::Minted { id: successor.id.clone() })?;
    let mut in_use = false;
    for sink in sinks {
        let outcome = deliver(cx, sink.as_ref(), &successor).await;
        in_use |= outcome.as_ref().map_or_else(|error| error.may_be_stored, |()| true);
        let error = outcome.as_ref().err().map(ToString::to_string);
        record(Moment::Delivered { to: sink.name(), error: error.clone() })?;
        if let Some(error) = error {
            rotation.failed = Some(format!("{}: {error}", sink.name()));
            break;
        }
        rotation.delivered.push(sink.name());
    }
    if rotation.failed.is_none() {
        rotation.failed = works(cx, entry, credential, &successor).await;
    }
    if rotation.failed.is_none() {
        // A call that gave the successor and killed the old one is not followed by steps that would hit the successor.
        rotation.old = Some(if successor.killed_old {
            confirm(cx, entry, credential, plan).await
        } else {
            revoke(cx, entry, credential, plan, Goal::Dead, journal).await?
        });
    } else if let (Some(id), false, true) = (&successor.id, successor.killed_old, !in_use) {
        // What may stand in a store may be in use already: it stays, and a person decides.
        record(Moment::Remove { id: id.clone() })?;
        rotation.removed = Some(entry.revoker.remove_successor(cx, credential, &plan.target, id).await);
    }
    Ok(rotation)
}

async fn deliver(cx: &Context, sink: &dyn Sink, successor: &Successor) -> Result<(), SinkError> {
    sink.store(cx, successor).await?;
    sink.check(cx, successor).await
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

/// A successor may have been made though its answer was lost: it is looked for by its unique name, and removed, as nobody knows its secret.
async fn orphan(
    cx: &Context,
    entry: &Entry,
    credential: &Credential,
    plan: &Plan,
    name: &str,
    rotation: &mut Rotation,
    record: &impl Fn(Moment) -> io::Result<()>,
) -> io::Result<()> {
    match entry.revoker.find_successor(cx, credential, &plan.target, name).await {
        Ok(Some(id)) => {
            record(Moment::Remove { id: id.clone() })?;
            rotation.removed = Some(entry.revoker.remove_successor(cx, credential, &plan.target, &id).await);
            rotation.successor = Some(id);
        }
        Ok(None) => {}
        Err(outcome) => rotation.removed = Some(outcome),
    }
    Ok(())
}

/// Rotation asks for the same conditions as revocation.
impl Consent {
    /// What is asked of a rotation: nothing is rotated that is not proven ours and alive.
    pub const STRICT: Self = Self { ours: false, unproven: false };
}
