//! What the benchmarks share: what they run on, how a measurement is taken and written down, and how it is shown.
//!
//! * [`corpora()`], [`Inputs`], [`repository`], [`delta()`]: real repositories, what is made of them, and what is made up.
//! * [`figures()`], [`Task`], [`count()`]: the engine alone, whole processes, instructions.
//! * [`compare()`], [`histories`], [`rules`]: stanch beside others, and stanch with more to do.
//! * [`crowd`], [`pushes`]: the server that makes credentials dead, under load.
//! * [`Record`], [`chart()`]: what is kept, and what is drawn of it.

#![forbid(unsafe_code)]

mod cases;
mod chart;
mod compare;
mod corpora;
mod csv;
mod error;
mod git;
mod growth;
mod inputs;
mod instructions;
mod machine;
mod material;
mod measure;
mod peers;
mod record;
mod response;
mod run;
mod statistics;
mod synthetic;

pub use cases::{Case, Contestant, Setup};
pub use chart::chart;
pub use compare::{compare, table};
pub use corpora::{Corpus, corpora, corpus_named, fetch, folder};
pub use error::BenchError;
pub use growth::{Step, growth_csv, growth_table, histories, rules};
pub use inputs::{FILE_BYTES, Input, Inputs, SMALL_BYTES, STAGED_FILES, TREE_FILES};
pub use instructions::{Counted, Held, LESS, MORE, count, counts_table, write_budgets};
pub use machine::Machine;
pub use material::{deflated, delta};
pub use measure::{Figure, Kind, figures, of_kind, process};
pub use peers::{Installed, Peer, Peers};
pub use record::{Measured, Record, Role, Row, records};
pub use response::{Line, Load, Way, crowd, pushes, response_csv, response_table};
pub use run::{LIMIT, Once, Peak, Task, Watch};
pub use statistics::{Spread, ratios};
pub use synthetic::repository;
