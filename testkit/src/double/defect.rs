//! What is wrong with the file of a double, and where.

use std::fmt;
use std::path::PathBuf;

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The file.
    pub file: PathBuf,
    /// The line, where it is known, counted from 1.
    pub line: Option<usize>,
    /// The kind of credential, where it is known.
    pub kind: Option<String>,
    /// The route, where it is known.
    pub route: Option<String>,
    /// What is wrong, as a fragment in lower case.
    pub message: String,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(kind) = &self.kind {
            write!(f, ": {kind}")?;
        }
        if let Some(route) = &self.route {
            write!(f, ": route `{route}`")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Everything that is wrong with some files, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defects(pub Vec<Defect>);

impl fmt::Display for Defects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|defect| writeln!(f, "{defect}"))
    }
}

impl std::error::Error for Defects {}
