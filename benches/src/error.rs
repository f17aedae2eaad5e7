//! What goes wrong in a benchmark: something is missing, or ends as it should not.

use std::io;
use std::path::Path;

/// Why something could not be measured.
#[derive(Debug)]
pub struct BenchError(String);

impl BenchError {
    /// With these words, a fragment.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// For what went wrong at a path: an argument of `map_err`.
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self(format!("{}: {error}", path.display()))
    }
}

impl std::fmt::Display for BenchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BenchError {}
