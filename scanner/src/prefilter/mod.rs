//! Finding hits: one pass over the bytes for literals and naming words, one for token runs.
//!
//! A hit says that a rule's match may start at a byte. Hits depend on the bytes at and after their start (and a name before
//! it) only, never on where the pass began, so that any cut of the input gives the same ones.

mod after;
pub(crate) mod chosen;
mod classes;
mod entry;
mod fours;
mod gate;
mod grams;
mod literals;
mod runs;
mod sets;
mod simd;
mod spans;

pub(crate) use after::{After, LOOKED};
pub(crate) use classes::Classes;
pub(crate) use gate::{Gate, MOST_RULES, Open};
pub use literals::Searched;
pub(crate) use literals::{Literals, LiteralsBuilder, User};
pub(crate) use runs::{last_run, token_starts};
pub(crate) use sets::rareness;
pub(crate) use simd::Level;
pub use simd::symbol;
