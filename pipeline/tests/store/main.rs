//! The store, on both databases: a file of SQLite, and a PostgreSQL that the tests start.

mod audit;
mod bench;
mod chain;
mod claims;
mod crash;
mod incidents;
mod jobs;
mod overdue;
mod place;
mod server;
mod tokens;
