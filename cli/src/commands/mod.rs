//! The verbs, one file each.

pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod hook;
pub(crate) mod ignore;
pub(crate) mod rules;
pub(crate) mod scan;
