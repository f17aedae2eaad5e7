//! Documents that are in memory already.

use stanch_model::{Finding, GitPlace, Source};

use crate::engine::Scratch;
use crate::scan::{Control, Document, findings};

/// Scans one document. `path` is how findings name it.
pub fn scan_bytes(
    control: &Control<'_>,
    path: &str,
    bytes: &[u8],
    source: Source,
    git: Option<GitPlace>,
    scratch: &mut Scratch,
) -> Vec<Finding> {
    let document = Document { path, source, root: None, git, ignored: false };
    let candidates = control.engine.scan(bytes, scratch);
    findings(control, &document, bytes, candidates)
}
