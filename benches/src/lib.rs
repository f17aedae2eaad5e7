//! What the benchmarks share: the corpora they run on, and how a measurement is taken and written down.

mod corpora;
mod machine;
mod measure;

pub use corpora::{Corpus, CorpusError, corpora, fetch, folder};
pub use machine::Machine;
pub use measure::{Figure, Kind, figures, of_kind, process};
