//! The proof of carried hits: a chain of documents, each made of the one before, scanned by carried hits and whole. For tests only.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::engine::{Candidate, Engine, Scratch};
use crate::hits::{Hits, LiteralHit, Need, Origin, Run};

/// Documents that are each a delta upon the one before, all held against the same engine.
#[derive(Debug)]
pub struct Chain<'e> {
    engine: &'e Engine,
    scratch: Scratch,
    document: Vec<u8>,
    hits: Hits,
    begun: bool,
}

/// What was seen in a document that shows no difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// The hits of all kinds.
    pub hits: usize,
    /// Those of them that were known to come to nothing before they were looked at.
    pub carried_dead: usize,
    /// Those whose verdict was known before they were looked at.
    pub inherited: usize,
    /// Those that come to nothing.
    pub dead: usize,
    /// The candidates, before they are resolved.
    pub candidates: usize,
}

impl<'e> Chain<'e> {
    /// A chain without a document.
    pub fn new(engine: &'e Engine) -> Self {
        Self { engine, scratch: Scratch::default(), document: Vec::new(), hits: Hits::default(), begun: false }
    }

    /// The document that was taken last.
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    /// Takes the next document, which is made of stretches of the one before it (where each starts there) and of inserted ones, in order and
    /// without gaps. What is said of the first document of a chain is ignored.
    ///
    /// # Errors
    /// The first difference between what carried hits give and what the document gives by itself, or the first hit that is wrongly held for
    /// dead.
    pub fn next(&mut self, document: &[u8], runs: &[(Range<usize>, Option<usize>)]) -> Result<Checked, String> {
        let runs: Vec<Run> = runs.iter().map(|(at, from)| Run { at: at.clone(), copied_from: *from }).collect();
        let origin = Origin { length: self.document.len(), hits: &self.hits, runs: &runs };
        let mut hits = Hits { has_heirs: true, ..Hits::default() };
        hits.find(self.engine, document, self.begun.then_some(origin));
        self.document = document.to_vec();
        self.hits = hits;
        self.begun = true;
        let (hits, carried_dead) = self.hits.count();
        let candidates = both_ways(self.engine, &self.document, &mut self.hits, &mut self.scratch)?;
        self.nothing_is_lost()?;
        let settled = self.settled();
        settled.iter().try_for_each(|hit| self.comes_to_the_same(hit, &self.document, hit.start))?;
        let dead = settled.iter().filter(|hit| hit.candidates.is_empty()).count();
        Ok(Checked { hits, carried_dead, inherited: self.hits.inherited, dead, candidates })
    }

    /// Puts what became of each hit of the last document, and depends on some bytes, with these between other bytes, and looks whether it comes to
    /// the same there. What depends on an edge of the document keeps it.
    ///
    /// # Errors
    /// The first hit that does not.
    pub fn same_elsewhere(&self, head: &[u8], tail: &[u8]) -> Result<(), String> {
        let mut other = Vec::new();
        for hit in self.settled() {
            let (start, length) = (hit.start, self.document.len());
            let (before, after) = (usize::from(hit.need.before), usize::from(hit.need.after.get()));
            let everything = usize::from(u16::MAX);
            let from = start.checked_sub(before).filter(|_| before < everything);
            // A literal hit is carried only with what tells which of its rule's shapes it is a hit of.
            let span = hit.rule.map_or(0, |_| self.engine.literals.span());
            let to = Some(start + after.max(span)).filter(|to| *to <= length && after < everything);
            other.clear();
            if from.is_some() {
                other.extend_from_slice(head);
            }
            let moved = other.len() + start - from.unwrap_or_default();
            other.extend_from_slice(&self.document[from.unwrap_or_default()..to.unwrap_or(length)]);
            if to.is_some() {
                other.extend_from_slice(tail);
            }
            let same = self.comes_to_the_same(&hit, &other, moved);
            same.map_err(|error| format!("elsewhere, with {:?}: {error}", hit.need))?;
        }
        Ok(())
    }

    /// Looks whether there is a hit wherever a rule matches, whether hits are in order, and whether what is found are the matches that are in.
    fn nothing_is_lost(&mut self) -> Result<(), String> {
        let by_place = |hits: &[LiteralHit]| hits.is_sorted_by_key(|hit| (hit.at, hit.user.rule, hit.user.alternative));
        let ordered = by_place(&self.hits.literals.all)
            && by_place(&self.hits.inner)
            && self.hits.tokens.all.is_sorted_by(|a, b| a.start < b.start);
        if !ordered {
            return Err("hits are out of order".to_owned());
        }
        let literals = self.hits.literals.all.iter().chain(&self.hits.inner);
        let literals: HashSet<(u32, u32)> = literals.filter_map(|hit| Some((hit.start()?, hit.user.rule))).collect();
        let tokens: HashSet<u32> = self.hits.tokens.all.iter().map(|hit| hit.start).collect();
        let mut all = self.engine.trace(&self.document, &mut self.scratch);
        let lost = all.iter().find(|matched| {
            let (start, rule) = (matched.span.start as u32, matched.rule as u32);
            let of_runs = self.engine.runs.iter().any(|(run, _)| *run == rule);
            if of_runs { !tokens.contains(&start) } else { !literals.contains(&(start, rule)) }
        });
        if let Some(c) = lost {
            return Err(format!("no hit of {} at {:?}", self.engine.rules()[c.rule].id, c.span));
        }
        all.retain(Candidate::is_in);
        let mut found = Vec::new();
        let range = 0..self.document.len();
        self.engine.scan_part(&self.document, range, &mut self.scratch, |candidate| found.push(candidate));
        found.sort_by_key(|c| (c.rule, c.span.start, c.span.end));
        equal(self.engine, &found, &all).map_err(|error| format!("against the trace: {error}"))
    }

    /// The hits of which is known what they come to.
    fn settled(&self) -> Vec<Settled> {
        let dead = |start: u32, rule: Option<u32>, need: Option<Need>| {
            need.map(|need| Settled { start: start as usize, rule, need, candidates: Arc::new([]) })
        };
        let Hits { literals, inner, tokens, of_literals, of_inner, of_tokens, .. } = &self.hits;
        let literals = literals.all.iter().chain(inner);
        let literals = literals.filter_map(|hit| dead(hit.start()?, Some(hit.user.rule), hit.dead));
        let tokens = tokens.all.iter().filter_map(|hit| dead(hit.start, None, hit.dead));
        let lives = of_literals.iter().chain(of_inner).chain(of_tokens).map(|verdict| Settled {
            start: verdict.start as usize,
            rule: verdict.rule,
            need: verdict.need,
            candidates: Arc::clone(&verdict.candidates),
        });
        literals.chain(tokens).chain(lives).collect()
    }

    /// Looks whether a hit comes to what is known of it, by the definition of a match alone.
    fn comes_to_the_same(&self, hit: &Settled, document: &[u8], start: usize) -> Result<(), String> {
        let rules: Vec<u32> =
            hit.rule.map_or_else(|| self.engine.runs.iter().map(|(rule, _)| *rule).collect(), |rule| vec![rule]);
        let candidates = rules.iter().filter_map(|rule| self.engine.try_at(*rule as usize, document, start));
        let mut there: Vec<Candidate> = candidates.filter(Candidate::is_in).collect();
        let moved = |range: &Range<usize>| range.start - start..range.end - start;
        for candidate in &mut there {
            (candidate.span, candidate.secret) = (moved(&candidate.span), moved(&candidate.secret));
        }
        equal(self.engine, &hit.candidates, &there)
    }
}

/// Compares what is found in a document by its hits with what is found without, before and after it is resolved. How much is found before.
///
/// # Errors
/// The first difference.
pub(crate) fn both_ways(
    engine: &Engine,
    document: &[u8],
    hits: &mut Hits,
    scratch: &mut Scratch,
) -> Result<usize, String> {
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    engine.scan_at_hits(document, hits, scratch, |candidate| fast.push(candidate));
    engine.scan_part(document, 0..document.len(), scratch, |candidate| slow.push(candidate));
    let (mut resolved, found) = (fast.clone(), fast.len());
    fast.sort_by_key(|c| (c.rule, c.span.start, c.span.end));
    slow.sort_by_key(|c| (c.rule, c.span.start, c.span.end));
    equal(engine, &fast, &slow)?;
    engine.resolve(&mut resolved);
    equal(engine, &resolved, engine.scan(document, scratch)).map_err(|error| format!("resolved: {error}"))?;
    Ok(found)
}

fn equal(engine: &Engine, fast: &[Candidate], slow: &[Candidate]) -> Result<(), String> {
    let longer = fast.len().max(slow.len());
    let Some(at) = (0..longer).find(|at| fast.get(*at) != slow.get(*at)) else { return Ok(()) };
    let told = |c: Option<&Candidate>| c.map_or("nothing".to_owned(), |c| told(engine, c));
    Err(format!("candidate {at}: by hits {}; whole {}", told(fast.get(at)), told(slow.get(at))))
}

/// What a candidate is, without the secret.
fn told(engine: &Engine, c: &Candidate) -> String {
    let id = &engine.rules()[c.rule].id;
    format!("{id} at {:?}, secret {:?}, score {}, {:?}", c.span, c.secret, c.verdict.score, c.verdict.rejected)
}

impl Hits {
    /// How many there are, and how many of them are known to come to nothing.
    pub(crate) fn count(&self) -> (usize, usize) {
        let all = self.literals.all.len() + self.inner.len() + self.tokens.all.len();
        let literals = self.literals.all.iter().chain(&self.inner).filter(|hit| hit.dead.is_some()).count();
        let tokens = self.tokens.all.iter().filter(|hit| hit.dead.is_some()).count();
        let left_out = self.literals.left_out + self.tokens.left_out;
        (all + left_out, literals + tokens + left_out)
    }
}

/// A hit of which is known what it comes to.
struct Settled {
    start: usize,
    /// Its rule; none if it is the start of a token-like value.
    rule: Option<u32>,
    need: Need,
    /// None if it is dead.
    candidates: Arc<[Candidate]>,
}
