//! Finds credentials in bytes.
//!
//! An [`Engine`] is made once from a [`RuleSet`](stanch_rules::RuleSet) and shared by all threads; each thread has a [`Scratch`]. The engine knows
//! nothing of files: bytes go in, [`Candidate`]s with a [`ContentVerdict`] come out.
//!
//! ```
//! use stanch_rules::{RuleSet, mint};
//! use stanch_scanner::{Engine, Scratch};
//!
//! let engine = Engine::new(RuleSet::builtin());
//! let text = mint("export TOKEN={{ghp_{base62:30}|github-crc32}}", 1)?.text;
//! let mut scratch = Scratch::default();
//! let found = engine.scan(&text, &mut scratch);
//! assert_eq!(found.len(), 1);
//! assert_eq!(engine.rules()[found[0].rule].provider, "github");
//! # Ok::<(), stanch_rules::MintError>(())
//! ```
//!
//! How it works: one pass finds *hits*, places where a match may start ([`Engine`] has three kinds of anchor for them); each hit is *confirmed* by its
//! rule's shape; what matched is *weighed* by the evidence in a window around it; overlaps and companions are *resolved* once a
//! document. A match is defined by its start alone and a verdict by its window alone, so scanning in parts gives the same as scanning whole.

mod allow;
mod cases;
mod compiled;
mod confirm;
mod digest;
#[doc(hidden)]
pub mod doors;
mod engine;
mod evidence;
mod foreign;
mod hits;
mod lines;
mod place;
mod prefilter;
mod resolve;
mod scan;
mod source;
mod weigh;
mod window;

pub use cases::{CaseFailure, run_cases};
pub use engine::{Candidate, Engine, Reach, Scratch};
pub use foreign::{Foreign, Misfit, Recogniser, rule_of_name};
pub use place::{PathClass, place};
pub use scan::{Control, Coverage, Events, Gap, Note, Outcome, sort_findings};
pub use source::{
    Commits, HistoryOptions, RangeOptions, RangeOutcome, Ref, Since, SourceError, SourceErrorKind, Staged,
    StagedOptions, StateOptions, StdinOptions, TreeOptions, Vault, file_at, is_repository, object_at, scan_bytes,
    scan_history, scan_range, scan_range_trees, scan_reader, scan_staged, scan_tree, staged_paths, uses_reftable,
    worktree_top,
};
pub use weigh::{ContentVerdict, confidence, threshold};

/// For the tests and developers' commands of other rooms: two ways of scanning compared. No part of the interface.
#[doc(hidden)]
pub mod oracle {
    pub use crate::hits::check::{Chain, Checked};
    pub use crate::prefilter::{Searched, symbol};
    pub use crate::source::{Compared, compare_history};
}

/// For the fuzz targets: the parsers of what repositories hold.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::source::fuzzing::*;
}
