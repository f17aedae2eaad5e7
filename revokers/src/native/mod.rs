//! Kinds whose requests are signed, or that speak another protocol than HTTP with JSON.

use crate::Revoker;
use crate::file::File;
use crate::kind::Kind;

/// The code that a kind names.
pub(crate) fn find(name: &str, file: &'static File, kind: &'static Kind) -> Option<Box<dyn Revoker>> {
    let _ = (name, file, kind);
    None
}
