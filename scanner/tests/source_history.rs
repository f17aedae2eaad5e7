//! Whole histories, of repositories that git itself makes and reads.

mod history;
mod sources;
