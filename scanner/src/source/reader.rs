//! Streams: standard input, and whatever else can only be read once.

use std::io::Read;
use std::path::Path;

use stanch_model::Source;

use crate::engine::Scratch;
use crate::scan::{Control, Outcome};
use crate::source::{SourceError, scan_bytes};

/// How a stream is scanned.
#[derive(Debug, Clone)]
pub struct StdinOptions {
    /// How findings call it, such as `<stdin>`.
    pub name: String,
}

/// Scans a stream to its end.
///
/// # Errors
/// If nothing can be read from it.
pub fn scan_reader(control: &Control<'_>, reader: &mut dyn Read, options: &StdinOptions) -> Result<Outcome, SourceError> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|error| SourceError::io(Path::new(&options.name), error))?;
    let mut outcome = Outcome::default();
    outcome.findings = scan_bytes(control, &options.name, &bytes, Source::Stdin, None, &mut Scratch::default());
    outcome.coverage.files = 1;
    outcome.coverage.bytes = bytes.len() as u64;
    Ok(outcome)
}
