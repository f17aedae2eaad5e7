//! The built-in rules, as `build.rs` wrote them from `data/*.toml`.
#![expect(clippy::unreadable_literal, reason = "the bits of byte classes are no numbers to read")]

use stanch_model::{Category, Confidence, Sensitivity, Severity};

use crate::class::ByteClass;
use crate::opening::Opening;
use crate::rule::{
    Assignment, Beside, Boundary, Case, Companion, Context, Extent, List, Look, Manual, Pattern, Rule, Str,
};
use crate::shape::{Part, Shape};

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
