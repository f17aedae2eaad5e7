//! The words that the rooms of stanch share.
//!
//! The scanner makes a [`Finding`] of each credential it believes in, at each place; reports print it; the response
//! pipeline acts on it. Nothing here does I/O, and nothing here is async.
//!
//! * [`Secret`] holds the credential itself and never shows it.
//! * [`Fingerprint`] names a credential without revealing it.
//! * [`Finding`] is one credential at one place, with the [`Evidence`] for it and a [`Locator`] to read it again.
//!
//! ```
//! use stanch_model::{FingerprintKey, Secret};
//!
//! let secret = Secret::new(b"not a real one".to_vec());
//! let key = FingerprintKey::from_bytes([7; 32]);
//! assert_eq!(format!("{secret:?}"), "Secret(14 bytes)");
//! assert_eq!(key.fingerprint(&secret), key.fingerprint(&secret));
//! ```

#![forbid(unsafe_code)]

mod evidence;
mod finding;
mod fingerprint;
mod location;
mod rating;
pub mod secret;
mod suppression;

pub use evidence::{Checksum, Companion, Evidence, Fact, Reason};
pub use finding::{Finding, RuleId, Verification};
pub use fingerprint::{Fingerprint, FingerprintKey, ParseFingerprintError};
pub use location::{GitPlace, Location, Locator, ObjectKind, Source};
pub use rating::{Category, Confidence, Sensitivity, Severity, UnknownWord};
pub use secret::Secret;
pub use suppression::{Suppression, SuppressionKind};
