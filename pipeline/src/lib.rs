//! From exposure to dead: incidents, policy, sagas, the store and the audit log. `docs/design/0007-pipeline.md` says why it is cut as it is.

#![forbid(unsafe_code)]

pub mod audit;
pub mod config;
mod decision;
pub mod digest;
pub mod engine;
pub mod event;
pub mod git;
pub mod incident;
pub mod intake;
pub mod notices;
pub mod notify;
pub mod owner;
pub mod plan;
pub mod policy;
pub mod store;

pub use decision::{Decision, Means, Verdict};
pub use event::{Approval, Detected, Event};
pub use incident::{Ending, Exposure, Incident, IncidentId, Occurrence, Owner, State, Times};
pub use store::{Store, StoreError};
