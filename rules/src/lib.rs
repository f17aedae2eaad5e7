//! What credentials look like, as data.
//!
//! A [`RuleSet`] holds [`Rule`]s: the built-in ones, turned into static tables at build time, and the user's, read from
//! TOML ([`load`]). [`check`](fn@check) holds rules against the house's demands; [`mint`](fn@mint) makes fake tokens for their cases; [`offline`]
//! has the checks that need no network. The format is described in `docs/rule-format.md`.
//!
//! ```
//! use stanch_rules::RuleSet;
//!
//! let rules = RuleSet::builtin();
//! let github = rules.iter().filter(|rule| rule.provider == "github").count();
//! assert!(github > 3, "{github}");
//! ```

#![forbid(unsafe_code)]

mod beside;
mod builtin;
mod check;
mod class;
mod corpus;
mod defect;
mod file;
mod form;
mod known;
mod mint;
mod normalise;
pub mod offline;
mod opening;
mod pattern;
mod rule;
mod ruleset;
mod shape;

pub use check::{Checkable, check, check_builtin};
pub use class::{ByteClass, NAMED_CLASSES};
pub use corpus::corpus;
pub use defect::Defect;
pub use file::ASSIGNMENT_HEAD;
pub use known::published_sample;
pub use mint::{MintError, Minted, Rng, mint, mint_case};
pub use normalise::normalise;
pub use opening::Opening;
pub use pattern::{PATTERN_SIZE_LIMIT, PatternError, compile_pattern};
pub use rule::{
    Assignment, Beside, Boundary, Case, Companion, Context, Extent, List, Look, MIN_RUN, Manual, Pattern, Rule, Str,
    run_class,
};
pub use ruleset::{LoadError, RuleSet, load};
pub use shape::{FixedLiteral, MAX_BOUND, Part, Shape, ShapeError};
