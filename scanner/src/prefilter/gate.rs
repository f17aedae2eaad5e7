//! Which of the rules for token-like values can match at all, by how far the bytes of each class go.

use stanch_rules::run_class;

use crate::compiled::{CompiledLook, CompiledPart, CompiledRule, CompiledShape};
use crate::digest;
use crate::prefilter::Classes;
use crate::prefilter::simd::{CLASSES, ClassBits, Level, each};
use crate::prefilter::spans::{BySpans, Spans};

/// No run is followed further than this; what is longer counts as one length.
const LONGEST: usize = 136;
/// So many classes are told apart; a rule of a further one is always tried.
const MOST_CLASSES: usize = CLASSES;
/// The places that are looked at before any run is followed: few, and such that paths and words fall out.
const PLACES: [usize; 4] = [0, 2, 5, 11];
/// Stands for what follows the end of the input.
const END: usize = 256;

/// A set of rules, by their place among those for token-like values.
pub(super) type Rules = u128;

/// Rules beyond this number are always tried.
pub(crate) const MOST_RULES: usize = Rules::BITS as usize;

/// For the first bytes of a value, and for each class and length of a run, the rules that may match.
#[derive(Debug)]
pub(crate) struct Gate {
    by_spans: BySpans,
    /// For each byte, the rules that allow it before a value.
    by_before: Shelf<{ END + 1 }>,
    /// For each of [`PLACES`] and what stands there, the rules that allow it.
    heads: Shelf<{ END + 1 }>,
    /// For the same the classes that one of these rules starts with.
    heads_of_classes: Vec<[u16; END + 1]>,
    level: Level,
    classes: ClassBits,
    /// For each class the rules by the length of its run.
    by_length: Shelf<{ LONGEST + 1 }>,
    /// For each class the rules that start with it.
    rules: Vec<Rules>,
    /// Rules that no run tells anything of.
    always: Rules,
}

/// Rows of sets of rules. Most are alike, so each is held once: what is looked up all the time stays in the first cache level.
#[derive(Debug, Default)]
struct Shelf<const LONG: usize> {
    /// For each row and place the number of its set.
    numbers: Vec<[u16; LONG]>,
    sets: Vec<Rules>,
}

impl<const LONG: usize> Shelf<LONG> {
    fn new(rows: &[[Rules; LONG]]) -> Self {
        let mut sets: Vec<Rules> = rows.as_flattened().to_vec();
        sets.sort_unstable();
        sets.dedup();
        // Neighbours are mostly alike.
        let mut last = 0;
        let mut number = |set: &Rules| {
            if sets.get(last) != Some(set) {
                last = sets.binary_search(set).unwrap_or_default();
            }
            last as u16
        };
        Self { numbers: rows.iter().map(|row| row.each_ref().map(&mut number)).collect(), sets }
    }

    #[inline]
    fn get(&self, row: usize, at: usize) -> Rules {
        self.sets[usize::from(self.numbers[row][at])]
    }
}

/// What the gate lets through at a start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    rules: Rules,
    /// How many bytes from the start on were looked at, with the end of the input.
    pub(crate) looked: usize,
}

impl Open {
    pub(crate) fn is_empty(self) -> bool {
        self.rules == 0
    }

    /// The places of the rules among those for token-like values.
    pub(crate) fn places(self) -> impl Iterator<Item = usize> {
        let mut left = self.rules;
        std::iter::from_fn(move || {
            let place = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(place)
        })
    }
}

impl Gate {
    /// The gate of the rules with these indices.
    pub(crate) fn new(rules: &[(u32, u16)], compiled: &[CompiledRule], classes: &Classes) -> Self {
        let (mut heads, mut by_length) = (vec![[0; END + 1]; PLACES.len()], Vec::new());
        let mut by_before = [0; END + 1];
        let mut gate = Self {
            by_spans: BySpans::default(),
            by_before: Shelf::default(),
            heads: Shelf::default(),
            heads_of_classes: vec![[0; END + 1]; PLACES.len()],
            level: Level::best(),
            classes: ClassBits::new(&[0; 256]),
            by_length: Shelf::default(),
            rules: Vec::new(),
            always: 0,
        };
        let (mut known, mut bits) = (Vec::new(), [0; 256]);
        for (place, (rule, _)) in rules.iter().enumerate().take(MOST_RULES) {
            let Some(CompiledLook::Shapes { shapes, .. }) = compiled.get(*rule as usize).map(|rule| &rule.look) else {
                gate.always |= 1 << place;
                heads.as_flattened_mut().iter_mut().for_each(|rules| *rules |= 1 << place);
                gate.by_spans.add_any(1 << place);
                for rules in &mut by_before {
                    *rules |= 1 << place;
                }
                continue;
            };
            for shape in shapes {
                add_heads(&mut heads, 1 << place, shape, classes);
                add_before(&mut by_before, 1 << place, shape, classes);
                gate.by_spans.add(1 << place, shape, classes);
                gate.add_run(1 << place, shape, classes, &mut known, &mut bits, &mut by_length);
            }
        }
        gate.classes = ClassBits::new(&bits);
        for (of_classes, heads) in gate.heads_of_classes.as_flattened_mut().iter_mut().zip(heads.as_flattened()) {
            *of_classes = gate.rules.iter().rev().fold(0, |all, rules| all << 1 | u16::from(rules & heads != 0));
        }
        (gate.heads, gate.by_length) = (Shelf::new(&heads), Shelf::new(&by_length));
        gate.by_before = Shelf::new(&[by_before]);
        gate
    }

    /// Notes how long the run may be that a rule's shape starts with.
    fn add_run(
        &mut self,
        rule: Rules,
        shape: &CompiledShape,
        classes: &Classes,
        known: &mut Vec<usize>,
        bits: &mut [u16; 256],
        by_length: &mut Vec<[Rules; LONGEST + 1]>,
    ) {
        let Some(CompiledPart::Class { class, min, max, .. }) = shape.parts.first() else {
            self.always |= rule;
            return;
        };
        // A run that goes on where tokens end tells nothing: see `open`.
        if !classes.class(*class).is_subset_of(run_class()) {
            self.always |= rule;
            return;
        }
        let bit = known.iter().position(|known| known == class).unwrap_or(known.len());
        if bit >= MOST_CLASSES {
            self.always |= rule;
            return;
        }
        if bit == known.len() {
            known.push(*class);
            by_length.push([0; LONGEST + 1]);
            self.rules.push(0);
            for byte in 0..=u8::MAX {
                bits[usize::from(byte)] |= u16::from(classes.contains(*class, byte)) << bit;
            }
        }
        self.rules[bit] |= rule;
        // A value of one class ends where its run ends; one of several parts may go on in the same class.
        let longest = match shape.parts.get(1) {
            None => *max,
            Some(CompiledPart::Literal(next)) if next.first().is_some_and(|b| !classes.contains(*class, *b)) => *max,
            Some(_) => usize::MAX,
        };
        for (length, rules) in by_length[bit].iter_mut().enumerate() {
            let fits = length >= *min && length <= longest;
            let may_be_longer = length == LONGEST && longest >= LONGEST;
            *rules |= if fits || may_be_longer { rule } else { 0 };
        }
    }

    /// The rules that may match at the start of a token-like value with such spans; none if it is named a digest. Nothing behind the byte that ends
    /// its run of token bytes is looked at.
    #[inline]
    pub(crate) fn open(&self, input: &[u8], start: usize, spans: Spans) -> Open {
        let before = start.checked_sub(1).and_then(|before| input.get(before)).map_or(END, |byte| usize::from(*byte));
        let fitting = self.by_spans.get(spans) & self.by_before.get(0, before);
        if fitting == 0 || digest::is_named(input, start) {
            return Open { rules: 0, looked: spans.looked() };
        }
        self.open_fitting(input, start, fitting, spans.looked())
    }

    /// The same where the spans are not known, and not worth to be found out: some rules more.
    pub(crate) fn open_any(&self, input: &[u8], start: usize) -> Open {
        self.open_fitting(input, start, Rules::MAX, 0)
    }

    /// Of some rules those that may match. So many bytes were looked at already.
    #[inline(never)]
    fn open_fitting(&self, input: &[u8], start: usize, fitting: Rules, looked: usize) -> Open {
        const LAST: usize = PLACES[PLACES.len() - 1];
        let rest = input.get(start..).unwrap_or_default();
        let heads = PLACES.map(|place| rest.get(place).map_or(END, |byte| usize::from(*byte)));
        let places = heads.into_iter().enumerate();
        let possible = places.fold(fitting, |possible, (place, head)| possible & self.heads.get(place, head));
        let of_classes = self.heads_of_classes.iter().zip(heads);
        let maybe = of_classes.fold(u16::MAX, |classes, (of_classes, head)| classes & of_classes[head]);
        let mut classes = 0;
        each(maybe.into(), |class| classes |= u16::from(self.rules[class] & possible != 0) << class);
        let (by_length, length) = self.follow(rest, classes);
        let looked = length.max(LAST).max(looked);
        Open { rules: possible & (self.always | by_length), looked: looked.min(rest.len()) + 1 }
    }

    /// The rules for the lengths that the runs of some classes have, and the longest of these.
    fn follow(&self, rest: &[u8], classes: u16) -> (Rules, usize) {
        let (mut rules, mut longest) = (0, 0);
        if classes != 0 {
            self.classes.runs(self.level, rest, classes, LONGEST, |class, length| {
                rules |= self.by_length.get(class, length);
                longest = longest.max(length);
            });
        }
        (rules, longest)
    }
}

/// Notes what may stand before a value of a rule's shape: no byte that it could start with.
fn add_before(by_before: &mut [Rules; END + 1], rule: Rules, shape: &CompiledShape, classes: &Classes) {
    for (byte, rules) in (0..).zip(by_before) {
        let glued = u8::try_from(byte).is_ok_and(|byte| shape.first.is_some_and(|first| classes.contains(first, byte)));
        *rules |= if glued { 0 } else { rule };
    }
}

/// Notes what may stand at the first places of a rule's shape.
fn add_heads(heads: &mut [[Rules; END + 1]], rule: Rules, shape: &CompiledShape, classes: &Classes) {
    for (heads, place) in heads.iter_mut().zip(PLACES) {
        match Head::of(shape, place) {
            Head::Byte(byte) => heads[usize::from(byte)] |= rule,
            Head::Class(class) => classes.class(class).bytes().for_each(|byte| heads[usize::from(byte)] |= rule),
            Head::Unknown => heads.iter_mut().for_each(|rules| *rules |= rule),
        }
    }
}

/// What a shape has at one of its first places.
enum Head {
    Byte(u8),
    Class(usize),
    /// Its parts before have no fixed length, or it may end before.
    Unknown,
}

impl Head {
    fn of(shape: &CompiledShape, place: usize) -> Self {
        let mut at = 0;
        for part in &shape.parts {
            match part {
                CompiledPart::Literal(bytes) => {
                    if let Some(byte) = bytes.get(place - at) {
                        return Self::Byte(*byte);
                    }
                    at += bytes.len();
                }
                CompiledPart::Class { class, min, .. } if place < at + min => return Self::Class(*class),
                CompiledPart::Class { min, max, .. } if min == max => at += min,
                CompiledPart::Class { .. } => return Self::Unknown,
            }
        }
        Self::Unknown
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

    /// The rules that are open, and how far that was looked: by the spans, and without.
    fn open(engine: &Engine, text: &[u8], start: usize) -> [(Vec<u32>, usize); 2] {
        let spans = Spans::of(text.get(start..).unwrap_or_default());
        [engine.gate.open(text, start, spans), engine.gate.open_any(text, start)]
            .map(|open| (engine.open_rules(open).map(|(rule, _)| rule).collect(), start + open.looked))
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
                    let open = open(engine, &text, start);
                    for (rule, _) in &engine.runs {
                        let matches = engine.try_at(*rule as usize, &text, start).is_some();
                        let id = &engine.rules()[*rule as usize].id;
                        prop_assert!(!matches || open.iter().all(|(open, _)| open.contains(rule)), "{id} at {start}");
                    }
                }
            }
        }

        #[test]
        fn what_is_not_looked_at_opens_nothing(text in tokens(), other in tokens()) {
            for engine in [&*BUILTIN, &*MADE] {
                for start in 0..=text.len() {
                    for (way, before) in open(engine, &text, start).into_iter().enumerate() {
                        let (_, looked_to) = before;
                        prop_assert!(looked_to > start && looked_to <= text.len() + 1);
                        // The end of the input is looked at like a byte.
                        let Some(known) = text.get(..looked_to) else { continue };
                        let elsewhere = [known, &other[..]].concat();
                        prop_assert_eq!(&open(engine, &elsewhere, start)[way], &before);
                        prop_assert_eq!(&open(engine, known, start)[way], &before);
                    }
                }
            }
        }
    }
}
