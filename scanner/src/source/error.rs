//! Why a source could not be scanned at all.

use std::error::Error;
use std::fmt;
use std::path::Path;

/// Why nothing could be scanned. What goes wrong with single files or objects is no error but a note in the ledger.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    kind: SourceErrorKind,
    message: String,
    advice: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure it is, for the caller to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceErrorKind {
    /// The target does not exist.
    NotFound,
    /// The target cannot be read.
    Unreadable,
    /// A glob of the user cannot be understood.
    BadGlob,
    /// The target is in no git repository.
    NotARepository,
    /// The repository has no working tree and so nothing staged.
    Bare,
    /// A revision names no commit.
    BadRevision,
    /// A range of commits cannot be understood.
    BadRange,
    /// A commit is not in this clone.
    MissingCommit,
    /// The clone is shallow, and what was cut off is needed.
    Shallow,
    /// The repository's own data cannot be read.
    Corrupt,
}

impl SourceError {
    /// What kind of failure it is.
    pub fn kind(&self) -> SourceErrorKind {
        self.kind
    }

    /// What a person can do about it, where there is something.
    pub fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    pub(crate) fn new(kind: SourceErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), advice: None, source: None }
    }

    pub(crate) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    pub(crate) fn because(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// An error of reading the target itself.
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        let (kind, what) = match error.kind() {
            std::io::ErrorKind::NotFound => (SourceErrorKind::NotFound, "there is no"),
            _ => (SourceErrorKind::Unreadable, "cannot read"),
        };
        Self::new(kind, format!("{what} `{}`", path.display())).because(error)
    }
}

impl fmt::Display for SourceErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotFound => "not found",
            Self::Unreadable => "unreadable",
            Self::BadGlob => "bad glob",
            Self::NotARepository => "not a repository",
            Self::Bare => "bare repository",
            Self::BadRevision => "bad revision",
            Self::BadRange => "bad range",
            Self::MissingCommit => "missing commit",
            Self::Shallow => "shallow clone",
            Self::Corrupt => "corrupt repository",
        })
    }
}
