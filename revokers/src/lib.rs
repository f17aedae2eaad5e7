//! Asks providers whether a credential is alive, finds the exact thing that has to die, and kills it.
//!
//! One interface, four verbs: [`Revoker::probe`], [`Revoker::locate`], [`Revoker::perform`] of the steps of a revocation, and
//! [`Revoker::mint`] of a successor. Most kinds of credentials are data (`data/<provider>.toml`, see `docs/writing-a-revoker.md`) that
//! [`declared`] carries out; where requests are signed, or another protocol is spoken, there is code in [`native`].
//!
//! [`act`] is what keeps the power safe: it puts the evidence, the owner, the exact target and a line of the journal before a
//! destructive call, and the proof after it. [`http`] is the only way to the network.

#![forbid(unsafe_code)]

pub mod act;
mod answer;
pub mod cache;
pub mod calls;
mod canary;
pub mod check;
pub mod config;
mod credential;
pub mod declared;
mod dial;
pub mod file;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod hosts;
pub mod http;
mod interface;
pub mod kind;
mod limit;
mod mask;
pub mod native;
mod outcome;
mod pointer;
mod reading;
pub mod registry;
mod request;
pub mod responder;
pub mod successor;
mod summary;
mod template;
mod tls;
mod together;
mod values;

pub use credential::{Credential, Origin};
pub use interface::{Context, Doing, Hidden, Revoker, Step, StepKind, Successor, Target};
pub use outcome::{Identity, Liveness, Outcome, Probe, Why};
pub use request::Request;
pub use summary::Summary;
pub use together::Seat;
pub use values::Values;
