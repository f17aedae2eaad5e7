//! What makes the log a proof: the chain of its lines, its signed head, anchors that are kept elsewhere, and who checks them.

pub mod chain;
mod event;
pub mod head;

pub use event::AuditEvent;
pub use head::{Head, KeyError, SigningKey, VerifyingKey};
