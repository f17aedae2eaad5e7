//! Classes of bytes by their numbers: most are wanted by many rules.

use stanch_rules::ByteClass;

use crate::prefilter::simd::{Class, Level};

/// Distinct classes, as tables.
#[derive(Debug)]
pub(crate) struct Classes {
    level: Level,
    known: Vec<ByteClass>,
    tables: Vec<Class>,
}

impl Default for Classes {
    fn default() -> Self {
        Self { level: Level::best(), known: Vec::new(), tables: Vec::new() }
    }
}

impl Classes {
    /// The number of a class, which is made if it is not known.
    pub(crate) fn index(&mut self, class: ByteClass) -> usize {
        if let Some(index) = self.known.iter().position(|known| *known == class) {
            return index;
        }
        self.known.push(class);
        self.tables.push(Class::new(class.bytes()));
        self.known.len() - 1
    }

    pub(crate) fn contains(&self, class: usize, byte: u8) -> bool {
        self.tables[class].has(byte)
    }

    pub(crate) fn class(&self, class: usize) -> ByteClass {
        self.known[class]
    }

    /// How many bytes from the first one on are in a class, at most a number.
    pub(crate) fn run(&self, class: usize, bytes: &[u8], most: usize) -> usize {
        self.tables[class].run(self.level, bytes, most)
    }

    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }
}
