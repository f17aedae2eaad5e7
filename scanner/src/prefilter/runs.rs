//! Long token-like values: where in the runs of token bytes a value may start.

use std::ops::Range;

use stanch_rules::MIN_RUN;

use crate::prefilter::simd::{Kinds, Level, WORD, kinds};

const LONG: usize = MIN_RUN as usize;

/// What a byte is to the run finder.
const TABLE: [u8; 256] = {
    let mut table = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphanumeric() {
            table[byte] = ALNUM;
        } else if matches!(byte as u8, b'+' | b'/' | b'_' | b'-') {
            table[byte] = SIGN;
        }
        byte += 1;
    }
    table
};
const OTHER: u8 = 0;
/// A sign that tokens may hold.
const SIGN: u8 = 1;
/// A letter or digit.
const ALNUM: u8 = 2;

fn kind(byte: u8) -> u8 {
    TABLE[usize::from(byte)]
}

/// Where the last run of token bytes in some bytes starts, if they end with one; else their length.
pub(crate) fn last_run(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&byte| kind(byte) == OTHER).map_or(0, |at| at + 1)
}

/// So many words are classified at once.
const WORDS: usize = 16;

/// Tells of every byte in `range` at which a token-like value may start: at least sixteen token bytes follow, the first of them or the one
/// after it a letter or digit, and no letter or digit stands before it. A value has a digit, so where the run is seen to have none any
/// more, there are no starts.
pub(crate) fn token_starts(input: &[u8], range: &Range<usize>, mut hit: impl FnMut(usize)) {
    let limit = input.len().min(range.end.saturating_add(LONG));
    let level = Level::best();
    let mut digits = Digits { limit, seen: 0..0, last: None, goes_on: false };
    let mut known = [Kinds::default(); WORDS + 1];
    let mut at = range.start;
    let mut glued = at.checked_sub(1).and_then(|before| input.get(before)).is_some_and(u8::is_ascii_alphanumeric);
    while at < range.end && input.len() - at >= LONG {
        let words = (range.end.min(input.len()) - at).div_ceil(WORD).min(WORDS);
        let known = classify(level, input, at, words, &mut known);
        for (here, next) in known.iter().zip(known.iter().skip(1)) {
            let opens = here.alnum | (here.alnum >> 1 | next.alnum << 63);
            let mut starts = long(here.token, next.token) & opens & !(here.alnum << 1 | u64::from(glued));
            glued = here.alnum >> 63 == 1;
            while starts != 0 {
                let bit = starts.trailing_zeros();
                starts &= starts - 1;
                let start = at + bit as usize;
                if start < range.end && digits.follow(input, start, here.from_bit(*next, bit)) {
                    hit(start);
                }
            }
            at += WORD;
        }
    }
}

/// What the bytes of some words and of the one after them are. After the end of the input there are none.
fn classify<'k>(level: Level, input: &[u8], at: usize, words: usize, known: &'k mut [Kinds; WORDS + 1]) -> &'k [Kinds] {
    let bytes = input.get(at..).unwrap_or_default();
    let known = known.get_mut(..=words).unwrap_or_default();
    let whole = (bytes.len() / WORD).min(known.len());
    let (inside, beyond) = known.split_at_mut(whole);
    kinds(level, bytes, inside);
    if let Some((last, after)) = beyond.split_first_mut() {
        let mut padded = [0; WORD];
        padded.iter_mut().zip(bytes.get(whole * WORD..).unwrap_or_default()).for_each(|(to, from)| *to = *from);
        kinds(level, &padded, std::slice::from_mut(last));
        after.fill(Kinds::default());
    }
    known
}

/// The bits at which sixteen set bits start.
#[inline]
fn long(bits: u64, next: u64) -> u64 {
    let (mut low, mut high) = (bits, next);
    for shift in [1, 2, 4, 8] {
        low &= low >> shift | high << (WORD as u32 - shift);
        high &= high >> shift;
    }
    low
}

/// Whether digits follow in runs of token bytes. Runs that are longer than a word are looked through once.
struct Digits {
    /// What lies behind is not looked at: there may be a digit.
    limit: usize,
    /// The part of a run that was looked through.
    seen: Range<usize>,
    /// Its last digit.
    last: Option<usize>,
    /// Whether the run may go on behind it.
    goes_on: bool,
}

impl Digits {
    /// Whether there is a digit from a start on before its run ends. `near` is what the 64 bytes from there on are.
    fn follow(&mut self, input: &[u8], start: usize, near: Kinds) -> bool {
        let length = near.token.trailing_ones();
        if length < u64::BITS {
            return near.digit & ((1 << length) - 1) != 0;
        }
        near.digit != 0 || self.follow_far(input, start)
    }

    #[cold]
    fn follow_far(&mut self, input: &[u8], start: usize) -> bool {
        if !self.seen.contains(&start) {
            let from = start + WORD;
            let rest = input.get(from..self.limit).unwrap_or_default();
            let end = rest.iter().position(|&byte| kind(byte) == OTHER);
            let run = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            self.seen = start..from + run.len();
            self.last = run.iter().rposition(u8::is_ascii_digit).map(|at| from + at);
            self.goes_on = end.is_none() && self.limit < input.len();
        }
        self.goes_on || self.last.is_some_and(|last| last >= start)
    }
}

impl Kinds {
    /// What follows from a bit of this word on, the next word's bits after its own.
    fn from_bit(self, next: Self, bit: u32) -> Self {
        let of = |low: u64, high: u64| ((u128::from(high) << WORD | u128::from(low)) >> bit) as u64;
        Self { token: of(self.token, next.token), alnum: of(self.alnum, next.alnum), digit: of(self.digit, next.digit) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The starts that must be told, and those that may be.
    fn naive(input: &[u8], range: Range<usize>) -> (Vec<usize>, Vec<usize>) {
        let may = |at: &usize| {
            let at = *at;
            let long = input.get(at..at + LONG).is_some_and(|ahead| ahead.iter().all(|&b| kind(b) != OTHER));
            let opens = |at: usize| kind(input[at]) == ALNUM || kind(input[at + 1]) == ALNUM;
            long && opens(at) && (at == 0 || kind(input[at - 1]) != ALNUM)
        };
        let digit = |at: &usize| input[*at..].iter().take_while(|&&b| kind(b) != OTHER).any(u8::is_ascii_digit);
        let may: Vec<usize> = range.filter(may).collect();
        (may.iter().copied().filter(digit).collect(), may)
    }

    fn fast(input: &[u8], range: Range<usize>) -> Vec<usize> {
        let mut hits = Vec::new();
        token_starts(input, &range, |at| hits.push(at));
        hits
    }

    #[test]
    fn after_a_sign_a_value_may_start_again() {
        let input = b"x=ab/0123456789abcdefgh;";
        assert_eq!(fast(input, 0..input.len()), [2, 5]);
        let input = b"x=/-0123456789abcdefgh;";
        assert_eq!(fast(input, 0..input.len()), [3, 4], "a sign counts right before a letter or digit only");
        let input = b"x=/a_long_name_without_digits;";
        assert!(fast(input, 0..input.len()).is_empty());
    }

    proptest! {
        #[test]
        fn equals_a_look_at_every_position(input in "[a1/ ]{0,6}([a/]{0,20}[a1/]{10,30}[ =]?){0,6}", cut in 0_usize..150) {
            let input = input.as_bytes();
            let (must, may) = naive(input, 0..input.len());
            prop_assert_eq!(&fast(input, 0..input.len()), &must);
            let cut = cut.min(input.len());
            let mut parts = fast(input, 0..cut);
            parts.extend(fast(input, cut..input.len()));
            prop_assert!(must.iter().all(|at| parts.contains(at)));
            prop_assert!(parts.iter().all(|at| may.contains(at)));
        }
    }
}
