//! Lines and columns.

use std::ops::Range;

use stanch_model::Location;

/// The newlines of a document, or of a piece of one, counted once in order.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    /// The number of the line that starts at `start`.
    line: u64,
    start: usize,
    /// The column of the first byte.
    first_column: u64,
    /// Bytes before `counted` have been looked at for newlines.
    counted: usize,
    /// A place where a code point may start, and its column: long lines are counted once.
    known: (usize, u64),
}

impl<'a> Lines<'a> {
    /// `line` and `column` are those of the first byte, where a code point starts.
    pub(crate) fn new(bytes: &'a [u8], line: u64, column: u64) -> Self {
        Self { bytes, line, start: 0, first_column: column, counted: 0, known: (0, column) }
    }

    /// The place of a range. Ranges come in order of their start.
    pub(crate) fn locate(&mut self, range: &Range<usize>) -> Location {
        self.advance(range.start);
        let column = self.column(range.start);
        let inside = self.bytes.get(range.start..range.end.max(range.start)).unwrap_or_default();
        // The last byte decides the end line: a newline at the very end does not open a new one.
        let body = inside.split_last().map_or(inside, |(_, body)| body);
        let more = memchr::memchr_iter(b'\n', body).count() as u64;
        let end_column = match memchr::memrchr(b'\n', body) {
            Some(at) => columns(self.bytes.get(range.start + at + 1..range.end).unwrap_or_default()) + 1,
            None => self.column(range.end),
        };
        Location { line: self.line, column, end_line: self.line + more, end_column }
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

    /// The column of a byte of the current line.
    fn column(&mut self, at: usize) -> u64 {
        let place = boundary(self.bytes, at).max(self.start);
        let (from, column) = match self.known {
            known if known.0 >= self.start && known.0 <= place => known,
            _ if self.start == 0 => (0, self.first_column),
            _ => (self.start, 1),
        };
        let column = column + columns(self.bytes.get(from..place).unwrap_or_default());
        self.known = (place, column);
        column + columns(self.bytes.get(place..at).unwrap_or_default())
    }
}

/// How many columns the bytes take: one for each code point, one for each byte that is no UTF-8.
///
/// The sum over two parts is that of the whole if the second starts at a [`boundary`].
pub(crate) fn columns(bytes: &[u8]) -> u64 {
    if bytes.is_ascii() {
        return bytes.len() as u64;
    }
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum::<usize>() as u64
}

/// The last place up to `at` where a code point may start, whatever stands before it: at a byte that continues none, after an ASCII
/// byte, or after three bytes that continue one, as no code point has four of them. It only depends on the bytes `at - 4..=at`.
pub(crate) fn boundary(bytes: &[u8], at: usize) -> usize {
    const CONTINUATION: usize = 3;
    let continues = |place: usize| bytes.get(place).is_some_and(|byte| byte & 0xc0 == 0x80);
    let follows_ascii =
        |place: usize| place.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii);
    let first = at.saturating_sub(CONTINUATION);
    (first..=at).rev().find(|place| !continues(*place) || follows_ascii(*place)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_columns_and_ends() {
        let text = "é = 1\nxx KEY\nA\nB\n".as_bytes();
        let mut lines = Lines::new(text, 1, 1);
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
        let mut lines = Lines::new(b"\xff\xfeab", 1, 1);
        assert_eq!(lines.locate(&(2..4)).column, 3);
    }

    #[test]
    fn columns_go_on_from_an_earlier_piece() {
        let mut lines = Lines::new("é KEY\né KEY".as_bytes(), 7, 100);
        assert_eq!(lines.locate(&(3..6)).column, 102);
        assert_eq!(lines.locate(&(10..13)), Location { line: 8, column: 3, end_line: 8, end_column: 6 });
    }

    proptest! {
        #[test]
        fn columns_add_up_at_boundaries(bytes in bytes(), cut in 0_usize..40) {
            let cut = cut.min(bytes.len());
            let cut = boundary(&bytes, cut);
            prop_assert_eq!(columns(&bytes[..cut]) + columns(&bytes[cut..]), columns(&bytes));
        }

        #[test]
        fn columns_are_those_of_the_line_so_far(bytes in bytes(), mut at in proptest::collection::vec(0_usize..40, 1..6)) {
            at.sort_unstable();
            let mut lines = Lines::new(&bytes, 1, 1);
            for at in at.into_iter().map(|at| at.min(bytes.len())) {
                let found = lines.locate(&(at..at));
                let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |newline| newline + 1);
                prop_assert_eq!(found.column, columns(&bytes[start..at]) + 1);
            }
        }
    }

    /// Pieces of UTF-8, whole and broken, with newlines.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            Just(b'a'),
            Just(b'\n'),
            Just(0x80),
            Just(0x9f),
            Just(0xc3),
            Just(0xe2),
            Just(0xf0),
            Just(0xed)
        ];
        proptest::collection::vec(byte, 0..40)
    }
}
