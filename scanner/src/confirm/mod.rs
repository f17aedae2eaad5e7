//! Confirming hits: does the rule match at this start, how far, and which part of it is the secret?

mod assignment;
mod shape;

use std::ops::Range;

use regex_automata::{Anchored, Input};

pub(crate) use shape::RunEnds;

use crate::compiled::{Classes, CompiledLook, CompiledRule, LazyPattern};

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
            runs.look(start + rule.bound as usize + 1);
            pattern_match(pattern, rule.bound as usize, input, start)
        }
        CompiledLook::Assignment => {
            runs.look(start + rule.bound as usize + 2);
            assignment::assignment_match(&rule.look, input, start)
        }
    }
}

/// The pattern sees nothing before its start and nothing past its bound.
fn pattern_match(pattern: &LazyPattern, bound: usize, input: &[u8], start: usize) -> Option<Match> {
    let (regex, group) = pattern.get()?;
    let end = input.len().min(start.saturating_add(bound));
    let haystack = input.get(start..end)?;
    let mut captures = regex.create_captures();
    regex.search_captures(&Input::new(haystack).anchored(Anchored::Yes), &mut captures);
    let span = captures.get_match()?.range();
    let secret = group.and_then(|index| captures.get_group(index)).map_or(span.clone(), |group| group.range());
    if secret.is_empty() {
        return None;
    }
    let truncated = span.end == bound && end < input.len();
    let shift = |range: Range<usize>| start + range.start..start + range.end;
    Some(Match { span: shift(span), secret: shift(secret), truncated, glued_right: false })
}
