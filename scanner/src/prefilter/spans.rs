//! What is known of a token-like value before its bytes are compared with anything: how far it goes in each of four alphabets. The search for values
//! knows this for next to nothing, and most rules ask for more, or less, than most words in a path or a name have.

use stanch_rules::ByteClass;

use crate::compiled::{CompiledPart, CompiledShape};
use crate::prefilter::Classes;
use crate::prefilter::gate::Rules;
use crate::prefilter::simd::WORD;

/// Letters and digits; these with `+/`, with `-_`, and with all four signs.
const ALPHABETS: [&str; 4] = ["base62", "base64", "base64url", "base64any"];
/// Their signs.
const SIGNS: [&[u8]; ALPHABETS.len()] = [b"", b"+/", b"-_", b"+/-_"];

fn alphabets() -> [ByteClass; ALPHABETS.len()] {
    ALPHABETS.map(|name| ByteClass::named(name).unwrap_or(ByteClass::EMPTY))
}

/// How many bytes of each alphabet follow each other from a place on: at most a word of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spans(pub(crate) [u32; ALPHABETS.len()]);

impl Spans {
    /// Those from the start of some bytes on.
    #[cfg(test)]
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let of = |class: ByteClass| bytes.iter().take(WORD).take_while(|byte| class.contains(**byte)).count() as u32;
        Self(alphabets().map(of))
    }

    /// How many bytes tell this, with the end of the input.
    pub(crate) fn looked(self) -> usize {
        let [.., all] = self.0;
        all as usize + 1
    }
}

/// The rules by the spans that their values start with.
#[derive(Debug)]
pub(crate) struct BySpans {
    alphabets: [ByteClass; ALPHABETS.len()],
    lengths: [Lengths; ALPHABETS.len()],
}

/// The rules for each length. The longest one stands for all that are longer, too.
#[derive(Debug)]
struct Lengths([Rules; WORD + 1]);

impl Default for BySpans {
    fn default() -> Self {
        Self { alphabets: alphabets(), lengths: std::array::from_fn(|_| Lengths([0; WORD + 1])) }
    }
}

impl BySpans {
    /// Adds a rule of which nothing is known.
    pub(crate) fn add_any(&mut self, rule: Rules) {
        self.lengths.iter_mut().for_each(|lengths| lengths.add(rule, 0, usize::MAX));
    }

    /// Adds a shape of a rule.
    pub(crate) fn add(&mut self, rule: Rules, shape: &CompiledShape, classes: &Classes) {
        for ((lengths, alphabet), signs) in self.lengths.iter_mut().zip(self.alphabets).zip(SIGNS) {
            let (least, most) = start_of(shape, classes, alphabet, signs);
            lengths.add(rule, least, most);
        }
    }

    /// The rules that values with such spans may match.
    #[inline]
    pub(crate) fn get(&self, spans: Spans) -> Rules {
        let all = self.lengths.iter().zip(spans.0);
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
fn start_of(shape: &CompiledShape, classes: &Classes, alphabet: ByteClass, signs: &[u8]) -> (usize, usize) {
    let (mut least, mut most) = (0, 0_usize);
    for part in &shape.parts {
        match part {
            CompiledPart::Literal(bytes) => {
                let here = bytes.iter().take_while(|byte| alphabet.contains(**byte)).count();
                (least, most) = (least + here, most.saturating_add(here));
                if here < bytes.len() {
                    return (least, most);
                }
            }
            CompiledPart::Class { class, min, max, .. } => {
                if !classes.class(*class).is_subset_of(alphabet) {
                    // It may end anywhere in it.
                    return (least, usize::MAX);
                }
                (least, most) = (least + min, most.saturating_add(*max));
            }
        }
    }
    // No letter, no digit and no byte of the last class stands behind a value.
    let ends = |sign: &u8| shape.last.is_some_and(|last| classes.contains(last, *sign));
    (least, if signs.iter().all(ends) { most } else { usize::MAX })
}
