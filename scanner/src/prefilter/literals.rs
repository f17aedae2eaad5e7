//! Many literals at once: four bytes of each are hashed into a bitmap that fits the first cache level, and every position
//! of the input is looked up in it. What passes is compared in full.

use std::collections::HashMap;
use std::ops::Range;

use stanch_rules::ByteClass;

/// Who wants to know of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct User {
    /// The rule's index.
    pub(crate) rule: u32,
    /// Which of the rule's shapes.
    pub(crate) alternative: u16,
    /// How many bytes before the literal the match starts.
    pub(crate) offset: u16,
}

/// Four bytes with bit 5 set: letters lose their case, and so do a few signs. False friends fall out at the comparison.
const FOLD: u32 = 0x2020_2020;
/// A multiplier that spreads four bytes over 32 bits (Knuth, section 6.4).
const SPREAD: u32 = 0x9e37_79b1;
/// The size of the bitmap: 65,536 bits are 8 KiB.
const BITS: u32 = 16;

/// The literals of all rules, ready to be looked for.
#[derive(Debug)]
pub(crate) struct Literals {
    bitmap: Box<[u64]>,
    /// For each folded quadruple, the range of `entries` that have it.
    buckets: HashMap<u32, Range<u32>, Spread>,
    entries: Vec<Entry>,
    known: Vec<Literal>,
    /// The furthest that a quadruple stands from the start of a match.
    reach: usize,
    /// How many bytes from the start of a match on a hit depends on, at most.
    pub(crate) span: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    literal: u32,
    /// Where in the literal the quadruple stands.
    gram: u16,
}

#[derive(Debug)]
struct Literal {
    bytes: Vec<u8>,
    /// Whether letters match in either case.
    fold: bool,
    users: Vec<User>,
}

/// Collects literals.
#[derive(Debug, Default)]
pub(crate) struct LiteralsBuilder {
    literals: Vec<(Literal, Option<ByteClass>)>,
    known: HashMap<(Vec<u8>, bool), usize>,
}

impl LiteralsBuilder {
    /// Adds a literal of three and more bytes. `next` is the class of the byte after it, where that is known; letters match in
    /// either case under `fold`.
    pub(crate) fn add(&mut self, bytes: &[u8], fold: bool, next: Option<ByteClass>, user: User) {
        let index = *self.known.entry((bytes.to_vec(), fold)).or_insert_with(|| {
            self.literals.push((Literal { bytes: bytes.to_vec(), fold, users: Vec::new() }, next));
            self.literals.len() - 1
        });
        let (literal, known_next) = &mut self.literals[index];
        if *known_next != next {
            *known_next = None;
        }
        literal.users.push(user);
    }

    pub(crate) fn build(self) -> Literals {
        let mut grams: Vec<(u32, Entry)> = Vec::new();
        let (mut reach, mut span) = (0, 0);
        for (index, (literal, next)) in self.literals.iter().enumerate() {
            let gram = rarest(&literal.bytes);
            let entry = Entry { literal: index as u32, gram: gram as u16 };
            grams.extend(quadruples(&literal.bytes[gram..], *next).into_iter().map(|quadruple| (quadruple, entry)));
            let offset = literal.users.iter().map(|user| usize::from(user.offset)).max().unwrap_or(0);
            reach = reach.max(offset + gram);
            // The byte after a literal of three is looked at too.
            span = span.max(offset + literal.bytes.len() + 1);
        }
        grams.sort_by_key(|(quadruple, entry)| (*quadruple, entry.literal));
        let mut bitmap = vec![0_u64; 1 << (BITS - 6)].into_boxed_slice();
        let mut buckets: HashMap<u32, Range<u32>, Spread> = HashMap::default();
        for (at, (quadruple, _)) in grams.iter().enumerate() {
            let bit = slot(*quadruple);
            bitmap[bit >> 6] |= 1 << (bit & 63);
            buckets.entry(*quadruple).or_insert(at as u32..at as u32).end = at as u32 + 1;
        }
        let entries = grams.into_iter().map(|(_, entry)| entry).collect();
        let literals = self.literals.into_iter().map(|(literal, _)| literal).collect();
        Literals { bitmap, buckets, entries, known: literals, reach, span }
    }
}

impl Literals {
    /// Tells of every user whose match would start in `range`.
    pub(crate) fn find(&self, input: &[u8], range: &Range<usize>, mut hit: impl FnMut(User, usize)) {
        let end = input.len().min(range.end.saturating_add(self.reach));
        let stop = end.min(input.len().saturating_sub(3));
        let windows = input.get(range.start..).unwrap_or_default().windows(4);
        for (at, window) in (range.start..stop).zip(windows) {
            let quadruple = u32::from_le_bytes([window[0], window[1], window[2], window[3]]) | FOLD;
            let bit = slot(quadruple);
            if self.bitmap[bit >> 6] >> (bit & 63) & 1 == 1 {
                self.confirm(input, range, at, quadruple, &mut hit);
            }
        }
        // The last three bytes have no quadruple of their own; a literal of three bytes may still stand there.
        for at in stop.max(range.start)..end {
            let mut last = [0; 4];
            for (slot, byte) in last.iter_mut().zip(&input[at..]) {
                *slot = *byte;
            }
            self.confirm(input, range, at, u32::from_le_bytes(last) | FOLD, &mut hit);
        }
    }

    #[inline(never)]
    fn confirm(
        &self,
        input: &[u8],
        range: &Range<usize>,
        at: usize,
        quadruple: u32,
        hit: &mut impl FnMut(User, usize),
    ) {
        let Some(bucket) = self.buckets.get(&quadruple) else { return };
        for entry in &self.entries[bucket.start as usize..bucket.end as usize] {
            let literal = &self.known[entry.literal as usize];
            let Some(start) = at.checked_sub(usize::from(entry.gram)) else { continue };
            if !literal.stands_at(input, start) {
                continue;
            }
            for user in &literal.users {
                if let Some(start) = start.checked_sub(usize::from(user.offset))
                    && range.contains(&start)
                {
                    hit(*user, start);
                }
            }
        }
    }
}

impl Literal {
    fn stands_at(&self, input: &[u8], at: usize) -> bool {
        let Some(found) = input.get(at..).and_then(|rest| rest.get(..self.bytes.len())) else { return false };
        if self.fold { found.eq_ignore_ascii_case(&self.bytes) } else { found == self.bytes }
    }
}

/// The bit of a quadruple in the bitmap.
const fn slot(quadruple: u32) -> usize {
    (quadruple.wrapping_mul(SPREAD) >> (32 - BITS)) as usize
}

/// The folded quadruples that the bytes may start with: one, or for three bytes one for each byte that may follow.
fn quadruples(bytes: &[u8], next: Option<ByteClass>) -> Vec<u32> {
    if let [a, b, c, d, ..] = *bytes {
        return vec![u32::from_le_bytes([a, b, c, d]) | FOLD];
    }
    let [a, b, c, ..] = *bytes else { return Vec::new() };
    let mut following: Vec<u8> = match next {
        Some(class) => class.bytes().collect(),
        None => (0..=255).collect(),
    };
    following.push(0); // The end of the input.
    let mut all: Vec<u32> = following.into_iter().map(|d| u32::from_le_bytes([a, b, c, d]) | FOLD).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Where in a literal its rarest quadruple stands.
fn rarest(bytes: &[u8]) -> usize {
    let rarity = |window: &[u8]| window.iter().map(|&b| u32::from(rareness(b))).sum::<u32>();
    let grams = bytes.windows(4).enumerate();
    grams.rev().max_by_key(|(_, window)| rarity(window)).map_or(0, |(at, _)| at)
}

/// How rare a byte is in source code and prose, in steps of half a bit, by rough count.
pub(crate) const fn rareness(byte: u8) -> u8 {
    match byte | 0x20 {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' => 8,
        b'l' | b'c' | b'd' | b'u' | b'p' | b'm' => 10,
        b'f' | b'g' | b'h' | b'b' | b'y' | b'.' | b'-' | b'/' | b'0' | b'1' | b'=' => 12,
        b'v' | b'w' | b'k' | b'x' | 0x7f | b'2'..=b'9' | b':' => 14,
        b'j' | b'q' | b'z' => 18,
        _ => 15,
    }
}

/// A hasher for quadruples: they are spread by multiplication already.
#[derive(Debug, Clone, Copy, Default)]
struct Spread(u64);

impl std::hash::Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn write_u32(&mut self, quadruple: u32) {
        self.0 = u64::from(quadruple).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl std::hash::BuildHasher for Spread {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(rule: u32, offset: u16) -> User {
        User { rule, alternative: 0, offset }
    }

    fn build(literals: &[(&str, bool, u16)]) -> Literals {
        let mut builder = LiteralsBuilder::default();
        for (rule, (text, fold, offset)) in literals.iter().enumerate() {
            builder.add(text.as_bytes(), *fold, None, user(rule as u32, *offset));
        }
        builder.build()
    }

    fn found(literals: &Literals, input: &[u8], range: Range<usize>) -> Vec<(u32, usize)> {
        let mut hits = Vec::new();
        literals.find(input, &range, |user, start| hits.push((user.rule, start)));
        hits.sort_unstable();
        hits
    }

    #[test]
    fn three_bytes_up_to_the_end_of_the_input() {
        let literals = build(&[("abc", false, 0), ("xyzw", true, 1)]);
        assert_eq!(found(&literals, b"abc", 0..3), [(0, 0)]);
        assert_eq!(found(&literals, b"-abcabc", 0..7), [(0, 1), (0, 4)]);
        assert_eq!(found(&literals, b"1XyZw", 0..5), [(1, 0)]);
        assert_eq!(found(&literals, b"XYZW", 0..4), [], "a match cannot start before the input");
        assert_eq!(found(&literals, b"", 0..0), []);
    }

    proptest! {
        #[test]
        fn equals_a_search_at_every_position(input in "[abcABC_-]{0,80}", cut in 0_usize..80) {
            let texts = [("abc", false, 0), ("abca", false, 2), ("b_c-a", true, 0), ("cab", true, 1), ("aaaa", false, 0)];
            let literals = build(&texts);
            let input = input.as_bytes();
            let mut expected = Vec::new();
            for (rule, (text, fold, offset)) in texts.iter().enumerate() {
                for at in 0..input.len() {
                    let Some(window) = input[at..].get(..text.len()) else { continue };
                    let equal = if *fold { window.eq_ignore_ascii_case(text.as_bytes()) } else { window == text.as_bytes() };
                    if equal && at >= usize::from(*offset) {
                        expected.push((rule as u32, at - usize::from(*offset)));
                    }
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(&found(&literals, input, 0..input.len()), &expected);
            let cut = cut.min(input.len());
            let mut parts = found(&literals, input, 0..cut);
            parts.extend(found(&literals, input, cut..input.len()));
            parts.sort_unstable();
            prop_assert_eq!(&parts, &expected);
        }
    }
}
