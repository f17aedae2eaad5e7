//! A bit for each number.

/// The bits, none of which is set at first.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// Bits for the numbers below `count`.
    pub(crate) fn new(count: u32) -> Self {
        Self { words: vec![0; count as usize / 64 + 1] }
    }

    /// Whether the bit of a number is set.
    pub(crate) fn has(&self, number: u32) -> bool {
        self.words.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Sets the bit of a number, if there is one.
    pub(crate) fn set(&mut self, number: u32) {
        if let Some(word) = self.words.get_mut(number as usize / 64) {
            *word |= 1 << (number % 64);
        }
    }
}
