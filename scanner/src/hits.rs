//! The hits of a document, and how they are carried from one to another that is mostly a copy of it.
//!
//! Whether a match may start at a place depends on few bytes there: those of a literal, or a run of token bytes. Where all of these were copied
//! there is a hit now if there was one before; only at insertions and seams is looked anew. What is confirmed and weighed is then the same
//! as if the document had been searched whole.
//!
//! Most hits come to nothing: no match, or one that is rejected. Such a hit is *dead*, and stays so as long as all bytes that the rule looks at were
//! copied with it.

pub(crate) mod check;
mod copy;
mod fate;
mod list;

use std::num::NonZeroU16;
use std::ops::Range;
use std::sync::Arc;

use crate::engine::{Candidate, Engine, Reach};
use crate::hits::copy::{Copy, Cursor, copies};
use crate::hits::list::HitList;
use crate::prefilter::{Open, User};

pub(crate) use crate::hits::copy::SHORTEST_COPY;

/// The places of a document where a match may start, each kind in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hits {
    /// Where a literal or naming word says so.
    pub(crate) literals: HitList<LiteralHit>,
    /// The same for rules that have literals inside of their matches, in order of the literals.
    pub(crate) inner: Vec<LiteralHit>,
    /// Where a token-like value may start.
    pub(crate) tokens: HitList<TokenHit>,
    /// What those of them came to that came to something, in the same order.
    pub(crate) of_literals: Vec<Verdict>,
    pub(crate) of_inner: Vec<Verdict>,
    pub(crate) of_tokens: Vec<Verdict>,
    /// Which rules may match at the starts that were looked for and not carried.
    pub(crate) opened: Vec<(u32, Open)>,
    /// Whether what is known is kept, for documents that are made of this one: verdicts, and hits that come to nothing.
    pub(crate) has_heirs: bool,
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
        self.literals.weight()
            + self.tokens.weight()
            + self.inner.capacity() * size_of::<LiteralHit>()
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
        if let Some(origin) = origin.filter(|_| self.has_heirs) {
            self.literals.all.reserve(origin.hits.literals.all.len());
            self.tokens.all.reserve(origin.hits.tokens.all.len());
        }
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
                self.carry_literals(origin.hits, &copy, &sure, &mut from);
            }
            let sure = copy.sure_of_tokens(document);
            if !sure.is_empty() {
                self.search_tokens(engine, document, tokens..sure.start);
                tokens = sure.end;
                self.carry_tokens(origin.hits, &copy, &sure, &mut from);
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
        let (literals, inner) = (self.literals.all.len(), self.inner.len());
        engine.literals.find_literals(document, &range, |user, at| {
            let hit = LiteralHit { at: at as u32, user, dead: None };
            let is_inner = engine.inner.get(user.rule as usize).is_some_and(|inner| *inner);
            if is_inner { self.inner.push(hit) } else { self.literals.all.push(hit) }
        });
        for found in [self.literals.all.get_mut(literals..), self.inner.get_mut(inner..)].into_iter().flatten() {
            if found.len() > 1 {
                found.sort_unstable_by_key(|hit| (hit.at, hit.user.rule, hit.user.alternative));
            }
        }
        self.literals.open_from(literals);
    }

    fn search_tokens(&mut self, engine: &Engine, document: &[u8], range: Range<usize>) {
        if !engine.runs.is_empty() && !range.is_empty() {
            let tokens = self.tokens.all.len();
            engine.token_hits(document, &range, |start, open| {
                self.tokens.all.push(TokenHit { start: start as u32, dead: None });
                self.opened.push((start as u32, open));
            });
            self.tokens.open_from(tokens);
        }
    }

    fn carry_literals(&mut self, from: &Self, copy: &Copy, sure: &Range<usize>, at: &mut From) {
        self.literals.carry(&from.literals, copy, sure, self.has_heirs, &mut at.literals);
        let range = copy.in_origin(sure);
        at.inner.each(
            &from.inner,
            &range,
            |hit| hit.at,
            |hit| {
                let mut hit = LiteralHit { at: copy.brought(hit.at), ..*hit };
                let start = hit.start().filter(|start| *start as usize >= copy.at.start);
                hit.dead = hit.dead.filter(|need| start.is_some_and(|start| copy.holds(start, *need)));
                self.inner.push(hit);
            },
        );
        carry_verdicts(&mut self.of_literals, &from.of_literals, copy, &range, &mut at.of_literals);
        // A match may start before its literal, but what a verdict depends on starts no earlier than the copy.
        carry_verdicts(&mut self.of_inner, &from.of_inner, copy, &copy.in_origin(&copy.at), &mut at.of_inner);
    }

    fn carry_tokens(&mut self, from: &Self, copy: &Copy, sure: &Range<usize>, at: &mut From) {
        self.tokens.carry(&from.tokens, copy, sure, self.has_heirs, &mut at.tokens);
        carry_verdicts(&mut self.of_tokens, &from.of_tokens, copy, &copy.in_origin(sure), &mut at.of_tokens);
    }

    /// What is kept of the hits for heirs. Others take their place, for the next document; what heirs do not need stays with them.
    pub(crate) fn replaced_by(&mut self, next: Self) -> Self {
        let mut kept = std::mem::replace(self, next);
        std::mem::swap(&mut self.opened, &mut kept.opened);
        std::mem::swap(&mut self.literals.open, &mut kept.literals.open);
        std::mem::swap(&mut self.tokens.open, &mut kept.tokens.open);
        kept
    }
}

/// Carries the verdicts that still hold.
fn carry_verdicts(to: &mut Vec<Verdict>, from: &[Verdict], copy: &Copy, range: &Range<usize>, at: &mut Cursor) {
    at.each(from, range, |verdict| verdict.start, |verdict| to.extend(verdict.carried(copy)));
}

/// Where the last stretch ended in each list of the origin.
#[derive(Default)]
struct From {
    literals: Cursor,
    inner: Cursor,
    of_literals: Cursor,
    of_inner: Cursor,
    tokens: Cursor,
    of_tokens: Cursor,
}
