//! What can go wrong in a store. The kind says what the caller can do next.

use std::fmt::Display;

/// Why the store did not do it. No text holds a value of a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Others kept the database busy for too long. It may be tried again.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The database cannot be reached. It may be tried again; what was asked for may have been done.
    #[error("the database is away: {0}")]
    Gone(String),
    /// There is no room: on the disk, or in a queue of jobs. Whoever brings more has to wait.
    #[error("no room: {0}")]
    Full(String),
    /// Somebody else holds the lease, or did in the meantime. Whoever gets this stops what it is about.
    #[error("the lease was lost")]
    Stale,
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What was approved of is not the plan at hand.
    #[error("the plan is another one by now")]
    OtherPlan {
        /// The digest of the plan at hand, if there is one.
        current: Option<String>,
    },
    /// The incident is closed.
    #[error("the incident is closed")]
    Closed,
    /// The key is not the one that the store was made with.
    #[error("the store was made with another key")]
    WrongKey,
    /// The names of credentials are made with another key than those in the store.
    #[error("the fingerprints in the store are made with another key than this machine's `fingerprint.key`")]
    OtherFingerprints,
    /// The schema is not one that this program knows.
    #[error("the database does not fit this program: {0}")]
    Unfit(String),
    /// What is stored makes no sense.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// Anything else.
    #[error("the database refused: {0}")]
    Other(String),
}

impl StoreError {
    /// Whether it may be another answer soon.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Gone(_))
    }

    /// Whether the whole transaction is lost, not only what was asked for.
    pub(crate) const fn ends_transaction(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Gone(_) | Self::Full(_) | Self::Corrupt(_))
    }

    pub(crate) fn other(error: impl Display) -> Self {
        Self::Other(error.to_string())
    }

    pub(crate) fn corrupt(error: impl Display) -> Self {
        Self::Corrupt(error.to_string())
    }
}

/// What a store answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
