//! Long token-like values: where in the runs of token bytes a value may start.

use std::ops::Range;

use stanch_rules::{MIN_RUN, run_class};

use crate::prefilter::simd::{Kinds, Level, WORD, WORDS};
use crate::prefilter::spans::Spans;

const LONG: usize = MIN_RUN as usize;

fn is_token(byte: u8) -> bool {
    run_class().contains(byte)
}

/// Where the last run of token bytes in some bytes starts, if they end with one; else their length.
pub(crate) fn last_run(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&byte| !is_token(byte)).map_or(0, |at| at + 1)
}

/// Tells of every byte in `range` at which a token-like value may start: at least sixteen token bytes follow, the first of them or the one
/// after it a letter or digit, and no letter or digit stands before it. How far these go comes along. A value has a digit, so where the run is seen to have none any
/// more, there are no starts; what is seen are the words that the search happens to take together.
pub(crate) fn token_starts(level: Level, input: &[u8], range: &Range<usize>, mut hit: impl FnMut(usize, Spans)) {
    let end = range.end.min((input.len() + 1).saturating_sub(LONG));
    let mut at = range.start;
    let mut kinds = Kinds::NONE;
    while at < end {
        classify(&mut kinds, level, input, range.start, at..end);
        let words = (end - at).div_ceil(WORD).min(WORDS);
        for (word, starts) in kinds.starts(level, words).iter().enumerate().take(words) {
            let mut left = *starts;
            while left != 0 {
                let bit = left.trailing_zeros();
                let start = at + word * WORD + bit as usize;
                left &= left - 1;
                if start < end {
                    hit(start, kinds.spans(word, bit));
                }
            }
        }
        at += words * WORD;
    }
}

/// What the bytes of the words of a range are, as many as are wanted, with the byte before them and the word after them. `first` is where the range began
/// of which this is what is left.
fn classify(kinds: &mut Kinds, level: Level, input: &[u8], first: usize, Range { start: at, end }: Range<usize>) {
    let known = if at == first {
        let before = at.checked_sub(1).and_then(|before| input.get(before));
        kinds.alnum[0] = u64::from(before.is_some_and(u8::is_ascii_alphanumeric)) << (WORD - 1);
        0
    } else {
        kinds.go_on();
        1
    };
    let wanted = (end - at).div_ceil(WORD).min(WORDS) + 1;
    let bytes = input.get(at + known * WORD..input.len().min(at + wanted * WORD)).unwrap_or_default();
    let told = 1 + known + bytes.len() / WORD;
    // What is not told below is nothing.
    kinds.clear(told..1 + wanted);
    kinds.tell(level, bytes, 1 + known);
    let (_, last) = bytes.as_chunks::<WORD>();
    if !last.is_empty() {
        // After the end of the input there are zeros.
        let mut padded = [0; WORD];
        padded.iter_mut().zip(last).for_each(|(to, from)| *to = *from);
        kinds.tell(level, &padded, told);
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
            let long = input.get(at..at + LONG).is_some_and(|ahead| ahead.iter().all(|&b| is_token(b)));
            let opens = |at: usize| input[at].is_ascii_alphanumeric() || input[at + 1].is_ascii_alphanumeric();
            long && opens(at) && (at == 0 || !input[at - 1].is_ascii_alphanumeric())
        };
        let digit = |at: &usize| input[*at..].iter().take_while(|&&b| is_token(b)).any(u8::is_ascii_digit);
        let may: Vec<usize> = range.filter(may).collect();
        (may.iter().copied().filter(digit).collect(), may)
    }

    fn fast(input: &[u8], range: Range<usize>) -> Vec<usize> {
        let mut hits = Vec::new();
        token_starts(Level::best(), input, &range, |at, spans| {
            assert_eq!(spans, Spans::of(&input[at..]), "at {at}");
            hits.push(at);
        });
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
        let long = [&[b'a'; 200][..], b"1"].concat();
        assert_eq!(fast(&long, 0..long.len()), [0], "a digit out of sight may be there");
    }

    proptest! {
        #[test]
        fn equals_a_look_at_every_position(input in "[a1/ ]{0,6}([a/]{0,20}[a1/]{10,30}[ =]?){0,6}", cut in 0_usize..150) {
            let input = input.as_bytes();
            let (must, may) = naive(input, 0..input.len());
            let cut = cut.min(input.len());
            let parts = [fast(input, 0..cut), fast(input, cut..input.len())].concat();
            for starts in [fast(input, 0..input.len()), parts] {
                prop_assert!(must.iter().all(|at| starts.contains(at)));
                prop_assert!(starts.iter().all(|at| may.contains(at)));
                // A run that ends within the next word shows whether it has a digit.
                let run = |at: usize| input[at..].iter().take_while(|byte| is_token(**byte)).count();
                prop_assert!(starts.iter().all(|at| must.contains(at) || run(*at) > WORD));
            }
        }
    }
}
