//! What the benchmarks see of decoding, in plain types.

use crate::hits::Run;
use crate::source::git::delta::Delta;
use crate::source::git::inflate::Inflater;

/// What is used again for one stream after the other, as a thread does.
#[derive(Default)]
pub struct Inflating {
    inflater: Inflater,
    out: Vec<u8>,
}

impl Inflating {
    /// Inflates a zlib stream that gives `size` bytes; whether it is whole.
    pub fn inflate(&mut self, stream: &[u8], size: usize) -> bool {
        self.inflater.inflate(stream, size, &mut self.out).is_ok()
    }

    /// What was inflated last stands at the start of it.
    pub fn out(&self) -> &[u8] {
        &self.out
    }
}

impl std::fmt::Debug for Inflating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflating").finish_non_exhaustive()
    }
}

/// Applies a delta to a base, at the start of `out`, and says how many runs it has, if it fits.
pub fn apply(delta: &[u8], base: &[u8], out: &mut Vec<u8>, runs: &mut Runs) -> Option<usize> {
    Delta::parse(delta).ok()?.apply(base, out, &mut runs.0, 0).ok()?;
    Some(runs.0.len())
}

/// Room for what came from where.
#[derive(Debug, Default)]
pub struct Runs(Vec<Run>);
