//! What the tests of several rooms share. Nothing of it is part of the product.
//!
//! * [`Browser`]: a real browser that a test drives.
//! * [`chaff`]: rules of frequent words, to compare two ways of scanning by a great many hits.
//! * [`double`]: servers that stand in for providers.
//! * `played` (a feature): what a revoker needs to act on a double.
//! * [`naive`]: the oracle, every rule tried at every byte.
//! * [`openapi`]: whether a request is as a provider's published description has it.
//! * [`Postgres`]: a real PostgreSQL.
//! * [`server`]: real servers that a test starts and stops.
//! * [`Sandbox`]: a folder and a home in which a test runs the real binary, and git.
//! * [`Canary`]: whether anything written shows a secret, however it is encoded.
//! * [`Snapshot`]: whether anything in a folder was touched.

#![forbid(unsafe_code)]

mod browser;
pub mod chaff;
pub mod double;
mod leak;
pub mod naive;
pub mod openapi;
#[cfg(feature = "played")]
pub mod played;
mod postgres;
mod sandbox;
pub mod server;
mod snapshot;

pub use browser::Browser;
pub use leak::Canary;
pub use postgres::Postgres;
pub use sandbox::{Run, Sandbox};
pub use snapshot::Snapshot;
