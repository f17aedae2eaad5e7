//! What a scan of a repository leaves for the next one, so that only what is new has to be looked at.
//!
//! Two things are kept. The `answer` is the outcome as it was, for as long as the `circumstances` are the same: then nothing is decoded but
//! the objects that hold what is reported. The `memory` is what was seen in each object, by its id: `recalled`, it is brought together with
//! the objects that are here, of which only the others are looked at; what was `learned` then is the next memory.
//!
//! Why it is so is told in `docs/design/0005-state.md`.

mod answer;
mod bytes;
mod circumstances;
mod learned;
mod memory;
mod recalled;
mod record;
mod stamps;

#[cfg(fuzzing)]
pub(crate) mod fuzzing;

use std::fmt;
use std::sync::Arc;

use answer::Answer;
pub(super) use learned::Learner;
pub(super) use memory::Memory;
pub(super) use recalled::Recalled;
pub(super) use record::{Recorder, Seen};
pub(super) use stamps::Stamps;

use crate::scan::Outcome;
use crate::source::git::history::Target;
use crate::source::git::store::Store;

/// Keeps what scans want to know next time. What it gives back is what was given to it, or nothing: whoever implements it refuses what was
/// changed, or made by somebody else or by another version of this crate.
///
/// What it is given has no secret that was found, yet names of files, subjects and people's names, and in those anybody may have written one.
/// So nobody else must be able to read it.
pub trait Vault: fmt::Debug + Send + Sync {
    /// What was kept under a name, which is printable ASCII without spaces.
    fn load(&self, name: &str) -> Option<Vec<u8>>;

    /// Keeps something under a name, in place of what was there. It may fail, which makes the next scan slower.
    fn save(&self, name: &str, bytes: Vec<u8>);
}

/// Where a scan finds what was learned before.
#[derive(Debug, Clone)]
pub struct StateOptions {
    /// Who keeps it.
    pub vault: Arc<dyn Vault>,
    /// What the repository is called, the same each time: a path or a URL. Another repository under this name does no harm.
    pub name: String,
}

/// Scans a repository, of which only what is new is looked at.
pub(super) fn scan(target: &Target<'_>, options: &StateOptions) -> Outcome {
    let engine = circumstances::engine(target.control);
    let before = circumstances::of(target, &engine);
    let answer_name = name("answer", &engine, target, options, &answers(target));
    if let Some(circumstances) = &before
        && let Some(outcome) = told_again(target, options, &answer_name, circumstances)
    {
        return outcome;
    }
    let memory_name = name("objects", &engine, target, options, &[]);
    let memory = options.vault.load(&memory_name).and_then(|bytes| Memory::read(&bytes));
    let (outcome, learned) = target.scan_with(memory).unwrap_or_else(|| target.scan_all());
    if target.control.stopped() || outcome.coverage.interrupted {
        return outcome;
    }
    if let Some(learned) = learned {
        options.vault.save(&memory_name, learned.write());
    }
    // What came or went while it was scanned belongs to neither.
    if let Some(circumstances) = before.filter(|before| circumstances::of(target, &engine).as_ref() == Some(before))
        && let Some(bytes) = answer::write(&circumstances, &outcome)
    {
        options.vault.save(&answer_name, bytes);
    }
    outcome
}

fn told_again(target: &Target<'_>, options: &StateOptions, name: &str, circumstances: &[u8; 32]) -> Option<Outcome> {
    let control = target.control;
    let answer = Answer::read(&options.vault.load(name)?, control.engine.rules(), target.root)?;
    if !answer.is_of(circumstances) {
        return None;
    }
    let store = Store::open_to_read(&target.repository.objects, target.repository.hash);
    answer.tell(control, &store).filter(|_| !control.stopped())
}

/// The options by which answers are kept apart, so that two ways to ask in turn do not cost each other's.
fn answers(target: &Target<'_>) -> Vec<u8> {
    let (options, branch) = (target.options, &target.options.branch);
    format!("{branch:?} {:?} {}", options.exclude, options.every).into_bytes()
}

/// The name of what is kept of a repository. It depends on all that is not looked at when it is recalled.
fn name(what: &str, engine: &[u8; 32], target: &Target<'_>, options: &StateOptions, more: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [engine.as_slice(), options.name.as_bytes(), &target.options.memory.to_le_bytes(), more] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    format!("{what}-{}", hasher.finalize().to_hex())
}
