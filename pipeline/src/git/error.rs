//! What can go wrong with git.

/// Why git did not do it. The message holds what git said, and so what a remote host said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GitError {
    kind: GitErrorKind,
    message: String,
}

/// What the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GitErrorKind {
    /// git is not there, or cannot be run.
    NoGit,
    /// The folder is in no repository.
    NoRepository,
    /// The folder belongs to somebody else, and git wants to be told that this is fine.
    DubiousOwner,
    /// The remote does not give what is asked for. It may do so later.
    NotFetched,
    /// It took longer than it may.
    Late,
    /// It became larger than it may.
    Large,
    /// Somebody wanted an end.
    Stopped,
}

impl GitError {
    /// An error of a kind.
    pub fn new(kind: GitErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What the caller can do about it.
    pub const fn kind(&self) -> GitErrorKind {
        self.kind
    }
}
