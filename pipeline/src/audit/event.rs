//! What happens beside incidents and has to be told later all the same.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that happened to the installation itself. None holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum AuditEvent {
    /// A program opened the store.
    Started {
        /// Its version.
        version: String,
    },
    /// A token for the interface was made.
    TokenMade {
        /// Its id.
        id: String,
        /// What it is called.
        name: String,
        /// What it may do.
        role: String,
        /// Until when it counts.
        expires: Option<Timestamp>,
    },
    /// A token does not count any more.
    TokenRevoked {
        /// Its id.
        id: String,
    },
    /// Somebody signed in to the console.
    SignedIn {
        /// With which token.
        token: String,
    },
    /// Somebody signed out of the console.
    SignedOut {
        /// With which token they had signed in.
        token: String,
    },
    /// Policies were loaded.
    PolicyLoaded {
        /// The digest of all of them.
        digest: String,
        /// How many there are.
        policies: u64,
    },
    /// Something left the store.
    Exported {
        /// What.
        what: String,
    },
    /// A head was given out to be kept elsewhere.
    Anchored {
        /// Of which line.
        seq: u64,
        /// Its hash, in hexadecimal digits.
        hash: String,
    },
    /// Closed incidents were removed from the projection.
    Purged {
        /// Those that were closed before.
        before: Timestamp,
        /// How many.
        incidents: u64,
    },
    /// The log was written on, although its end was not one to build on without a word: a key that is not trusted signed it, or nobody did, or what this
    /// program had written was gone. What stands before this line is vouched for by nobody.
    Doubted {
        /// The last line that it knew.
        seq: u64,
        /// It, as an anchor has it, if it was signed at all.
        head: Option<String>,
        /// The last line that this program had written, if that is gone or another one by now.
        wrote: Option<u64>,
    },
    /// Anything else.
    Noted {
        /// What.
        text: String,
    },
}
