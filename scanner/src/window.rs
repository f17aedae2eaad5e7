//! Windows: the bytes around a match that its evidence may look at.

use std::ops::Range;

use stanch_rules::{Extent, run_class};

/// The bytes that a verdict may depend on. Nothing outside of them is handed to the weighing, so that a verdict can be
/// inherited wherever these bytes stand again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    bytes: &'a [u8],
    /// Where in them the match starts.
    match_start: usize,
    match_end: usize,
    secret_start: usize,
    secret_end: usize,
}

impl<'a> Window<'a> {
    pub(crate) fn new(input: &'a [u8], extent: Extent, span: &Range<usize>, secret: &Range<usize>) -> Self {
        let range = around(input, extent, span);
        let shift = |at: usize| at.saturating_sub(range.start);
        Self {
            bytes: input.get(range.clone()).unwrap_or_default(),
            match_start: shift(span.start),
            match_end: shift(span.end),
            secret_start: shift(secret.start),
            secret_end: shift(secret.end),
        }
    }

    pub(crate) fn secret(&self) -> &'a [u8] {
        self.bytes.get(self.secret_start..self.secret_end).unwrap_or_default()
    }

    /// Whether there may be more behind the window that belongs to what stands in it.
    pub(crate) fn is_cut(&self, extent: Extent) -> bool {
        extent.reach().is_some_and(|reach| self.bytes.len().saturating_sub(self.match_end) >= reach as usize)
    }

    /// What stands before the match.
    pub(crate) fn before(&self) -> &'a [u8] {
        self.bytes.get(..self.match_start).unwrap_or_default()
    }

    /// The match from its first byte on.
    pub(crate) fn matched(&self) -> &'a [u8] {
        self.bytes.get(self.match_start..).unwrap_or_default()
    }

    /// Whether bytes stand here that no text has.
    pub(crate) fn is_binary(&self) -> bool {
        self.bytes.contains(&0)
    }

    /// What of the match stands before its secret: the name and operator of an assignment.
    pub(crate) fn head(&self) -> &'a [u8] {
        self.bytes.get(self.match_start..self.secret_start).unwrap_or_default()
    }

    /// What stands before the secret, the head of the match included.
    pub(crate) fn before_secret(&self) -> &'a [u8] {
        self.bytes.get(..self.secret_start).unwrap_or_default()
    }

    /// What stands after the secret.
    pub(crate) fn after_secret(&self) -> &'a [u8] {
        self.bytes.get(self.secret_end..).unwrap_or_default()
    }
}

/// The bytes in the extent around a span. The direct neighbours of the span, two on each side, always belong to it, unless
/// they are ends of lines.
pub(crate) fn around(input: &[u8], extent: Extent, span: &Range<usize>) -> Range<usize> {
    const NEIGHBOURS: usize = 2;
    let (before, after) = (input.get(..span.start).unwrap_or_default(), input.get(span.end..).unwrap_or_default());
    let reach = extent.reach().map_or(usize::MAX, |reach| (reach as usize).max(NEIGHBOURS));
    let before = &before[before.len().saturating_sub(reach)..];
    let after = &after[..after.len().min(reach)];
    let (left, right) = match extent {
        Extent::Bytes(_) | Extent::Document => (before.len(), after.len()),
        Extent::Line => (
            memchr::memrchr(b'\n', before).map_or(before.len(), |at| before.len() - at - 1),
            memchr::memchr(b'\n', after).unwrap_or(after.len()),
        ),
        Extent::Run => {
            let run = run_class();
            let left = before.iter().rev().position(|&byte| !run.contains(byte)).unwrap_or(before.len());
            let right = after.iter().position(|&byte| !run.contains(byte)).unwrap_or(after.len());
            (left.max(NEIGHBOURS.min(before.len())), right.max(NEIGHBOURS.min(after.len())))
        }
        Extent::Block => (blank_line_before(before), blank_line_after(after)),
    };
    span.start - left..span.end + right
}

/// The bytes from the last blank line to the end.
fn blank_line_before(text: &[u8]) -> usize {
    let mut line_end = text.len();
    for at in memchr::memrchr_iter(b'\n', text) {
        let line = &text[at + 1..line_end];
        if line_end != text.len() && line.trim_ascii().is_empty() {
            return text.len() - (at + 1);
        }
        line_end = at;
    }
    text.len()
}

/// The bytes from the start to the first blank line.
fn blank_line_after(text: &[u8]) -> usize {
    let mut line_start = None;
    for at in memchr::memchr_iter(b'\n', text) {
        if line_start.is_some_and(|start: usize| text[start..at].trim_ascii().is_empty()) {
            return at;
        }
        line_start = Some(at + 1);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, extent: Extent) -> &str {
        let at = text.find("KEY").unwrap_or_default();
        &text[around(text.as_bytes(), extent, &(at..at + 3))]
    }

    #[test]
    fn extents() {
        let text = "one\n\ntwo\nx =a-KEY/b; y\nthree\n  \nfour";
        assert_eq!(seen(text, Extent::Line), "x =a-KEY/b; y");
        assert_eq!(seen(text, Extent::Run), "a-KEY/b");
        assert_eq!(seen(text, Extent::Bytes(0)), "a-KEY/b");
        assert_eq!(seen(text, Extent::Bytes(4)), " =a-KEY/b; ");
        assert_eq!(seen(text, Extent::Block), "\ntwo\nx =a-KEY/b; y\nthree\n  ");
        assert_eq!(seen(text, Extent::Document), text);
    }

    #[test]
    fn reach_is_bounded() {
        let text = format!("{}KEY{}", "x".repeat(9000), "y".repeat(9000));
        for (extent, bytes) in [(Extent::Run, 256), (Extent::Line, 512), (Extent::Block, 4096), (Extent::Bytes(7), 7)] {
            assert_eq!(seen(&text, extent).len(), 3 + 2 * bytes, "{extent:?}");
        }
    }
}
