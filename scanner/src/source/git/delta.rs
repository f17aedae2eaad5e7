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
        let mut joined = Joined { runs, shortest, inserted: 0, copy: None };
        while let Some(instruction) = next(&mut rest)? {
            let (from, range) = match instruction {
                Instruction::Copy(range) => {
                    if range.end > base.len() {
                        return Err(DeltaError::Base);
                    }
                    joined.copy(at, range.start);
                    (base, range)
                }
                Instruction::Insert(bytes) => {
                    joined.insert(at);
                    (bytes, 0..bytes.len())
                }
            };
            let end = at + range.len();
            if end > size {
                return Err(DeltaError::Length);
            }
            if end > out.len() {
                out.resize(size.min((2 * out.len()).max(end)), 0);
            }
            copy(from, range, out, at);
            at = end;
        }
        joined.end(at);
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

/// Makes runs of what the instructions give.
struct Joined<'r> {
    runs: &'r mut Vec<Run>,
    /// A copy of fewer bytes counts as inserted.
    shortest: usize,
    /// Where what counts as inserted starts, behind the last run.
    inserted: usize,
    /// Where the copy starts that the last instruction was part of, and where from.
    copy: Option<(usize, usize)>,
}

impl Joined<'_> {
    /// From here on there is a copy from there on.
    #[inline]
    fn copy(&mut self, at: usize, from: usize) {
        if self.copy.is_none_or(|(start, of)| at - start + of != from) {
            self.insert(at);
            self.copy = Some((at, from));
        }
    }

    /// From here on something is inserted.
    #[inline]
    fn insert(&mut self, at: usize) {
        if let Some((start, from)) = self.copy.take()
            && (at - start >= self.shortest || start == 0)
        {
            self.push(start..at, from);
        }
    }

    /// Here is the end.
    fn end(mut self, at: usize) {
        if let Some((start, from)) = self.copy {
            self.push(start..at, from);
        }
        if self.inserted < at {
            self.runs.push(Run { at: self.inserted..at, copied_from: None });
        }
    }

    fn push(&mut self, at: Range<usize>, from: usize) {
        if self.inserted < at.start {
            self.runs.push(Run { at: self.inserted..at.start, copied_from: None });
        }
        self.inserted = at.end;
        self.runs.push(Run { at, copied_from: Some(from) });
    }
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
    let copy = COPIES.get(usize::from(code & 0x7f)).ok_or(DeltaError::Damaged)?;
    let after = tail.get(usize::from(copy.follow)..).ok_or(DeltaError::Damaged)?;
    // Zeros are read where the delta ends.
    let bytes = match tail.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => tail.iter().rev().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte)),
    };
    let (start, length) = copy.read(bytes);
    *rest = after;
    Ok(Some(Instruction::Copy(start..start + if length == 0 { 0x1_0000 } else { length })))
}

/// What a copy's code says of the bytes after it. Each of its bits stands for a byte of the start or of the length, lowest first, and says whether
/// it follows; if not, it is zero.
#[derive(Clone, Copy)]
struct CopyCode {
    start: Number,
    length: Number,
    /// How many bytes follow.
    follow: u8,
}

/// What follows of a number.
#[derive(Clone, Copy)]
struct Number {
    /// Its bytes that follow, as bits.
    there: u8,
    /// How many bits of the delta they are.
    bits: u8,
    /// Whether only its highest bytes do not, which is mostly so.
    whole: bool,
    /// All of these bits.
    mask: u32,
}

impl Number {
    const fn new(there: u8) -> Self {
        let bits = 8 * there.count_ones() as u8;
        Self { there, bits, whole: there & (there + 1) == 0, mask: ((1_u64 << bits) - 1) as u32 }
    }

    /// The number whose bytes are the lowest ones of these.
    #[inline]
    fn read(self, bytes: u64) -> usize {
        if self.whole { (bytes as u32 & self.mask) as usize } else { self.spread(bytes) }
    }

    #[cold]
    fn spread(self, bytes: u64) -> usize {
        let (mut number, mut left) = (0, bytes);
        for place in (0..4).filter(|place| self.there >> place & 1 == 1) {
            number |= (left & 0xff) << (8 * place);
            left >>= 8;
        }
        number as usize
    }
}

impl CopyCode {
    /// The start and the length of a copy, as the bytes after the code say it.
    #[inline]
    fn read(&self, bytes: u64) -> (usize, usize) {
        (self.start.read(bytes), self.length.read(bytes >> self.start.bits))
    }
}

/// By the lower seven bits of the code.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
static COPIES: [CopyCode; 0x80] = {
    let mut codes = [CopyCode { start: Number::new(0), length: Number::new(0), follow: 0 }; 0x80];
    let mut code = 0;
    while code < 0x80 {
        let (start, length) = (Number::new(code & 0x0f), Number::new(code >> 4));
        codes[code as usize] = CopyCode { start, length, follow: (start.bits + length.bits) / 8 };
        code += 1;
    }
    codes
};

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

    /// A copy as git writes it: bytes of zero are left out.
    fn copy_code(start: [u8; 4], length: [u8; 3]) -> Vec<u8> {
        let all = || start.into_iter().chain(length);
        let code = (0..).zip(all()).fold(0x80, |code, (bit, byte)| code | u8::from(byte > 0) << bit);
        [code].into_iter().chain(all().filter(|byte| *byte > 0)).collect()
    }

    /// Bytes of which half are zero.
    fn sparse<const N: usize>() -> impl Strategy<Value = [u8; N]> {
        any::<[(u8, bool); N]>().prop_map(|all| all.map(|(byte, zero)| if zero { 0 } else { byte }))
    }

    proptest! {
        #[test]
        fn every_copy_is_read(start in sparse::<4>(), length in sparse::<3>(), after in prop::collection::vec(any::<u8>(), 0..9)) {
            let delta = [copy_code(start, length), after.clone()].concat();
            let mut rest = delta.as_slice();
            let read = next(&mut rest);
            let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte));
            let (start, length) = (number(&start), if length == [0; 3] { 0x1_0000 } else { number(&length) });
            prop_assert!(matches!(&read, Ok(Some(Instruction::Copy(range))) if *range == (start..start + length)));
            prop_assert_eq!(rest, after.as_slice());
        }

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
