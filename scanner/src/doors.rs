//! For the benchmarks only: the steps of a scan, each by itself, as functions over bytes. No part of the interface.

use crate::engine::{Engine, Scratch};
use crate::hits::Hits;
use crate::prefilter::{Level, token_starts};

pub use crate::source::{Inflating, Runs, apply};

/// How many places there are where a rule with a literal or a naming word may match.
pub fn find_literals(engine: &Engine, bytes: &[u8]) -> usize {
    let mut count = 0;
    engine.literals.find(bytes, &(0..bytes.len()), |_, _| count += 1);
    count
}

/// How many places there are where a token-like value starts.
pub fn find_tokens(bytes: &[u8]) -> usize {
    let mut count = 0;
    token_starts(Level::best(), bytes, &(0..bytes.len()), |_, _| count += 1);
    count
}

/// The hits of a document, not yet looked at.
#[derive(Debug, Clone, Default)]
pub struct Found(Hits);

impl Found {
    /// Finds all hits of a document.
    pub fn new(engine: &Engine, document: &[u8]) -> Self {
        let mut hits = Hits::default();
        hits.find(engine, document, None);
        Self(hits)
    }

    /// Confirms and weighs what is not yet known to come to nothing, and counts what stays. What comes to nothing is known afterwards: to do
    /// the same work again takes a clone from before.
    pub fn confirm(&mut self, engine: &Engine, document: &[u8], scratch: &mut Scratch) -> usize {
        let mut count = 0;
        engine.scan_at_hits(document, &mut self.0, scratch, |_| count += 1);
        count
    }
}
