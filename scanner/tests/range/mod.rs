//! The tests of ranges, in repositories that git itself makes and reads.

mod added;
mod chosen;
mod lacking;
mod random;
mod repo;
