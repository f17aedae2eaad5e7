//! What is written down before and after every effect. A line holds no secret.

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Ownership;
use crate::{Doing, Liveness, Outcome, Step, Successor};

/// Where the lines go, and what they said before. A line that cannot be kept stops what it was about.
pub trait Journal: Send + Sync {
    /// Keeps a line so that it survives a crash.
    ///
    /// # Errors
    /// If it was not kept.
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>>;

    /// What was done to this credential before, in order. Who forgets starts anew each time.
    fn past(&self) -> Vec<Moment> {
        Vec::new()
    }

    /// Keeps a successor, sealed, until it is handed over, together with a line. Who has no place for secrets keeps the line only.
    ///
    /// # Errors
    /// If either was not kept.
    fn keep<'a>(&'a self, line: &'a Line, _successor: &'a Successor) -> Doing<'a, io::Result<()>> {
        self.record(line)
    }

    /// The successor that was kept.
    ///
    /// # Errors
    /// If it cannot be read.
    fn kept(&self) -> Doing<'_, io::Result<Option<Successor>>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Which credential.
    pub fingerprint: String,
    /// Of which kind.
    pub kind: String,
    /// What is about to happen, or has happened.
    #[serde(flatten)]
    pub moment: Moment,
}

/// A moment of a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "moment", rename_all = "kebab-case")]
pub enum Moment {
    /// A step is about to be taken.
    Intent {
        /// The step.
        step: Step,
        /// Why we may.
        ownership: Ownership,
        /// How the target was found.
        found_by: String,
    },
    /// What the provider said to a step.
    Result {
        /// The step's name.
        step: String,
        /// What it said.
        outcome: Outcome,
    },
    /// What a probe said after a step.
    Proof {
        /// What it said.
        liveness: Liveness,
    },
    /// A successor is about to be minted.
    Mint {
        /// Its unique name, by which it is found if the answer is lost.
        name: String,
    },
    /// No successor came.
    NotMinted {
        /// What came instead.
        outcome: Outcome,
    },
    /// A successor was minted.
    Minted {
        /// Its id at the provider.
        id: Option<String>,
        /// Whether the old one died by the same call.
        #[serde(default)]
        killed_old: bool,
    },
    /// A successor is about to be handed over.
    Deliver {
        /// To which store.
        to: String,
    },
    /// A successor was handed over.
    Delivered {
        /// To which store.
        to: String,
        /// What went wrong, if something did.
        error: Option<String>,
    },
    /// A successor that nobody will use is about to be removed.
    Remove {
        /// Its id.
        id: String,
    },
    /// It was removed, or there was none.
    Removed {
        /// What the provider said.
        outcome: Outcome,
    },
}

/// Writes the lines of one credential.
pub(super) struct Scribe<'a> {
    pub(super) journal: &'a dyn Journal,
    pub(super) fingerprint: &'a str,
    pub(super) kind: &'a str,
}

impl Scribe<'_> {
    pub(super) async fn record(&self, moment: Moment) -> io::Result<()> {
        self.journal.record(&self.line(moment)).await
    }

    pub(super) async fn keep(&self, moment: Moment, successor: &Successor) -> io::Result<()> {
        self.journal.keep(&self.line(moment), successor).await
    }

    fn line(&self, moment: Moment) -> Line {
        Line { at: Timestamp::now(), fingerprint: self.fingerprint.to_owned(), kind: self.kind.to_owned(), moment }
    }
}
