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
            for shape in shapes {
                gate.add(place, shape, classes, &mut known);
            }
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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use stanch_rules::{List, Look, Rule, RuleSet, Shape, Str};

    use super::*;
    use crate::engine::Engine;

    static BUILTIN: LazyLock<Engine> = LazyLock::new(|| Engine::new(RuleSet::builtin()));
    static MADE: LazyLock<Engine> = LazyLock::new(|| Engine::new(made()));

    /// More rules than the gate has bits for, with shapes of every make: several parts of one class, lengths around the longest run that is
    /// followed, parts that may be empty.
    fn made() -> RuleSet {
        const SHAPES: [&str; 14] = [
            "{hex:16}",
            "{hex:20-64}",
            "{base62:40}",
            "{base62:16+}",
            "{word:135}",
            "{word:136}",
            "{word:137}",
            "{base64any:130-140}",
            "{base64any:136+}",
            "{hex:8}{base62:8}",
            "{hex:4}-{hex:4}-{hex:4}-{hex:12}",
            "{hex:0-30}",
            "{digit:16}",
            "{lower:5}{digit:5}{base62:10}",
        ];
        let shape = |n: usize| {
            Shape::parse(SHAPES[n % SHAPES.len()], Some(300)).unwrap_or_else(|error| panic!("{}", error.message))
        };
        let builtin = RuleSet::builtin();
        let like = builtin.iter().find(|rule| matches!(rule.look, Look::Run(_)));
        let like = like.unwrap_or_else(|| panic!("there are rules for token-like values"));
        let rule = |n: usize| Rule {
            id: Str::Owned(format!("made.rule-{n}")),
            look: Look::Run(List::Owned(vec![shape(n), shape(n * 5 + 3)])),
            bound: 300,
            ..like.clone()
        };
        RuleSet::new((0..MOST_RULES + 20).map(rule).collect())
    }

    fn open(engine: &Engine, text: &[u8], start: usize) -> (Vec<u32>, usize) {
        let (open, looked_to) = engine.runs_at(text, start);
        (open.map(|(rule, _)| rule).collect(), looked_to)
    }

    /// Token-like values around the lengths that matter, with what ends them.
    fn tokens() -> impl Strategy<Value = Vec<u8>> {
        let token = prop_oneof![
            "[a-f0-9]{14,70}",
            "[a-f0-9]{126,140}",
            "[A-Za-z0-9]{14,50}",
            "[A-Za-z0-9_]{130,145}",
            "[A-Za-z0-9+/_-]{125,150}",
            "[0-9]{14,18}",
            "[a-z]{4,6}[0-9]{4,6}[A-Za-z0-9]{9,11}",
            "([a-f0-9]{4}-){3}[a-f0-9]{11,13}",
            "[ -~]{0,20}",
        ];
        let between = prop_oneof!["", " ", "-", "=", "\n", "_", "\u{e9}"];
        let texts = prop::collection::vec((token, between), 1..5);
        texts.prop_map(|all| all.into_iter().flat_map(|(token, end)| [token, end]).collect::<String>().into_bytes())
    }

    proptest! {
        #[test]
        fn no_rule_is_closed_that_matches(text in tokens()) {
            for engine in [&*BUILTIN, &*MADE] {
                for start in 0..text.len() {
                    let (open, _) = open(engine, &text, start);
                    for (rule, _) in &engine.runs {
                        let matches = engine.try_at(*rule as usize, &text, start).is_some();
                        let id = &engine.rules()[*rule as usize].id;
                        prop_assert!(!matches || open.contains(rule), "{id} at {start}");
                    }
                }
            }
        }

        #[test]
        fn what_is_not_looked_at_opens_nothing(text in tokens(), other in tokens()) {
            for engine in [&*BUILTIN, &*MADE] {
                for start in 0..=text.len() {
                    let (before, looked_to) = open(engine, &text, start);
                    prop_assert!(looked_to > start && looked_to <= text.len() + 1);
                    // The end of the input is looked at like a byte.
                    let Some(known) = text.get(..looked_to) else { continue };
                    let elsewhere = [known, &other[..]].concat();
                    prop_assert_eq!(&open(engine, &elsewhere, start), &(before.clone(), looked_to));
                    prop_assert_eq!(open(engine, known, start), (before, looked_to));
                }
            }
        }
    }
}
