//! What becomes of hits: nothing, or candidates. What is known of a hit is not found out again.

use std::ops::Range;

use crate::confirm::RunEnds;
use crate::digest;
use crate::engine::{Candidate, Engine, Out, Scratch};
use crate::evidence::near::Near;
use crate::hits::{Hits, LiteralHit, Need, TokenHit, Verdict};
use crate::prefilter::Open;

impl Engine {
    /// Scans a whole document whose hits are known: what [`Engine::scan`] gives, as [`Engine::scan_at_hits`] finds it.
    pub(crate) fn scan_hits<'s>(&self, document: &[u8], hits: &mut Hits, scratch: &'s mut Scratch) -> &'s [Candidate] {
        let mut candidates = std::mem::take(&mut scratch.candidates);
        candidates.clear();
        self.scan_at_hits(document, hits, scratch, |candidate| candidates.push(candidate));
        self.resolve(&mut candidates);
        scratch.candidates = candidates;
        &scratch.candidates
    }

    /// Finds the candidates of a whole document whose hits are known, unresolved: what [`Engine::scan_part`] gives of all of it. Hits that
    /// come to nothing are dead afterwards; those that were dead before, or have their verdict, are not looked at.
    pub(crate) fn scan_at_hits(
        &self,
        document: &[u8],
        hits: &mut Hits,
        scratch: &mut Scratch,
        mut found: impl FnMut(Candidate),
    ) {
        let Scratch { run_ends: runs, near, .. } = scratch;
        runs.reset(&self.classes);
        near.reset();
        (hits.weighed, hits.inherited) = (0, 0);
        self.literal_fates(document, hits, runs, near, &mut found);
        self.inner_fates(document, hits, runs, near, &mut found);
        self.token_fates(document, hits, runs, near, &mut found);
    }

    /// What becomes of the hits of literals that start their matches.
    fn literal_fates(
        &self,
        document: &[u8],
        hits: &mut Hits,
        runs: &mut RunEnds,
        near: &mut Near,
        found: &mut impl FnMut(Candidate),
    ) {
        let Hits { literals, of_literals, has_heirs, weighed, inherited, .. } = hits;
        let mut known = std::mem::take(of_literals).into_iter().peekable();
        let same = |a: &LiteralHit, b: &LiteralHit| (a.at, a.user.rule) == (b.at, b.user.rule);
        literals.settle(same, |LiteralHit { at: start, user, .. }, group| {
            let known = known.next_if(|known| (known.start, known.rule) == (*start, Some(user.rule)));
            *if known.is_some() { &mut *inherited } else { &mut *weighed } += 1;
            let fate = known.map_or_else(
                || {
                    let alternatives = group.iter().map(|hit| hit.user.alternative);
                    self.fate_of_literal(document, *start, user.rule, alternatives, runs, near)
                },
                Fate::Lives,
            );
            fate.tell(has_heirs.then_some(&mut *of_literals), found)
        });
    }

    /// What becomes of the starts of token-like values.
    fn token_fates(
        &self,
        document: &[u8],
        hits: &mut Hits,
        runs: &mut RunEnds,
        near: &mut Near,
        found: &mut impl FnMut(Candidate),
    ) {
        let Hits { tokens, of_tokens, opened, has_heirs, weighed, inherited, .. } = hits;
        let mut opened = opened.drain(..).peekable();
        let mut known = std::mem::take(of_tokens).into_iter().peekable();
        tokens.settle(
            |_, _| false,
            |TokenHit { start, .. }, _| {
                let known = known.next_if(|known| known.start == *start);
                *if known.is_some() { &mut *inherited } else { &mut *weighed } += 1;
                let fate = known.map_or_else(
                    || {
                        let open = opened.next_if(|(place, _)| place == start);
                        let open = open.map_or_else(|| self.gate.open_any(document, *start as usize), |(_, open)| open);
                        self.fate_of_token(document, *start, open, runs, near)
                    },
                    Fate::Lives,
                );
                fate.tell(has_heirs.then_some(&mut *of_tokens), found)
            },
        );
    }

    /// What becomes of the hits of literals inside of matches. They are in order of the literals, and looked at in order of the matches.
    fn inner_fates(
        &self,
        document: &[u8],
        hits: &mut Hits,
        runs: &mut RunEnds,
        near: &mut Near,
        found: &mut impl FnMut(Candidate),
    ) {
        let Hits { inner, of_inner, has_heirs, .. } = hits;
        let inherited = std::mem::take(of_inner);
        let mut inherited = inherited.into_iter().peekable();
        let mut order: Vec<(u32, u32, u16, usize)> = Vec::new();
        for (index, hit) in inner.iter().enumerate() {
            order.extend(hit.start().map(|start| (start, hit.user.rule, hit.user.alternative, index)));
        }
        order.sort_unstable();
        for group in order.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some((start, rule, ..)) = group.first().copied() else { continue };
            // Literals of one match may stand in copies and seams, so one of them may be new where others are known.
            let is_known = |hit: &LiteralHit| hit.dead.is_some();
            if group.iter().all(|(.., index)| inner.get(*index).is_some_and(is_known)) {
                continue;
            }
            let known = inherited.next_if(|known| (known.start, known.rule) == (start, Some(rule)));
            hits.inherited += usize::from(known.is_some());
            let fate = known.map_or_else(
                || {
                    hits.weighed += 1;
                    let alternatives = group.iter().map(|(_, _, alternative, _)| *alternative);
                    self.fate_of_literal(document, start, rule, alternatives, runs, near)
                },
                Fate::Lives,
            );
            let dead = fate.tell(has_heirs.then_some(&mut *of_inner), found);
            for (.., index) in group {
                inner.get_mut(*index).into_iter().for_each(|hit| hit.dead = dead);
            }
        }
    }

    /// What becomes of the hit of a literal.
    fn fate_of_literal(
        &self,
        document: &[u8],
        start: u32,
        rule: u32,
        alternatives: impl Iterator<Item = u16>,
        runs: &mut RunEnds,
        near: &mut Near,
    ) -> Fate {
        let place = start as usize;
        runs.looked_to = place;
        let Some(matched) = self.longest(document, rule, alternatives, place, runs) else {
            return Fate::Dead(self.need_of_match(rule, place, runs));
        };
        match self.accepted(rule as usize, matched, document, near) {
            Ok(candidate) => {
                let need = Need::of_verdict(self.rule_reach(rule));
                let candidates = [from_start(candidate, place)].into();
                Fate::Lives(Verdict { start, rule: Some(rule), need, candidates })
            }
            Err(out) => Fate::Dead(self.need_of_out(rule, out, place, runs)),
        }
    }

    /// What it depends on how far a rule matches at a place, which was just looked at.
    fn need_of_match(&self, rule: u32, place: usize, runs: &RunEnds) -> Need {
        Need::of_match(self.looks_before(rule), runs.looked_to.saturating_sub(place))
    }

    /// What it depends on that a match is out.
    fn need_of_out(&self, rule: u32, out: Out, place: usize, runs: &RunEnds) -> Need {
        match out {
            Out::BySecret => self.need_of_match(rule, place, runs),
            // What ends the window is looked at too, on either side; at an edge of the document it is the edge.
            Out::NoWord(window) => {
                let around = Need::of_match(place + 1 - window.start, window.end + 1 - place);
                around.and(self.need_of_match(rule, place, runs))
            }
            Out::Around => Need::of_verdict(self.rule_reach(rule)),
        }
    }

    /// What becomes of the start of a token-like value.
    fn fate_of_token(&self, document: &[u8], start: u32, open: Open, runs: &mut RunEnds, near: &mut Near) -> Fate {
        let place = start as usize;
        let mut need = Need::of_match(digest::REACH, open.looked);
        let mut candidates = Vec::new();
        for (rule, shapes) in self.open_rules(open) {
            runs.looked_to = place;
            let matched = self.longest(document, rule, 0..shapes, place, runs);
            need = need.and(match matched.map(|matched| self.accepted(rule as usize, matched, document, near)) {
                None => self.need_of_match(rule, place, runs),
                Some(Err(out)) => self.need_of_out(rule, out, place, runs),
                Some(Ok(candidate)) => {
                    candidates.push(from_start(candidate, place));
                    Need::of_verdict(self.rule_reach(rule))
                }
            });
        }
        if candidates.is_empty() {
            Fate::Dead(need)
        } else {
            Fate::Lives(Verdict { start, rule: None, need, candidates: candidates.into() })
        }
    }
}

/// What becomes of a hit.
enum Fate {
    /// Nothing, as long as what this depends on stays.
    Dead(Need),
    Lives(Verdict),
}

impl Fate {
    /// Tells of the candidates, and keeps the verdict where verdicts are kept. If there are none, what that depends on.
    fn tell(self, kept: Option<&mut Vec<Verdict>>, found: &mut impl FnMut(Candidate)) -> Option<Need> {
        let verdict = match self {
            Self::Dead(need) => return Some(need),
            Self::Lives(verdict) => verdict,
        };
        let start = verdict.start as usize;
        let moved = |range: &Range<usize>| range.start + start..range.end + start;
        for candidate in verdict.candidates.iter() {
            found(Candidate { span: moved(&candidate.span), secret: moved(&candidate.secret), ..candidate.clone() });
        }
        if let Some(kept) = kept {
            kept.push(verdict);
        }
        None
    }
}

/// A candidate whose places count from the start of its hit.
fn from_start(candidate: Candidate, start: usize) -> Candidate {
    let moved = |range: &Range<usize>| range.start - start..range.end - start;
    Candidate { span: moved(&candidate.span), secret: moved(&candidate.secret), ..candidate }
}
