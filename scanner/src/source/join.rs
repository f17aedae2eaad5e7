//! Joining what the parts of a document gave.

use stanch_model::Finding;

use crate::allow::LINE;
use crate::engine::Candidate;
use crate::scan::{Control, Document, Excerpt, Findings};
use crate::source::part::{Column, Part};

/// So many candidates, or so many bytes around them, may wait for what comes after them. A document that is that dense is resolved
/// at the ends of parts, where a companion may then be missed.
const MOST_CANDIDATES: usize = 1 << 18;
const MOST_BYTES: usize = 32 << 20;

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
            self.pieces.push(Placed { bytes: piece.bytes, offset: piece.offset, line: self.line + piece.newlines, column });
        }
        self.line += part.newlines;
        self.column = if part.newlines > 0 { 1 } else { self.column } + part.tail;
        if !part.candidates.is_empty() {
            self.candidates.extend(part.candidates);
            self.candidates.sort_by_key(|candidate| (candidate.secret.start, candidate.secret.end, candidate.rule));
        }
        let bytes: usize = self.pieces.iter().map(|piece| piece.bytes.len()).sum();
        let dense = self.candidates.len() > MOST_CANDIDATES || bytes > MOST_BYTES;
        self.settle(if dense { self.candidates.len() } else { self.settled(part.span.end) });
    }

    /// The findings of all parts.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        self.settle(self.candidates.len());
        self.findings.finish()
    }

    /// How many candidates nothing that comes after them can matter to. All that comes starts at `from` or after it.
    fn settled(&self, from: usize) -> usize {
        let starts = self.candidates.iter().skip(1).map(|candidate| candidate.secret.start).chain([from]);
        let mut end = 0;
        let mut settled = 0;
        for (index, (candidate, next)) in self.candidates.iter().zip(starts).enumerate() {
            end = end.max(candidate.secret.end);
            if next > end.saturating_add(self.near) {
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
            let merged = merge(&mut self.pieces);
            let excerpts: Vec<Excerpt<'_>> = merged.iter().map(Placed::excerpt).collect();
            self.findings.add(&excerpts, &candidates);
        }
        // What remains needs the bytes around it only.
        match self.candidates.first().map(|candidate| candidate.secret.start.saturating_sub(LINE)) {
            Some(low) => self.pieces.retain(|piece| piece.end() > low),
            None => self.pieces.clear(),
        }
    }
}

impl Placed {
    fn excerpt(&self) -> Excerpt<'_> {
        Excerpt { bytes: &self.bytes, offset: self.offset, line: self.line, column: self.column }
    }
}

/// Copies of the pieces, in order of place, those that touch as one.
fn merge(pieces: &mut [Placed]) -> Vec<Placed> {
    pieces.sort_by_key(|piece| piece.offset);
    let mut merged: Vec<Placed> = Vec::with_capacity(pieces.len());
    for piece in pieces.iter() {
        match merged.last_mut() {
            Some(last) if piece.offset <= last.end() => {
                let known = last.end() - piece.offset;
                last.bytes.extend_from_slice(piece.bytes.get(known..).unwrap_or_default());
            }
            _ => merged.push(Placed { bytes: piece.bytes.clone(), ..*piece }),
        }
    }
    merged
}
