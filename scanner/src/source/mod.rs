//! Where documents come from.

mod memory;
mod reader;
mod tree;

pub use memory::scan_bytes;
pub use reader::{StdinOptions, scan_reader};
pub use tree::{TreeOptions, scan_tree};
