//! Long token-like values: where in the runs of token bytes a value may start.

use std::ops::Range;

use stanch_rules::MIN_RUN;

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

/// Tells of every byte in `range` at which a token-like value may start: at least sixteen token bytes follow, the first of them or the one
/// after it a letter or digit, and no letter or digit stands before it. A value has a digit, so where the run is seen to have none any
/// more, there are no starts.
///
/// Sixteen token bytes in a row cover each sixteenth position, so most of the input is never looked at.
pub(crate) fn token_starts(input: &[u8], range: &Range<usize>, mut hit: impl FnMut(usize)) {
    let limit = input.len().min(range.end.saturating_add(LONG));
    let mut at = range.start;
    while at < range.end {
        let Some(ahead) = input.get(at..at + LONG) else { return };
        // The last byte that is no token byte ends every run that starts before it.
        if let Some(gap) = ahead.iter().rposition(|&byte| kind(byte) == OTHER) {
            at += gap + 1;
            continue;
        }
        let rest = input.get(at + LONG..limit).unwrap_or_default();
        let end = rest.iter().position(|&byte| kind(byte) == OTHER);
        let seen = end.map_or(limit.max(at + LONG), |n| at + LONG + n);
        let last_digit = input[at..seen].iter().rposition(u8::is_ascii_digit);
        // A run that goes on out of sight may have its digit there.
        let ends_in_sight = end.is_some() || limit == input.len();
        let stop = if ends_in_sight { last_digit.map_or(at, |n| at + n + 1) } else { seen };
        starts_in_run(input, at, seen, range.end.min(stop), &mut hit);
        at = seen;
    }
}

/// The starts before `stop` in a run of token bytes, which goes on at least to `end`.
fn starts_in_run(input: &[u8], run: usize, end: usize, stop: usize, hit: &mut impl FnMut(usize)) {
    let last = stop.min((end + 1).saturating_sub(LONG));
    for at in run..last {
        let glued = at.checked_sub(1).is_some_and(|before| kind(input[before]) == ALNUM);
        let opens = kind(input[at]) == ALNUM || kind(input[at + 1]) == ALNUM;
        if !glued && opens {
            hit(at);
        }
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
