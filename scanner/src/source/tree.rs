//! Trees of files, or one file.

use std::path::Path;

use stanch_model::Source;

use crate::engine::Scratch;
use crate::scan::{Control, Outcome, sort_findings};
use crate::source::{SourceError, scan_bytes};

/// How a tree is scanned.
#[derive(Debug, Clone, Default)]
pub struct TreeOptions {
    /// Globs of what is left out, in the syntax of gitignore, relative to the root.
    pub exclude: Vec<String>,
}

/// Scans a file, or all files below a folder.
///
/// # Errors
/// If the root cannot be read, or a glob not be understood.
pub fn scan_tree(control: &Control<'_>, root: &Path, _options: &TreeOptions) -> Result<Outcome, SourceError> {
    let mut outcome = Outcome::default();
    let mut folders = vec![root.to_path_buf()];
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).map_err(|error| SourceError::io(&path, error))?;
            folders.extend(entries.flatten().map(|entry| entry.path()).filter(|path| !path.ends_with(".git")));
            continue;
        }
        let bytes = std::fs::read(&path).map_err(|error| SourceError::io(&path, error))?;
        let name = path.strip_prefix(root).unwrap_or(&path);
        let name = if name.as_os_str().is_empty() { root } else { name };
        outcome.findings.extend(scan_bytes(control, &name.to_string_lossy(), &bytes, Source::File, None, &mut Scratch::default()));
        outcome.coverage.files += 1;
        outcome.coverage.bytes += bytes.len() as u64;
    }
    sort_findings(&mut outcome.findings);
    Ok(outcome)
}
