//! What makes the log a proof: the chain of its lines, its signed head, anchors that are kept elsewhere, and who checks them.

mod anchor;
pub mod chain;
mod event;
mod export;
pub mod head;
mod ocsf;
mod verify;

pub use anchor::{Anchor, ParseAnchorError};
pub use event::AuditEvent;
pub use export::{Format, export};
pub use head::{Head, KeyError, SigningKey, VerifyingKey};
pub use verify::{Fault, Report, verify};
