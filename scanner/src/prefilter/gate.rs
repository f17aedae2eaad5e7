//! Which of the rules for token-like values can match at all, by how far the bytes of each class go.

use crate::compiled::{Classes, CompiledLook, CompiledPart, CompiledRule, CompiledShape};

/// No run is followed further than this; what is longer counts as one length.
const LONGEST: usize = 136;
/// So many classes are told apart; a rule of a further one is always tried.
const MOST_CLASSES: usize = 64;

/// A set of rules, by their place among those for token-like values.
type Rules = u128;

/// Rules beyond this number are always tried.
pub(crate) const MOST_RULES: usize = Rules::BITS as usize;

/// For each class and length of a run, the rules that may match.
#[derive(Debug)]
pub(crate) struct Gate {
    /// The classes that each byte is in, as bits.
    classes: Box<[u64; 256]>,
    /// For each class the rules by the length of its run.
    by_length: Vec<[Rules; LONGEST + 1]>,
    /// Rules that can be told nothing of.
    always: Rules,
    all: u64,
}

impl Gate {
    /// The gate of the rules with these indices.
    pub(crate) fn new(rules: &[(u32, u16)], compiled: &[CompiledRule], classes: &Classes) -> Self {
        let mut gate = Self { classes: Box::new([0; 256]), by_length: Vec::new(), always: 0, all: 0 };
        let mut known: Vec<usize> = Vec::new();
        for (place, (rule, _)) in rules.iter().enumerate().take(MOST_RULES) {
            let Some(CompiledLook::Shapes { shapes, .. }) = compiled.get(*rule as usize).map(|rule| &rule.look) else {
                gate.always |= 1 << place;
                continue;
            };
            shapes.iter().for_each(|shape| gate.add(place, shape, classes, &mut known));
        }
        gate.all = known.iter().enumerate().fold(0, |all, (bit, _)| all | 1 << bit);
        gate
    }

    fn add(&mut self, place: usize, shape: &CompiledShape, classes: &Classes, known: &mut Vec<usize>) {
        let Some(CompiledPart::Class { class, min, max, .. }) = shape.parts.first() else {
            self.always |= 1 << place;
            return;
        };
        let bit = known.iter().position(|known| known == class).unwrap_or(known.len());
        if bit >= MOST_CLASSES {
            self.always |= 1 << place;
            return;
        }
        if bit == known.len() {
            known.push(*class);
            self.by_length.push([0; LONGEST + 1]);
            for byte in 0..=u8::MAX {
                self.classes[usize::from(byte)] |= u64::from(classes.contains(*class, byte)) << bit;
            }
        }
        // A value of one class ends where its run ends; one of several parts may go on in the same class.
        let longest = if shape.parts.len() == 1 { *max } else { usize::MAX };
        for (length, rules) in self.by_length[bit].iter_mut().enumerate() {
            let fits = length >= *min && length <= longest;
            let may_be_longer = length == LONGEST && longest >= LONGEST;
            if fits || may_be_longer {
                *rules |= 1 << place;
            }
        }
    }

    /// The rules that may match at a start, and before which byte everything lies that was looked at.
    pub(crate) fn open(&self, input: &[u8], start: usize) -> (Rules, usize) {
        let (mut alive, mut rules) = (self.all, self.always);
        let rest = input.get(start..).unwrap_or_default();
        let mut length = 0;
        for byte in rest.iter().take(LONGEST) {
            let ended = alive & !self.classes[usize::from(*byte)];
            if ended != 0 {
                rules |= self.of_length(ended, length);
                alive &= !ended;
                if alive == 0 {
                    break;
                }
            }
            length += 1;
        }
        rules |= self.of_length(alive, length);
        (rules, start + length + 1)
    }

    /// The rules for runs of some classes that are so long.
    fn of_length(&self, classes: u64, length: usize) -> Rules {
        let (mut rest, mut rules) = (classes, 0);
        while rest != 0 {
            rules |= self.by_length[rest.trailing_zeros() as usize][length];
            rest &= rest - 1;
        }
        rules
    }
}
