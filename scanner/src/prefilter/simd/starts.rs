//! Where in runs of token bytes a value may start, by the bits of words alone: the compiler makes vector code of it for each level.

#![expect(clippy::inline_always, reason = "a function has the instructions of the one that it is part of")]

use super::{Kinds, WORD, WORDS};

/// For each word between the first and the last the bits of the starts.
#[inline(always)]
pub(super) fn of(kinds: &Kinds) -> [u64; WORDS] {
    let mut starts = [0; WORDS];
    for (word, starts) in starts.iter_mut().enumerate() {
        *starts = of_word(kinds, word);
    }
    starts
}

/// The bits of the starts in a word, of which there are [`WORDS`].
#[inline(always)]
pub(super) fn of_word(kinds: &Kinds, word: usize) -> u64 {
    let [before, here, next] = [word, word + 1, word + 2];
    let Kinds { token, alnum, digit, .. } = kinds;
    let opens = alnum[here] | alnum[here] >> 1 | alnum[next] << (WORD - 1);
    let glued = alnum[here] << 1 | alnum[before] >> (WORD - 1);
    // The token bytes that the next word begins with. Where they are all of it, what follows is not seen from here.
    let first = token[next] & !token[next].wrapping_add(1);
    let goes_on = u64::from(digit[next] & first != 0 || first == u64::MAX) << (WORD - 1);
    let digits = reaching(digit[here] | goes_on & token[here], token[here]);
    long(token[here], token[next]) & opens & !glued & digits
}

/// The bits at which sixteen set bits start.
#[inline(always)]
fn long(bits: u64, next: u64) -> u64 {
    let (mut low, mut high) = (bits, next);
    for shift in [1, 2, 4, 8] {
        low &= low >> shift | high << (WORD - shift);
        high &= high >> shift;
    }
    low
}

/// The bits of `run` from which on set bits lead to one of `wanted`, which is part of it (a parallel prefix, Kogge and Stone 1973).
#[inline(always)]
fn reaching(wanted: u64, run: u64) -> u64 {
    let (mut reached, mut run) = (wanted, run);
    for shift in [1, 2, 4, 8, 16, 32] {
        reached |= run & reached >> shift;
        run &= run >> shift;
    }
    reached
}
