//! What the commits of a range add.
//!
//! A commit adds what stands at paths that differ from all of its parents, less what stood in the changed and deleted files before; a
//! merge, so, what its author put into it and not what it merely brings together. A credential that one commit of the range adds and
//! another takes away is in the history for good, and is reported.

mod added;
mod graph;
mod kept;
mod merge;
mod scan;
mod select;

pub use scan::{RangeOutcome, scan_range};
pub use select::{Commits, RangeOptions, Since};
