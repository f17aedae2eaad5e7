//! The verbs, one file each.

pub(crate) mod generate;
pub(crate) mod rules;
