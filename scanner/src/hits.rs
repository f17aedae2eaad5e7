//! The hits of a document, and how they are carried from one to another that is mostly a copy of it.
//!
//! Whether a match may start at a place depends on few bytes there: those of a literal, or a run of token bytes. Where all of these were copied
//! there is a hit now if there was one before; only at insertions and seams is looked anew. What is confirmed and weighed is then the same
//! as if the document had been searched whole.
//!
//! Most hits come to nothing: no match, or one that is rejected. Such a hit is *dead*, and stays so as long as all bytes that the rule looks at were
//! copied with it.

pub(crate) mod check;
mod fate;

use std::num::NonZeroU16;
use std::ops::Range;
use std::sync::Arc;

use crate::engine::{Candidate, Engine, Reach};
use crate::prefilter::{Open, User, last_run};

/// The places of a document where a match may start, each kind in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hits {
    /// Where a literal or naming word says so.
    pub(crate) literals: Vec<LiteralHit>,
    /// The same for rules that have literals inside of their matches, in order of the literals.
    pub(crate) inner: Vec<LiteralHit>,
    /// Where a token-like value may start.
    pub(crate) tokens: Vec<TokenHit>,
    /// What those of them came to that came to something, in the same order.
    pub(crate) of_literals: Vec<Verdict>,
    pub(crate) of_inner: Vec<Verdict>,
    pub(crate) of_tokens: Vec<Verdict>,
    /// Which rules may match at the starts that were looked for and not carried.
    pub(crate) opened: Vec<(u32, Open)>,
    /// Whether what is known is kept, for documents that are made of this one: verdicts, and hits that come to nothing.
    pub(crate) has_heirs: bool,
    /// How many hits came to nothing that are not kept.
    pub(crate) left_out: usize,
    /// How many hits that are not dead were weighed, and how many had their verdict already.
    pub(crate) weighed: usize,
    pub(crate) inherited: usize,
}

/// What a hit came to. It holds as long as all bytes that it depends on are copied with it.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) start: u32,
    /// The rule, if it is the hit of a literal.
    pub(crate) rule: Option<u32>,
    pub(crate) need: Need,
    /// Their places count from the start of the hit.
    pub(crate) candidates: Arc<[Candidate]>,
}

/// A literal or naming word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LiteralHit {
    /// Where it stands.
    pub(crate) at: u32,
    pub(crate) user: User,
    /// If it is known to come to nothing, the bytes that this depends on.
    pub(crate) dead: Option<Need>,
}

impl LiteralHit {
    /// Where the match would start; `None` if that would be before the document.
    pub(crate) fn start(&self) -> Option<u32> {
        self.at.checked_sub(self.user.offset.into())
    }
}

/// The start of a token-like value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenHit {
    pub(crate) start: u32,
    /// If it is known to come to nothing for all rules, the bytes that this depends on.
    pub(crate) dead: Option<Need>,
}

/// How many bytes around the start of a match what became of it depends on. The most that fits stands for everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    before: u16,
    /// At least the first byte of the match.
    after: NonZeroU16,
}

impl Need {
    /// What finding no match depends on, or finding one whose secret alone says that it is none: so many bytes before the start, and from
    /// it on those that were looked at.
    pub(crate) fn of_match(before: usize, looked: usize) -> Self {
        Self { before: fitting(before), after: NonZeroU16::new(fitting(looked)).unwrap_or(NonZeroU16::MIN) }
    }

    /// What a verdict depends on.
    pub(crate) fn of_verdict(reach: Reach) -> Self {
        if reach.document { Self::of_match(usize::MAX, usize::MAX) } else { Self::of_match(reach.before, reach.after) }
    }

    /// What two things together depend on.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { before: self.before.max(other.before), after: self.after.max(other.after) }
    }
}

fn fitting(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}

/// A stretch of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// Where in the document it stands.
    pub(crate) at: Range<usize>,
    /// Where in another document it starts, if it is a copy.
    pub(crate) copied_from: Option<usize>,
}

/// A document that another one was made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// How long it is.
    pub(crate) length: usize,
    pub(crate) hits: &'a Hits,
    /// What of the other came from where, in order and without gaps.
    pub(crate) runs: &'a [Run],
}

impl Hits {
    /// How many bytes of memory they take.
    pub(crate) fn weight(&self) -> usize {
        let verdicts = self.of_literals.len() + self.of_inner.len() + self.of_tokens.len();
        (self.literals.capacity() + self.inner.capacity()) * size_of::<LiteralHit>()
            + self.tokens.capacity() * size_of::<TokenHit>()
            + self.opened.capacity() * size_of::<(u32, Open)>()
            + verdicts * (size_of::<Verdict>() + size_of::<Candidate>())
    }

    /// Finds the hits of a document of less than 4 GiB, by those of its origin where there is one.
    pub(crate) fn find(&mut self, engine: &Engine, document: &[u8], origin: Option<Origin<'_>>) {
        self.literals.clear();
        self.inner.clear();
        self.tokens.clear();
        self.of_literals.clear();
        self.of_inner.clear();
        self.of_tokens.clear();
        self.opened.clear();
        self.left_out = 0;
        let (mut literals, mut tokens) = (0, 0);
        let mut from = From::default();
        for copy in origin.iter().flat_map(|origin| copies(origin, document)) {
            let Some(origin) = origin else { break };
            // A short copy costs more to carry from than to search.
            if copy.at.len() < SHORTEST_COPY {
                continue;
            }
            let sure = copy.sure_of_literals(engine);
            if !sure.is_empty() {
                self.search_literals(engine, document, literals..sure.start);
                literals = sure.end;
                self.carry_literals(origin.hits, &copy, sure, &mut from);
            }
            let sure = copy.sure_of_tokens(document);
            if !sure.is_empty() {
                self.search_tokens(engine, document, tokens..sure.start);
                tokens = sure.end;
                self.carry_tokens(origin.hits, &copy, sure, &mut from);
            }
        }
        self.search_literals(engine, document, literals..document.len());
        self.search_tokens(engine, document, tokens..document.len());
    }

    /// Finds the literals that start in a stretch.
    fn search_literals(&mut self, engine: &Engine, document: &[u8], range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let (literals, inner) = (self.literals.len(), self.inner.len());
        engine.literals.find_literals(document, &range, |user, at| {
            let hit = LiteralHit { at: at as u32, user, dead: None };
            let is_inner = engine.inner.get(user.rule as usize).is_some_and(|inner| *inner);
            if is_inner { self.inner.push(hit) } else { self.literals.push(hit) }
        });
        for found in [self.literals.get_mut(literals..), self.inner.get_mut(inner..)].into_iter().flatten() {
            if found.len() > 1 {
                found.sort_unstable_by_key(|hit| (hit.at, hit.user.rule, hit.user.alternative));
            }
        }
    }

    fn search_tokens(&mut self, engine: &Engine, document: &[u8], range: Range<usize>) {
        if !engine.runs.is_empty() && !range.is_empty() {
            engine.token_hits(document, &range, |start, open| {
                self.tokens.push(TokenHit { start: start as u32, dead: None });
                self.opened.push((start as u32, open));
            });
        }
    }

    fn carry_literals(&mut self, from: &Self, copy: &Copy, sure: Range<usize>, at: &mut From) {
        let range = copy.in_origin(sure);
        for hit in within(&from.literals, &range, &mut at.literals, |hit| hit.at) {
            let start = copy.brought(hit.at);
            let dead = hit.dead.filter(|need| copy.holds(start, *need));
            if dead.is_none() || self.has_heirs {
                self.literals.push(LiteralHit { at: start, dead, ..*hit });
            } else {
                self.left_out += 1;
            }
        }
        for hit in within(&from.inner, &range, &mut at.inner, |hit| hit.at) {
            let mut hit = LiteralHit { at: copy.brought(hit.at), ..*hit };
            let start = hit.start().filter(|start| *start as usize >= copy.at.start);
            hit.dead = hit.dead.filter(|need| start.is_some_and(|start| copy.holds(start, *need)));
            self.inner.push(hit);
        }
        let verdicts = within(&from.of_literals, &range, &mut at.of_literals, |verdict| verdict.start);
        self.of_literals.extend(verdicts.iter().filter_map(|verdict| verdict.carried(copy)));
        // A match may start before its literal, but what a verdict depends on starts no earlier than the copy.
        let verdicts =
            within(&from.of_inner, &copy.in_origin(copy.at.clone()), &mut at.of_inner, |verdict| verdict.start);
        self.of_inner.extend(verdicts.iter().filter_map(|verdict| verdict.carried(copy)));
    }

    fn carry_tokens(&mut self, from: &Self, copy: &Copy, sure: Range<usize>, at: &mut From) {
        let range = copy.in_origin(sure);
        for hit in within(&from.tokens, &range, &mut at.tokens, |hit| hit.start) {
            let start = copy.brought(hit.start);
            let dead = hit.dead.filter(|need| copy.holds(start, *need));
            if dead.is_none() || self.has_heirs {
                self.tokens.push(TokenHit { start, dead });
            } else {
                self.left_out += 1;
            }
        }
        let verdicts = within(&from.of_tokens, &range, &mut at.of_tokens, |verdict| verdict.start);
        self.of_tokens.extend(verdicts.iter().filter_map(|verdict| verdict.carried(copy)));
    }
}

/// Copies that are shorter are searched like insertions.
pub(crate) const SHORTEST_COPY: usize = 192;

/// Where the last stretch ended in each list of the origin. Copies mostly go forward.
#[derive(Default)]
struct From {
    literals: usize,
    inner: usize,
    of_literals: usize,
    of_inner: usize,
    tokens: usize,
    of_tokens: usize,
}

/// The part of an ordered list that lies in a stretch, looked for from where the last one ended.
fn within<'l, T>(list: &'l [T], range: &Range<usize>, at: &mut usize, start: impl Fn(&T) -> u32) -> &'l [T] {
    let first = seek(list, *at, |item| (start(item) as usize) < range.start);
    let end = seek(list, first, |item| (start(item) as usize) < range.end);
    *at = end;
    list.get(first..end).unwrap_or_default()
}

/// The first place from which on nothing is before, which is looked for around a guess: in steps that double, then between two of them.
fn seek<T>(list: &[T], guess: usize, before: impl Fn(&T) -> bool) -> usize {
    let is_before = |at: usize| list.get(at).is_some_and(&before);
    let (mut low, mut high, mut step) = (guess, guess, 1);
    while low > 0 && !is_before(low - 1) {
        (high, low) = (low - 1, low.saturating_sub(step));
        step *= 2;
    }
    step = 1;
    while is_before(high) {
        (low, high) = (high + 1, (high + step).min(list.len()));
        step *= 2;
    }
    low + list.get(low..high).unwrap_or_default().partition_point(before)
}

impl Verdict {
    /// The verdict where its hit was copied to, if it still holds.
    fn carried(&self, copy: &Copy) -> Option<Self> {
        let start = copy.brought(self.start);
        copy.holds(start, self.need).then(|| Self { start, ..self.clone() })
    }
}

/// A stretch that was copied.
struct Copy {
    at: Range<usize>,
    from: usize,
    /// Whether it starts both documents.
    first: bool,
    /// Whether it ends both documents.
    last: bool,
}

fn copies<'a>(origin: &Origin<'a>, document: &[u8]) -> impl Iterator<Item = Copy> + use<'a> {
    let (before, now) = (origin.length, document.len());
    origin.runs.iter().filter_map(move |run| {
        let from = run.copied_from?;
        let ends_before = from + run.at.len() == before;
        Some(Copy {
            at: run.at.clone(),
            from,
            first: run.at.start == 0 && from == 0,
            last: run.at.end == now && ends_before,
        })
    })
}

impl Copy {
    /// The places at which copied bytes alone decide whether a literal stands there.
    fn sure_of_literals(&self, engine: &Engine) -> Range<usize> {
        let end = if self.last { self.at.end } else { self.at.end.saturating_sub(engine.literals.length) };
        self.at.start..end.max(self.at.start)
    }

    /// The same for token-like values, which depend on the byte before them and on their run to its end.
    fn sure_of_tokens(&self, document: &[u8]) -> Range<usize> {
        let start = if self.first { self.at.start } else { self.at.start + 1 };
        let copied = document.get(self.at.clone()).unwrap_or_default();
        let end = if self.last { self.at.end } else { self.at.start + last_run(copied) };
        start..end.max(start)
    }

    /// The same stretch in the origin.
    fn in_origin(&self, range: Range<usize>) -> Range<usize> {
        range.start - self.at.start + self.from..range.end - self.at.start + self.from
    }

    /// Where a place of the origin is now.
    fn brought(&self, place: u32) -> u32 {
        (place as usize - self.from + self.at.start) as u32
    }

    /// Whether all that is needed around a start was copied, the documents' edges included.
    fn holds(&self, start: u32, need: Need) -> bool {
        let start = start as usize;
        let holds = |open: bool, there: usize, need: u16| open || (need < u16::MAX && there >= usize::from(need));
        holds(self.first, start - self.at.start, need.before) && holds(self.last, self.at.end - start, need.after.get())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn seeking_finds_from_any_guess(mut list in prop::collection::vec(0_u32..60, 0..40), guess in 0_usize..40, from in 0_u32..62) {
            list.sort_unstable();
            let guess = guess.min(list.len());
            prop_assert_eq!(seek(&list, guess, |item| *item < from), list.partition_point(|item| *item < from));
        }
    }
}
