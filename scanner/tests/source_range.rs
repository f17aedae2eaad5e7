//! Ranges of commits, in repositories that git itself makes and reads.

mod range;
mod sources;
