//! The pipeline under load: how long `stanch serve` takes from what arrives to a dead credential, at providers on loopback.
//!
//! Whole processes are measured: the server is the release build with a configuration, a token and a store, as a user runs it. What it took comes
//! from its own timelines, what the provider took from the double that plays it.

mod crowd;
mod http;
mod provider;
mod pushed;
mod serve;
mod tell;

pub use crowd::crowd;
pub use provider::Way;
pub use pushed::pushes;
pub use tell::{Line, response_csv, response_table};

use std::path::PathBuf;

/// What is measured, and how often.
#[derive(Debug, Clone)]
pub struct Load {
    /// The binary.
    pub stanch: PathBuf,
    /// How many credentials leak at once.
    pub incidents: usize,
    /// How many reports are on their way at a time.
    pub clients: usize,
    /// How often all of it is done.
    pub rounds: usize,
    /// How many pushes follow each other.
    pub pushes: usize,
}
