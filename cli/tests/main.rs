//! The binary as people and machines run it: what it reads, says, keeps and does.

#[cfg(unix)]
mod action;
#[cfg(unix)]
mod beside;
mod demo;
mod generated;
mod history;
#[cfg(target_os = "linux")]
mod interrupt;
mod key;
#[cfg(unix)]
mod leak;
#[cfg(unix)]
mod plan;
mod policy;
mod range;
#[cfg(unix)]
mod remote;
mod reports;
#[cfg(unix)]
mod response;
mod rules;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod spans;
#[cfg(unix)]
mod state;
#[cfg(unix)]
mod store;
#[cfg(unix)]
mod told;
#[cfg(unix)]
mod two;
mod unchanged;

use stanch_rules::mint;
use stanch_testkit::Canary;

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_stanch");

/// A token that is new for each seed.
fn token(seed: u64) -> Canary {
    let minted = mint("{{ghp_{base62:30}|github-crc32}}", seed).unwrap_or_else(|error| panic!("{error}"));
    Canary::new(&String::from_utf8_lossy(&minted.text), 4)
}
