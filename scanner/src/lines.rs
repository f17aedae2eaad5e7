//! Lines and columns.

use std::ops::Range;

use stanch_model::Location;

/// The newlines of a document, counted once in order.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    /// The number of the line that starts at `start`.
    line: u64,
    start: usize,
    /// Bytes before `counted` have been looked at for newlines.
    counted: usize,
}

impl<'a> Lines<'a> {
    /// `first` is the number of the first line of the bytes, which starts there.
    pub(crate) fn new(bytes: &'a [u8], first: u64) -> Self {
        Self { bytes, line: first, start: 0, counted: 0 }
    }

    /// The place of a range. Ranges come in order of their start.
    pub(crate) fn locate(&mut self, range: &Range<usize>) -> Location {
        self.advance(range.start);
        let (line, start) = (self.line, self.start);
        let inside = self.bytes.get(range.start..range.end.max(range.start)).unwrap_or_default();
        // The last byte decides the end line: a newline at the very end does not open a new one.
        let body = inside.split_last().map_or(inside, |(_, body)| body);
        let more = memchr::memchr_iter(b'\n', body).count() as u64;
        let end_start = memchr::memrchr(b'\n', body).map_or(start, |at| range.start + at + 1);
        Location {
            line,
            column: column(self.bytes, start, range.start),
            end_line: line + more,
            end_column: column(self.bytes, end_start, range.end),
        }
    }

    /// The bytes of the line that the last located range starts in, at most `most` on each side of the range's start.
    pub(crate) fn line_around(&self, at: usize, most: usize) -> Range<usize> {
        let start = self.start.max(at.saturating_sub(most));
        let limit = self.bytes.len().min(at.saturating_add(most));
        let rest = self.bytes.get(at..limit).unwrap_or_default();
        start..memchr::memchr(b'\n', rest).map_or(limit, |n| at + n)
    }

    fn advance(&mut self, to: usize) {
        let between = self.bytes.get(self.counted..to).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count() as u64;
        if let Some(last) = memchr::memrchr(b'\n', between) {
            self.start = self.counted + last + 1;
        }
        self.counted = self.counted.max(to);
    }
}

/// The column of a byte, in code points from 1. A byte that is no UTF-8 counts as one.
fn column(bytes: &[u8], line_start: usize, at: usize) -> u64 {
    let head = bytes.get(line_start..at).unwrap_or_default();
    head.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum::<usize>() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_columns_and_ends() {
        let text = "é = 1\nxx KEY\nA\nB\n".as_bytes();
        let mut lines = Lines::new(text, 1);
        let at = |line, column, end_line, end_column| Location { line, column, end_line, end_column };
        assert_eq!(lines.locate(&(0..2)), at(1, 1, 1, 2));
        assert_eq!(lines.locate(&(3..4)), at(1, 3, 1, 4));
        assert_eq!(lines.locate(&(10..13)), at(2, 4, 2, 7));
        assert_eq!(lines.locate(&(10..14)), at(2, 4, 2, 8));
        assert_eq!(lines.locate(&(10..17)), at(2, 4, 4, 2));
        assert_eq!(lines.line_around(10, 100), 7..13);
    }

    #[test]
    fn invalid_utf8_counts_a_byte_each() {
        let mut lines = Lines::new(b"\xff\xfeab", 1);
        assert_eq!(lines.locate(&(2..4)).column, 3);
    }
}
