//! Parts of documents that are too large to be held whole.
//!
//! A part is scanned with a margin of its neighbours, so that it gives what scanning the whole document would. Of its bytes only those
//! around candidates are kept; lines and columns are counted from the start of the part until its place is known.

use std::ops::Range;

use crate::allow::LINE;
use crate::engine::{Candidate, Engine, Scratch};
use crate::lines::{boundary, columns};

/// How documents are cut, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Documents up to this size are scanned whole.
    pub(crate) whole: u64,
    /// Those up to this size are scanned in parts by one thread, larger ones by all.
    pub(crate) alone: u64,
    /// The size of parts. What the engine holds of a part grows with it, what is read twice shrinks.
    pub(crate) part: usize,
}

impl Sizes {
    /// What suits an engine: if some rule looks at whole documents, only what is very large is cut.
    pub(crate) fn of(engine: &Engine) -> Self {
        let whole = if engine.reach().document { 64 << 20 } else { 1 << 20 };
        Self { whole, alone: whole.max(8 << 20), part: 1 << 20 }
    }
}

/// How many bytes a part needs of its neighbours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Margins {
    pub(crate) before: usize,
    pub(crate) after: usize,
}

impl Margins {
    pub(crate) fn of(engine: &Engine) -> Self {
        // Four bytes more tell where a code point starts, see `boundary`.
        const CODE_POINT: usize = 4;
        let reach = engine.reach();
        Self { before: reach.before.max(LINE + CODE_POINT), after: reach.after + LINE }
    }
}

/// The bytes of a part with its margins.
#[derive(Debug, Clone)]
pub(crate) struct PartBytes<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where in the document they start.
    pub(crate) offset: usize,
    /// Which of them are the part.
    pub(crate) range: Range<usize>,
}

/// What a part gave.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// Its candidates, in order of their secrets. Offsets are those of the document.
    pub(crate) candidates: Vec<Candidate>,
    /// The bytes around the candidates, in order of place.
    pub(crate) pieces: Vec<Piece>,
    /// Where in the document it stands.
    pub(crate) span: Range<usize>,
    /// The newlines in it.
    pub(crate) newlines: u64,
    /// The columns after the last newline, or of the whole part if there is none.
    pub(crate) tail: u64,
}

/// Bytes around candidates.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    /// Where in the document they start.
    pub(crate) offset: usize,
    /// The newlines between the start of the part and the piece.
    pub(crate) newlines: u64,
    pub(crate) column: Column,
}

/// The column of the first byte of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Its line starts in the part or the margin.
    Known(u64),
    /// So many columns after the one that the part starts at.
    FromPart(i64),
}

/// Scans a part.
pub(crate) fn scan_part(engine: &Engine, part: &PartBytes<'_>, scratch: &mut Scratch) -> Part {
    let mut candidates = Vec::new();
    engine.scan_part(part.bytes, part.range.clone(), scratch, |candidate| candidates.push(candidate));
    candidates.sort_by_key(|candidate| (candidate.secret.start, candidate.secret.end, candidate.rule));
    let mut counter = Counter::new(part);
    let mut pieces: Vec<(Range<usize>, u64, Column)> = Vec::new();
    for candidate in &mut candidates {
        let around = around(part.bytes, &candidate.secret);
        match pieces.last_mut() {
            Some((last, ..)) if around.start <= last.end => last.end = last.end.max(around.end),
            _ => {
                let (newlines, column) = counter.place(around.start);
                pieces.push((around, newlines, column));
            }
        }
        shift(candidate, part.offset);
    }
    let own = |(range, newlines, column): (Range<usize>, u64, Column)| Piece {
        offset: part.offset + range.start,
        bytes: part.bytes.get(range).unwrap_or_default().to_vec(),
        newlines,
        column,
    };
    let (newlines, tail) = counter.end();
    let span = part.offset + part.range.start..part.offset + part.range.end;
    Part { candidates, pieces: pieces.into_iter().map(own).collect(), span, newlines, tail }
}

fn shift(candidate: &mut Candidate, by: usize) {
    for range in [&mut candidate.span, &mut candidate.secret] {
        *range = range.start + by..range.end + by;
    }
}

/// The bytes that a finding is made of: the secret and its line, no more than [`LINE`] of it on each side.
fn around(bytes: &[u8], secret: &Range<usize>) -> Range<usize> {
    let low = boundary(bytes, secret.start.saturating_sub(LINE));
    let before = bytes.get(low..secret.start).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(low, |newline| low + newline + 1);
    let limit = bytes.len().min(secret.start.saturating_add(LINE));
    let after = bytes.get(secret.start..limit).unwrap_or_default();
    let end = memchr::memchr(b'\n', after).map_or(limit, |newline| secret.start + newline + 1);
    start..end.max(secret.end)
}

/// Counts the newlines and columns of a part, once, from its start.
struct Counter<'a> {
    part: &'a PartBytes<'a>,
    /// Where the columns of the part start to be counted: where a code point starts.
    origin: usize,
    /// Bytes before this have been looked at for newlines.
    counted: usize,
    newlines: u64,
    /// A place where a code point starts, and the columns from the start of its line, or from the origin, to there.
    known: (usize, u64),
    /// The newlines and columns at the end of the part, once it was passed.
    end: Option<(u64, u64)>,
}

impl<'a> Counter<'a> {
    fn new(part: &'a PartBytes<'a>) -> Self {
        let origin = boundary(part.bytes, part.range.start);
        Self { part, origin, counted: part.range.start, newlines: 0, known: (origin, 0), end: None }
    }

    /// How many newlines are before a place, and its column. Places come in order; a line or a code point starts at each.
    fn place(&mut self, at: usize) -> (u64, Column) {
        if at > self.part.range.end {
            self.end = Some(self.end());
        }
        let so_far = self.columns_at(at);
        let starts_line = at.checked_sub(1).and_then(|before| self.part.bytes.get(before)) == Some(&b'\n');
        let column = if starts_line || self.newlines > 0 {
            Column::Known(if starts_line { 1 } else { so_far + 1 })
        } else if at < self.origin {
            let back = columns(self.part.bytes.get(at..self.origin).unwrap_or_default());
            Column::FromPart(-(back as i64))
        } else {
            Column::FromPart(so_far as i64)
        };
        (self.newlines, column)
    }

    /// The newlines and columns at the end of the part.
    fn end(&mut self) -> (u64, u64) {
        if let Some(end) = self.end {
            return end;
        }
        let end = self.part.range.end;
        self.count_newlines(end);
        let columns = self.columns_at(boundary(self.part.bytes, end));
        (self.newlines, columns)
    }

    fn columns_at(&mut self, at: usize) -> u64 {
        self.count_newlines(at);
        let (from, so_far) = self.known;
        if at > from {
            self.known = (at, so_far + columns(self.part.bytes.get(from..at).unwrap_or_default()));
        }
        self.known.1
    }

    fn count_newlines(&mut self, to: usize) {
        let between = self.part.bytes.get(self.counted..to).unwrap_or_default();
        if let Some(last) = memchr::memrchr(b'\n', between) {
            self.newlines += memchr::memchr_iter(b'\n', between).count() as u64;
            self.known = (self.counted + last + 1, 0);
        }
        self.counted = self.counted.max(to);
    }
}
