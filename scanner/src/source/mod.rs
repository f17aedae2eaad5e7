//! Where documents come from: memory, a tree of files, a stream, git's index.
//!
//! Every source hands documents to the engine and makes findings of what it gives, with a ledger of what was not read. The bytes
//! here are untrusted, so nothing in these modules may panic.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod changes;
mod error;
mod file;
mod ignored;
mod join;
mod known;
mod large;
mod memory;
mod part;
#[cfg_attr(not(test), expect(dead_code, reason = "the scan of a history is to call it"))]
mod permalink;
mod reader;
mod staged;
#[cfg(test)]
mod tests;
mod tree;

pub use error::{SourceError, SourceErrorKind};
pub use memory::scan_bytes;
pub use reader::{StdinOptions, scan_reader};
pub use staged::{StagedOptions, file_at, scan_range_trees, scan_staged, staged_paths, worktree_top};
pub use tree::{TreeOptions, scan_tree};
