//! Targets that are git URLs: cloned by the user's own `git` into a private folder, scanned there, and removed.
//!
//! Called by the session for every target. A credential in the URL never reaches git's arguments, environment or configuration: git asks for it
//! through a credential helper, which is this binary again ([`stanch_pipeline::git::ask`]).

mod address;
mod clone;
mod room;

pub(crate) use address::{is_remote, name};
pub(crate) use clone::{Cloning, scanned};
pub(crate) use room::abandon;
