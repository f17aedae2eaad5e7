//! Confirming hits: does the rule match at this start, how far, and which part of it is the secret?

mod assignment;
mod pattern;
mod shape;

use std::ops::Range;

pub(crate) use pattern::CompiledPattern;
pub(crate) use shape::RunEnds;

use crate::compiled::{CompiledLook, CompiledRule};
use crate::prefilter::Classes;

/// The bytes that fit a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    /// All of them.
    pub(crate) span: Range<usize>,
    /// Those that are the secret.
    pub(crate) secret: Range<usize>,
    /// Whether the match reached its bound and could go on.
    pub(crate) truncated: bool,
    /// Whether the last byte of the match is of a class that the byte after it has too.
    pub(crate) glued_right: bool,
}

/// The match of a rule at a start, as far as its bound; `None` if it does not match there.
pub(crate) fn confirm(
    rule: &stanch_rules::Rule,
    compiled: &CompiledRule,
    classes: &Classes,
    alternative: u16,
    input: &[u8],
    start: usize,
    runs: &mut RunEnds,
) -> Option<Match> {
    match &compiled.look {
        CompiledLook::Shapes { shapes, run } => {
            let shape = shapes.get(usize::from(alternative))?;
            if *run {
                shape::run_match(shape, classes, input, start, runs)
            } else {
                shape::shape_match(shape, classes, input, start, runs)
            }
        }
        CompiledLook::Pattern(pattern) => {
            let (found, looked) = pattern_match(pattern, rule.bound as usize, input, start);
            runs.look(start + looked);
            found
        }
        CompiledLook::Assignment => {
            assignment::assignment_match(&rule.look, input, start, rule.bound as usize, |end| runs.look(end))
        }
    }
}

/// The pattern sees nothing before its start and nothing past its bound. How many bytes were looked at comes with it, what ends them included.
fn pattern_match(pattern: &CompiledPattern, bound: usize, input: &[u8], start: usize) -> (Option<Match>, usize) {
    let end = input.len().min(start.saturating_add(bound));
    let Some(haystack) = input.get(start..end) else { return (None, 0) };
    if let Some(looked) = pattern.fails_at(haystack) {
        return (None, looked);
    }
    let found = pattern.search(haystack).filter(|(_, secret)| !secret.is_empty());
    let found = found.map(|(span, secret)| {
        let truncated = span.end == bound && end < input.len();
        let shift = |range: Range<usize>| start + range.start..start + range.end;
        Match { span: shift(span), secret: shift(secret), truncated, glued_right: false }
    });
    (found, bound + 1)
}
