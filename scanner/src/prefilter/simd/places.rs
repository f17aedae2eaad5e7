//! The places of bits in words, one after the other: the compiler counts and clears bits by the instructions of each level.

#![expect(clippy::inline_always, reason = "a function has the instructions of the one that it is part of")]

use super::WORD;
use super::scalar::each;

/// So many words at most are listed at once.
pub(crate) const LISTED: usize = 32;
/// How many bits a word has cannot be guessed, and is mostly less than five: so four are written in any case.
const AHEAD: usize = 4;

/// The places of the bits that are set in some words.
pub(crate) struct Places(pub(super) [u16; LISTED * WORD + AHEAD]);

impl Places {
    pub(crate) const NONE: Self = Self([0; _]);
}

/// Lists the places of the bits that are set in at most [`LISTED`] words, in order; gives how many there are.
#[inline(always)]
pub(super) fn of(words: &[u64], Places(places): &mut Places) -> usize {
    let mut count = 0;
    for (word, bits) in words.iter().enumerate().take(LISTED) {
        let (start, mut left) = ((word * WORD) as u16, *bits);
        let first: [u16; AHEAD] = std::array::from_fn(|_| {
            let place = (left | 1 << (WORD - 1)).trailing_zeros();
            left &= left.wrapping_sub(1);
            start + place as u16
        });
        if let Some(room) = places.get_mut(count..).and_then(|room| room.first_chunk_mut()) {
            *room = first;
        }
        if left != 0 {
            let mut more = places.get_mut(count + AHEAD..).unwrap_or_default().iter_mut();
            each(left, |place| more.next().into_iter().for_each(|room| *room = start + place as u16));
        }
        count += bits.count_ones() as usize;
    }
    count
}
