//! Evidence: what the bytes themselves say for and against a candidate.

mod address;
pub(crate) mod beside;
pub(crate) mod entropy;
mod letters;
pub(crate) mod name;
pub(crate) mod near;
pub(crate) mod placeholder;
pub(crate) mod value;
pub(crate) mod words;
