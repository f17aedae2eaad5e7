//! The history of a repository: every object that it holds, and which commit brought what was found.
//!
//! [`repository`](Repository) opens it; `store` has its objects, in `pack`s with their `forest` of `delta`s and in `loose` files; `walk` decodes
//! each once; `contents` scans blobs and messages; `sieve` keeps of the trees, by their `outline`s, what leads to findings; `graph` has the commits;
//! `provenance` says which commit brought what, and `tale` makes the findings. The main path is `history`.

mod alternates;
mod bits;
mod buckets;
mod compare;
mod contents;
mod delta;
mod doors;
mod entry;
mod forest;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod graph;
mod history;
mod inflate;
mod ledger;
mod lists;
mod look;
mod loose;
mod outline;
mod pack;
mod provenance;
mod repository;
mod sieve;
mod state;
mod store;
mod tale;
mod tasks;
mod tree;
mod walk;

pub use compare::{Compared, compare_history};
pub use doors::{Inflating, Runs, apply};
pub use history::{HistoryOptions, scan_history};
pub use repository::{Ref, is_repository, uses_reftable};
pub use state::{StateOptions, Vault};
