//! Deltas: an object as copies from another one and inserted bytes
//! (<https://git-scm.com/docs/gitformat-pack#_deltified_representation>).

use std::ops::Range;

use crate::hits::Run;

/// A delta, read as far as its two sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delta<'a> {
    /// The size of the object that it is applied to.
    pub(crate) base_size: u64,
    /// The size of the object that it gives.
    pub(crate) size: u64,
    instructions: &'a [u8],
}

/// Why a delta cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeltaError {
    /// It breaks off, or holds the reserved instruction.
    #[error("the delta is damaged")]
    Damaged,
    /// It copies from beyond the base, or is made for another one.
    #[error("the delta does not fit its base")]
    Base,
    /// It gives another length than it says.
    #[error("the delta gives another length than it says")]
    Length,
}

enum Instruction<'a> {
    Copy(Range<usize>),
    Insert(&'a [u8]),
}

impl<'a> Delta<'a> {
    /// Reads a delta's sizes.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, DeltaError> {
        let (base_size, rest) = size(bytes).ok_or(DeltaError::Damaged)?;
        let (size, instructions) = size(rest).ok_or(DeltaError::Damaged)?;
        Ok(Self { base_size, size, instructions })
    }

    /// Makes the object at the start of `out`, which grows as needed and is not shrunk. The caller has looked at [`Delta::size`]; memory is given
    /// for what the instructions really give, not for what is claimed.
    ///
    /// `runs` tells what came from where, in order; copies that go on where the one before them ended are one run, as git splits long ones.
    /// Runs of fewer bytes than `shortest` count as inserted, but for those at the ends.
    pub(crate) fn apply(
        &self,
        base: &[u8],
        out: &mut Vec<u8>,
        runs: &mut Vec<Run>,
        shortest: usize,
    ) -> Result<(), DeltaError> {
        runs.clear();
        if self.base_size != base.len() as u64 {
            return Err(DeltaError::Base);
        }
        let size = usize::try_from(self.size).map_err(|_| DeltaError::Length)?;
        let (mut rest, mut at) = (self.instructions, 0);
        while let Some(instruction) = next(&mut rest)? {
            let (from, range, copied_from) = match instruction {
                Instruction::Copy(range) => (base, range.clone(), Some(range.start)),
                Instruction::Insert(bytes) => (bytes, 0..bytes.len(), None),
            };
            let end = at + range.len();
            if end > size || range.end > from.len() {
                return Err(if range.end > from.len() { DeltaError::Base } else { DeltaError::Length });
            }
            if end > out.len() {
                out.resize(size.min((2 * out.len()).max(end)), 0);
            }
            copy(from, range, out, at);
            join(runs, at..end, copied_from, shortest);
            at = end;
        }
        if at == size { Ok(()) } else { Err(DeltaError::Length) }
    }
}

/// Copies a range, which must be there, to a place that has room for it. Most ranges are short, and a copy of fixed length costs no call; what it
/// overwrites behind the range is still to come.
#[inline]
fn copy(from: &[u8], range: Range<usize>, out: &mut [u8], at: usize) {
    const SHORT: usize = 32;
    const LONGER: usize = 96;
    let source = from.get(range.start..).unwrap_or_default();
    let target = out.get_mut(at..).unwrap_or_default();
    if range.len() <= SHORT
        && let Some((source, target)) = source.first_chunk::<SHORT>().zip(target.first_chunk_mut::<SHORT>())
    {
        *target = *source;
    } else if range.len() <= LONGER
        && let Some((source, target)) = source.first_chunk::<LONGER>().zip(target.first_chunk_mut::<LONGER>())
    {
        *target = *source;
    } else if let Some((source, target)) = source.get(..range.len()).zip(target.get_mut(..range.len())) {
        target.copy_from_slice(source);
    }
}

/// Adds a run, or makes the last one longer. If that is a copy that stays too short, it counts as inserted.
#[inline]
fn join(runs: &mut Vec<Run>, at: Range<usize>, copied_from: Option<usize>, shortest: usize) {
    if at.is_empty() {
        return;
    }
    if let [.., before, last] = &mut runs[..]
        && last.copied_from.is_some_and(|of_last| {
            last.at.len() < shortest && copied_from.is_none_or(|from| of_last + last.at.len() != from)
        })
    {
        last.copied_from = None;
        if before.copied_from.is_none() {
            before.at.end = last.at.end;
            runs.pop();
        }
    }
    if let Some(last) = runs.last_mut() {
        let goes_on = match (last.copied_from, copied_from) {
            (Some(before), Some(from)) => before + last.at.len() == from,
            (None, None) => true,
            _ => false,
        };
        if goes_on {
            last.at.end = at.end;
            return;
        }
    }
    runs.push(Run { at, copied_from });
}

/// Takes the next instruction off; `None` at the end.
#[inline]
fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<Instruction<'a>>, DeltaError> {
    let Some((&code, tail)) = rest.split_first() else { return Ok(None) };
    if code & 0x80 == 0 {
        let length = usize::from(code);
        // An insertion of nothing is the reserved instruction.
        if length == 0 || tail.len() < length {
            return Err(DeltaError::Damaged);
        }
        let (bytes, after) = tail.split_at(length);
        *rest = after;
        return Ok(Some(Instruction::Insert(bytes)));
    }
    // Each bit of the code says whether a byte of the number follows; zeros are read where the delta ends.
    let follow = (code & 0x7f).count_ones() as usize;
    let Some(after) = tail.get(follow..) else { return Err(DeltaError::Damaged) };
    let bytes = match tail.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => tail.iter().rev().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte)),
    };
    let (of_start, of_length) = (code & 0x0f, code >> 4 & 0x07);
    let (start, rest_of) = spread(bytes, of_start);
    let (length, _) = spread(rest_of, of_length);
    *rest = after;
    Ok(Some(Instruction::Copy(start..start + if length == 0 { 0x1_0000 } else { length })))
}

/// A number of which the bytes that are not zero follow each other: each bit of `there` says whether one does. What comes after them is given
/// too.
#[inline]
fn spread(bytes: u64, there: u8) -> (usize, u64) {
    let many = there.count_ones();
    let after = bytes >> (8 * many);
    // Mostly only the highest ones are missing.
    if there & (there + 1) == 0 {
        return ((bytes & ((1 << (8 * many)) - 1)) as usize, after);
    }
    let (mut number, mut left) = (0, bytes);
    for place in (0..4).filter(|place| there >> place & 1 == 1) {
        number |= (left & 0xff) << (8 * place);
        left >>= 8;
    }
    (number as usize, after)
}

/// A size in groups of seven bits, lowest first.
fn size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut size = 0_u64;
    for (n, byte) in bytes.iter().enumerate().take(10) {
        let group = u64::from(byte & 0x7f);
        if n == 9 && group > 1 {
            return None;
        }
        size |= group << (7 * n);
        if byte & 0x80 == 0 {
            return Some((size, bytes.get(n + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn applied(delta: &[u8], base: &[u8]) -> Result<(Vec<u8>, Vec<Run>), DeltaError> {
        let (mut out, mut runs) = (Vec::new(), Vec::new());
        Delta::parse(delta)?.apply(base, &mut out, &mut runs, 0)?;
        Ok((out, runs))
    }

    #[test]
    fn copies_and_insertions() {
        let base = b"0123456789";
        let copy = |from: u8, length: u8| [0x91, from, length];
        let mut delta = vec![10, 12];
        delta.extend(copy(0, 3));
        delta.extend(copy(3, 3));
        delta.extend([2, b'a', b'b', 1, b'c']);
        delta.extend(copy(7, 3));
        let runs = vec![
            Run { at: 0..6, copied_from: Some(0) },
            Run { at: 6..9, copied_from: None },
            Run { at: 9..12, copied_from: Some(7) },
        ];
        assert_eq!(applied(&delta, base), Ok((b"012345abc789".to_vec(), runs)));
        assert_eq!(applied(&[10, 0], base), Ok((Vec::new(), Vec::new())), "an object of nothing");
    }

    #[test]
    fn hostile_deltas() {
        let base = b"0123456789";
        assert_eq!(applied(&[9, 1, 1, b'a'], base), Err(DeltaError::Base), "made for another base");
        assert_eq!(applied(&[10, 2, 1, b'a'], base), Err(DeltaError::Length), "less than it says");
        assert_eq!(applied(&[10, 1, 2, b'a', b'b'], base), Err(DeltaError::Length), "more than it says");
        assert_eq!(applied(&[10, 3, 0x91, 8, 3], base), Err(DeltaError::Base), "beyond the base");
        assert_eq!(applied(&[10, 1, 0], base), Err(DeltaError::Damaged), "the reserved instruction");
        assert_eq!(applied(&[10, 5, 5, b'a'], base), Err(DeltaError::Damaged), "an insertion that breaks off");
        assert_eq!(applied(&[10, 5, 0xff, 1], base), Err(DeltaError::Damaged), "a copy that breaks off");
        assert_eq!(applied(&[0xff; 30], base), Err(DeltaError::Damaged), "an endless size");
        // A claim of 2^60 bytes asks for no memory.
        let claim = [10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 1, b'a'];
        assert_eq!(applied(&claim, base), Err(DeltaError::Length));
    }

    #[test]
    fn short_copies_count_as_inserted() {
        let base = b"0123456789";
        let copy = |from: u8, length: u8| [0x91, from, length];
        let mut delta = vec![10, 17];
        delta.extend(copy(0, 4));
        delta.extend([1, b'a']);
        delta.extend(copy(5, 2));
        // These two are one copy, and long enough together.
        delta.extend(copy(1, 2));
        delta.extend(copy(3, 3));
        delta.extend(copy(9, 1));
        delta.extend(copy(2, 4));
        let (mut out, mut runs) = (Vec::new(), Vec::new());
        let applied = Delta::parse(&delta).and_then(|delta| delta.apply(base, &mut out, &mut runs, 4));
        assert_eq!((applied, &out[..]), (Ok(()), &b"0123a561234592345"[..]));
        let known = [(0..4, Some(0)), (4..7, None), (7..12, Some(1)), (12..13, None), (13..17, Some(2))];
        assert_eq!(runs, known.map(|(at, copied_from)| Run { at, copied_from }));
    }

    proptest! {
        #[test]
        fn any_bytes(delta in prop::collection::vec(any::<u8>(), 0..60), base in prop::collection::vec(any::<u8>(), 0..30)) {
            if let Ok((out, runs)) = applied(&delta, &base) {
                let mut at = 0;
                for run in runs {
                    prop_assert_eq!(run.at.start, at);
                    if let Some(from) = run.copied_from {
                        prop_assert_eq!(out.get(run.at.clone()), base.get(from..from + run.at.len()));
                    }
                    at = run.at.end;
                }
                prop_assert_eq!(at, out.len());
            }
        }
    }
}
