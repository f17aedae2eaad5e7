//! What the vector search lets through, again by all of its four bytes together: a set lets through each of its bytes at a place with each of those at
//! another, and few of these are a literal's.

use crate::prefilter::sets::{Choice, Choices};

/// There are so many bits: some ten for each quadruple, and few enough to stay in the first cache level.
const BITS: u32 = 15;
/// Letters lose their case, and so do a few signs.
const FOLD: u32 = 0x2020_2020;
/// A multiplier that spreads bytes over 32 bits (Knuth, section 6.4).
const SPREAD: u32 = 0x9e37_79b1;

/// The quadruples of all literals, as bits by their hash.
#[derive(Debug, Clone)]
pub(crate) struct Fours(Box<[u64; 1 << (BITS - u64::BITS.ilog2())]>);

impl Fours {
    /// Of what may stand at the four places of each.
    pub(crate) fn new(all: impl Iterator<Item = Choices>) -> Self {
        let mut fours = Self(Box::new([0; _]));
        let mut places = [const { Listed::NONE }; 4];
        for choices in all {
            places.iter_mut().zip(choices).for_each(|(place, choice)| place.list(choice));
            let [first, second, third, fourth] = places.each_ref().map(Listed::bytes);
            for a in first {
                for b in second {
                    for c in third {
                        for d in fourth {
                            let (word, bit) = at(u32::from_le_bytes([*a, *b, *c, *d]));
                            fours.0[word] |= bit;
                        }
                    }
                }
            }
        }
        fours
    }

    /// Whether a literal may be looked for by these four bytes, the first one lowest.
    #[inline]
    pub(crate) fn may_be(&self, four: u32) -> bool {
        let (word, bit) = at(four);
        self.0[word] & bit != 0
    }
}

/// What may stand at a place, byte by byte.
struct Listed {
    bytes: [u8; 256],
    count: usize,
}

impl Listed {
    const NONE: Self = Self { bytes: [0; 256], count: 0 };

    fn list(&mut self, choice: Choice) {
        self.count = 0;
        choice.each(|byte| {
            self.bytes[self.count] = byte as u8;
            self.count += 1;
        });
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.count).unwrap_or_default()
    }
}

#[inline]
fn at(four: u32) -> (usize, u64) {
    let hash = (four | FOLD).wrapping_mul(SPREAD) >> (u32::BITS - BITS);
    ((hash / u64::BITS) as usize, 1 << (hash % u64::BITS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stanch_rules::{ByteClass, NAMED_CLASSES};

    use super::*;

    #[test]
    fn few_others_pass() {
        let fours = Fours::new((0..600_u32).map(|n| n.wrapping_mul(0x0103_0507).to_le_bytes().map(Choice::Byte)));
        let others = (0..100_000_u32).map(|n| n.wrapping_mul(0x9e37_0001));
        assert!(others.filter(|four| fours.may_be(*four)).count() < 10_000);
    }

    proptest! {
        #[test]
        fn none_is_missed(known in any::<[u8; 4]>(), class in prop::sample::select(NAMED_CLASSES), others in prop::collection::vec(any::<[u8; 4]>(), 1..200)) {
            let class = ByteClass::named(class.0).unwrap_or(ByteClass::EMPTY);
            let [a, b, ..] = known;
            let fours = Fours::new([[Choice::Byte(a), Choice::Letter(b), Choice::Class(class), Choice::Any]].into_iter());
            for [_, _, third, fourth] in others {
                for b in [b.to_ascii_lowercase(), b.to_ascii_uppercase()] {
                    let there = third == 0 || class.contains(third);
                    prop_assert!(!there || fours.may_be(u32::from_le_bytes([a, b, third, fourth])));
                }
            }
        }
    }
}
