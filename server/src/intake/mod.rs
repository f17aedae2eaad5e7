//! How what arrives is looked at: repositories are fetched, commits scanned, alerts asked about. `stanch_pipeline::intake` says what becomes of
//! it.

mod alert;
pub mod config;
mod find;
mod hide;
mod push;
mod repositories;
mod secrets;
mod told;

pub use config::IntakeConfig;
pub use find::Scan;
pub(crate) use secrets::Secrets;
