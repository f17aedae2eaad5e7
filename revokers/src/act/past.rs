//! What was done before: a crash, or an answer that was lost, lies between then and now.
//!
//! Everything here is read out of the lines of the journal. What it must never lead to is an effect that is repeated without a look: a line of
//! intent without an answer says that it may have happened.

use std::collections::BTreeMap;

use super::Moment;
use crate::{Liveness, Outcome, Step, StepKind, Why};

/// The moments of a credential's past, folded.
#[derive(Debug, Default)]
pub(super) struct Past {
    steps: BTreeMap<usize, Taken>,
    /// The step that the next lines are about.
    current: Option<usize>,
    /// How far the minting of a successor is.
    pub(super) minting: Minting,
    /// To which stores a successor may have been handed over, and to which it certainly was.
    pub(super) delivering: Vec<String>,
    pub(super) delivered: Vec<String>,
}

/// A step that was begun.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) step: Step,
    /// What the provider said; `None` if nobody knows.
    pub(super) outcome: Option<Outcome>,
    /// What the look said then; `None` if nobody looked.
    pub(super) liveness: Option<Liveness>,
}

/// What is left to do of a step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing: it is proven.
    Nothing,
    /// It was done, and has to be proven.
    Proof,
    /// It may have been done: look before anything else.
    Look,
    /// It was certainly not done.
    All,
}

/// How far the minting of a successor is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Minting {
    /// None was asked for, or what there was is gone.
    #[default]
    Not,
    /// One was asked for under a name, and may exist.
    Asked(String),
    /// There is one.
    Minted { id: Option<String>, killed_old: bool },
    /// One is being removed.
    Removing(String),
}

impl Past {
    pub(super) fn of(moments: &[Moment]) -> Self {
        let mut past = Self::default();
        for moment in moments {
            past.take(moment);
        }
        past
    }

    fn take(&mut self, moment: &Moment) {
        match moment {
            Moment::Intent { step, .. } => {
                self.current = Some(step.index);
                self.steps.insert(step.index, Taken { step: step.clone(), outcome: None, liveness: None });
            }
            Moment::Result { outcome, .. } => {
                if let Some(taken) = self.current() {
                    taken.outcome = Some(outcome.clone());
                }
            }
            Moment::Proof { liveness } => {
                if let Some(taken) = self.current() {
                    taken.liveness = Some(liveness.clone());
                }
            }
            Moment::Mint { name } => {
                self.minting = Minting::Asked(name.clone());
                (self.delivering, self.delivered) = (Vec::new(), Vec::new());
            }
            Moment::NotMinted { outcome } => {
                if !may_have_happened(outcome) {
                    self.minting = Minting::Not;
                }
            }
            Moment::Minted { id, killed_old } => {
                self.minting = Minting::Minted { id: id.clone(), killed_old: *killed_old };
            }
            Moment::Deliver { to } => self.delivering.push(to.clone()),
            Moment::Delivered { to, error: None } => self.delivered.push(to.clone()),
            Moment::Delivered { .. } => {}
            Moment::Remove { id } => self.minting = Minting::Removing(id.clone()),
            Moment::Removed { outcome } => {
                if effective(outcome) {
                    self.minting = Minting::Not;
                }
            }
        }
    }

    fn current(&mut self) -> Option<&mut Taken> {
        self.steps.get_mut(&self.current?)
    }

    /// The step as it was taken, if it was begun.
    pub(super) fn of_step(&self, step: &Step) -> Option<&Taken> {
        self.steps.get(&step.index).filter(|taken| taken.step.name == step.name && taken.step.target == step.target)
    }

    /// Whether it is we who switched it off, so that it could be put on again: a step that can be undone is proven, and none that cannot.
    pub(super) fn is_off(&self) -> bool {
        let done = |taken: &&Taken| matches!(taken.left(false), Left::Nothing | Left::Proof);
        let mut kinds = self.steps.values().filter(done).map(|taken| taken.step.kind).peekable();
        kinds.peek().is_some() && kinds.all(|kind| kind == StepKind::Reversible)
    }

    /// What is left of the steps; `None` if those that were taken hit something else than they would hit now.
    pub(super) fn rest(&self, steps: Vec<Step>) -> Option<Vec<Step>> {
        let done =
            |step: &Step| self.of_step(step).is_some_and(|taken| taken.left(self.off_before(step)) == Left::Nothing);
        let (taken, rest): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(done);
        (!taken.is_empty() && !rest.is_empty()).then_some(rest)
    }

    /// Whether the credential was proven off before a step, so that a probe no longer tells whether the step was taken.
    pub(super) fn off_before(&self, step: &Step) -> bool {
        self.steps.range(..step.index).any(|(_, taken)| taken.liveness == Some(Liveness::Inactive))
    }
}

impl Taken {
    /// What is left of it. `blind` says that it was off before and only a probe looked, whose refusal tells nothing of this step.
    pub(super) fn left(&self, blind: bool) -> Left {
        let proven = self.liveness == Some(Liveness::Inactive);
        match &self.outcome {
            None => Left::Look,
            Some(outcome) if effective(outcome) => {
                if proven {
                    Left::Nothing
                } else {
                    Left::Proof
                }
            }
            Some(outcome) if may_have_happened(outcome) => {
                if proven && !blind {
                    Left::Nothing
                } else {
                    Left::Look
                }
            }
            Some(_) => Left::All,
        }
    }
}

/// Whether the provider says that it is done, or will be.
pub(super) const fn effective(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accepted | Outcome::AlreadyDead | Outcome::Revoked)
}

/// Whether something may have been changed although nobody said so.
pub(super) const fn may_have_happened(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Unknown { why } => !matches!(
            why,
            Why::Offline
                | Why::NoWay { .. }
                | Why::Missing { .. }
                | Why::Malformed { .. }
                | Why::NoResponder { .. }
                | Why::Host { .. }
                | Why::Throttled { .. }
                | Why::Transport { sent: false, .. }
                | Why::Canary
        ),
        _ => false,
    }
}
