//! What is known of a token-like value before its bytes are compared with anything: how far it goes in each of four alphabets. The search for values
//! knows this for next to nothing, and most rules ask for more, or less, than most words in a path or a name have.

use stanch_rules::run_class;

use crate::compiled::{Classes, CompiledPart, CompiledShape};
use crate::prefilter::gate::Rules;
use crate::prefilter::simd::WORD;

/// Letters and digits; these with `+/`, with `-_`, and with all four signs.
const ALPHABETS: [fn(u8) -> bool; 4] = [
    |byte| byte.is_ascii_alphanumeric(),
    |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
    |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
    |byte| run_class().contains(byte),
];

/// How many bytes of each alphabet follow each other from a place on: at most a word of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spans(pub(crate) [u32; ALPHABETS.len()]);

impl Spans {
    /// Those from the start of some bytes on.
    #[cfg(test)]
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(ALPHABETS.map(|has| bytes.iter().take(WORD).take_while(|byte| has(**byte)).count() as u32))
    }

    /// How many bytes tell this, with the end of the input.
    pub(crate) fn looked(self) -> usize {
        let [.., all] = self.0;
        all as usize + 1
    }
}

/// The rules by the spans that their values start with.
#[derive(Debug, Default)]
pub(crate) struct BySpans([Lengths; ALPHABETS.len()]);

/// The rules for each length. The longest one stands for all that are longer, too.
#[derive(Debug)]
struct Lengths([Rules; WORD + 1]);

impl Default for Lengths {
    fn default() -> Self {
        Self([0; WORD + 1])
    }
}

impl BySpans {
    /// Adds a rule of which nothing is known.
    pub(crate) fn add_any(&mut self, rule: Rules) {
        self.0.iter_mut().for_each(|lengths| lengths.add(rule, 0, usize::MAX));
    }

    /// Adds a shape of a rule.
    pub(crate) fn add(&mut self, rule: Rules, shape: &CompiledShape, classes: &Classes) {
        for (lengths, has) in self.0.iter_mut().zip(ALPHABETS) {
            let (least, most) = start_of(shape, classes, has);
            lengths.add(rule, least, most);
        }
    }

    /// The rules that values with such spans may match.
    #[inline]
    pub(crate) fn get(&self, spans: Spans) -> Rules {
        let all = self.0.iter().zip(spans.0);
        all.fold(Rules::MAX, |all, (lengths, length)| all & lengths.0[(length as usize).min(WORD)])
    }
}

impl Lengths {
    fn add(&mut self, rule: Rules, least: usize, most: usize) {
        let fitting = self.0.iter_mut().take(most.min(WORD) + 1).skip(least.min(WORD));
        fitting.for_each(|rules| *rules |= rule);
    }
}

/// With how many bytes of an alphabet the values of a shape start, at least and at most, what stands behind them counted too.
fn start_of(shape: &CompiledShape, classes: &Classes, has: impl Fn(u8) -> bool) -> (usize, usize) {
    let (mut least, mut most) = (0, 0_usize);
    for part in &shape.parts {
        match part {
            CompiledPart::Literal(bytes) => {
                let here = bytes.iter().take_while(|byte| has(**byte)).count();
                (least, most) = (least + here, most.saturating_add(here));
                if here < bytes.len() {
                    return (least, most);
                }
            }
            CompiledPart::Class { class, min, max, .. } => {
                if (0..=u8::MAX).any(|byte| classes.contains(*class, byte) && !has(byte)) {
                    // It may end anywhere in it.
                    return (least, usize::MAX);
                }
                (least, most) = (least + min, most.saturating_add(*max));
            }
        }
    }
    // No letter, no digit and no byte of the last class stands behind a value.
    let ends = |byte: u8| byte.is_ascii_alphanumeric() || shape.last.is_some_and(|last| classes.contains(last, byte));
    let goes_on = (0..=u8::MAX).any(|byte| has(byte) && !ends(byte));
    (least, if goes_on { usize::MAX } else { most })
}
