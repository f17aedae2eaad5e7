//! Matching shapes: forward from a start, each class as long as it goes.

use crate::compiled::{CompiledPart, CompiledShape};
use crate::confirm::Match;
use crate::digest;
use crate::prefilter::Classes;

/// How far the run of a class goes that was looked at last, for each class.
///
/// Dense hits inside one long run would each look at the same bytes again; with this each byte is looked at once a class, so
/// adversarial input stays linear.
#[derive(Debug, Default)]
pub(crate) struct RunEnds {
    known: Vec<Known>,
    /// Before which byte everything lies that was looked at since this was last set.
    pub(crate) looked_to: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Every byte from here…
    start: usize,
    /// …to before here is in the class,
    end: usize,
    /// and the byte at `end` is not.
    closed: bool,
}

impl RunEnds {
    /// Forgets everything: other bytes are looked at from now on.
    pub(crate) fn reset(&mut self, classes: &Classes) {
        self.known.clear();
        self.known.resize(classes.len(), Known::default());
    }

    /// Notes that everything before a byte may have been looked at. The end of the input is looked at like a byte.
    pub(crate) fn look(&mut self, end: usize) {
        self.looked_to = self.looked_to.max(end);
    }

    /// The end of the run of a class that starts at `from`, at most `limit`, which is inside of the input.
    fn end(&mut self, classes: &Classes, class: usize, input: &[u8], from: usize, limit: usize) -> usize {
        let known = &mut self.known[class];
        if from < known.start || from > known.end {
            *known = Known { start: from, end: from, closed: false };
        }
        if !known.closed && known.end < limit {
            let most = limit - known.end;
            let run = classes.run(class, input.get(known.end..).unwrap_or_default(), most);
            known.end += run;
            known.closed = run < most;
        }
        let end = known.end.min(limit);
        self.looked_to = self.looked_to.max(end + 1);
        end
    }
}

/// The match of a shape at a start.
pub(super) fn shape_match(
    shape: &CompiledShape,
    classes: &Classes,
    input: &[u8],
    start: usize,
    runs: &mut RunEnds,
) -> Option<Match> {
    let mut at = start;
    let mut secret = start..start;
    let mut at_bound = false;
    for (index, part) in shape.parts.iter().enumerate() {
        if index == shape.secret.0 {
            secret.start = at;
        }
        match part {
            CompiledPart::Literal(bytes) => {
                runs.look(at + bytes.len());
                let here = input.get(at..)?.get(..bytes.len())?;
                // Most are of one byte, or differ in the first.
                if here.first() != bytes.first() || here != bytes.as_ref() {
                    return None;
                }
                at += bytes.len();
            }
            CompiledPart::Class { class, min, max, open } => {
                let limit = input.len().min(at + max);
                let end = runs.end(classes, *class, input, at, limit);
                if end - at < *min {
                    return None;
                }
                at_bound = *open && end - at == *max;
                at = end;
            }
        }
        if index + 1 == shape.secret.1 {
            secret.end = at;
        }
    }
    runs.look(at + 1);
    let next = input.get(at).copied();
    let in_class = next.is_some_and(|byte| shape.last.is_some_and(|class| classes.contains(class, byte)));
    let truncated = in_class && at_bound;
    let goes_on = in_class || next.is_some_and(|byte| byte.is_ascii_alphanumeric());
    Some(Match { span: start..at, secret, truncated, glued_right: goes_on && !truncated })
}

/// The match of a run's shape: no letter or digit, and no byte of its own classes, stands on either side, it has a digit, and no name of a digest
/// stands right before it.
pub(super) fn run_match(
    shape: &CompiledShape,
    classes: &Classes,
    input: &[u8],
    start: usize,
    runs: &mut RunEnds,
) -> Option<Match> {
    let glued = |byte: u8, class: Option<usize>| {
        byte.is_ascii_alphanumeric() || class.is_some_and(|class| classes.contains(class, byte))
    };
    let before = start.checked_sub(1).and_then(|at| input.get(at));
    runs.look(start + 2);
    // A value may start with a sign, but not with several.
    let opens = input.iter().skip(start).take(2).any(u8::is_ascii_alphanumeric);
    if !opens || before.is_some_and(|&byte| glued(byte, shape.first)) || digest::is_named(input, start) {
        return None;
    }
    let found = shape_match(shape, classes, input, start, runs)?;
    let after = input.get(found.span.end);
    let ends = after.is_none_or(|&byte| !glued(byte, shape.last));
    let digit = input.get(found.span.clone())?.iter().any(u8::is_ascii_digit);
    (ends && digit).then_some(found)
}
