//! Without vector instructions: what the other ways are tested against, and what is used where there are none.

use super::{Kinds, MARGIN, WORD, words};

/// The sets as they are given.
#[derive(Debug, Clone)]
pub(super) struct Sets(Box<[[u16; 256]; 4]>);

impl Default for Sets {
    fn default() -> Self {
        Self(Box::new([[0; 256]; 4]))
    }
}

impl Sets {
    pub(super) fn new(sets: &[[u16; 256]; 4]) -> Self {
        Self(Box::new(*sets))
    }
}

pub(super) fn quadruples(sets: &Sets, bytes: &[u8], passing: &mut [u64]) {
    let [first, second, third, fourth] = &*sets.0;
    let of = |set: &[u16; 256], byte: u8| set.get(usize::from(byte)).copied().unwrap_or_default();
    for (out, bytes) in passing.iter_mut().zip(words::<WORD, { WORD + MARGIN }>(bytes)) {
        *out = 0;
        for (bit, window) in bytes.windows(4).enumerate() {
            let [a, b, c, d] = *window else { continue };
            let passes = of(first, a) & of(second, b) & of(third, c) & of(fourth, d) != 0;
            *out |= u64::from(passes) << bit;
        }
    }
}

pub(super) fn kinds(bytes: &[u8], kinds: &mut Kinds, from: usize) {
    for ([token, alnum, base64, digit], bytes) in kinds.from(from).zip(bytes.as_chunks::<WORD>().0) {
        let bits =
            |is: fn(&u8) -> bool| bytes.iter().enumerate().fold(0, |bits, (at, byte)| bits | u64::from(is(byte)) << at);
        *digit = bits(u8::is_ascii_digit);
        *alnum = bits(u8::is_ascii_alphanumeric);
        *base64 = *alnum | bits(|byte| matches!(byte, b'+' | b'/'));
        *token = *base64 | bits(|byte| matches!(byte, b'_' | b'-'));
    }
}

pub(super) fn class_runs(bits: &[u16; 256], bytes: &[u8], classes: u16, mut tell: impl FnMut(usize, usize)) {
    let mut alive = classes;
    for (length, byte) in bytes.iter().enumerate() {
        let goes_on = alive & bits.get(usize::from(*byte)).copied().unwrap_or_default();
        each(u64::from(alive & !goes_on), |class| tell(class, length));
        alive = goes_on;
        if alive == 0 {
            return;
        }
    }
    each(alive.into(), |class| tell(class, bytes.len()));
}

/// Tells of each bit that is set, the lowest first.
#[inline]
pub(crate) fn each(bits: u64, mut tell: impl FnMut(usize)) {
    let mut left = bits;
    while left != 0 {
        tell(left.trailing_zeros() as usize);
        left &= left - 1;
    }
}
