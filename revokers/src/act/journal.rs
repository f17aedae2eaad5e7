//! What is written down before and after every effect. A line holds no secret.

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Ownership;
use crate::{Liveness, Outcome, Step};

/// Where the lines go. A line that cannot be kept stops what it was about.
pub trait Journal: Send + Sync {
    /// Keeps a line so that it survives a crash.
    ///
    /// # Errors
    /// If it was not kept.
    fn record(&self, line: &Line) -> io::Result<()>;
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
    /// A successor was minted.
    Minted {
        /// Its id at the provider.
        id: Option<String>,
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
}
