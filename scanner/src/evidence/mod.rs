//! Evidence: what the bytes themselves say for and against a candidate.

pub(crate) mod entropy;
pub(crate) mod placeholder;
pub(crate) mod value;
pub(crate) mod words;
