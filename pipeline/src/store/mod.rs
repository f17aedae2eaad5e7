//! The one memory of the pipeline: the log, what follows from it, and what has to be done. All SQL stands below, once; `sqlite.rs` and
//! `postgres.rs` carry it out. Nothing below reads the clock: times are handed in.

mod actor;
mod claims;
mod connection;
mod detect;
mod error;
mod incidents;
mod jobs;
mod key;
mod lease;
mod log;
mod migrate;
mod notes;
mod open;
mod overdue;
mod postgres;
mod projection;
mod random;
mod reader;
mod retention;
mod secrets;
mod settings;
mod signer;
mod sqlite;
mod tls;
mod tokens;
mod tx;
mod value;
mod writer;

pub use actor::Actor;
pub use claims::{Claim, Writing};
pub use detect::CREDENTIAL;
pub use error::{Result, StoreError};
pub use incidents::{Filter, Page, TimesRow};
pub use jobs::{Depth, Job, NewJob};
pub use key::StoreKey;
pub use lease::Gone;
pub use log::Entry;
pub use open::{Options, Place, Stats, Store};
pub use postgres::Server;
pub use retention::Forgotten;
pub use settings::{Address, StoreConfig, Trusted};
pub use tokens::{Session, Token};
