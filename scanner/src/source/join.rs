//! Joining what the parts of a document gave.

use stanch_model::Finding;

use crate::allow::LINE;
use crate::engine::Candidate;
use crate::lines::{boundary, columns};
use crate::scan::{Control, Document, Excerpt, Findings};
use crate::source::part::{Column, Part};

/// So many candidates, or so many bytes around them, may wait for what comes after them. In a document that is that dense a companion
/// may be missed once in so many.
const MOST_CANDIDATES: usize = 1 << 16;
const MOST_BYTES: usize = 16 << 20;

/// Takes the parts of a document in order and makes findings of them.
///
/// Overlaps and companions are matters of candidates that stand near each other. Where a stretch of the document has no candidate for
/// longer than any companion may stand off, what is before it is settled, so that the document need not be held until its end.
pub(crate) struct Joiner<'a> {
    control: Control<'a>,
    findings: Findings<'a>,
    /// How far a candidate may stand off and still matter.
    near: usize,
    /// The line and column at which the next part starts.
    line: u64,
    column: u64,
    candidates: Vec<Candidate>,
    pieces: Vec<Placed>,
}

/// A piece whose place is known.
struct Placed {
    bytes: Vec<u8>,
    offset: usize,
    line: u64,
    column: u64,
}

impl Placed {
    fn end(&self) -> usize {
        self.offset + self.bytes.len()
    }
}

impl<'a> Joiner<'a> {
    pub(crate) fn new(control: Control<'a>, document: Document<'a>) -> Self {
        let companions = control.engine.rules().iter().filter_map(|rule| rule.companion.as_ref());
        let near = companions.map(|companion| companion.within as usize).max().unwrap_or(0);
        let findings = Findings::new(control, document);
        Self { control, findings, near, line: 1, column: 1, candidates: Vec::new(), pieces: Vec::new() }
    }

    /// Adds the next part.
    pub(crate) fn add(&mut self, part: Part) {
        for piece in part.pieces {
            let column = match piece.column {
                Column::Known(column) => column,
                Column::FromPart(columns) => self.column.saturating_add_signed(columns),
            };
            self.pieces.push(Placed {
                bytes: piece.bytes,
                offset: piece.offset,
                line: self.line + piece.newlines,
                column,
            });
        }
        self.line += part.newlines;
        self.column = if part.newlines > 0 { 1 } else { self.column } + part.tail;
        if !part.candidates.is_empty() {
            self.candidates.extend(part.candidates);
            self.candidates.sort_by_key(|candidate| (candidate.secret.start, candidate.secret.end, candidate.rule));
        }
        let settled = self.settled(part.span.end, self.near);
        self.settle(settled);
        let bytes: usize = self.pieces.iter().map(|piece| piece.bytes.len()).sum();
        if self.candidates.len() > MOST_CANDIDATES || bytes > MOST_BYTES {
            // Where no secrets overlap the cut does the least harm.
            let settled = self.settled(part.span.end, 0);
            self.settle(if settled > 0 { settled } else { self.candidates.len() });
        }
    }

    /// The findings of all parts.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        self.settle(self.candidates.len());
        self.findings.finish()
    }

    /// How many candidates have nothing `near` after them that may matter to them. All that comes starts at `from` or after it.
    fn settled(&self, from: usize, near: usize) -> usize {
        let starts = self.candidates.iter().skip(1).map(|candidate| candidate.secret.start).chain([from]);
        let mut end = 0;
        let mut settled = 0;
        for (index, (candidate, next)) in self.candidates.iter().zip(starts).enumerate() {
            end = end.max(candidate.secret.end);
            if next > end.saturating_add(near) {
                settled = index + 1;
            }
        }
        settled
    }

    /// Makes findings of the first candidates.
    fn settle(&mut self, count: usize) {
        let rest = self.candidates.split_off(count.min(self.candidates.len()));
        let mut candidates = std::mem::replace(&mut self.candidates, rest);
        if !candidates.is_empty() {
            self.control.engine.resolve(&mut candidates);
            self.pieces = merge(std::mem::take(&mut self.pieces));
            let excerpts: Vec<Excerpt<'_>> = self.pieces.iter().map(Placed::excerpt).collect();
            self.findings.add(&excerpts, &candidates);
        }
        // What remains needs the bytes around it only.
        let Some(low) = self.candidates.first().map(|candidate| candidate.secret.start.saturating_sub(LINE)) else {
            return self.pieces.clear();
        };
        self.pieces.retain_mut(|piece| {
            piece.forget(low);
            piece.end() > low
        });
    }
}

impl Placed {
    fn excerpt(&self) -> Excerpt<'_> {
        Excerpt { bytes: &self.bytes, offset: self.offset, line: self.line, column: self.column }
    }

    /// Forgets the bytes before a place in the document, up to where a code point starts.
    fn forget(&mut self, before: usize) {
        let Some(count) = before.checked_sub(self.offset).map(|at| boundary(&self.bytes, at.min(self.bytes.len())))
        else {
            return;
        };
        let gone = self.bytes.get(..count).unwrap_or_default();
        self.column = match memchr::memrchr(b'\n', gone) {
            Some(newline) => columns(gone.get(newline + 1..).unwrap_or_default()) + 1,
            None => self.column + columns(gone),
        };
        self.line += memchr::memchr_iter(b'\n', gone).count() as u64;
        self.offset += count;
        self.bytes.drain(..count);
    }
}

/// The pieces in order of place, those that touch as one.
fn merge(mut pieces: Vec<Placed>) -> Vec<Placed> {
    pieces.sort_by_key(|piece| piece.offset);
    let mut merged: Vec<Placed> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match merged.last_mut() {
            Some(last) if piece.offset <= last.end() => {
                let known = last.end() - piece.offset;
                last.bytes.extend_from_slice(piece.bytes.get(known..).unwrap_or_default());
            }
            _ => merged.push(piece),
        }
    }
    merged
}
