//! The built-in rules by their cases, and the sources as they are met in the world: trees, streams, and repositories that git itself makes and
//! reads.

mod builtin_rules;
#[cfg(unix)]
mod history;
mod range;
mod sources;
#[cfg(unix)]
mod staged;
#[cfg(unix)]
mod tree;
