//! The verbs, one file each.

pub(crate) mod apply;
pub(crate) mod audit;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod hook;
pub(crate) mod ignore;
pub(crate) mod incident;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod providers;
pub(crate) mod responders;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod rules;
pub(crate) mod scan;
pub(crate) mod serve;
pub(crate) mod verify;
