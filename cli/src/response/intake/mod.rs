//! Findings on their way in: ours, and those of other scanners.

use std::path::{Path, PathBuf};

use stanch_model::Finding;

use super::Subject;
use crate::exit::CliError;
use crate::shell::Shell;

/// The credentials of findings files, the findings that the redactor has to know, and whether something could not be read.
pub(crate) fn intake(
    paths: &[PathBuf],
    _root: &Path,
    _shell: &mut Shell,
) -> Result<(Vec<Subject>, Vec<Finding>, bool), CliError> {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    Err(CliError::new(format!("findings are not read yet: {}", names.join(", "))).hint("--rule verifies one secret"))
}
