//! The places of bits in words, one after the other: the compiler counts and clears bits by the instructions of each level.

#![expect(clippy::inline_always, reason = "a function has the instructions of the one that it is part of")]

use super::WORD;
use super::scalar::each;

/// So many words at most are listed at once.
pub(crate) const LISTED: usize = 32;
/// How many bits a word has cannot be guessed, and is mostly less than five: so four are written in any case.
const AHEAD: usize = 4;
/// The bits of a place, and a word's size at each of four places.
const LANE: usize = u16::BITS as usize;
const STEP: u64 = 0x0001_0001_0001_0001 * WORD as u64;

/// The places of the bits that are set in some words.
pub(crate) struct Places(pub(super) [u16; LISTED * WORD + AHEAD]);

impl Places {
    pub(crate) const NONE: Self = Self([0; _]);
}

/// Lists the places of the bits that are set in at most [`LISTED`] words, in order; gives how many there are.
#[inline(always)]
pub(super) fn of(words: &[u64], Places(places): &mut Places) -> usize {
    let (mut count, mut starts) = (0, 0);
    for bits in &words[..words.len().min(LISTED)] {
        let mut left = *bits;
        // Side by side, so that the start of the word is added to all of them at once. Where no bit is left, what is written is written over.
        let mut first = 0;
        for place in 0..AHEAD {
            first |= u64::from(left.trailing_zeros()) << (place * LANE);
            left &= left.wrapping_sub(1);
        }
        first += starts;
        if let Some(room) = places.get_mut(count..).and_then(|room| room.first_chunk_mut::<AHEAD>()) {
            *room = std::array::from_fn(|place| (first >> (place * LANE)) as u16);
        }
        if left != 0 {
            let mut more = places.get_mut(count + AHEAD..).unwrap_or_default().iter_mut();
            each(left, |place| more.next().into_iter().for_each(|room| *room = starts as u16 + place as u16));
        }
        count += bits.count_ones() as usize;
        starts += STEP;
    }
    count
}
