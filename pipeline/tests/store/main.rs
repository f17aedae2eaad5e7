//! The store, on both databases.

mod bench;
mod incidents;
