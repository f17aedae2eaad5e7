//! Where documents come from: memory, a tree of files, a stream, git's index.
//!
//! Every source hands documents to the engine and makes findings of what it gives, with a ledger of what was not read. The bytes
//! here are untrusted, so nothing in these modules may panic.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod blobs;
mod changes;
mod described;
mod error;
mod file;
mod git;
mod ignored;
mod join;
mod known;
mod large;
mod memory;
mod part;
mod permalink;
mod range;
mod reader;
mod repository;
mod staged;
#[cfg(test)]
mod tests;
mod threads;
mod tree;

pub use error::{SourceError, SourceErrorKind};
#[cfg(fuzzing)]
pub(crate) use git::fuzzing;
pub use git::{
    Compared, HistoryOptions, Inflating, Ref, Runs, StateOptions, Vault, apply, compare_history, is_repository,
    scan_history, uses_reftable,
};
pub use memory::scan_bytes;
pub use range::{Commits, RangeOptions, RangeOutcome, Since, scan_range};
pub use reader::{StdinOptions, scan_reader};
pub use staged::{
    Staged, StagedOptions, file_at, object_at, scan_range_trees, scan_staged, staged_paths, worktree_top,
};
pub use tree::{TreeOptions, scan_tree};
